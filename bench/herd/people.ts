import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionData, Store } from 'express-session'
import { between, createRandom } from '../reliability/random.js'
import type { AuthorizationCodeStrategy } from '../../src/index.js'
import { forEachAtOnce } from '../../src/lib/for-each-at-once.js'

/** When everybody comes. */
export interface Visits {
  /** For how long, in seconds. */
  readonly seconds: number
  /** How long it takes until somebody comes again, on average, in milliseconds. */
  readonly everyMs: number
  /** Everybody comes for the first time within so many milliseconds. */
  readonly arriveWithinMs: number
}

/** What the people have seen. */
export interface Watched {
  readonly requests: number
  /** Requests that got no token for now, by the error. */
  readonly errors: Readonly<Record<string, number>>
  /** People that were told to log in. */
  readonly lost: number
  /** People with a new token at the end. */
  readonly renewed: number
  /** Requests whose token was valid, and how long they took, in milliseconds. */
  readonly valid: Latencies
  /** Those whose token was not. */
  readonly expired: Latencies
  /** By how much timers were late, in milliseconds: the machine's and the process's own part of all that. */
  readonly loopDelayMs: { readonly median: number; readonly p99: number }
}

/** How long requests took, in milliseconds. */
export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Person {
  readonly name: string
  readonly sessionId: string
  /** When the token that was seen last is over, in milliseconds since the epoch. */
  expiresAt: number
  token: string
  isLost: boolean
}

/** A token that is over in so many milliseconds is no longer given out, so that a request can use it. */
const MARGIN_MS = 6_000

type Authenticated = Parameters<AuthorizationCodeStrategy['accessToken']>[0]

/** People with a session each, who ask for their access tokens as a page does, without HTTP in between. */
export class Herd {
  readonly #people: Person[] = []

  constructor(
    readonly strategy: AuthorizationCodeStrategy,
    readonly store: Store,
  ) {}

  /** How many there are. */
  get size(): number {
    return this.#people.length
  }

  /** Adds somebody who has logged in. */
  add(name: string, sessionId: string): void {
    this.#people.push({ name, sessionId, expiresAt: Infinity, token: '', isLost: false })
  }

  /** Forgets everybody. */
  clear(): void {
    this.#people.length = 0
  }

  /** Everybody comes, again and again, until the time is up and all answers are there. */
  async watch({ seconds, everyMs, arriveWithinMs }: Visits): Promise<Watched> {
    const valid: number[] = []
    const expired: number[] = []
    const errors: Record<string, number> = {}
    const delay = monitorEventLoopDelay({ resolution: 10 })
    delay.enable()
    // A few at a time: this is not the herd yet, and the Redis client gives up commands that wait for five seconds.
    await forEachAtOnce(this.#people, 100, (person) => this.#expiry(person))
    const before = this.#people.map(({ token }) => token)
    const random = createRandom(1)
    const startedAt = performance.now()

    const visit = async (person: Person): Promise<void> => {
      const isValid = person.expiresAt - MARGIN_MS > Date.now()
      let askedAt = performance.now()
      try {
        const request = await this.#request(person)
        askedAt = performance.now()
        const token = await this.strategy.accessToken(request)
        if (token !== person.token) await this.#expiry(person, request)
      } catch (error) {
        const { code = 'unknown', status } = error as { code?: string; status?: number }
        errors[`${status} ${code}`] = (errors[`${status} ${code}`] ?? 0) + 1
        if (code === 'ERR_LOGIN_REQUIRED') person.isLost = true
      }
      ;(isValid ? valid : expired).push(performance.now() - askedAt)
    }

    const live = async (person: Person, index: number): Promise<void> => {
      const endsAt = startedAt + seconds * 1000
      let at = startedAt + (arriveWithinMs * index) / this.#people.length
      while (at < endsAt && !person.isLost) {
        await sleep(Math.max(0, at - performance.now()))
        await visit(person)
        at += between(random, 0.5, 1.5) * everyMs
      }
    }
    await Promise.all(this.#people.map(live))
    delay.disable()
    return {
      requests: valid.length + expired.length,
      errors,
      lost: this.#people.filter(({ isLost }) => isLost).length,
      renewed: this.#people.filter(({ token }, index) => token !== before[index]).length,
      valid: latencies(valid),
      expired: latencies(expired),
      loopDelayMs: {
        median: round(delay.percentile(50) / 1e6),
        p99: round(delay.percentile(99) / 1e6),
      },
    }
  }

  /** Notes which token the person has, and until when. */
  async #expiry(person: Person, request?: Authenticated): Promise<void> {
    const tokens = await this.strategy.tokens(request ?? (await this.#request(person)))
    person.token = tokens?.accessToken ?? ''
    person.expiresAt = tokens?.expiresAt ?? 0
  }

  /** What express-session makes of a request with the person's cookie. */
  async #request({ sessionId }: Person): Promise<Authenticated> {
    const { store } = this
    // Without headers, it would be no request to the library.
    const request: Record<string, unknown> = {
      headers: {},
      sessionID: sessionId,
      sessionStore: store,
    }
    const data = await new Promise<SessionData>((resolve, reject) => {
      store.get(sessionId, (error, found) => {
        if (found) resolve(found)
        else reject((error as Error | undefined) ?? new Error('The session has gone.'))
      })
    })
    store.createSession(request as never, data)
    return request as unknown as Authenticated
  }
}

function latencies(all: number[]): Latencies {
  all.sort((one, other) => one - other)
  const at = (share: number): number => round(all[Math.ceil(all.length * share) - 1] ?? 0)
  return { count: all.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
