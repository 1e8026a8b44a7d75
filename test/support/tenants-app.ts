import express from 'express'
import type { Express, NextFunction, Request, Response } from 'express'
import session, { MemoryStore } from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  requireLogin,
  strategyPerTenant,
} from '../../src/index.js'
import type {
  AuthorizationCodeOptions,
  AuthRouterOptions,
  StrategyPerTenantOptions,
  TenantStrategies,
  Verify,
} from '../../src/index.js'
import { listen } from './http.js'
import type { Browser, Page, RunningServer } from './http.js'

/** The settings of a tenant, as the application's database has them. */
export type TenantSettings = Omit<AuthorizationCodeOptions, 'callbackURL'>

/** An application with a strategy for each tenant, under paths such as `/acme/auth/login`. */
export interface TenantsApp extends RunningServer {
  readonly app: Express
  readonly tenants: TenantStrategies<AuthorizationCodeStrategy>
  /** The application's database: what is in it counts from the next use on. */
  readonly settings: Map<string, TenantSettings>
  /** Whose settings were read, oldest first. */
  readonly asked: string[]
  readonly store: MemoryStore
  readonly errors: unknown[]
  /** The address of a tenant's page, such as `/home`. */
  at(tenant: string, path: string): string
  /** Logs somebody in at a tenant, from beginning to end. */
  logIn(browser: Browser, tenant: string): Promise<Page>
}

/** What differs from the plainest application. */
export interface TenantsAppOptions {
  readonly tenants?: Partial<StrategyPerTenantOptions<AuthorizationCodeStrategy>>
  readonly router?: AuthRouterOptions
  readonly verify?: Verify
  readonly store?: MemoryStore
  readonly routes?: (app: Express, tenants: TenantStrategies<AuthorizationCodeStrategy>) => void
}

/** Starts the application. */
export async function startTenantsApp(options: TenantsAppOptions = {}): Promise<TenantsApp> {
  const app = express()
  const server = await listen(app)
  const settings = new Map<string, TenantSettings>()
  const [asked, errors]: [string[], unknown[]] = [[], []]
  const at = (tenant: string, path: string): string => `${server.origin}/${tenant}${path}`
  const tenants = strategyPerTenant<AuthorizationCodeStrategy>({
    tenantOf: (req) => req.params['tenant'] as string,
    optionsOf(tenant) {
      asked.push(tenant)
      const found = settings.get(tenant)
      return found && { ...found, callbackURL: at(tenant, '/auth/callback') }
    },
    create: (given) => new AuthorizationCodeStrategy(given, options.verify),
    checkAfterMs: 1,
    ...options.tenants,
  })
  const { store = new MemoryStore() } = options
  app.use(session({ secret: 'a test', resave: false, saveUninitialized: false, store }))
  app.use(passport.session())
  options.routes?.(app, tenants)
  const strategy = tenants.strategyFor
  app.use(
    '/:tenant/auth',
    authRouter(
      strategy,
      options.router ?? { onError: (error, _req, _res, next) => next(error), successRedirect: '/' },
    ),
  )
  app.get('/', (req, res) => res.json({ user: req.user ?? null }))
  app.get('/:tenant/home', requireLogin({ strategy }), (req, res) => res.json({ user: req.user }))
  app.get('/:tenant/token', (req, res, next) => {
    strategy(req)
      .then(async (one) => ({
        accessToken: await one
          ?.accessToken(req)
          .catch((error: unknown) => (error as { readonly code?: string }).code),
        tokens: (await one?.tokens(req)) !== undefined,
      }))
      .then((found) => res.json(found), next)
  })
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    errors.push(error)
    const { status = 500, code } = error as { status?: number; code?: string }
    if (res.headersSent) next(error)
    else res.status(status).json({ code })
  })

  return {
    ...server,
    ...{ app, tenants, settings, asked, store, errors, at },
    logIn: (browser, tenant) => browser.follow(at(tenant, '/auth/login')),
  }
}
