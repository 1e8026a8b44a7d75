import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { RedisStore } from 'connect-redis'
import { MemoryStore } from 'express-session'
import type { SessionOptions, Store } from 'express-session'
import { RedisGrants } from '../../src/redis.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { createGate } from '../support/gate.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import type { Kept } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, sessionIdOf } from '../support/login.js'
import { startRedisServer } from '../support/redis-server.js'
import type { RedisServer } from '../support/redis-server.js'
import { describeWithRedis } from '../support/requirements.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import type { SessionRoutes } from '../support/session-routes.js'

const HOUR = 3600
const ONE_REFRESH: readonly string[] = ['POST /token']

/** Where the sessions are, and the tokens. */
interface Storage {
  readonly store: Store
  /** Where a process that starts keeps its tokens. */
  readonly keep: () => Kept
  /** How long the store keeps a session from now on, in milliseconds. */
  keptFor(id: string): Promise<number>
}

const SESSION_OPTIONS: [string, Partial<SessionOptions>][] = [
  ['as the README has it', {}],
  ['with resave', { resave: true }],
  ['with rolling', { rolling: true, cookie: { maxAge: 24 * HOUR * 1000 } }],
  ['with a lifetime', { cookie: { maxAge: 24 * HOUR * 1000 } }],
  ['with all of that', { resave: true, rolling: true, cookie: { maxAge: 24 * HOUR * 1000 } }],
]

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider
let routes: SessionRoutes
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
  routes = sessionRoutes(rotating.resourceURL)
  browser = new Browser()
})

describe('with MemoryStore, and tokens in the session', () => {
  describeLostUpdates(() => {
    const store = new MemoryStore()
    return {
      store,
      keep: () => ({}),
      keptFor: (id) =>
        new Promise((resolve) => {
          store.get(id, (_error, session) => {
            // As it is stored, the end of a session is a text.
            const { expires } = (session?.cookie ?? {}) as { expires?: unknown }
            resolve(typeof expires === 'string' ? Date.parse(expires) - Date.now() : Infinity)
          })
        }),
    }
  })
})

describeWithRedis('with connect-redis', (redisServer) => {
  let redis: RedisServer
  beforeAll(async () => (redis = await startRedisServer(redisServer)))
  beforeEach(() => redis.client.flushAll())
  afterAll(() => redis.stop())

  const inRedis = (keep: () => Kept) => (): Storage => ({
    store: new RedisStore({ client: redis.client }),
    keep,
    keptFor: (id) => redis.client.pTTL(`sess:${id}`),
  })

  describe('and tokens in the session', () => {
    describeLostUpdates(inRedis(() => ({})))
  })

  describe('and RedisGrants', () => {
    const secret = GRANT_SECRET
    const keep = (): Kept => ({ grants: new RedisGrants({ client: redis.client, secret }) })
    describeLostUpdates(inRedis(keep))
  })
})

function describeLostUpdates(createStorage: () => Storage): void {
  let storage: Storage
  beforeEach(() => {
    storage = createStorage()
  })

  async function startLoggedIn(session: Partial<SessionOptions> = {}): Promise<TestApp> {
    const { store, keep } = storage
    const app = await scene.start({ store, session, routes: routes.add, strategy: keep() })
    await browser.follow(app.loginURL)
    provider.requests.length = 0
    return app
  }

  describe.each(SESSION_OPTIONS)('%s', (_name, session) => {
    it('a slow request that changes its session loses nothing that a refresh has brought meanwhile', async () => {
      const app = await startLoggedIn(session)
      advanceClock(HOUR)
      const slow = browser.visit(`${app.origin}/slow-note?text=slow`)
      await routes.slow.reached
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      routes.slow.open()
      expect((await slow).status).toBe(200)

      expect(await notesOf(app)).toEqual(['slow'])
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
      expect(await notesOf(app)).toEqual(['slow'])
    })

    it('a slow refresh loses nothing that a quick request has changed meanwhile', async () => {
      const app = await startLoggedIn(session)
      advanceClock(HOUR)
      const gate = createGate()
      rotating.beforeAnswer = gate.pass
      const refreshed = browser.visit(`${app.origin}/token`)
      await gate.reached
      expect((await browser.visit(`${app.origin}/note?text=quick`)).status).toBe(200)
      gate.open()
      expect(bodyOf(await refreshed)).toEqual({ accessToken: 'access-token-2-of-ada' })

      // What `resave` writes back is the session as it was at the request's beginning.
      expect(await notesOf(app)).toEqual(session.resave ? [] : ['quick'])
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })

    it('a slow refresh in the background loses nothing that later requests have changed', async () => {
      const app = await startLoggedIn(session)
      advanceClock(HOUR - 30)
      const gate = createGate()
      rotating.beforeAnswer = gate.pass
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      await gate.reached
      await browser.visit(`${app.origin}/note?text=first`)
      await browser.visit(`${app.origin}/note?text=second`)
      gate.open()
      advanceClock(30)

      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(await notesOf(app)).toEqual(['first', 'second'])
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
      expect(await notesOf(app)).toEqual(['first', 'second'])
    })
  })

  it('a request that refreshes and changes its session itself stores both', async () => {
    const app = await startLoggedIn()
    advanceClock(HOUR)
    expect((await browser.visit(`${app.origin}/token-and-note?text=own`)).status).toBe(200)
    expect(asked(provider)).toEqual(ONE_REFRESH)

    const reborn = await restart(app)
    expect(await notesOf(reborn)).toEqual(['own'])
    expect(await tokenOf(reborn)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(reborn)
  })

  it('a session that is several versions old heals without a token request', async () => {
    const app = await startLoggedIn()
    const slow = browser.visit(`${app.origin}/slow-note?text=old`)
    await routes.slow.reached
    for (const version of [2, 3, 4]) {
      advanceClock(HOUR)
      expect(await tokenOf(app)).toBe(`access-token-${version}-of-ada`)
    }
    routes.slow.open()
    await slow
    provider.requests.length = 0

    expect(await tokenOf(app)).toBe('access-token-4-of-ada')
    expect(asked(provider)).toEqual([])
    expect(await notesOf(app)).toEqual(['old'])
    await expectLoginAlive(app)
  })

  it('a session that is several versions old is renewed once when the newest is due, too', async () => {
    const app = await startLoggedIn()
    const slow = browser.visit(`${app.origin}/slow-note?text=old`)
    await routes.slow.reached
    for (const version of [2, 3]) {
      advanceClock(HOUR)
      expect(await tokenOf(app)).toBe(`access-token-${version}-of-ada`)
    }
    routes.slow.open()
    await slow
    provider.requests.length = 0
    advanceClock(HOUR)

    const tokens = await Promise.all(Array.from({ length: 10 }, () => tokenOf(app)))
    expect(new Set(tokens)).toEqual(new Set(['access-token-4-of-ada']))
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(app)
  })

  it('a restart after a refresh loses nothing, though the new process remembers nothing', async () => {
    const app = await startLoggedIn()
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)

    const reborn = await restart(app)
    expect(await tokenOf(reborn)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(reborn)
  })

  it('a restart after a refresh whose browser has left loses nothing either', async () => {
    const app = await startLoggedIn()
    advanceClock(HOUR)
    const gate = createGate()
    rotating.beforeAnswer = gate.pass
    const leaving = new AbortController()
    const left = browser.request(`${app.origin}/token`, { signal: leaving.signal })
    await gate.reached
    leaving.abort()
    await expect(left).rejects.toThrow()
    gate.open()
    // It waits for the same refresh, and comes back when that has reached the store.
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')

    const reborn = await restart(app)
    expect(await tokenOf(reborn)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(reborn)
  })

  it('a session destroyed during a refresh stays destroyed', async () => {
    const app = await startLoggedIn()
    const id = sessionIdOf(browser, app.origin) ?? ''
    advanceClock(HOUR)
    const gate = createGate()
    rotating.beforeAnswer = gate.pass
    const refreshed = browser.visit(`${app.origin}/token`)
    await gate.reached
    await browser.visit(`${app.origin}/destroy`)
    gate.open()
    expect((await refreshed).status).toBe(200)

    const stored = await new Promise((resolve) => {
      storage.store.get(id, (_error, found) => resolve(found ?? null))
    })
    expect(stored).toBeNull()
    expect(asked(provider)).toEqual(ONE_REFRESH)
  })

  it.each([
    ['waiting for it', 3 * HOUR],
    ['in the background', 3 * HOUR - 30],
  ])('a refresh, %s, does not shorten the life of the session', async (_how, age) => {
    const maxAge = 2 * HOUR * 1000
    rotating.response = { expires_in: 3 * HOUR }
    const app = await startLoggedIn({ cookie: { maxAge } })
    const id = sessionIdOf(browser, app.origin) ?? ''
    // Each request moves the end, which in some stores is another one than the session itself says.
    advanceClock(1.9 * HOUR)
    await notesOf(app)
    advanceClock(age - 1.9 * HOUR)
    // With grants in a store, nothing is written into the session.
    const isStored = storage.keep().grants !== undefined
    const written = isStored ? Promise.resolve() : nextSet(storage.store)
    await tokenOf(app)
    await written
    expect(await app.strategy.idle({ timeoutMs: 5_000 })).toBe(0)

    const kept = await storage.keptFor(id)
    expect(kept).toBeGreaterThan(maxAge - 5_000)
    expect(kept).toBeLessThanOrEqual(maxAge)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(asked(provider)).toEqual(ONE_REFRESH)
  })

  it('a refresh leaves a session without a lifetime as it is', async () => {
    const app = await startLoggedIn()
    const id = sessionIdOf(browser, app.origin) ?? ''
    const before = await storage.keptFor(id)
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(await storage.keptFor(id)).toBeGreaterThanOrEqual(before - 5_000)
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(app)
  })

  /** The application in a new process: the store has everything, the process nothing. */
  async function restart({ origin }: TestApp): Promise<TestApp> {
    const cookies = browser.cookies(origin)
    const { store, keep } = storage
    const reborn = await scene.startAnew({ store, routes: routes.add, strategy: keep() })
    for (const [name, value] of cookies) browser.setCookie(reborn.origin, name, value)
    return reborn
  }
}

async function tokenOf({ origin }: TestApp): Promise<unknown> {
  const page = await browser.visit(`${origin}/token`)
  expect(page.status).toBe(200)
  return bodyOf(page)['accessToken']
}

async function notesOf({ origin }: TestApp): Promise<unknown> {
  return bodyOf(await browser.visit(`${origin}/read`))['notes']
}

/** Two more lifetimes of the access token bring a refresh each, and nothing came twice. */
async function expectLoginAlive(app: TestApp): Promise<void> {
  for (let lifetime = 0; lifetime < 2; lifetime++) {
    const before = await tokenOf(app)
    provider.requests.length = 0
    advanceClock(HOUR)
    expect(await tokenOf(app)).not.toBe(before)
    expect(asked(provider)).toEqual(ONE_REFRESH)
  }
  expect(rotating.reused).toEqual([])
  expect(app.errors).toEqual([])
}

/** Resolves when the store has written a session once more. */
function nextSet(store: Store): Promise<void> {
  const set = store.set.bind(store)
  return new Promise((resolve) => {
    store.set = (id, session, callback) => {
      store.set = set
      set(id, session, (error: unknown) => {
        callback?.(error)
        resolve()
      })
    }
  })
}
