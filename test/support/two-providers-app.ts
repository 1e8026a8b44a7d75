import express from 'express'
import type { Express, Request } from 'express'
import session, { MemoryStore } from 'express-session'
import passport from 'passport'
import { authRouter, AuthorizationCodeStrategy, requireLogin } from '../../src/index.js'
import type {
  AuthorizationCodeOptions,
  AuthRouterOptions,
  Grants,
  VerifiedLogin,
} from '../../src/index.js'
import type { TestProvider } from '../../src/testing.js'
import { listen } from './http.js'
import type { RunningServer } from './http.js'

/** A user of the application. */
export interface AppUser {
  readonly id: string
}

/** What differs from the plainest such application. */
export interface TwoProvidersOptions {
  /** The provider of each strategy, by its name. */
  readonly providers: Readonly<Record<string, TestProvider>>
  readonly grants: Grants
  readonly strategy?: Partial<AuthorizationCodeOptions>
  readonly router?: AuthRouterOptions
  /** The options of the router of one strategy, by its name. */
  readonly routers?: Readonly<Record<string, AuthRouterOptions>>
  readonly routes?: (app: Express, strategies: Strategies) => void
}

export type Strategies = Readonly<Record<string, AuthorizationCodeStrategy>>

/** An application that people log in to with one of several providers, and connect the others. */
export interface TwoProvidersApp extends RunningServer {
  readonly strategies: Strategies
  readonly sessions: MemoryStore
  /** To whom each identity belongs, such as `google 1`. */
  readonly owners: Map<string, string>
  /** What `verify` has been told, the oldest first. */
  readonly verified: Pick<VerifiedLogin, 'profile' | 'connectTo'>[]
  /** What reached the application's own error handler. */
  readonly errors: unknown[]
}

/** Starts it. Each strategy has its routes under its own name, and `/NAME/token` with the access token of the request. */
export async function startTwoProvidersApp(given: TwoProvidersOptions): Promise<TwoProvidersApp> {
  const app = express()
  const server = await listen(app)
  const sessions = new MemoryStore()
  const owners = new Map<string, string>()
  const verified: TwoProvidersApp['verified'] = []
  const errors: unknown[] = []

  /** An identity belongs to whoever had it first; a login with an unknown one makes a user. */
  function verify({ profile, connectTo }: VerifiedLogin): AppUser | false {
    verified.push({ profile, connectTo })
    if (profile === undefined) return false
    const identity = `${profile.provider} ${profile.id}`
    const owner = owners.get(identity) ?? (connectTo as AppUser | undefined)?.id ?? identity
    if (connectTo !== undefined && owner !== (connectTo as AppUser).id) return false
    owners.set(identity, owner)
    return { id: owner }
  }

  const strategies = Object.fromEntries(
    Object.entries(given.providers).map(([name, { options }]) => {
      const strategy = new AuthorizationCodeStrategy(
        {
          ...options,
          name,
          scope: 'openid',
          callbackURL: `${server.origin}/${name}/callback`,
          grants: given.grants,
          grantLifetime: 'account',
          ...given.strategy,
        },
        verify,
      )
      return [name, strategy] as const
    }),
  )
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
  app.use(session({ secret: 'a test', resave: false, saveUninitialized: false, store: sessions }))
  app.use(passport.session())
  for (const [name, strategy] of Object.entries(strategies)) {
    app.use(
      `/${name}`,
      authRouter(strategy, { connect: 'also', ...given.router, ...given.routers?.[name] }),
    )
    app.get(`/${name}/token`, (req, res, next) => {
      strategy.accessToken(req).then((token) => res.json({ token }), next)
    })
    const strict = requireLogin({ loginPath: `/${name}/connect`, strategy })
    app.get(`/${name}/page`, strict, (_req, res) => res.json({ page: name }))
  }
  given.routes?.(app, strategies)
  app.get('/', (req, res) => res.json({ user: req.user ?? null }))
  app.get('/private', requireLogin(), (req, res) => res.json({ user: req.user }))
  app.get('/login', (_req, res) => res.send('Log in with one of them'))
  app.use(
    (
      error: { status?: number; code?: string },
      _req: Request,
      res: express.Response,
      _next: unknown,
    ) => {
      errors.push(error)
      res.status(error.status ?? 500).json({ code: error.code })
    },
  )
  return { ...server, strategies, sessions, owners, verified, errors }
}
