import express from 'express'
import type { Express, NextFunction, Request, Response } from 'express'
import session, { MemoryStore } from 'express-session'
import type { Store } from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions, AuthRouterOptions, Verify } from '../../src/index.js'
import { listen } from './http.js'
import type { RunningServer } from './http.js'

/** An application under test. */
export interface TestApp extends RunningServer {
  readonly app: Express
  readonly strategy: AuthorizationCodeStrategy
  readonly store: Store
  /** What reached the application's own error handler, oldest first. */
  readonly errors: unknown[]
  readonly loginURL: string
  readonly callbackURL: string
}

/** What differs from the plainest application. */
export interface TestAppOptions {
  readonly strategy: Omit<AuthorizationCodeOptions, 'callbackURL' | 'clientID'> & {
    clientID?: string | undefined
  }
  readonly router?: AuthRouterOptions
  readonly verify?: Verify
  readonly store?: Store
  /** Changes express-session's options; `false` leaves sessions out altogether. */
  readonly session?: Partial<session.SessionOptions> | false
  /** A subclass to use instead. */
  readonly strategyClass?: typeof AuthorizationCodeStrategy
  /** Runs before the routes are mounted, with everything else in place. */
  readonly routes?: (app: Express, strategy: AuthorizationCodeStrategy, origin: string) => void
}

/** Starts the application of the README, in the variation the test needs. */
export async function startApp(options: TestAppOptions): Promise<TestApp> {
  const app = express()
  const errors: unknown[] = []
  const store = options.store ?? new MemoryStore()
  const server = await listen(app)
  const callbackURL = `${server.origin}/auth/callback`
  const Strategy = options.strategyClass ?? AuthorizationCodeStrategy
  const strategy = new Strategy(
    { clientID: 'client-1', callbackURL, ...options.strategy },
    options.verify,
  )

  if (options.session !== false) {
    app.use(
      session({
        secret: 'a test',
        resave: false,
        saveUninitialized: false,
        store,
        ...options.session,
      }),
    )
    app.use(passport.session())
  }
  options.routes?.(app, strategy, server.origin)
  app.use(
    '/auth',
    authRouter(strategy, options.router ?? { onError: (error, _req, _res, next) => next(error) }),
  )
  app.get('/', (req, res) => res.json({ user: req.user ?? null }))
  app.get('/private', requireLogin({ loginPath: '/auth/login' }), (req, res) =>
    res.json({ user: req.user }),
  )
  app.get('/token', (req, res, next) => {
    strategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
  })
  app.get('/tokens', (req, res, next) => {
    strategy.tokens(req).then((tokens) => res.json({ tokens: tokens ?? null }), next)
  })
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    errors.push(error)
    if (res.headersSent) {
      next(error)
      return
    }
    const { status = 500, code } = error as { status?: number; code?: string }
    res.status(status).json({ code })
  })

  return {
    ...server,
    app,
    strategy,
    store,
    errors,
    callbackURL,
    loginURL: `${server.origin}/auth/login`,
  }
}
