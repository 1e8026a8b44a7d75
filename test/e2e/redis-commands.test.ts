import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { RedisStore } from 'connect-redis'
import { cookiePendingLogins, guardSessionStore } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { RedisLedger } from '../../src/redis.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN } from '../support/login.js'
import { startRedisServer } from '../support/redis-server.js'
import type { RedisServer } from '../support/redis-server.js'
import { describeWithRedis } from '../support/requirements.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'

const HOUR = 3600

/**
 * Each step's commands in Redis: the session store's, and `EVAL` for each step of the ledger. The
 * documentation states their numbers.
 */
interface Commands {
  readonly login: readonly string[]
  readonly visit: readonly string[]
  readonly refresh: readonly string[]
  readonly change: readonly string[]
  readonly logout: readonly string[]
}

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
})

const PENDING_LOGINS: [string, Partial<AuthorizationCodeOptions>, readonly string[]][] = [
  // /login writes; /callback reads, claims the state, and changes the session's id.
  ['in the session', {}, ['SET', 'GET', 'EVAL', 'DEL', 'SET']],
  [
    'in cookies',
    { pendingLogins: cookiePendingLogins({ secret: 'a secret of 32 characters or more' }) },
    ['EVAL', 'DEL', 'SET'],
  ],
]

const WITHOUT_GUARD: Commands = {
  login: [],
  visit: ['GET', 'EXPIRE'],
  // Take the turn, write the record; then our part of the stored session.
  refresh: ['GET', 'EVAL', 'EVAL', 'GET', 'SET', 'EXPIRE'],
  change: ['GET', 'SET'],
  logout: ['GET', 'EVAL', 'DEL'],
}

const WITH_GUARD: Commands = {
  // The note that the session from before the login was destroyed.
  login: ['EVAL'],
  visit: ['GET', 'EXPIRE'],
  // A look after the session's part was written.
  refresh: ['GET', 'EVAL', 'EVAL', 'GET', 'SET', 'EVAL', 'EXPIRE'],
  // A look before writing the whole session, and one after it.
  change: ['GET', 'EVAL', 'SET', 'EVAL'],
  logout: ['GET', 'EVAL', 'EVAL', 'DEL'],
}

describeWithRedis('the commands that Redis gets', (redisServer) => {
  let redis: RedisServer
  let browser: Browser
  beforeAll(async () => (redis = await startRedisServer(redisServer)))
  beforeEach(() => {
    browser = new Browser()
    return redis.client.flushAll()
  })
  afterAll(() => redis.stop())

  function start(guarded: boolean, strategy: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
    const ledger = new RedisLedger({ client: redis.client })
    const store = new RedisStore({ client: redis.client })
    const { revocationURL, resourceURL } = rotating
    return scene.start({
      store: guarded ? guardSessionStore(store, { grants: ledger }) : store,
      routes: sessionRoutes(resourceURL).add,
      strategy: { ledger, revocationURL, ...strategy },
    })
  }

  it.each(PENDING_LOGINS)('for a login, with pending logins %s', async (_where, options, login) => {
    const app = await start(false, options)
    const commands = await redis.commandsDuring(async () => {
      const page = await browser.visit(app.loginURL)
      const { location = '' } = await browser.visit(page.location ?? '')
      expect((await browser.visit(location)).status).toBe(302)
    })
    expect(commands).toEqual(login)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each(PENDING_LOGINS)(
    'for a login under guardSessionStore, with pending logins %s',
    async (_where, options, login) => {
      const app = await start(true, options)
      const commands = await redis.commandsDuring(async () => {
        const page = await browser.visit(app.loginURL)
        const { location = '' } = await browser.visit(page.location ?? '')
        expect((await browser.visit(location)).status).toBe(302)
      })
      // The note comes before the session is destroyed; one that was never stored needs none.
      const note = login.includes('GET') ? WITH_GUARD.login : []
      expect(commands).toEqual([...login.slice(0, -2), ...note, ...login.slice(-2)])
      expect(asked(provider)).toEqual(ONE_LOGIN)
    },
  )

  it.each([
    [false, WITHOUT_GUARD],
    [true, WITH_GUARD],
  ])('for everything after it (guardSessionStore: %s)', async (guarded, expected) => {
    const app = await start(guarded, {})
    await browser.follow(app.loginURL)
    provider.requests.length = 0
    const visit = (path: string) => () => browser.visit(app.origin + path)

    expect(await redis.commandsDuring(visit('/token'))).toEqual(expected.visit)
    expect(await redis.commandsDuring(visit('/private'))).toEqual(expected.visit)
    expect(await redis.commandsDuring(visit('/note?text=a'))).toEqual(expected.change)
    expect(asked(provider)).toEqual([])

    advanceClock(HOUR)
    expect(await redis.commandsDuring(visit('/token'))).toEqual(expected.refresh)
    expect(await redis.commandsDuring(visit('/token'))).toEqual(expected.visit)
    expect(asked(provider)).toEqual(['POST /token'])

    const logout = () => browser.post(`${app.origin}/auth/logout`)
    expect(await redis.commandsDuring(logout)).toEqual(expected.logout)
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })
  })
})
