import cluster from 'node:cluster'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import express, {
  Router,
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import session, { type Store } from 'express-session'
import helmet from 'helmet'
import passport from 'passport'
import {
  authRouter,
  LoginRequiredError,
  requireLogin,
  StorageError,
  type AuthorizationCodeStrategy,
  type DefaultUser,
} from 'passport-authorization-code'
import { flowInspector } from 'passport-authorization-code/flow-inspector'
import { errorPage, isExplained, loginDeclinedPage } from './error-pages.js'
import type { Html } from './html.js'
import {
  askaraPage,
  homePage,
  jikoPage,
  loginPage,
  type ProviderName,
  type TokenFacts,
  type Visitor,
} from './pages.js'
import { REFRESH_BEFORE_SECONDS, type Providers } from './providers.js'

/** What {@link createApp} builds on. */
export interface AppParts {
  readonly providers: Providers
  /** The address under which browsers reach the app. */
  readonly url: URL
  /** Whether a reverse proxy stands before the app. */
  readonly isBehindProxy: boolean
  readonly sessionSecret: string
  readonly sessionStore: Store
  /** Called for every error that is not the visitor's own. */
  readonly onError: (error: unknown) => void
}

const PUBLIC_DIRECTORY = fileURLToPath(new URL('public', import.meta.url))

/** The site itself: everything that an application of your own would have, too. */
export function createApp(parts: AppParts): Express {
  const { askara, jiko } = parts.providers
  const app = express()
  app.set('trust proxy', parts.isBehindProxy ? 1 : false)

  if (cluster.worker) app.use(nameWorker(cluster.worker.id))
  app.use(securityHeaders(parts.url))
  app.use(express.static(PUBLIC_DIRECTORY))
  if (!parts.isBehindProxy) app.use(oneNameForLoopback(parts.url))
  const isFlowShown = !parts.isBehindProxy && process.env['NODE_ENV'] !== 'production'
  if (isFlowShown) app.use('/flow', flowInspector([askara.strategy, jiko.strategy]))
  app.use(sessions(parts))
  app.use(passport.session())

  app.get('/', async (req, res) => {
    const visitor = visitorOf(req)
    // A login whose grant has ended is none, whatever Passport still knows about the person.
    const isAlive = visitor && (await parts.providers[visitor.provider].strategy.tokens(req))
    send(res, homePage(isAlive && visitor, { isFlowShown }))
  })

  app.get('/askara', requireTokens('askara', askara.strategy), async (req, res) => {
    const profile = await readAnswer(askara.strategy.fetch(req, askara.apiURL))
    send(res, askaraPage(profile, await tokenFacts(req, askara.strategy)))
  })

  app.get('/jiko', requireTokens('jiko', jiko.strategy), async (req, res) => {
    const pockets = await readAnswer(jiko.strategy.fetch(req, jiko.apiURL))
    send(res, jikoPage(pockets, await tokenFacts(req, jiko.strategy)))
  })

  app.use('/askara', login('askara', askara.strategy))
  app.use('/jiko', login('jiko', jiko.strategy))
  app.use('/auth/askara', authRouter(askara.strategy, routerOptions('askara')))
  app.use('/auth/jiko', authRouter(jiko.strategy, routerOptions('jiko')))

  app.get('/login-declined', (_req, res) => send(res, loginDeclinedPage()))

  app.use((_req, _res, next) => next(new ExampleError('ERR_NOT_FOUND', 404)))
  app.use(askForLogin, showError(parts.onError))
  return app
}

function sessions({ sessionSecret, sessionStore }: AppParts): RequestHandler {
  const middleware = session({
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

function routerOptions(name: ProviderName) {
  return {
    successRedirect: `/${name}`,
    failureRedirect: '/login-declined',
    onError: toErrorHandler,
  }
}

/** What both providers have besides their data: a page that asks for login, and a button that renews. */
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

/** What goes wrong in this app and not in the library. */
class ExampleError extends Error {
  constructor(
    readonly code: 'ERR_EXAMPLE_API' | 'ERR_LOGIN_REQUIRED' | 'ERR_NOT_FOUND',
    readonly status: number,
    message?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * The JSON of an API's answer. The library throws what concerns the login and the connection; the API's
 * answers are ours to judge.
 */
async function readAnswer(answering: Promise<globalThis.Response>): Promise<unknown> {
  const answer = await answering
  if (answer.status === 401) {
    throw new ExampleError('ERR_LOGIN_REQUIRED', 401, 'The API refused the access token.')
  }
  if (!answer.ok) {
    throw new ExampleError('ERR_EXAMPLE_API', 502, `The API answered ${answer.status}.`)
  }
  try {
    return await answer.json()
  } catch (error) {
    const message = 'What the API answers is not JSON.'
    throw new ExampleError('ERR_EXAMPLE_API', 502, message, { cause: error })
  }
}

/** Who is logged in. Without a `verify` function, `req.user` is a `DefaultUser`. */
function visitorOf(req: Request): Visitor | undefined {
  const user = req.user as DefaultUser | undefined
  return user && { provider: user.provider as ProviderName, displayName: user.profile?.displayName }
}

function send(res: Response, page: Html): void {
  // What one person saw must not be in the back button of the next.
  res.set('cache-control', 'no-store').type('html').send(page.toString())
}

/** Lets the app's own error handler show what went wrong in the router. */
function toErrorHandler(
  error: unknown,
  _req: unknown,
  _res: unknown,
  next: (error: unknown) => void,
) {
  next(error)
}

/** Somebody whose login ended while a page was made is asked to log in again, and comes back to it. */
const askForLogin: ErrorRequestHandler = (error: unknown, req, res, next) => {
  const provider = providerOf(req)
  if (!(error instanceof LoginRequiredError) || provider === undefined || res.headersSent) {
    next(error)
    return
  }
  const returnTo = req.method === 'GET' ? req.originalUrl : `/${provider}`
  res.redirect(303, `/${provider}/login?return_to=${encodeURIComponent(returnTo)}`)
}

/** Shows an error's page under the error's own status. Errors are told apart by their `code` alone. */
function showError(onError: AppParts['onError']): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const { code, phase, status, message } = readError(error)
    if (status >= 500) onError(error)
    if (!res.headersSent) {
      const provider = providerOf(req)
      send(res.status(status), errorPage({ code, phase, status, message, provider }))
    } else if (!res.writableEnded) {
      // Half a page must not look like a whole one. One that is complete stays, as when the session's
      // lifetime could not be prolonged afterwards.
      next(error)
    }
  }
}

function readError(error: unknown) {
  const { message, phase, status } = error as Partial<Record<string, unknown>>
  const code = readCode(error)
  const isKnown = isExplained(code)
  return {
    code: isKnown ? code : undefined,
    phase: typeof phase === 'string' ? phase : undefined,
    status: typeof status === 'number' && status >= 400 && status < 600 ? status : 500,
    // The library's messages hold no secrets; of others, nobody knows.
    message: isKnown && typeof message === 'string' ? message : undefined,
  }
}

function readCode(error: unknown): string | undefined {
  const { code } = error as Partial<Record<string, unknown>>
  return typeof code === 'string' ? code : undefined
}

function providerOf({ path }: Request): ProviderName | undefined {
  const [, name] = /^\/(?:auth\/)?(askara|jiko)(?:\/|$)/.exec(path) ?? []
  return name as ProviderName | undefined
}

/** Shows in the answer which process of a cluster has made it. */
function nameWorker(id: number): RequestHandler {
  return (_req, res, next) => {
    res.set('x-worker', String(id))
    next()
  }
}

function securityHeaders(url: URL): RequestHandler {
  const isHttps = url.protocol === 'https:'
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(isHttps && { upgradeInsecureRequests: [] }),
      },
    },
    strictTransportSecurity: isHttps,
    // Helmet's default, no-referrer, makes browsers send `Origin: null` with the log-out form, and those
    // without `Sec-Fetch-Site` could then not show that the form is ours.
    referrerPolicy: { policy: 'same-origin' },
  })
}

/**
 * Sends visitors of http://127.0.0.1 to http://localhost. To browsers these are two hosts, and the
 * session cookie of one would be missing when the provider sends them back to the other.
 */
function oneNameForLoopback(url: URL): RequestHandler {
  return (req, res, next) => {
    const isOtherName = req.method === 'GET' && req.headers.host === `127.0.0.1:${url.port}`
    if (isOtherName) res.redirect(307, url.origin + req.originalUrl)
    else next()
  }
}
