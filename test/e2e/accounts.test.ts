import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import express from 'express'
import session from 'express-session'
import type { Request, RequestHandler } from 'express'
import type { AuthorizationCodeOptions, DefaultUser, Verify } from '../../src/index.js'
import { logInFetch, startTestProvider } from '../../src/testing.js'
import type { LoggedInFetch, TestProvider } from '../../src/testing.js'
import { listen } from '../support/http.js'

/** The two providers that people log in with, and one that they connect. Person 1 of each is somebody else. */
let work: TestProvider
let school: TestProvider
let calendar: TestProvider
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  work = await provider('Alice of work')
  school = await provider('Mallory of school')
  calendar = await provider('A calendar')
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function provider(name: string): Promise<TestProvider> {
  const started = await startTestProvider({ scope: 'openid', user: { sub: '1', name } })
  closing.push(() => started.close())
  return started
}

interface Given {
  readonly options?: Partial<AuthorizationCodeOptions>
  readonly verify?: { readonly work?: Verify; readonly school?: Verify }
  /** Whether the application keeps whole users in the session by functions of its own. */
  readonly serializesItself?: boolean
}

/** An application with three strategies that share their grants, in a process of its own, as far as modules go. */
async function start({ options = {}, verify = {}, serializesItself = false }: Given = {}) {
  jest.resetModules()
  const { default: passport } = await import('passport')
  const library = await import('../../src/index.js')
  const { AuthorizationCodeStrategy, authRouter, MemoryGrants } = library
  const app = express()
  const { origin, close } = await listen(app)
  closing.push(close)
  const grants = new MemoryGrants()
  const make = (name: string, { options: own }: TestProvider, decide?: Verify) =>
    new AuthorizationCodeStrategy(
      { ...own, name, grants, callbackURL: `${origin}/${name}/callback`, ...options },
      decide,
    )
  const strategies = {
    work: make('work', work, verify.work),
    school: make('school', school, verify.school),
    calendar: make('calendar', calendar),
  }
  if (serializesItself) {
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((user: Express.User, done) => done(null, user))
  }
  const errors: unknown[] = []
  app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  const next = {
    onError: (e: unknown, _q: unknown, _s: unknown, pass: (e: unknown) => void) => pass(e),
  }
  app.use('/work', authRouter(strategies.work, next))
  app.use('/school', authRouter(strategies.school, next))
  app.use('/calendar', authRouter(strategies.calendar, { connect: true, ...next }))
  const answer =
    (act: (req: Request) => Promise<unknown>): RequestHandler =>
    (req, res, pass) => {
      act(req).then((value) => res.json(value), pass)
    }
  for (const [name, strategy] of Object.entries(strategies)) {
    app.get(
      `/${name}/token`,
      answer((req) => strategy.accessToken(req)),
    )
    app.get(
      `/${name}/list`,
      answer(async (req) => (await strategy.listGrants(req)).length),
    )
    app.get(
      `/${name}/end`,
      answer((req) => strategy.endGrant(req)),
    )
  }
  app.get('/me', (req, res) => void res.json(req.user ?? null))
  app.use(((error, _req, res, _next) => {
    errors.push(error)
    res.status(500).json((error as { code?: string }).code)
  }) as express.ErrorRequestHandler)
  return { ...strategies, origin, grants, errors }
}

async function bodyOf(browser: LoggedInFetch, path: string): Promise<unknown> {
  return (await browser(path)).json()
}

async function accountIn(browser: LoggedInFetch): Promise<string> {
  const { account } = (await bodyOf(browser, '/me')) as DefaultUser
  return account ?? 'none'
}

/** Connects the calendar of a person who is logged in. */
async function connect(browser: LoggedInFetch): Promise<number> {
  const login = (await browser('/calendar/login')).headers.get('location') ?? ''
  const back = (await fetch(login, { redirect: 'manual' })).headers.get('location') ?? ''
  return (await browser(back)).status
}

describe.each(['login', 'account'] as const)(
  'person 1 of one provider, with grantLifetime %s,',
  (grantLifetime) => {
    it('gets, sees and ends nothing of person 1 of another [account-1]', async () => {
      const app = await start({ options: { grantLifetime } })
      const alice = await logInFetch(app.origin, '/work/login')
      const mallory = await logInFetch(app.origin, '/school/login')

      expect(await bodyOf(mallory, '/work/token')).toBe('ERR_LOGIN_REQUIRED')
      expect(await bodyOf(mallory, '/work/list')).toBe(0)
      expect(await bodyOf(mallory, '/work/end')).toBe(0)
      const account = await accountIn(mallory)
      expect(account).toBe('default-user/school/1')
      await expect(app.work.accessToken({ account })).rejects.toThrow('There are no tokens')
      expect(await app.work.listGrants(account)).toEqual([])
      expect(await app.work.endGrant({ account })).toBe(0)
      expect(await app.grants.eraseAccount(account)).toBe(1)

      expect(await bodyOf(alice, '/work/list')).toBe(1)
      expect(await bodyOf(alice, '/work/token')).toMatch(/^access-token-/)
    })

    it('gets nothing that the other one has connected', async () => {
      const app = await start({ options: { grantLifetime } })
      const alice = await logInFetch(app.origin, '/work/login')
      expect(await connect(alice)).toBe(302)
      const mallory = await logInFetch(app.origin, '/school/login')

      expect(await bodyOf(mallory, '/calendar/token')).toBe('ERR_LOGIN_REQUIRED')
      expect(await bodyOf(mallory, '/calendar/list')).toBe(0)
      calendar.user = { sub: 'mallory', name: 'The calendar of Mallory' }
      expect(await connect(mallory)).toBe(302)

      const [ofAlice, ofMallory] = [await accountIn(alice), await accountIn(mallory)]
      const tokens = [ofAlice, ofMallory].map((account) => app.calendar.accessToken({ account }))
      expect(await Promise.all(tokens)).toEqual([
        await bodyOf(alice, '/calendar/token'),
        await bodyOf(mallory, '/calendar/token'),
      ])
      expect(new Set(await Promise.all(tokens)).size).toBe(2)
    })
  },
)

describe('a job', () => {
  it('finds a person by the account in their user, also in a later request of the session', async () => {
    const app = await start({ options: { grantLifetime: 'account' } })
    const alice = await logInFetch(app.origin, '/work/login')
    const account = await accountIn(alice)

    expect(await app.work.accessToken({ account })).toBe(await bodyOf(alice, '/work/token'))
    await expect(app.work.accessToken({ account: '1' })).rejects.toThrow('There are no tokens')
  })
})

describe('a strategy with verify beside one without', () => {
  it('keeps its own person 1 apart', async () => {
    const app = await start({ verify: { work: () => ({ id: 1 }) }, serializesItself: true })
    const own = await logInFetch(app.origin, '/work/login')
    await logInFetch(app.origin, '/school/login')

    expect(await app.work.listGrants('default-user/school/1')).toEqual([])
    expect(await bodyOf(own, '/school/list')).toBe(0)
    expect(await app.school.listGrants('default-user/school/1')).toHaveLength(1)
    expect(await app.work.listGrants(1)).toHaveLength(1)
  })

  it('cannot log in a person whose own id is the account of a default user', async () => {
    const app = await start({ verify: { work: () => ({ id: 'default-user/school/1' }) } })
    await logInFetch(app.origin, '/school/login')

    await expect(logInFetch(app.origin, '/work/login')).rejects.toThrow('ERR_CONFIGURATION')
    expect(await app.school.listGrants('default-user/school/1')).toHaveLength(1)
  })
})

describe('a user that looks like a profile', () => {
  it('is refused at the login, and the tokens are revoked [account-2]', async () => {
    const app = await start({ verify: { work: ({ profile }) => profile ?? false } })

    await expect(logInFetch(app.origin, '/work/login')).rejects.toThrow('ERR_CONFIGURATION')
    expect(app.errors).toEqual([expect.objectContaining({ option: 'accountOf' })])
    await app.work.idle()
    expect(work.requestsTo('revoke').length).toBeGreaterThan(0)
  })

  it('logs in if accountOf says who it is', async () => {
    interface Known {
      readonly provider: string
      readonly id: string
    }
    const accountOf = ({ provider: name, id }: Known): string => `${name}:${id}`
    const app = await start({
      options: { accountOf },
      verify: { work: ({ profile }) => profile ?? false },
      serializesItself: true,
    })
    const alice = await logInFetch(app.origin, '/work/login')
    const mallory = await logInFetch(app.origin, '/school/login')

    expect(await bodyOf(alice, '/work/list')).toBe(1)
    expect(await bodyOf(mallory, '/work/list')).toBe(0)
    expect(await app.work.listGrants('work:1')).toHaveLength(1)
  })

  it('is refused also if the application has kept a default user in the session itself', async () => {
    const app = await start({
      options: { grantLifetime: 'account' },
      serializesItself: true,
    })
    await logInFetch(app.origin, '/work/login')
    const mallory = await logInFetch(app.origin, '/school/login')

    expect(await bodyOf(mallory, '/work/token')).toBe('ERR_CONFIGURATION')
    expect(await bodyOf(mallory, '/work/list')).toBe('ERR_CONFIGURATION')
  })

  it('needs no account without a store of grants', async () => {
    const app = await start({
      options: { grants: undefined },
      verify: { work: ({ profile }) => profile ?? false },
      serializesItself: true,
    })
    const alice = await logInFetch(app.origin, '/work/login')

    expect(await bodyOf(alice, '/work/token')).toMatch(/^access-token-/)
  })
})
