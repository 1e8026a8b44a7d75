import { fileURLToPath } from 'node:url'
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import session, { type Store } from 'express-session'
import helmet from 'helmet'
import passport from 'passport'
import { authRouter, requireLogin, type DefaultUser } from 'passport-authorization-code'
import { errorPage, isExplained, loginDeclinedPage } from './error-pages.js'
import type { Html } from './html.js'
import { askaraPage, homePage, jikoPage, type ProviderName, type Visitor } from './pages.js'
import type { Providers } from './providers.js'

/** What {@link createApp} builds on. */
export interface AppParts {
  readonly providers: Providers
  /** The address under which browsers reach the app. */
  readonly url: URL
  /** Whether a reverse proxy stands before the app. */
  readonly isBehindProxy: boolean
  readonly sessionSecret: string
  /** `undefined` means express-session's own store, in memory. */
  readonly sessionStore: Store | undefined
  /** Called for every error that is not the visitor's own. */
  readonly onError: (error: unknown) => void
}

const PUBLIC_DIRECTORY = fileURLToPath(new URL('public', import.meta.url))

/** The site itself: everything that an application of your own would have, too. */
export function createApp(parts: AppParts): Express {
  const { askara, jiko } = parts.providers
  const app = express()
  app.set('trust proxy', parts.isBehindProxy ? 1 : false)

  app.use(securityHeaders(parts.url))
  app.use(express.static(PUBLIC_DIRECTORY))
  if (!parts.isBehindProxy) app.use(oneNameForLoopback(parts.url))
  app.use(
    session({
      secret: parts.sessionSecret,
      ...(parts.sessionStore && { store: parts.sessionStore }),
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: 'lax', httpOnly: true, secure: 'auto' },
    }),
  )
  app.use(passport.session())

  const common = { failureRedirect: '/login-declined', onError: toErrorHandler }
  app.use('/auth/askara', authRouter(askara.strategy, { ...common, successRedirect: '/askara' }))
  app.use('/auth/jiko', authRouter(jiko.strategy, { ...common, successRedirect: '/jiko' }))

  app.get('/', (req, res) => send(res, homePage(visitor(req))))

  app.get('/askara', requireLogin({ loginPath: '/auth/askara/login' }), async (req, res) => {
    const profile = await readAnswer(askara.strategy.fetch(req, askara.profileURL))
    const tokens = await askara.strategy.tokens(req)
    send(res, askaraPage(profile, { expiresAt: tokens?.expiresAt, now: Date.now() }))
  })

  app.get('/jiko', requireLogin({ loginPath: '/auth/jiko/login' }), async (req, res) => {
    const pockets = await readAnswer(jiko.strategy.fetch(req, jiko.apiURL))
    const tokens = await jiko.strategy.tokens(req)
    send(res, jikoPage(pockets, { expiresAt: tokens?.expiresAt, now: Date.now() }))
  })

  app.get('/login-declined', (_req, res) => send(res, loginDeclinedPage()))

  app.use((_req, _res, next) => next(new ExampleError('ERR_NOT_FOUND', 404)))
  app.use(showError(parts.onError))
  return app
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

/** The JSON of an API's answer. The library throws what concerns the login; the API itself is ours to judge. */
async function readAnswer(answering: Promise<globalThis.Response>): Promise<unknown> {
  try {
    const answer = await answering
    if (answer.status === 401) {
      throw new ExampleError('ERR_LOGIN_REQUIRED', 401, 'The API refused the access token.')
    }
    if (!answer.ok) {
      throw new ExampleError('ERR_EXAMPLE_API', 502, `The API answered ${answer.status}.`)
    }
    return await answer.json()
  } catch (error) {
    if (isExplained(readCode(error))) throw error
    const message = 'The API is out of reach, or what it answers is not JSON.'
    throw new ExampleError('ERR_EXAMPLE_API', 502, message, { cause: error })
  }
}

/** Who is logged in. Without a `verify` function, `req.user` is a `DefaultUser`. */
function visitor(req: Request): Visitor | undefined {
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

/** Shows an error's page under the error's own status. Errors are told apart by their `code` alone. */
function showError(onError: AppParts['onError']): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    const { code, status, message } = readError(error)
    if (status >= 500) onError(error)
    send(res.status(status), errorPage({ code, status, message, provider: providerOf(req) }))
  }
}

function readError(error: unknown) {
  const { message, status } = error as Partial<Record<string, unknown>>
  const code = readCode(error)
  const isKnown = isExplained(code)
  return {
    code: isKnown ? code : undefined,
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
