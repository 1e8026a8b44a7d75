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
import type { Express } from 'express'
import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { AuthorizationCodeStrategy, authRouter, Grants } from '../../src/index.js'
import type { AuthorizationCodeOptions, GrantStore } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { grantsIn } from '../support/grant-modes.js'
import { hearEvents } from '../support/hear-events.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { refreshesAt } from '../support/refreshes.js'

const HOUR = 3600
const DAY = 24 * HOUR
const ADA = { account: 'default-user/company/ada' }

let provider: TestProvider
/** What the store has, without the failures of {@link store}. */
let inner: GrantStore
/** The store of grants. `beforeCall` may throw, or wait. */
let store: GrantStore
let beforeCall: (method: keyof GrantStore, name: string) => unknown
/** The ids in each index. */
let listed: Map<string, Set<string>>
let apps: TestApp[]

beforeAll(async () => {
  provider = await startTestProvider()
})
beforeEach(() => {
  provider.reset()
  provider.user = { sub: 'ada' }
  inner = createMemoryStore()
  beforeCall = () => undefined
  listed = new Map()
  store = {
    async get(id) {
      await beforeCall('get', id)
      return inner.get(id)
    },
    async compareAndSet(id, ...rest) {
      await beforeCall('compareAndSet', id)
      return inner.compareAndSet(id, ...rest)
    },
    async link(name, id, ttlMs) {
      await beforeCall('link', name)
      listed.set(name, (listed.get(name) ?? new Set()).add(id))
      return inner.link(name, id, ttlMs)
    },
    async linked(name, limit, after) {
      await beforeCall('linked', name)
      return inner.linked(name, limit, after)
    },
    async unlink(name, ids) {
      await beforeCall('unlink', name)
      for (const id of ids) listed.get(name)?.delete(id)
      return inner.unlink(name, ids)
    },
  }
  apps = []
})
afterEach(async () => {
  jest.restoreAllMocks()
  await Promise.all(apps.map((app) => app.close()))
})
afterAll(() => provider.close())

async function startProcess(
  options: Partial<AuthorizationCodeOptions> = {},
  sessions = new MemoryStore(),
  routes?: (app: Express, strategy: AuthorizationCodeStrategy, origin: string) => void,
): Promise<TestApp> {
  const app = await startApp({
    store: sessions,
    strategy: {
      ...provider.options,
      name: 'company',
      scope: 'email calendar',
      grants: grantsIn(store),
      ...options,
    },
    routes(express, strategy, origin) {
      express.get('/end-grant', (req, res, next) => {
        strategy.endGrant(req).then((ended) => res.json({ ended }), next)
      })
      express.get('/files', (req, res, next) => {
        strategy
          .accessToken(req, { resource: 'https://files.example' })
          .then((accessToken) => res.json({ accessToken }), next)
      })
      routes?.(express, strategy, origin)
    },
  })
  apps.push(app)
  return app
}

async function logIn(
  { loginURL }: { loginURL: string },
  browser = new Browser(),
): Promise<Browser> {
  const page = await browser.follow(loginURL)
  expect(page.status).toBe(200)
  return browser
}

/** The access token that a request gets, or the code of the error. */
async function tokenOf(browser: Browser, { origin }: TestApp, path = '/token'): Promise<unknown> {
  const body = bodyOf(await browser.visit(`${origin}${path}`))
  return body['accessToken'] ?? body['code']
}

const isTokenText = expect.stringMatching(/^access-token-/) as unknown as string
const revoked = (): string[] =>
  provider.requestsTo('revoke').map(({ parameters }) => String(parameters['token']))

/** Lets calls of one kind fail, all or the first few. */
function failAt(method: keyof GrantStore, part: string, times = Infinity): void {
  let left = times
  beforeCall = (called, name) => {
    if (called === method && name.includes(part) && left-- > 0) throw new Error('the store fails')
  }
}

describe('a provider that is connected to a login', () => {
  it('is listed under the person who is logged in, not under the account at that provider', async () => {
    let calendar: AuthorizationCodeStrategy | undefined
    const app = await startProcess({}, undefined, (express, _, origin) => {
      calendar = new AuthorizationCodeStrategy({
        ...provider.options,
        name: 'calendar',
        callbackURL: `${origin}/calendar/callback`,
        grants: grantsIn(store),
      })
      express.use('/calendar', authRouter(calendar, { connect: true }))
    })
    const browser = await logIn(app)
    // Another person here may have this id.
    provider.user = { sub: 'bob' }
    await logIn({ loginURL: `${app.origin}/calendar/login` }, browser)
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toMatchObject({ user: { id: 'ada' } })
    expect(await calendar?.listGrants('default-user/calendar/bob')).toEqual([])
    expect(await calendar?.accessToken(ADA)).toEqual(isTokenText)
  })
})

describe('two strategies without a name', () => {
  it('never send the tokens of one provider to the other', async () => {
    const elsewhere = await startTestProvider()
    try {
      // Within one process, the second would be refused; in two that share a store, nobody notices.
      const app = await startProcess(
        { name: undefined, grants: grantsIn(store) },
        undefined,
        (express, _, origin) => {
          const other = new AuthorizationCodeStrategy({
            ...elsewhere.options,
            callbackURL: `${origin}/elsewhere/callback`,
            grants: grantsIn(store),
            revocationEnds: 'token',
          })
          express.use('/elsewhere', authRouter(other))
        },
      )
      const browser = await logIn(app)
      await logIn({ loginURL: `${app.origin}/elsewhere/login` }, browser)
      for (let looks = 0; (await app.strategy.listGrants(ADA.account)).length > 0; looks++) {
        if (looks > 200) break
        await setTimeout(5)
      }
      expect(await app.strategy.listGrants(ADA.account)).toEqual([])
      await setTimeout(50)
      expect(elsewhere.requestsTo('revoke')).toEqual([])
    } finally {
      await elsewhere.close()
    }
  })
})

describe('ending, while something fails', () => {
  it('revokes the tokens although the session store fails', async () => {
    const sessions = new MemoryStore()
    const app = await startProcess({}, sessions)
    await tokenOf(await logIn(app), app)
    jest.spyOn(sessions, 'get').mockImplementation((_, done) => {
      done(new Error('the session store fails'))
    })
    await expect(app.strategy.endGrant(ADA)).rejects.toMatchObject({ code: 'ERR_STORAGE' })
    expect(revoked()).toHaveLength(1)
  })

  it('revokes the tokens although the index fails', async () => {
    const app = await startProcess()
    await logIn(app)
    failAt('unlink', '')
    await expect(app.strategy.endGrant(ADA)).rejects.toMatchObject({ code: 'ERR_STORAGE' })
    expect(revoked()).toHaveLength(1)
  })

  it('ends the other grants of a person if one cannot be read, and that one when called again', async () => {
    const app = await startProcess()
    for (let logins = 0; logins < 30; logins++) await logIn(app)
    const grants = await app.strategy.listGrants(ADA.account)
    failAt('get', `grant/${String(grants[7]?.id)}`, 1)
    // The list is read once, then each is ended.
    let looks = 0
    const fails = beforeCall
    beforeCall = (method, name) =>
      name.includes(String(grants[7]?.id)) && ++looks === 1 ? undefined : fails(method, name)
    await expect(app.strategy.endGrant(ADA)).rejects.toMatchObject({ code: 'ERR_STORAGE' })
    expect(await app.strategy.listGrants(ADA.account)).toHaveLength(1)
    expect(await app.strategy.endGrant(ADA)).toBe(1)
    expect(revoked()).toHaveLength(30)
  })

  it.each(['of an account', 'of a request', 'all'])(
    'leaves no login behind that a later one could bring back, if it is called again: %s',
    async (which) => {
      const app = await startProcess({ grantLifetime: 'account' })
      const [first, second] = [await logIn(app), await logIn(app)]
      const [grant] = await app.strategy.listGrants(ADA.account)
      const end = async (): Promise<unknown> => {
        if (which === 'of a request') {
          const { ended } = bodyOf(await second.visit(`${app.origin}/end-grant`))
          if (ended === undefined) throw new Error('failed')
          return ended
        }
        return app.strategy.endGrant(which === 'all' ? ADA : { ...ADA, grant: grant?.id ?? '' })
      }
      const [login] = [...(listed.get(`logins/company/${ADA.account}`) ?? [])]
      // The first look lists it, and the second is to end it.
      let looks = 0
      beforeCall = (method, name) => {
        if (method === 'get' && name === `grant/${login}` && ++looks === 2) throw new Error('fails')
      }
      await expect(end()).rejects.toThrow()
      beforeCall = () => undefined
      await end()
      const third = await logIn(app)
      expect(await tokenOf(first, app)).toBe('ERR_LOGIN_REQUIRED')
      const token = await tokenOf(third, app)
      expect(token).toEqual(isTokenText)
      // The session of a request stays: the person is logged in there, and has a grant again.
      const isLoggedIn = which === 'of a request'
      expect(await tokenOf(second, app)).toBe(isLoggedIn ? token : 'ERR_LOGIN_REQUIRED')
    },
  )
})

describe("endGrant of a request, with grantLifetime 'account'", () => {
  it('keeps the session of the request, and ends those of others', async () => {
    const app = await startProcess({ grantLifetime: 'account' })
    const [other, own] = [await logIn(app), await logIn(app)]
    expect(bodyOf(await own.visit(`${app.origin}/end-grant`))).toEqual({ ended: 1 })
    expect(bodyOf(await own.visit(`${app.origin}/`))).toMatchObject({ user: { id: 'ada' } })
    expect(await tokenOf(own, app)).toBe('ERR_LOGIN_REQUIRED')
    expect(bodyOf(await other.visit(`${app.origin}/`))).toEqual({ user: null })
    // Not even if the grant comes back.
    await logIn(app)
    expect(await tokenOf(other, app)).toBe('ERR_LOGIN_REQUIRED')
  })
})

describe('access tokens for uses', () => {
  it('serve while they are valid although the grant was refused, and the session keeps them', async () => {
    const { accessTokenSeconds } = provider
    try {
      provider.accessTokenSeconds = 60
      const app = await startProcess()
      const browser = await logIn(app)
      provider.accessTokenSeconds = HOUR
      const files = await tokenOf(browser, app, '/files')
      provider.endGrants()
      advanceClock(120)
      expect(await tokenOf(browser, app)).toBe('ERR_LOGIN_REQUIRED')
      expect(await tokenOf(browser, app, '/files')).toBe(files)
      // A job too, and although there is a newer grant that gives nothing.
      expect(await app.strategy.accessToken(ADA, { resource: 'https://files.example' })).toBe(files)
      advanceClock(HOUR)
      expect(await tokenOf(browser, app, '/files')).toBe('ERR_LOGIN_REQUIRED')
    } finally {
      provider.accessTokenSeconds = accessTokenSeconds
    }
  })

  it.each(['endGrant', 'logout'])(
    'end with the refresh token, and are not revoked: %s',
    async (how) => {
      const app = await startProcess()
      const browser = await logIn(app)
      await tokenOf(browser, app, '/files')
      if (how === 'endGrant') await app.strategy.endGrant(ADA)
      else await browser.post(`${app.origin}/auth/logout`)
      await app.strategy.idle({ timeoutMs: 10_000 })
      expect(revoked()).toEqual([expect.stringMatching(/^refresh-token-/)])
    },
  )

  it.each(['endGrant', 'logout'])(
    'are revoked with the others where that ends nothing else: %s',
    async (how) => {
      const app = await startProcess({ revocationEnds: 'token' })
      const browser = await logIn(app)
      const files = await tokenOf(browser, app, '/files')
      if (how === 'endGrant') await app.strategy.endGrant(ADA)
      else await browser.post(`${app.origin}/auth/logout`)
      for (let looks = 0; revoked().length < 3 && looks < 200; looks++) await setTimeout(5)
      expect(revoked()).toHaveLength(3)
      expect(revoked()).toContain(files)
    },
  )
})

describe('grants.eraseAccount', () => {
  const traces = (): string[] =>
    [...listed].filter(([name, ids]) => name.includes('ada') && ids.size > 0).map(([name]) => name)

  it.each(['login', 'account'] as const)(
    'leaves no trace if it is called again after the store has failed: %s',
    async (grantLifetime) => {
      const grants = grantsIn(store)
      const app = await startProcess({ grants, grantLifetime })
      await logIn(app)
      failAt('unlink', '')
      await expect(grants.eraseAccount(ADA.account)).rejects.toMatchObject({ code: 'ERR_STORAGE' })
      beforeCall = () => undefined
      await grants.eraseAccount(ADA.account)
      expect(traces()).toEqual([])
    },
  )

  it('leaves no trace of logins that have expired', async () => {
    const grants = grantsIn(store)
    const app = await startProcess({ grants })
    await logIn(app)
    advanceClock(15 * DAY)
    await grants.eraseAccount(ADA.account)
    expect(traces()).toEqual([])
  })

  it('hides no grant of a login that comes to another process at that moment', async () => {
    const grants = grantsIn(store, 10)
    await startProcess({ grants, grantLifetime: 'account' })
    const other = await startProcess({ grantLifetime: 'account' })
    await logIn(other)
    let isFirst = true
    beforeCall = async (method, name) => {
      if (method !== 'unlink' || name !== `account/company/${ADA.account}` || !isFirst) return
      isFirst = false
      await logIn(other)
    }
    await grants.eraseAccount(ADA.account)
    expect(isFirst).toBe(false)
    expect(await other.strategy.accessToken(ADA)).toEqual(isTokenText)
  })
})

describe('grants.renewIdle', () => {
  it('refreshes all that it can if one cannot be read, and then says so', async () => {
    const grants = grantsIn(store)
    const app = await startProcess({ grants, grantLifetime: 'account' })
    for (const sub of ['ada', 'bob', 'cleo']) {
      provider.user = { sub }
      await logIn(app)
    }
    advanceClock(61 * DAY)
    const [first] = await inner.linked('strategy/company', 1)
    failAt('get', `grant/${String(first)}`)
    await expect(grants.renewIdle({ olderThanDays: 60 })).rejects.toMatchObject({
      code: 'ERR_STORAGE',
    })
    expect(refreshesAt(provider)).toBe(2)
  })
})

describe('a process that has another secret', () => {
  it('answers 503, changes nothing, and reports it once', async () => {
    const reports: unknown[] = []
    const stopHearing = hearEvents(({ step, outcome, reason }) => {
      if (step === 'another_secret') reports.push([outcome, reason])
    })
    try {
      const app = await startProcess()
      const secret = 'another secret of 32 characters or more'
      const wrong = await startProcess({ grants: new Grants(store, { secret }) })
      await logIn(app)
      const refused = { code: 'ERR_STORAGE', status: 503 }
      await expect(wrong.strategy.accessToken(ADA)).rejects.toMatchObject(refused)
      await expect(wrong.strategy.accessToken(ADA)).rejects.toMatchObject(refused)
      expect(await app.strategy.accessToken(ADA)).toEqual(isTokenText)
      expect(reports).toEqual([['failed', 'ERR_STORAGE']])
    } finally {
      stopHearing()
    }
  })
})

describe('a holder that was left out', () => {
  it.each([[undefined], [null], ['7'], [{}]])('is named: %p', async (holder) => {
    const { strategy } = await startProcess()
    const named = { code: 'ERR_CONFIGURATION', option: 'account' }
    await expect(strategy.accessToken(holder as never)).rejects.toMatchObject(named)
    await expect(strategy.tokens(holder as never)).rejects.toMatchObject(named)
    await expect(strategy.endGrant(holder as never)).rejects.toMatchObject(named)
  })

  it.each([[undefined], [''], [['id']], [7]])(
    'does not end all grants of a person if only the grant is missing: %p',
    async (grant) => {
      const app = await startProcess()
      const browser = await logIn(app)
      await expect(app.strategy.endGrant({ ...ADA, grant } as never)).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: 'grant',
      })
      expect(await tokenOf(browser, app)).toEqual(isTokenText)
    },
  )
})

describe('a grant that was imported without an access token', () => {
  it('sends no empty token to be revoked', async () => {
    const grants = grantsIn(store)
    const { strategy } = await startProcess({ grants })
    await grants.import([{ strategy: 'company', ...ADA, refreshToken: 'r' }])
    expect(await strategy.endGrant(ADA)).toBe(1)
    expect(revoked()).toEqual(['r'])
  })
})

describe('a grant that comes back after it has ended', () => {
  it('is a new one in the list', async () => {
    const app = await startProcess({ grantLifetime: 'account' })
    await logIn(app)
    await app.strategy.endGrant(ADA)
    advanceClock(HOUR)
    await logIn(app)
    const [grant] = await app.strategy.listGrants(ADA.account)
    expect(grant?.createdAt).toBe(Date.now())
  })
})
