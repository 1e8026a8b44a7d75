import cluster from 'node:cluster'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import express, { Router, type Express, type Request, type RequestHandler } from 'express'
import session, { type Store } from 'express-session'
import passport from 'passport'
import {
  authRouter,
  requireLogin,
  StorageError,
  type AuthorizationCodeStrategy,
} from 'passport-authorization-code'
import { flowInspector } from 'passport-authorization-code/flow-inspector'
import { loginRoutes, reportRoutes } from './account-routes.js'
import { loginDeclinedPage } from './error-pages.js'
import { askForLogin, ExampleError, readAnswer, showError, toErrorHandler } from './errors.js'
import type { ProviderName } from './layout.js'
import { openIdRoutes } from './openid-routes.js'
import { homePage, loginPage } from './pages.js'
import { askaraPage, jikoPage, openIdPage, type TokenFacts } from './provider-pages.js'
import { REFRESH_BEFORE_SECONDS, strategiesOf, type Providers } from './providers.js'
import type { Reports } from './report.js'
import { connectionRoutes, serverRoutes, type ServersParts } from './servers-routes.js'
import { nameWorker, oneNameForLoopback, ownFormsOnly, securityHeaders } from './security.js'
import { send } from './send.js'
import { providerOfVisitor, visitorOf } from './visitor.js'

/** What {@link createApp} builds on. */
export interface AppParts {
  readonly providers: Providers
  readonly reports: Reports
  /** What people connect by address. */
  readonly servers: Pick<ServersParts, 'connections' | 'nightlyTools' | 'ownServer'>
  /** The address under which browsers reach the app. */
  readonly url: URL
  /** Whether a reverse proxy stands before the app. */
  readonly isBehindProxy: boolean
  /** Opens the page that draws the logins. */
  readonly flowKey: string
  readonly sessionSecret: string
  readonly sessionStore: Store
  /** Called for every error that is not the visitor's own. */
  readonly onError: (error: unknown) => void
}

const PUBLIC_DIRECTORY = fileURLToPath(new URL('public', import.meta.url))

/** The site itself: everything that an application of your own would have, too. */
export function createApp(parts: AppParts): Express {
  const { askara, jiko, openid, report } = parts.providers
  const app = express()
  app.set('trust proxy', parts.isBehindProxy ? 1 : false)

  if (cluster.worker) app.use(nameWorker(cluster.worker.id))
  app.use(securityHeaders(parts.url))
  app.use(express.static(PUBLIC_DIRECTORY))
  // Browsers ask for it on pages of the library, which name no icon.
  app.get('/favicon.ico', (_req, res) => res.redirect(301, '/icon.svg'))
  if (!parts.isBehindProxy) app.use(oneNameForLoopback(parts.url))
  const isFlowShown = !parts.isBehindProxy && process.env['NODE_ENV'] !== 'production'
  if (isFlowShown) {
    app.use('/flow', flowInspector(strategiesOf(parts.providers), { key: parts.flowKey }))
  }
  app.use(sessions(parts))
  app.use(passport.session())

  app.get('/', async (req, res) => {
    const visitor = visitorOf(req)
    // A login whose grant has ended is none, whatever Passport still knows about the person.
    const isAlive = visitor && (await providerOfVisitor(req, parts.providers).strategy.tokens(req))
    send(res, homePage(isAlive && visitor, { isFlowShown, hasOpenId: openid !== undefined }))
  })

  app.get('/askara', requireTokens('askara', askara.strategy), async (req, res) => {
    const profile = await readAnswer(askara.strategy.fetch(req, askara.apiURL))
    send(res, askaraPage(profile, await tokenFacts(req, askara.strategy)))
  })

  app.get('/jiko', requireTokens('jiko', jiko.strategy), async (req, res) => {
    const pockets = await readAnswer(jiko.strategy.fetch(req, jiko.apiURL))
    send(res, jikoPage(pockets, await tokenFacts(req, jiko.strategy)))
  })

  if (openid) {
    app.get('/openid', requireTokens('openid', openid.strategy), async (req, res) => {
      const claims = await readAnswer(openid.strategy.fetch(req, openid.apiURL))
      send(res, openIdPage(claims, await tokenFacts(req, openid.strategy)))
    })
    app.use('/openid', ownFormsOnly, login('openid', openid.strategy))
    app.use(openIdRoutes(openid))
    app.use('/auth/openid', authRouter(openid.strategy, routerOptions('openid')))
  }

  app.use('/askara', ownFormsOnly, login('askara', askara.strategy))
  app.use('/jiko', ownFormsOnly, login('jiko', jiko.strategy))
  const requireAskara = requireTokens('askara', askara.strategy)
  app.use('/logins', ownFormsOnly, loginRoutes(parts.providers))
  app.use('/report', ownFormsOnly, reportRoutes(parts.reports, requireAskara))
  app.use('/servers', ownFormsOnly, serverRoutes({ ...parts, ...parts.servers }))
  app.use('/connect', connectionRoutes(parts.servers))

  app.use('/auth/askara', authRouter(askara.strategy, routerOptions('askara')))
  app.use('/auth/jiko', authRouter(jiko.strategy, routerOptions('jiko')))
  // Whoever allows the report stays logged in as they are.
  app.use(
    '/auth/report',
    authRouter(report.strategy, { ...routerOptions('report'), connect: true }),
  )

  app.get('/login-declined', (req, res) => send(res, loginDeclinedPage(visitorOf(req))))

  app.use((_req, _res, next) => next(new ExampleError('ERR_NOT_FOUND', 404)))
  app.use(askForLogin, showError(parts.onError))
  return app
}

function sessions({ sessionSecret, sessionStore, url }: AppParts): RequestHandler {
  const middleware = session({
    // Browsers let only this host set a cookie whose name begins with `__Host-`, and only over HTTPS.
    name: url.protocol === 'https:' ? '__Host-sid' : 'sid',
    secret: sessionSecret,
    store: sessionStore,
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: 'lax', httpOnly: true, secure: 'auto' },
  })
  // The store's own errors say nothing of a status, and would be shown as faults of this app.
  return (req, res, next) => {
    middleware(req, res, (error?: unknown) => {
      next(error === undefined ? undefined : new StorageError('The session store', error))
    })
  }
}

/** Lets those pass who have tokens of this provider, and sends all others to its login page. */
function requireTokens(name: ProviderName, strategy: AuthorizationCodeStrategy): RequestHandler {
  return requireLogin({ loginPath: `/${name}/login`, strategy })
}

function routerOptions(name: ProviderName | 'report') {
  return {
    successRedirect: `/${name}`,
    failureRedirect: '/login-declined',
    onError: toErrorHandler,
  }
}

/** What all providers have besides their data: a page that asks for login, and a button that renews. */
function login(name: ProviderName, strategy: AuthorizationCodeStrategy): Router {
  const router = Router()
  router.get('/login', (req, res) => {
    const { return_to: returnTo } = req.query
    const wanted = typeof returnTo === 'string' ? returnTo : `/${name}`
    send(res, loginPage(name, { visitor: visitorOf(req), returnTo: wanted }))
  })
  router.post('/renew', async (req, res) => {
    const tokens = await strategy.tokens(req)
    // As if an API had refused the present token: so there has to be another one.
    if (tokens !== undefined) await strategy.accessToken(req, { refused: tokens.accessToken })
    res.redirect(303, `/${name}`)
  })
  return router
}

/** Shows tokens without showing them: what is the same, is the same token. */
async function tokenFacts(
  req: Request,
  strategy: AuthorizationCodeStrategy,
): Promise<TokenFacts | undefined> {
  const tokens = await strategy.tokens(req)
  if (tokens === undefined) return undefined
  const { accessToken, expiresAt, refreshToken } = tokens
  return {
    fingerprint: createHash('sha256').update(accessToken).digest('hex').slice(0, 8),
    expiresAt,
    renewAt:
      refreshToken === undefined || expiresAt === undefined
        ? undefined
        : expiresAt - REFRESH_BEFORE_SECONDS * 1000,
    isRenewable: refreshToken !== undefined,
    now: Date.now(),
  }
}
