import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { AuthorizationCodeOptions, GrantStore } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { GRANT_SECRET, grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, formOf } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import type { SessionRoutes } from '../support/session-routes.js'

const HOUR = 3600
const ONE_REFRESH: readonly string[] = ['POST /token']
const KEY = 'oauth2:oauth2'

/** The secret of version one's application. */
const TOKEN_SECRET = 'a secret of 32 characters or more'

/** What version one has sealed: a grant of its ledger, and its state at version 3, which has expired. */
const SEALED_BY_VERSION_ONE =
  'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiVTB5TmlKdF8iLCJjb250ZXh0Ijoib2F1dGgyOm9hdXRoMiJ9..' +
  'ektapAIZS6nWLGJ2.IQyHfPADoGjith7qYWCRCJuELR9rxIcbF9N6ZDUsmuvGtus7azUqx4DLdcqmfc2QtowFKMvkMvvYBpfw' +
  'XWjHW7smMxNJvExncHOjqfW7mexioIwB6QaIwVs8l0b78af_aP771JBveozty7q9kJtZ32laimYmZYUiSJSwDo8_YkGC7dZwJH' +
  'B_amotfAbjV48L0N1CfOc0a1aMhJOfr5Q5cmLb83dXNf14PHELSfZ5ybRZawON397ymtkAsKfbItQRbiMESyBvNo5H9V5DBXHv' +
  'ATT7p-p_U5IXzPsIx-v7opCice37E7nAFn3y-5yP_jiFqkb_s8x9AjNu.-AYRUSNzyJhT2fiD3wrv8Q'

/** The same as it lies in the session without `tokenSecret`. */
const HELD_BY_VERSION_ONE = {
  grant: 'R2dB6y0cXbJm4c1k3rWn8pT5vQ7zA9sD2fG4hJ6kL8w',
  state: {
    version: 3,
    tokens: {
      accessToken: 'access-token-of-version-one',
      refreshToken: 'refresh-token-of-version-one',
      tokenType: 'bearer',
      expiresAt: 1_700_003_600_000,
    },
    renewAt: 1_700_003_540_000,
  },
}

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider
let routes: SessionRoutes
let sessions: RecordingStore
let records: GrantStore
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
  routes = sessionRoutes(rotating.resourceURL)
  sessions = new RecordingStore()
  records = createMemoryStore()
  browser = new Browser()
})

type Options = Partial<AuthorizationCodeOptions>

/** A process of the application as it was before the option `grants` was set. It remembers nothing of the others. */
function startWithout(strategy: Options = {}): Promise<TestApp> {
  return scene.startAnew({ store: sessions, routes: routes.add, strategy })
}

/** A process in which it is set. All of a test share the store. */
function startWith(strategy: Options = {}): Promise<TestApp> {
  const options = { grants: grantsIn(records), ...strategy }
  return scene.start({ store: sessions, routes: routes.add, strategy: options })
}

async function logIn(app: TestApp): Promise<void> {
  await browser.follow(app.loginURL)
  provider.requests.length = 0
}

/** The browser comes to another process. */
function goTo(app: TestApp, from: TestApp): void {
  for (const [name, value] of browser.cookies(from.origin)) {
    browser.setCookie(app.origin, name, value)
  }
}

async function tokenOf({ origin }: TestApp): Promise<unknown> {
  const page = await browser.visit(`${origin}/token`)
  return page.status === 200 ? bodyOf(page)['accessToken'] : page.status
}

/** Our part of the only session in the store. */
async function stored(): Promise<Record<string, unknown>> {
  const [session] = Object.values(await sessions.contents())
  return session?.[KEY] as Record<string, unknown>
}

/** Puts the entry into the only session as version one wrote it. Its owner has not changed. */
async function putEntry(members: Record<string, unknown>): Promise<void> {
  const [[id, session] = ['', {}]] = Object.entries(await sessions.contents())
  const { entry } = await stored()
  const { owner } = entry as { owner: string }
  const changed = { ...session, [KEY]: { entry: { id: '9K3hP0vTn4sQxW2z', owner, ...members } } }
  await new Promise<unknown>((done) => sessions.set(id, changed as never, done))
}

describe('a session that version one has written', () => {
  const HELD: [string, unknown, Options][] = [
    ['as it was', HELD_BY_VERSION_ONE, {}],
    [
      'as it was, with a tokenSecret that is new',
      HELD_BY_VERSION_ONE,
      { tokenSecret: GRANT_SECRET },
    ],
    ['sealed', SEALED_BY_VERSION_ONE, { tokenSecret: TOKEN_SECRET }],
  ]

  async function startFromVersionOne(
    held: unknown,
    start: () => Promise<TestApp>,
  ): Promise<TestApp> {
    const before = await startWithout()
    await logIn(before)
    await putEntry({ version: 3, held })
    provider.onToken(json({ access_token: 'newer', refresh_token: 'newer', token_type: 'Bearer' }))
    const app = await start()
    goTo(app, before)
    return app
  }

  function expectOneRefreshWithItsToken(app: TestApp): void {
    expect(asked(provider)).toEqual(ONE_REFRESH)
    expect(formOf(provider.requests[0]).get('refresh_token')).toBe('refresh-token-of-version-one')
    expect(app.errors).toEqual([])
  }

  it.each(HELD)('is accepted, with tokens %s', async (_how, held, options) => {
    const app = await startFromVersionOne(held, () => startWithout(options))
    expect(bodyOf(await browser.visit(`${app.origin}/tokens`))['tokens']).toEqual(
      HELD_BY_VERSION_ONE.state.tokens,
    )
    expect([await tokenOf(app), await tokenOf(app)]).toEqual(['newer', 'newer'])
    expect(await stored()).toMatchObject({ entry: { id: '9K3hP0vTn4sQxW2z', version: 4 } })
    expectOneRefreshWithItsToken(app)
  })

  it.each(HELD)('moves into the store with grants, with tokens %s', async (_how, held, options) => {
    const app = await startFromVersionOne(held, () => startWith(options))
    const other = await startWith(options)
    goTo(other, app)
    const tokens = await Promise.all([app, other, app, other].map((one) => tokenOf(one)))
    expect(new Set(tokens)).toEqual(new Set(['newer']))
    expect(await stored()).toEqual({ grant: '9K3hP0vTn4sQxW2z' })
    expectOneRefreshWithItsToken(app)
    expect(other.errors).toEqual([])
  })

  it('that was connected to a login stays so', async () => {
    const app = await startFromVersionOne(HELD_BY_VERSION_ONE, () => startWithout())
    await putEntry({ version: 3, held: HELD_BY_VERSION_ONE, connected: true })
    provider.onToken(json({ error: 'invalid_grant' }, 400))
    expect(await tokenOf(app)).toBe(401)
    // Only the connection has ended.
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
  })
})

describe('a session from before grants were turned on', () => {
  it('moves into the store at its next use, without a request to the provider', async () => {
    const before = await startWithout()
    await logIn(before)
    const { entry } = await stored()
    const app = await startWith()
    goTo(app, before)
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    const { id } = entry as { id: string }
    expect(await stored()).toMatchObject({ grant: id })
    expect(await stored()).not.toHaveProperty('entry')
    expect(await records.linked('account/oauth2/default-user/oauth2/ada', 10)).toEqual([id])
    expect(asked(provider)).toEqual([])

    advanceClock(HOUR)
    sessions.writes.length = 0
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(sessions.writes).toEqual([])
    expect(asked(provider)).toEqual(ONE_REFRESH)
    expect(rotating.reused).toEqual([])
  })

  it('moves although its token has expired, and is renewed once for all processes', async () => {
    const before = await startWithout()
    await logIn(before)
    advanceClock(HOUR)
    const processes = await Promise.all([startWith(), startWith(), startWith()])
    for (const one of processes) goTo(one, before)
    const tokens = await Promise.all([...processes, ...processes].map((one) => tokenOf(one)))
    expect(new Set(tokens)).toEqual(new Set(['access-token-2-of-ada']))
    expect(asked(provider)).toEqual(ONE_REFRESH)
    expect(rotating.reused).toEqual([])
  })

  it('stays as it is while the store fails, and moves when it is back', async () => {
    const before = await startWithout()
    await logIn(before)
    const was = await stored()
    const down = jest.spyOn(records, 'compareAndSet')
    down.mockRejectedValue(new Error('the store is down'))
    const app = await startWith()
    goTo(app, before)
    expect(await tokenOf(app)).toBe(503)
    expect(await stored()).toEqual(was)
    down.mockRestore()
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    expect(await stored()).not.toHaveProperty('entry')
  })

  it('is ended by a logout before its first use, and its tokens are revoked', async () => {
    const { revocationURL } = rotating
    const before = await startWithout({ revocationURL })
    await logIn(before)
    const app = await startWith({ revocationURL })
    goTo(app, before)
    const revoked = new Promise<void>((resolve) => {
      rotating.beforeRevoked = () => {
        if (rotating.revocations.length === 1) resolve()
        return Promise.resolve()
      }
    })
    expect((await browser.post(`${app.origin}/auth/logout`)).status).toBe(303)
    await revoked
    expect(await sessions.contents()).toEqual({})
  })
})

describe('while one process has grants and another does not', () => {
  let old: TestApp
  let app: TestApp
  beforeEach(async () => {
    old = await startWithout()
    app = await startWith()
    await logIn(old)
    goTo(app, old)
  })

  it('the one without answers 503 for a session that has moved, and changes nothing', async () => {
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    const before = await sessions.contents()
    advanceClock(HOUR)
    for (const path of ['/token', '/tokens', '/resource', '/renewed']) {
      const page = await browser.visit(old.origin + path)
      expect([page.status, bodyOf(page)]).toEqual([503, { code: 'ERR_STORAGE' }])
    }
    expect(String(old.errors[0])).toContain('option grants')
    expect(await sessions.contents()).toEqual(before)
    expect(asked(provider)).toEqual([])
    // Pages that need no token work.
    expect((await browser.visit(`${old.origin}/private`)).status).toBe(200)

    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
    expect(app.errors).toEqual([])
  })

  it('a session that has not moved works in both, one after the other', async () => {
    advanceClock(HOUR)
    expect(await tokenOf(old)).toBe('access-token-2-of-ada')
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-3-of-ada')
    expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REFRESH])
    expect(rotating.reused).toEqual([])
  })

  it('a slow request that writes the session back from before does not bring back old tokens', async () => {
    const slow = browser.visit(`${old.origin}/slow-note?text=slow`)
    await routes.slow.reached
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    routes.slow.open()
    await slow
    expect(await stored()).toHaveProperty('entry')

    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(await stored()).not.toHaveProperty('entry')
    expect(bodyOf(await browser.visit(`${app.origin}/read`))).toEqual({ notes: ['slow'] })
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-3-of-ada')
    expect(rotating.reused).toEqual([])
  })

  it('a login that has ended in the one with grants does not come back that way', async () => {
    const slow = browser.visit(`${old.origin}/slow-note?text=slow`)
    await routes.slow.reached
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    await browser.visit(`${app.origin}/end-grant`)
    routes.slow.open()
    await slow
    expect(await stored()).toHaveProperty('entry')
    expect(await tokenOf(app)).toBe(401)
    expect(asked(provider)).toEqual([])
  })

  it('people log in to either, and are logged in to both', async () => {
    const someone = browser
    browser = new Browser()
    await logIn(app)
    goTo(old, app)
    expect((await browser.visit(`${old.origin}/private`)).status).toBe(200)
    expect(await tokenOf(old)).toBe(503)
    browser = someone
    expect(await tokenOf(old)).toBe('access-token-1-of-ada')
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
  })
})
