import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { RedisStore } from 'connect-redis'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import { cookiePendingLogins, guardSessionStore } from '../../src/index.js'
import { RedisGrants } from '../../src/redis.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import type { Kept } from '../support/grant-modes.js'
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

const secret = 'a secret of 32 characters or more'

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
})

/** The commands of each step, the session store's among them. The documentation states their numbers. */
interface Commands {
  readonly login: readonly string[]
  readonly callback: readonly string[]
  readonly visit: readonly string[]
  readonly refresh: readonly string[]
  readonly change: readonly string[]
  readonly logout: readonly string[]
}

interface Setup {
  readonly tokens: 'in the session' | 'in Redis'
  readonly pendingLogins: 'in the session' | 'in cookies'
  readonly isGuarded: boolean
}

/** What Redis gets in an application set up like this. */
function expectedCommands({ tokens, pendingLogins, isGuarded }: Setup): Commands {
  const inRedis = <T>(...commands: T[]): T[] => (tokens === 'in Redis' ? commands : [])
  const inSession = <T>(...commands: T[]): T[] => (tokens === 'in Redis' ? [] : commands)
  const pending = <T>(...commands: T[]): T[] => (pendingLogins === 'in cookies' ? [] : commands)
  /** The guard's notes of ended sessions, and its looks at them; they are in memory without grants in Redis. */
  const guarded = <T>(...commands: T[]): T[] => (isGuarded ? inRedis(...commands) : [])
  return {
    login: pending('SET'),
    // The session from before is replaced by a new one; the grant: claim of the callback, record and link.
    callback: [
      ...pending('GET'),
      ...inRedis('SET'),
      ...pending(...guarded('SET')),
      'DEL',
      // Record, and a link under the person, the account and the strategy.
      ...inRedis('SET', 'EVALSHA', 'EVALSHA', 'EVALSHA'),
      'SET',
      // A logout may have come before the session was stored.
      ...inRedis('GET'),
      // Where the login is, for the same callback in another process. Nobody waits for it.
      ...inRedis('SET'),
    ],
    visit: ['GET', 'EXPIRE'],
    // Look, mark, commit; or our part of the stored session.
    refresh: ['GET', ...inRedis('GET', 'EVALSHA', 'EVALSHA'), ...inSession('GET', 'SET'), 'EXPIRE'],
    change: ['GET', ...guarded('GET'), 'SET', ...guarded('GET')],
    // Look, tombstone, links; and whether a provider was connected meanwhile.
    logout: [
      'GET',
      ...inRedis('GET', 'EVALSHA', 'EVALSHA', 'EVALSHA', 'EVALSHA'),
      'GET',
      ...guarded('SET'),
      'DEL',
    ],
  }
}

const SETUPS: readonly Setup[] = (['in the session', 'in Redis'] as const).flatMap((tokens) =>
  (['in the session', 'in cookies'] as const).flatMap((pendingLogins) =>
    [false, true].map((isGuarded) => ({ tokens, pendingLogins, isGuarded })),
  ),
)

describeWithRedis('the commands that Redis gets', (redisServer) => {
  let redis: RedisServer
  let browser: Browser
  beforeAll(async () => {
    redis = await startRedisServer(redisServer)
    // The server learns the scripts once, by commands of their own.
    const client = readRedisClient(redis.client, 'client')
    const store = createRedisStore({ client, prefix: 'first:', commandTimeoutMs: 2_000 })
    await store.compareAndSet('id', 'version', { version: 'v', value: '' }, 1_000)
    await store.link('name', 'id', 1_000)
    await store.unlink('name', ['id'])
  })
  beforeEach(() => {
    browser = new Browser()
    return redis.client.flushAll()
  })
  afterAll(() => redis.stop())

  function start({ tokens, pendingLogins, isGuarded }: Setup): Promise<TestApp> {
    const store = new RedisStore({ client: redis.client })
    const kept: Kept =
      tokens === 'in Redis' ? { grants: new RedisGrants({ client: redis.client, secret }) } : {}
    const { revocationURL, resourceURL } = rotating
    return scene.start({
      store: isGuarded ? guardSessionStore(store, kept) : store,
      routes: sessionRoutes(resourceURL).add,
      strategy: {
        ...kept,
        revocationURL,
        ...(pendingLogins === 'in cookies' && { pendingLogins: cookiePendingLogins({ secret }) }),
      },
    })
  }

  it.each(SETUPS)(
    'with tokens $tokens and pending logins $pendingLogins (guardSessionStore: $isGuarded)',
    async (setup) => {
      const app = await start(setup)
      const expected = expectedCommands(setup)
      const visit = (path: string) => () => browser.visit(app.origin + path)
      const commands: Partial<Record<keyof Commands, readonly string[]>> = {}

      let atProvider = ''
      commands.login = await redis.commandsDuring(async () => {
        atProvider = (await browser.visit(app.loginURL)).location ?? ''
      })
      const { location: callback = '' } = await browser.visit(atProvider)
      commands.callback = await redis.commandsDuring(async () => {
        expect((await browser.visit(callback)).status).toBe(302)
      })
      expect(asked(provider)).toEqual(ONE_LOGIN)
      provider.requests.length = 0

      commands.visit = await redis.commandsDuring(visit('/token'))
      expect(await redis.commandsDuring(visit('/private'))).toEqual(commands.visit)
      commands.change = await redis.commandsDuring(visit('/note?text=a'))
      expect(asked(provider)).toEqual([])

      advanceClock(HOUR)
      commands.refresh = await redis.commandsDuring(visit('/token'))
      expect(await redis.commandsDuring(visit('/token'))).toEqual(commands.visit)
      expect(asked(provider)).toEqual(['POST /token'])

      commands.logout = await redis.commandsDuring(async () => {
        await browser.post(`${app.origin}/auth/logout`)
      })
      expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })
      expect(commands).toEqual(expected)
    },
  )

  it('with a token that is fresh, looks at the record once in each cacheSeconds', async () => {
    const app = await start({ tokens: 'in Redis', pendingLogins: 'in cookies', isGuarded: false })
    await browser.follow(app.loginURL)
    const visit = () => browser.visit(`${app.origin}/token`)
    advanceClock(9)
    expect(await redis.commandsDuring(visit)).toEqual(['GET', 'EXPIRE'])
    advanceClock(2)
    expect(await redis.commandsDuring(visit)).toEqual(['GET', 'GET', 'EXPIRE'])
    expect(await redis.commandsDuring(visit)).toEqual(['GET', 'EXPIRE'])
  })

  it('in a process that is new, needs one look more', async () => {
    const setup: Setup = { tokens: 'in Redis', pendingLogins: 'in cookies', isGuarded: false }
    const app = await start(setup)
    await browser.follow(app.loginURL)
    const other = await start(setup)
    for (const [name, value] of browser.cookies(app.origin)) {
      browser.setCookie(other.origin, name, value)
    }
    const visit = () => browser.visit(`${other.origin}/token`)
    expect(await redis.commandsDuring(visit)).toEqual(['GET', 'GET', 'EXPIRE'])
    expect(await redis.commandsDuring(visit)).toEqual(['GET', 'EXPIRE'])
  })

  it('has at most 60 bytes of ours in a session, once logins are no longer pending', async () => {
    const app = await start({
      tokens: 'in Redis',
      pendingLogins: 'in the session',
      isGuarded: false,
    })
    await browser.follow(app.loginURL)
    const [key = ''] = await redis.client.keys('sess:*')
    const session = JSON.parse((await redis.client.get(key)) ?? '') as Record<string, unknown>
    const { cookie, passport, ...ours } = session
    expect([cookie, passport]).not.toContain(undefined)
    expect(Object.keys(ours)).toHaveLength(1)
    expect(Buffer.byteLength(JSON.stringify(ours))).toBeLessThanOrEqual(60)
  })
})
