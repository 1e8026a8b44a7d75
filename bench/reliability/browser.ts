import { setTimeout as sleep } from 'node:timers/promises'
import type { AppAnswer } from './app.js'
import type { Fleet } from './processes.js'
import { askPage } from './page.js'
import type { Page } from './page.js'
import { PERSON_HEADER } from './provider.js'
import { between, oneOf } from './random.js'
import type { Random } from './random.js'

/** What all browsers together have seen. */
export interface Sightings {
  logins: number
  loginAttempts: number
  /** Browsers that could log in only after their cookie was deleted. */
  lockedOut: number
  /** How often the load balancer found a process gone and asked the next one. */
  refusedConnections: number
  /** Requests other than those of logins, by how they ended. */
  readonly answers: Map<string, number>
  readonly answeredInMs: number[]
  /** Answers with a token or session of somebody else. */
  mixedUp: number
  readonly lostLogins: LostLogin[]
  readonly logouts: Logout[]
  /** Logouts after which the same session was logged in again. */
  readonly revivals: Logout[]
  /** Changes of a session that were acknowledged. */
  updates: number
  /** Those of them that a later request of the same browser found undone. */
  readonly lostUpdates: LostUpdate[]
  /** Jobs, by how they ended. */
  readonly jobs: Map<string, number>
  /** Jobs that were told that the person must log in, who was logged in all that time. */
  readonly lostJobs: LostLogin[]
}

/** A browser that was logged in and is told to log in. */
export interface LostLogin {
  readonly person: string
  /** Its grant; `undefined` when nothing has ever been shown with it. */
  readonly grant: string | undefined
  readonly loggedInAt: number
  readonly at: number
  /** What the application said. */
  readonly said: string
}

/** A logout that was acknowledged. */
export interface Logout {
  readonly person: string
  /** Its grant; `undefined` when nothing has ever been shown with it. */
  readonly grant: string | undefined
  /** When it was acknowledged. */
  readonly at: number
}

/** Changes of a session that were acknowledged and then undone. */
export interface LostUpdate {
  readonly person: string
  readonly count: number
  /** When the last of them was acknowledged, and when they were missed. */
  readonly acknowledgedAt: number
  readonly at: number
}

/** Nobody has seen anything yet. */
export function noSightings(): Sightings {
  return {
    logins: 0,
    loginAttempts: 0,
    lockedOut: 0,
    refusedConnections: 0,
    answers: new Map(),
    answeredInMs: [],
    mixedUp: 0,
    lostLogins: [],
    logouts: [],
    revivals: [],
    updates: 0,
    lostUpdates: [],
    jobs: new Map(),
    lostJobs: [],
  }
}

/** The share of visits that end with a logout. */
const LOGOUT_SHARE = 0.04

/** How often somebody tries to log in: through several bad minutes of everything in a row. */
const PATIENCE = 80

/** A person's browser, which also plays the load balancer: each request goes to any process. */
export class Browser {
  #cookie = ''
  #grant: string | undefined
  #visits = 0
  #login: { readonly at: number } | undefined
  #visitedAt = 0

  constructor(
    readonly person: string,
    readonly fleet: Fleet,
    readonly seen: Sightings,
    readonly random: Random,
  ) {}

  /** The present login; `undefined` as long as there is none, or it is ending. Each login is another object. */
  get login(): { readonly at: number } | undefined {
    return this.#login
  }

  /** The grant that was last shown; `undefined` when nothing has ever been shown with it. */
  get grant(): string | undefined {
    return this.#grant
  }

  /** Logs in, as often as it takes. Whoever cannot do it without deleting cookies has been locked out. */
  async logIn(): Promise<void> {
    let left = PATIENCE
    while (!(await this.#tryToLogIn())) {
      await sleep(between(this.random, 100, 400))
      if (--left > 0) continue
      this.seen.lockedOut++
      this.#cookie = ''
      left = Infinity
    }
    this.seen.logins++
    this.#login = { at: Date.now() }
    this.#visits = 0
    this.#grant = undefined
  }

  /** A page with its scripts: two or three requests at once, one of which may change the session. */
  async makeWave(): Promise<void> {
    if (this.random() < LOGOUT_SHARE) {
      await this.#logOut()
      return
    }
    const reads = Array.from({ length: this.random() < 0.5 ? 2 : 1 }, () =>
      this.#load('GET', '/me'),
    )
    const wait = Math.floor(between(this.random, 0, 80))
    const last =
      this.random() < 0.5 ? this.#load('POST', `/visits?wait=${wait}`) : this.#load('GET', '/me')
    const pages = await Promise.all([...reads, last])
    await this.#logInAgainIfLost(pages)
  }

  /** Whether the login is alive: its tokens can be renewed once more. */
  async renew(): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt++) {
      const page = await this.#load('GET', '/me?renew=1')
      await this.#logInAgainIfLost([page])
      if (page.status === 200) return
    }
  }

  /** Logs out while a slow request changes the session, comes back with the old cookie, and logs in again. */
  async #logOut(): Promise<void> {
    const { person, seen } = this
    const [grant, cookie] = [this.#grant, this.#cookie]
    this.#login = undefined
    const slow = this.#send('POST', '/visits?wait=200')
    await sleep(between(this.random, 20, 300))
    const { status } = await this.#send('POST', '/auth/logout')
    const logout = { person, grant, at: Date.now() }
    await slow
    if (status === 303) {
      seen.logouts.push(logout)
      await sleep(between(this.random, 0, 3_000))
      this.#cookie = cookie
      const page = await this.#send('GET', '/me')
      if (page.status === 200) seen.revivals.push(logout)
    }
    this.#cookie = ''
    await this.logIn()
  }

  async #tryToLogIn(): Promise<boolean> {
    this.seen.loginAttempts++
    const start = await this.#send('GET', '/auth/login')
    if (start.status !== 302) return false
    const consent = await askPage(start.location, 'GET', { [PERSON_HEADER]: this.person })
    if (consent.status !== 302) return false
    const { pathname, search } = new URL(consent.location)
    const finish = await this.#send('GET', pathname + search)
    return finish.status === 302
  }

  /** One concurrent request at most changes the session, so that express-session itself undoes no change. */
  async #load(method: 'GET' | 'POST', path: string): Promise<Page> {
    const sentAt = Date.now()
    const page = await this.#send(method, path)
    noteAnswer(this.seen.answers, page)
    this.seen.answeredInMs.push(Date.now() - sentAt)
    if (page.status === 200) this.#look(page.body)
    return page
  }

  #look({ user, sub, grant, visits }: AppAnswer): void {
    if (user !== this.person || sub !== this.person) this.seen.mixedUp++
    this.#grant = grant
    if (visits === undefined) return
    this.seen.updates++
    const count = this.#visits + 1 - visits
    const { person } = this
    const at = Date.now()
    if (count > 0)
      this.seen.lostUpdates.push({ person, count, acknowledgedAt: this.#visitedAt, at })
    this.#visits = visits
    this.#visitedAt = at
  }

  async #logInAgainIfLost(pages: readonly Page[]): Promise<void> {
    const refusal = pages.find((page) => page.status === 401)
    if (refusal === undefined) return
    const { person, login } = this
    this.#login = undefined
    const said = refusal.body.code ?? 'the API refused the token'
    this.seen.lostLogins.push({
      person,
      grant: this.#grant,
      loggedInAt: login?.at ?? 0,
      at: Date.now(),
      said,
    })
    await this.logIn()
  }

  /** As a load balancer does it: a process that takes no connection has seen nothing of the request. */
  async #send(method: 'GET' | 'POST', path: string): Promise<Page> {
    for (;;) {
      const origin = oneOf(this.random, this.fleet.origins)
      const page = await askPage(origin + path, method, { cookie: this.#cookie })
      if (page.cookie !== undefined) this.#cookie = page.cookie
      if (page.body.code !== 'ECONNREFUSED') return page
      this.seen.refusedConnections++
      // With only one process, everybody waits here until the next one has started.
      const isAlone = this.fleet.origins.length === 1
      await sleep(isAlone ? between(this.random, 500, 2_000) : 50)
    }
  }
}

/** Counts how a request ended. */
export function noteAnswer(answers: Map<string, number>, { status, body }: Page): void {
  const outcome = `${status} ${body.code ?? ''}`.trim()
  answers.set(outcome, (answers.get(outcome) ?? 0) + 1)
}
