import { setTimeout } from 'node:timers/promises'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import type { Request } from 'express'
import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { AuthorizationCodeStrategy, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions, GrantStore, Grants } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { refreshesAt } from '../support/refreshes.js'

const HOUR = 3600
const DAY = 24 * HOUR
/** As long as the cookie of a session that people keep. */
const WEEK_MS = 7 * DAY * 1000

let provider: TestProvider
let store: GrantStore
let apps: TestApp[]

beforeAll(async () => {
  provider = await startTestProvider()
})
beforeEach(() => {
  provider.reset()
  provider.user = { sub: 'ada' }
  provider.scope = undefined
  store = createMemoryStore()
  apps = []
})
afterEach(async () => {
  jest.restoreAllMocks()
  await Promise.all(apps.map((app) => app.close()))
})
afterAll(() => provider.close())

/** Starts one process of the application; all share the store of grants. */
async function startProcess(
  options: Partial<AuthorizationCodeOptions> = {},
  sessions = new MemoryStore(),
): Promise<TestApp> {
  const app = await startApp({
    store: sessions,
    session: { cookie: { maxAge: WEEK_MS } },
    strategy: {
      ...provider.options,
      name: 'company',
      scope: 'email calendar',
      grants: grantsIn(store),
      accountOf: ({ id }: { id: string }) => `account-of-${id}`,
      ...options,
    },
    routes: addRoutes,
  })
  apps.push(app)
  return app
}

/** The pages of the person's logins. */
function addRoutes(
  app: Parameters<NonNullable<Parameters<typeof startApp>[0]['routes']>>[0],
  strategy: TestApp['strategy'],
): void {
  const accountOf = ({ user }: Request): string => `account-of-${(user as { id: string }).id}`
  app.get('/logins', (req, res, next) => {
    strategy.listGrants(req).then((grants) => res.json({ grants }), next)
  })
  app.get('/end-others', (req, res, next) => {
    strategy
      .endGrant({ account: accountOf(req) }, { except: req })
      .then((ended) => res.json({ ended }), next)
  })
  app.get('/end-grant', (req, res, next) => {
    strategy.endGrant(req).then((ended) => res.json({ ended }), next)
  })
  app.get('/token-after-password', (req, res, next) => {
    req.user = { id: 'ada' }
    strategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
  })
}

/** The same process, after a login. */
async function logInTo(app: TestApp): Promise<TestApp> {
  await logIn(app)
  return app
}

async function logIn(app: TestApp, browser = new Browser()): Promise<Browser> {
  const page = await browser.follow(app.loginURL)
  expect(page.status).toBe(200)
  return browser
}

async function tokenOf(browser: Browser, { origin }: TestApp): Promise<unknown> {
  const page = await browser.visit(`${origin}/token`)
  return bodyOf(page)['accessToken'] ?? bodyOf(page)['code']
}

const refreshes = (): number => refreshesAt(provider)

/** Resolves when so many tokens were revoked: nobody waits for that. */
async function revocations(count: number): Promise<void> {
  const sent = (): number => provider.requestsTo('revoke').length
  for (let looks = 0; sent() < count && looks < 1000; looks++) await setTimeout(5)
  expect(sent()).toBe(count)
}

const ADA = { account: 'account-of-ada' }
const loginRequired = (reason: string) =>
  expect.objectContaining({ code: 'ERR_LOGIN_REQUIRED', reason }) as unknown as Error

function withoutRefreshToken(body: unknown): Record<string, unknown> {
  return { ...(body as Record<string, unknown>), refresh_token: undefined }
}

describe('a job', () => {
  it('gets the token of a person by their account, without a request', async () => {
    const app = await startProcess()
    const browser = await logIn(app)
    expect(await app.strategy.accessToken(ADA)).toBe(await tokenOf(browser, app))
    expect((await app.strategy.tokens(ADA))?.scope).toBe('email calendar')
    const answer = await app.strategy.fetch(ADA, provider.options.profileURL)
    expect(await answer.json()).toMatchObject({ sub: 'ada' })
  })

  it('is told to log in again when a person withdraws consent, also right after a token was replaced', async () => {
    const { strategy } = await logInTo(await startProcess())
    provider.expireAccessTokens()
    expect((await strategy.fetch(ADA, provider.options.profileURL)).status).toBe(200)
    provider.endGrants()
    const call = strategy.fetch(ADA, provider.options.profileURL)
    await expect(call).rejects.toMatchObject(loginRequired('grant_ended'))
  })

  it('gets the 401 of an API that refuses each token, and refreshes once in a minute for it', async () => {
    const { strategy } = await logInTo(await startProcess())
    const call = async (): Promise<void> => {
      provider.fail('userinfo', 401, 2)
      expect((await strategy.fetch(ADA, provider.options.profileURL)).status).toBe(401)
      provider.fail('userinfo', 401, 0)
    }
    for (let calls = 0; calls < 3; calls++) await call()
    expect(refreshes()).toBe(1)
    advanceClock(61)
    for (let calls = 0; calls < 3; calls++) await call()
    expect(refreshes()).toBe(2)
  })

  it('is told to log in again by what another process knows, also while an API refuses each token', async () => {
    const remembering = (): Promise<TestApp> => startProcess({ grants: grantsIn(store, 10) })
    const [one, two] = [await logInTo(await remembering()), await remembering()]
    const { profileURL } = provider.options
    provider.fail('userinfo', 401, 4)
    expect((await one.strategy.fetch(ADA, profileURL)).status).toBe(401)
    provider.fail('token', 'invalid_grant')
    const toLogIn = loginRequired('grant_ended')
    await expect(two.strategy.fetch(ADA, profileURL)).rejects.toMatchObject(toLogIn)
    // `cacheSeconds`
    advanceClock(10)
    await expect(one.strategy.fetch(ADA, profileURL)).rejects.toMatchObject(toLogIn)
    expect(refreshes()).toBe(2)
  })

  it('refreshes once, together with the requests of all processes', async () => {
    const [one, two] = [await startProcess(), await startProcess()]
    const browser = await logIn(one)
    advanceClock(HOUR)
    const tokens = await Promise.all([
      one.strategy.accessToken(ADA),
      two.strategy.accessToken(ADA),
      tokenOf(browser, one),
      two.strategy.accessToken(ADA),
    ])
    expect(new Set(tokens).size).toBe(1)
    expect([refreshes(), provider.reused]).toEqual([1, []])
  })

  it('does not let a login live longer that nobody uses', async () => {
    const app = await startProcess()
    await logIn(app)
    for (let days = 0; days < 15; days++) {
      advanceClock(DAY)
      await app.strategy.accessToken(ADA).catch(() => undefined)
    }
    await expect(app.strategy.accessToken(ADA)).rejects.toEqual(loginRequired('no_tokens'))
  })

  it('uses the newest login that lives', async () => {
    const app = await startProcess()
    const [first, second] = [await logIn(app), await logIn(app)]
    expect(await app.strategy.accessToken(ADA)).toBe(await tokenOf(second, app))
    await second.post(`${app.origin}/auth/logout`)
    expect(await app.strategy.accessToken(ADA)).toBe(await tokenOf(first, app))
    await first.post(`${app.origin}/auth/logout`)
    await expect(app.strategy.accessToken(ADA)).rejects.toEqual(loginRequired('no_tokens'))
  })

  it('uses an older login if the provider refuses the newest', async () => {
    const app = await startProcess()
    const [first] = [await logIn(app), await logIn(app)]
    advanceClock(HOUR)
    provider.fail('token', 'invalid_grant')
    expect(await app.strategy.accessToken(ADA)).toBe(await tokenOf(first, app))
  })

  it('is told that the person has to log in again', async () => {
    const app = await startProcess()
    await logIn(app)
    provider.endGrants()
    advanceClock(HOUR)
    await expect(app.strategy.accessToken(ADA)).rejects.toEqual(loginRequired('grant_ended'))
    await expect(app.strategy.accessToken({ account: 'nobody' })).rejects.toEqual(
      loginRequired('no_tokens'),
    )
    expect(await app.strategy.tokens({ account: 'nobody' })).toBeUndefined()
  })

  it('cannot use a grant of another account', async () => {
    const app = await startProcess()
    await logIn(app)
    provider.user = { sub: 'bob' }
    const bob = await logIn(app)
    const [grant] = await app.strategy.listGrants('account-of-bob')
    const id = grant?.id ?? ''
    const stolen = { ...ADA, grant: id }
    await expect(app.strategy.accessToken(stolen)).rejects.toEqual(loginRequired('no_tokens'))
    expect(await app.strategy.tokens(stolen)).toBeUndefined()
    expect(await app.strategy.endGrant(stolen)).toBe(0)
    const own = { account: 'account-of-bob', grant: id }
    expect(await app.strategy.accessToken(own)).toBe(await tokenOf(bob, app))
  })

  it('cannot find tokens that are in the sessions', async () => {
    const app = await startProcess({ grants: undefined })
    const refused = { code: 'ERR_CONFIGURATION', message: expect.stringContaining('set grants') }
    await expect(app.strategy.accessToken(ADA)).rejects.toMatchObject(refused)
    await expect(app.strategy.endGrant(ADA)).rejects.toMatchObject(refused)
    await expect(app.strategy.listGrants('account-of-ada')).rejects.toMatchObject(refused)
  })

  it.each([[''], [Number.NaN], [undefined], [{}]])('needs an account: not %p', async (account) => {
    const app = await startProcess()
    await expect(app.strategy.accessToken({ account } as never)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('An account is your own id'),
    })
  })
})

describe('two providers with one name', () => {
  it('cannot share grants, in which one person could be taken for another', () => {
    const grants = new MemoryGrants()
    const create = (clientID: string, name?: string) =>
      new AuthorizationCodeStrategy({
        ...provider.options,
        clientID,
        grants,
        ...(name !== undefined && { name }),
        callbackURL: 'https://your-app.com/auth/callback',
      })
    create('one')
    create('one')
    expect(() => create('two')).toThrow("Two providers with the name 'oauth2' share one store")
    expect(create('two', 'other').name).toBe('other')
  })
})

describe('the list of a person’s grants', () => {
  it('says what was granted, when, and which one the request uses, without tokens', async () => {
    const app = await startProcess()
    const before = Date.now()
    const first = await logIn(app)
    const between = Date.now()
    advanceClock(60)
    const second = await logIn(app)
    const listed = await app.strategy.listGrants('account-of-ada')
    expect(listed).toHaveLength(2)
    expect(listed[0]).toEqual({
      id: expect.any(String),
      strategy: 'company',
      subject: 'ada',
      scope: 'email calendar',
      createdAt: Date.now(),
      renewedAt: Date.now(),
      loginRequired: false,
      current: false,
    })
    const { createdAt = 0 } = listed[1] ?? {}
    expect(createdAt).toBeGreaterThanOrEqual(before)
    expect(createdAt).toBeLessThanOrEqual(between)
    const seen = async (browser: Browser): Promise<unknown> => {
      const { grants } = bodyOf(await browser.visit(`${app.origin}/logins`)) as {
        grants: { current: boolean }[]
      }
      return grants.map(({ current }) => current)
    }
    expect([await seen(first), await seen(second)]).toEqual([
      [false, true],
      [true, false],
    ])
  })

  it('says who must log in again', async () => {
    const app = await startProcess()
    await logIn(app)
    provider.endGrants()
    advanceClock(HOUR)
    await app.strategy.accessToken(ADA).catch(() => undefined)
    const listed = await app.strategy.listGrants('account-of-ada')
    expect(listed.map(({ loginRequired: must }) => must)).toEqual([true])
  })
})

describe('ending', () => {
  it('ends all other logins, with their sessions, and keeps the caller’s own', async () => {
    const app = await startProcess()
    const [phone, laptop, own] = [await logIn(app), await logIn(app), await logIn(app)]
    expect(bodyOf(await own.visit(`${app.origin}/end-others`))).toEqual({ ended: 2 })
    for (const other of [phone, laptop]) {
      expect(bodyOf(await other.visit(`${app.origin}/`))).toEqual({ user: null })
      expect(await tokenOf(other, app)).toBe('ERR_LOGIN_REQUIRED')
    }
    expect(await tokenOf(own, app)).toMatch(/^[\w-]+$/)
    expect(provider.requestsTo('revoke')).toHaveLength(2)
  })

  it('ends one login by its id', async () => {
    const app = await startProcess()
    const [first, second] = [await logIn(app), await logIn(app)]
    const [, older] = await app.strategy.listGrants('account-of-ada')
    expect(await app.strategy.endGrant({ ...ADA, grant: older?.id ?? '' })).toBe(1)
    expect(await tokenOf(first, app)).toBe('ERR_LOGIN_REQUIRED')
    expect(await tokenOf(second, app)).not.toBe('ERR_LOGIN_REQUIRED')
  })

  it('ends the sessions of a process that has seen none at their next request', async () => {
    const [web, job] = [await startProcess(), await startProcess()]
    const browser = await logIn(web)
    expect(await job.strategy.endGrant(ADA)).toBe(1)
    expect(await tokenOf(browser, web)).toBe('ERR_LOGIN_REQUIRED')
    expect((await browser.visit(`${web.origin}/private`)).location).toContain('/auth/login')
  })

  it('ends what a callback stores that has ended at the same time only if it came before', async () => {
    const app = await startProcess()
    const browser = new Browser()
    const { location = '' } = await browser.visit(app.loginURL)
    const { location: callback = '' } = await browser.visit(location)
    await Promise.all([browser.follow(callback), app.strategy.endGrant(ADA)])
    // Whichever came first: a token, or a clear request to log in, and another login helps.
    expect(await tokenOf(browser, app)).toMatch(/^(ERR_LOGIN_REQUIRED|[\w-]{20,})$/)
    await logIn(app, browser)
    expect(await tokenOf(browser, app)).toMatch(/^[\w-]{20,}$/)
  })
})

describe("grantLifetime 'account'", () => {
  const options = { grantLifetime: 'account' } as const

  it('needs grants', () => {
    const callbackURL = 'https://your-app.com/auth/callback'
    const create = () =>
      new AuthorizationCodeStrategy({ ...provider.options, ...options, callbackURL })
    expect(create).toThrow("grantLifetime 'account' needs grants")
  })

  it('needs an account of each user', async () => {
    const app = await startProcess({ ...options, accountOf: () => undefined })
    await new Browser().follow(app.loginURL)
    expect(String(app.errors)).toContain('each user needs an account id')
  })

  it('survives logging out: a job goes on, nothing is revoked, and the session is over', async () => {
    const app = await startProcess(options)
    const browser = await logIn(app)
    await browser.post(`${app.origin}/auth/logout`)
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })
    expect(await tokenOf(browser, app)).toBe('ERR_LOGIN_REQUIRED')
    advanceClock(30 * DAY)
    expect(await app.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
    expect([refreshes(), provider.requestsTo('revoke')]).toEqual([1, []])
  })

  it('is one grant for all logins of a person at one account of theirs', async () => {
    const app = await startProcess(options)
    const [first, second] = [await logIn(app), await logIn(app)]
    expect(await app.strategy.listGrants('account-of-ada')).toHaveLength(1)
    expect(await tokenOf(first, app)).toBe(await tokenOf(second, app))
    await second.post(`${app.origin}/auth/logout`)
    expect(await tokenOf(first, app)).toBe(await app.strategy.accessToken(ADA))
  })

  it('is another grant for another account at the provider', async () => {
    const app = await startProcess({ ...options, accountOf: () => 'account-of-ada' })
    await logIn(app)
    provider.user = { sub: 'ada-at-work' }
    await logIn(app)
    expect(await app.strategy.listGrants('account-of-ada')).toHaveLength(2)
  })

  it('is listed once more by each login without an id at the provider', async () => {
    const app = await startProcess({
      ...options,
      scope: 'calendar',
      skipUserProfile: true,
      accountOf: () => 'account-of-ada',
    })
    await logIn(app)
    await logIn(app)
    expect(await app.strategy.listGrants('account-of-ada')).toHaveLength(2)
  })

  it('ends for all sessions, and a later login does not bring theirs back', async () => {
    const app = await startProcess(options)
    const [first, second] = [await logIn(app), await logIn(app)]
    const job = await startProcess(options)
    expect(await job.strategy.endGrant(ADA)).toBe(1)
    const third = await logIn(app)
    for (const old of [first, second]) {
      expect(await tokenOf(old, app)).toBe('ERR_LOGIN_REQUIRED')
      expect(await tokenOf(old, app)).toBe('ERR_LOGIN_REQUIRED')
    }
    expect(await tokenOf(third, app)).toBe(await job.strategy.accessToken(ADA))
  })

  it('ends all other logins, and keeps the grant that the caller uses', async () => {
    const app = await startProcess(options)
    const [other, own] = [await logIn(app), await logIn(app)]
    expect(bodyOf(await own.visit(`${app.origin}/end-others`))).toEqual({ ended: 0 })
    expect(bodyOf(await other.visit(`${app.origin}/`))).toEqual({ user: null })
    expect(await tokenOf(own, app)).toBe(await app.strategy.accessToken(ADA))
    expect(provider.requestsTo('revoke')).toEqual([])
  })

  it('ends with endGrant of a request, in all sessions', async () => {
    const app = await startProcess(options)
    const [first, second] = [await logIn(app), await logIn(app)]
    expect(bodyOf(await first.visit(`${app.origin}/end-grant`))).toEqual({ ended: 1 })
    expect(await tokenOf(second, app)).toBe('ERR_LOGIN_REQUIRED')
    await expect(app.strategy.accessToken(ADA)).rejects.toEqual(loginRequired('no_tokens'))
    expect(provider.requestsTo('revoke').length).toBeGreaterThan(0)
  })

  it('serves a person who has logged in by another way, such as with a password', async () => {
    const app = await startProcess(options)
    const browser = await logIn(app)
    await browser.post(`${app.origin}/auth/logout`)
    expect(bodyOf(await browser.visit(`${app.origin}/token-after-password`))).toEqual({
      accessToken: await app.strategy.accessToken(ADA),
    })
  })

  it('loses nothing by a login for less', async () => {
    const app = await startProcess(options)
    await logIn(app)
    provider.scope = 'email'
    await logIn(app)
    expect((await app.strategy.tokens(ADA))?.scope).toBe('email calendar')
    advanceClock(HOUR)
    await app.strategy.accessToken(ADA)
    expect((await app.strategy.tokens(ADA))?.scope).toBe('email calendar')
  })

  describe('at a provider that sends a refresh token only after consent, such as Google', () => {
    let consents: boolean
    const google: Partial<AuthorizationCodeOptions> = {
      ...options,
      revocationEnds: 'grant',
      parseTokenResponse: (body) =>
        consents ? (body as object as Record<string, unknown>) : withoutRefreshToken(body),
    }
    beforeEach(() => {
      consents = true
    })

    it('keeps that of the first login, with the newest access token', async () => {
      const app = await startProcess(google)
      const first = await logIn(app)
      const { refreshToken, accessToken } = (await app.strategy.tokens(ADA)) ?? {}
      consents = false
      const second = await logIn(app)
      const tokens = await app.strategy.tokens(ADA)
      expect(tokens?.refreshToken).toBe(refreshToken)
      expect(tokens?.accessToken).not.toBe(accessToken)
      expect(await tokenOf(second, app)).toBe(await tokenOf(first, app))
      consents = true
      advanceClock(HOUR)
      await app.strategy.accessToken(ADA)
      expect([refreshes(), provider.reused]).toEqual([1, []])
      expect(await app.strategy.listGrants('account-of-ada')).toHaveLength(1)
    })

    it('keeps what the grant allows if that login was for less', async () => {
      const app = await startProcess(google)
      await logIn(app)
      const before = await app.strategy.accessToken(ADA)
      consents = false
      provider.scope = 'email'
      await logIn(app)
      expect(await app.strategy.accessToken(ADA)).toBe(before)
      expect(await app.strategy.accessToken(ADA, { scope: 'email' })).not.toBe(before)
      expect(refreshes()).toBe(0)
    })

    it('revokes one token when the person disconnects, which ends all', async () => {
      const app = await startProcess(google)
      await logIn(app)
      consents = false
      await logIn(app)
      expect(await app.strategy.endGrant(ADA)).toBe(1)
      expect(provider.requestsTo('revoke')).toHaveLength(1)
    })
  })
})

describe('revoking', () => {
  it('ends nothing else of a person where one revocation ends everything', async () => {
    const app = await startProcess({ revocationEnds: 'grant' })
    const [first, second] = [await logIn(app), await logIn(app)]
    await first.post(`${app.origin}/auth/logout`)
    expect(provider.requestsTo('revoke')).toEqual([])
    await second.post(`${app.origin}/auth/logout`)
    await revocations(1)
  })

  it('revokes nothing where one revocation ends everything, and other sessions are unknown', async () => {
    const app = await startProcess({ revocationEnds: 'grant', grants: undefined })
    const browser = await logIn(app)
    await browser.post(`${app.origin}/auth/logout`)
    await app.strategy.idle({ timeoutMs: 1_000 })
    expect(provider.requestsTo('revoke')).toEqual([])
  })

  it('does not revoke tokens that come after the end of their grant where that would end another login', async () => {
    const app = await startProcess({ revocationEnds: 'grant' })
    const [other] = [await logIn(app), await logIn(app)]
    const [newest] = await app.strategy.listGrants('account-of-ada')
    const holder = { ...ADA, grant: newest?.id ?? '' }
    advanceClock(HOUR)
    provider.fail('token', { slowMs: 300 })
    const asked = app.strategy.accessToken(holder)
    const outcome = asked.catch((error: unknown) => (error as { code?: unknown }).code)
    while (refreshes() === 0) await setTimeout(5)
    expect(await app.strategy.endGrant(holder)).toBe(1)
    expect(await outcome).toBe('ERR_LOGIN_REQUIRED')
    expect(await tokenOf(other, app)).toMatch(/^[\w-]{20,}$/)
    expect(provider.requestsTo('revoke')).toEqual([])
  })

  it('revokes what a login over a login replaces if that ends nothing else', async () => {
    const app = await startProcess({ revocationEnds: 'token' })
    const browser = await logIn(app)
    await logIn(app, browser)
    await revocations(2)
    expect(await tokenOf(browser, app)).toMatch(/^[\w-]{20,}$/)
  })
})

describe('grants.eraseAccount', () => {
  it.each(['login', 'account'] as const)(
    'leaves nothing of a person, and of nobody else anything less: %s',
    async (grantLifetime) => {
      const names = new Map<string, Set<string>>()
      const inner = createMemoryStore()
      store = {
        ...inner,
        async link(name, id, ttlMs) {
          names.set(name, (names.get(name) ?? new Set()).add(id))
          await inner.link(name, id, ttlMs)
        },
        async unlink(name, ids) {
          for (const id of ids) names.get(name)?.delete(id)
          await inner.unlink(name, ids)
        },
      }
      const grants = grantsIn(store)
      const app = await startProcess({ grants, grantLifetime })
      const ada = await logIn(app)
      provider.user = { sub: 'bob' }
      const bob = await logIn(app)
      expect(await grants.eraseAccount('account-of-ada')).toBe(1)
      expect(await tokenOf(ada, app)).toBe('ERR_LOGIN_REQUIRED')
      expect(await tokenOf(bob, app)).toMatch(/^[\w-]{20,}$/)
      expect(provider.requestsTo('revoke').length).toBe(1)
      const left = [...names].filter(([name, ids]) => name.includes('ada') && ids.size > 0)
      expect(left).toEqual([])
    },
  )

  it('needs a strategy that knows the provider', async () => {
    await expect(new MemoryGrants().eraseAccount('7')).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
  })
})

describe('grants.renewIdle', () => {
  it('refreshes what nobody has used for so many days, once, and counts who must log in again', async () => {
    const grants: Grants = grantsIn(store)
    const app = await startProcess({ grants, grantLifetime: 'account' })
    await logIn(app)
    provider.user = { sub: 'bob' }
    await logIn(app)
    advanceClock(59 * DAY)
    expect(await grants.renewIdle({ olderThanDays: 60 })).toEqual({
      renewed: 0,
      loginRequired: 0,
      failed: 0,
    })
    advanceClock(2 * DAY)
    provider.fail('token', 'invalid_grant')
    expect(await grants.renewIdle({ olderThanDays: 60 })).toEqual({
      renewed: 1,
      loginRequired: 1,
      failed: 0,
    })
    const sent = refreshes()
    await grants.renewIdle({ olderThanDays: 60 })
    expect([sent, refreshes(), provider.reused]).toEqual([2, 2, []])
  })

  it('refreshes everything with 0, as a trial on the first day', async () => {
    const grants: Grants = grantsIn(store)
    const app = await startProcess({ grants, grantLifetime: 'account' })
    await logIn(app)
    advanceClock(1)
    expect(await grants.renewIdle({ olderThanDays: 0 })).toMatchObject({ renewed: 1, failed: 0 })
    expect(refreshes()).toBe(1)
  })

  it('lets grants live for years', async () => {
    const grants: Grants = grantsIn(store)
    const app = await startProcess({ grants, grantLifetime: 'account' })
    await logIn(app)
    for (let month = 0; month < 30; month++) {
      advanceClock(31 * DAY)
      expect((await grants.renewIdle({ olderThanDays: 30 })).renewed).toBe(1)
    }
    expect(await app.strategy.accessToken(ADA)).toMatch(/^[\w-]{20,}$/)
  })

  it.each([[-1], ['30'], [undefined]])('needs a number of days: not %p', async (olderThanDays) => {
    const grants = grantsIn(store)
    await startProcess({ grants })
    await expect(grants.renewIdle({ olderThanDays } as never)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'olderThanDays',
    })
  })
})
