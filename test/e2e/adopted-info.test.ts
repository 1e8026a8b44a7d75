import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import type { Request } from 'express'
import session from 'express-session'
import passport from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import { adopt, authRouter } from '../../src/index.js'
import type { AuthRouterOptions } from '../../src/index.js'
import { Donor } from '../support/donor.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { setScene } from '../support/scene.js'

type Done = (error?: unknown, user?: unknown, info?: unknown) => void

const scene = setScene()
let server: RunningServer
let browser: Browser

beforeEach(() => {
  browser = new Browser()
})
afterEach(() => server.close())

async function start(
  make: (callbackURL: string) => Donor,
  router: AuthRouterOptions = {},
): Promise<void> {
  const app = express()
  server = await listen(app)
  app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
  const strategy = adopt(make(`${server.origin}/auth/callback`))
  app.use('/auth', authRouter(strategy, router))
  app.get('/', (req, res) => res.json(req.user ?? null))
  app.use(((_error, _req, res, _next) => {
    res.status(500).end()
  }) satisfies express.ErrorRequestHandler)
}

describe('what verify of a donor says beside the user, if it is a profile', () => {
  /** A stranger has written it. */
  const info = {
    returnTo: 'https://evil.example/',
    connected: true,
    error: 'evil',
    appState: 'evil',
  }

  const startWith = (user: object | false, router?: AuthRouterOptions): Promise<void> =>
    start(
      (callbackURL) =>
        new Donor(
          scene.provider,
          { callbackURL },
          (_a: string, _r: string, _p: object, done: Done) => done(null, user, info),
        ),
      router,
    )

  it('neither says where a login leads nor that it is none', async () => {
    await startWith({ id: 'ada' })
    const page = await browser.follow(`${server.origin}/auth/login`)
    expect([page.url, page.text]).toEqual([`${server.origin}/`, '{"id":"ada"}'])
  })

  it('says nothing about where a refused login was to lead', async () => {
    await startWith(false, { failureRedirect: '/' })
    const page = await browser.follow(`${server.origin}/auth/login?return_to=/cart`)
    expect(page.url).toBe(`${server.origin}/?error=verify&return_to=%2Fcart`)
  })
})

describe('authenticate of a donor that calls passport-oauth2’s later', () => {
  const later: (() => void)[] = []

  class Late extends Donor {
    override authenticate(req: Request, options: object): void {
      later.push(() => OAuth2Strategy.prototype.authenticate.call(this, req, options))
    }
  }

  /** A donor that is late at callbacks alone. */
  class LateAtCallbacks extends Late {
    override authenticate(req: Request, options: object): void {
      if ('code' in req.query) super.authenticate(req, options)
      else OAuth2Strategy.prototype.authenticate.call(this, req, options)
    }
  }

  it.each([
    ['a login', Late],
    ['a callback', LateAtCallbacks],
  ])('sends nothing at %s, and throws nothing where nobody would catch it', async (_, Donors) => {
    await start((callbackURL) => new Donors(scene.provider, { callbackURL }))
    const page = await browser.follow(`${server.origin}/auth/login`)
    expect([page.status, later.length]).toEqual([500, 1])
    for (const call of later.splice(0)) expect(call).not.toThrow()
    // What was sent before this has arrived.
    await browser.visit(scene.provider.profileURL)
    expect(scene.provider.requestsTo('/token')).toEqual([])
  })
})
