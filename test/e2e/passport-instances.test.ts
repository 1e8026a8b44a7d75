import { randomUUID } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import type { RequestHandler } from 'express'
import session from 'express-session'
import defaultPassport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  MemoryGrants,
  requireLogin,
} from '../../src/index.js'
import type { AuthRouterOptions, Verify } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { REPOSITORY } from '../support/repository.js'

let provider: TestProvider

beforeAll(async () => {
  provider = await startTestProvider()
})
afterAll(() => provider.close())

/** A second copy of the package, as pnpm or a linked package brings it into a dependency tree. */
function secondCopy(): defaultPassport.Authenticator {
  const require = createRequire(import.meta.url)
  const copy = join(REPOSITORY, 'node_modules', '.cache', `passport-${randomUUID()}`)
  cpSync(dirname(require.resolve('passport/package.json')), copy, { recursive: true })
  try {
    return require(copy) as defaultPassport.Authenticator
  } finally {
    rmSync(copy, { recursive: true })
  }
}

const INSTANCES: readonly (readonly [string, () => defaultPassport.Authenticator])[] = [
  ['new Passport()', () => new defaultPassport.Passport()],
  ['a second copy of the package', secondCopy],
]

interface AppOptions {
  readonly passport: defaultPassport.Authenticator
  readonly router?: AuthRouterOptions
  readonly verify?: Verify
  readonly name?: string
  readonly prepare?: (passport: defaultPassport.Authenticator) => void
}

interface RunningApp extends RunningServer {
  readonly strategy: AuthorizationCodeStrategy<never>
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** An application whose requests this Passport handles. */
async function start(options: AppOptions): Promise<RunningApp> {
  const { passport, router, verify, name = 'here', prepare } = options
  const app = express()
  const server = await listen(app)
  closing.push(() => server.close())
  const strategy = new AuthorizationCodeStrategy(
    { ...provider.options, name, callbackURL: `${server.origin}/auth/callback` },
    verify,
  )
  prepare?.(passport)
  app.use(session({ secret: 'a secret', resave: false, saveUninitialized: false }))
  app.use(passport.session() as RequestHandler)
  app.use('/auth', authRouter(strategy, router))
  app.get('/me', requireLogin({ loginPath: '/auth/login', strategy }), (req, res) => {
    res.json(req.user)
  })
  app.use(((error: Error, _req, res, _next) => {
    res.status(500).json({ message: error.message })
  }) as express.ErrorRequestHandler)
  return Object.assign(server, { strategy: strategy })
}

/** The user after a login, as a later request sees them. */
async function userAfterLogin(app: RunningApp, browser = new Browser()): Promise<unknown> {
  const started = await browser.visit(`${app.origin}/auth/login`)
  const back = await browser.visit(started.location ?? '')
  const page = await browser.visit(back.location ?? '')
  if (page.status !== 302) return JSON.parse(page.text)
  const { text } = await browser.visit(`${app.origin}/me`)
  return JSON.parse(text)
}

const ADA = { id: 'ada-of-the-application' }
const verify: Verify = () => ADA

describe.each(INSTANCES)('%s', (_, create) => {
  it('keeps users of the application without being named', async () => {
    const app = await start({
      passport: create(),
      verify,
      prepare: (passport) => {
        passport.serializeUser((_user, done) => done(null, 'by this one'))
        passport.deserializeUser((text, done) => done(null, { ...ADA, text }))
      },
    })
    expect(await userAfterLogin(app)).toEqual({ ...ADA, text: 'by this one' })
  })

  it('keeps users without verify if the router is given it, too', async () => {
    const passport = create()
    const app = await start({ passport, router: { passport } })
    const browser = new Browser()
    expect(await userAfterLogin(app, browser)).toMatchObject({ provider: 'here', id: 'ada' })
  })

  it('is asked for by name if it cannot keep users without verify', async () => {
    const app = await start({ passport: create() })
    expect(await userAfterLogin(app)).toEqual({
      message: expect.stringContaining('authRouter(strategy, { passport })'),
    })
  })

  it('knows the strategy by its name, and the other one does not', async () => {
    const passport = create()
    await start({ passport, router: { passport }, name: 'only-here' })
    const namesOf = (one: object) =>
      Object.keys((one as { _strategies: object })._strategies).includes('only-here')
    expect([namesOf(passport), namesOf(defaultPassport)]).toEqual([true, false])
  })

  it('connects a second provider, and ends both when the person logs out', async () => {
    const passport = create()
    const app = express()
    const server = await listen(app)
    closing.push(() => server.close())
    const grants = new MemoryGrants()
    const [work, calendar] = ['work', 'calendar'].map(
      (name) =>
        new AuthorizationCodeStrategy({
          ...{ ...provider.options, name, grants },
          callbackURL: `${server.origin}/${name}/callback`,
        }),
    ) as [AuthorizationCodeStrategy, AuthorizationCodeStrategy]
    app.use(session({ secret: 'a secret', resave: false, saveUninitialized: false }))
    app.use(passport.session() as RequestHandler)
    app.use('/work', authRouter(work, { passport }))
    app.use('/calendar', authRouter(calendar, { passport, connect: true }))
    app.get('/both', async (req, res) => {
      const both = await Promise.all([work.tokens(req), calendar.tokens(req)])
      res.json(both.map((one) => one !== undefined))
    })
    const browser = new Browser()
    const follow = async (path: string): Promise<void> => {
      const headers = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }
      const started = await browser.request(server.origin + path, { headers })
      const back = await browser.visit(started.location ?? '')
      await browser.visit(back.location ?? '')
    }
    await follow('/work/login')
    await follow('/calendar/login')
    expect((await browser.visit(`${server.origin}/both`)).text).toBe('[true,true]')
    const ended = provider.requestsTo('revoke').length
    await browser.post(`${server.origin}/work/logout`)
    await Promise.all([work.idle({ timeoutMs: 5000 }), calendar.idle({ timeoutMs: 5000 })])
    expect((await browser.visit(`${server.origin}/both`)).text).toBe('[false,false]')
    expect(provider.requestsTo('revoke').length).toBeGreaterThanOrEqual(ended + 2)
  })
})

describe('two applications in one process', () => {
  it('do not read each other’s users', async () => {
    const [one, other] = [new defaultPassport.Passport(), new defaultPassport.Passport()]
    const keep = (mark: string) => (passport: defaultPassport.Authenticator) => {
      passport.serializeUser((_user, done) => done(null, mark))
      passport.deserializeUser((text, done) =>
        text === mark ? done(null, { ...ADA, text }) : done(new Error('not mine')),
      )
    }
    for (const [passport, mark] of [
      [one, 'one'],
      [other, 'other'],
    ] as const) {
      const instance = passport
      const app = await start({ passport: instance, verify, prepare: keep(mark), name: 'shared' })
      expect(await userAfterLogin(app)).toEqual({ ...ADA, text: mark })
    }
  })
})

it('refuses what is no Passport', () => {
  const strategy = new AuthorizationCodeStrategy({
    ...provider.options,
    callbackURL: 'http://127.0.0.1:1/auth/callback',
  })
  const router = (passport: unknown) => () => authRouter(strategy, { passport: passport as never })
  expect(router({})).toThrow(/passport must/)
  expect(router('passport')).toThrow(/passport must/)
})
