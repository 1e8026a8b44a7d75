import express from 'express'
import type { NextFunction, Request, RequestHandler, Response, Router } from 'express'
import passport from 'passport'
import {
  AuthorizationCodeError,
  CrossSiteRequestError,
  LogoutTokenError,
} from '../errors/errors.js'
import { pageOf } from '../errors/table.js'
import type { FailureInfo, LoginInfo } from '../login/login-options.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import { aFunction, flag, text } from '../options/readers.js'
import { asyncHandler, errorHandler } from './async-handler.js'
import { errorPage, refusalPage } from './pages.js'
import { registerStrategy } from './registered-strategies.js'
import { readStrategy } from './strategy-reader.js'
import type { AuthorizationCodeStrategy } from './strategy.js'

export const AUTH_ROUTER_OPTIONS = {
  /** Where a login goes that was not sent anywhere by `?return_to=`. @default '/' */
  successRedirect: { read: text, default: '/' },

  /** Where a refused login goes: the person said no, or `verify` did. @default a plain page that says so */
  failureRedirect: { read: text },

  /**
   * Adds this provider's tokens to the person who is logged in already, and changes nothing about who
   * they are: for a second provider beside the one people log in with.
   *
   * @default false
   */
  connect: { read: flag, default: false },

  /** Where logging out leads. @default '/' */
  logoutRedirect: { read: text, default: '/' },

  /**
   * Gets every error of these routes. `(error, req, res, next) => next(error)` leaves them all to the
   * application's own error handler.
   *
   * @default {@link loginErrorPage}: a plain page for what the person at the browser can mend
   * (`error.fault === 'browser'`), and `next(error)` for all others
   */
  onError: { read: aFunction<ErrorHandler>(), default: loginErrorPage },
} as const satisfies OptionTable

/** The options of {@link authRouter}. */
export type AuthRouterOptions = OptionsOf<typeof AUTH_ROUTER_OPTIONS>

type RouterSettings = SettingsOf<typeof AUTH_ROUTER_OPTIONS>

type ErrorHandler = (error: unknown, req: Request, res: Response, next: NextFunction) => void

/**
 * The routes of one strategy: `GET /login`, `GET` and `POST /callback`, `POST /logout`; for the provider,
 * `GET /jwks.json` and `POST /backchannel-logout`; and `GET /logged-out`, for who comes back from its logout.
 *
 * `/login?return_to=/path` comes back to that path of this origin after login. `/logout` has to be
 * posted by a page of this origin; it ends the session and redirects by 303. Needs express-session
 * before it, and Passport's `passport.session()` for `req.user` on later requests.
 *
 * @throws {ConfigurationError} if `strategy` is not an {@link AuthorizationCodeStrategy}, or naming the option
 *   that is unknown or cannot be used
 */
export function authRouter(
  strategy: AuthorizationCodeStrategy,
  options: AuthRouterOptions = {},
): Router {
  readStrategy(strategy, 'strategy')
  const sample = "authRouter(strategy, { successRedirect: '/welcome' })"
  const settings = readTable(AUTH_ROUTER_OPTIONS, options, sample)
  registerStrategy(strategy)
  const router = express.Router()
  const login = passport.authenticate(strategy, loginOptions('start', settings)) as RequestHandler
  const callback = finishLogin(strategy, settings)

  router.get('/login', forThisBrowserOnly, login)
  router.get('/callback', forThisBrowserOnly, callback)
  router.post('/callback', forThisBrowserOnly, readForm(), callback)
  router.post('/logout', forThisBrowserOnly, logOut(strategy, settings))
  router.get('/jwks.json', publishKeys(strategy))
  router.get('/logged-out', forThisBrowserOnly, finishLogOut(strategy, settings))
  router.post('/backchannel-logout', forThisBrowserOnly, readForm(), endSessions(strategy))
  router.use(errorHandler(settings.onError))
  return router
}

/** What these routes answer has a state or a session in it, and their URLs have codes. */
const forThisBrowserOnly: RequestHandler = (_req, res, next) => {
  res.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' })
  next()
}

/**
 * Reads the form of a `form_post` response. Any other body has none of its parameters, which is whoever
 * sent it to blame for.
 */
function readForm(): RequestHandler {
  const read: RequestHandler = express.urlencoded({ extended: false })
  return (req, res, next) => {
    read(req, res, (error?: unknown) => {
      // body-parser's errors carry the form they could not read, code and state included.
      if (error instanceof Error) Reflect.deleteProperty(error, 'body')
      req.body ??= {}
      next(error)
    })
  }
}

/** `assignProperty` is how `passport.authorize` says that the person stays who they are. */
function loginOptions(
  step: 'start' | 'finish',
  { connect, successRedirect }: RouterSettings,
): passport.AuthenticateOptions {
  return { step, successRedirect, ...(connect && { assignProperty: 'account' }) }
}

function finishLogin(
  strategy: AuthorizationCodeStrategy,
  settings: RouterSettings,
): RequestHandler {
  const { successRedirect, failureRedirect, connect } = settings
  return asyncHandler(async (req, res) => {
    const { user, info } = await authenticate(strategy, loginOptions('finish', settings), req, res)
    if (user) {
      if (!connect) await logIn(user, req)
      return () => redirect(res, (info as LoginInfo).returnTo ?? successRedirect)
    }
    if (failureRedirect !== undefined) return () => res.redirect(failureRedirect)
    return () => res.status(403).send(refusalPage((info as FailureInfo).message, loginPath(req)))
  })
}

interface Authenticated {
  readonly user: Express.User | false | null | undefined
  readonly info: unknown
}

/** Passport's `authenticate` as a promise. It stays pending if the strategy redirects the browser. */
function authenticate(
  strategy: AuthorizationCodeStrategy,
  options: passport.AuthenticateOptions,
  req: Request,
  res: Response,
): Promise<Authenticated> {
  return new Promise((resolve, reject) => {
    const finished: passport.AuthenticateCallback = (error: unknown, user, info) => {
      if (error) reject(asError(error))
      else resolve({ user, info })
    }
    const handle = passport.authenticate(strategy, options, finished) as RequestHandler
    void handle(req, res, reject)
  })
}

/** Passport's `req.logIn` as a promise. */
function logIn(user: Express.User, req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.logIn(user, (error: unknown) => {
      if (error) reject(asError(error))
      else resolve()
    })
  })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The login failed', { cause: error })
}

/** Like Passport, without the body that `res.redirect` negotiates for people who do not follow redirects. */
function redirect(res: Response, location: string): void {
  res.status(302).location(location).set('Content-Length', '0').end()
}

function logOut(
  strategy: AuthorizationCodeStrategy,
  { logoutRedirect }: RouterSettings,
): RequestHandler {
  return asyncHandler(async (req, res) => {
    if (isCrossSite(req)) throw new CrossSiteRequestError()
    const providerLogout = await strategy.logOut(req)
    return () => res.redirect(303, providerLogout ?? logoutRedirect)
  })
}

/**
 * The provider may keep what it has fetched for 5 minutes. No cache on the way may: the cookie of somebody's
 * session goes along where express-session sends it with every answer (`rolling`, `saveUninitialized`).
 *
 * @see [RFC 7517, section 8.5.2 - Registry Contents](https://www.rfc-editor.org/rfc/rfc7517.html#section-8.5.2)
 */
function publishKeys(strategy: AuthorizationCodeStrategy): RequestHandler {
  return asyncHandler(async (_req, res) => {
    const keys = await strategy.jwks()
    if (keys === undefined) return 'next'
    return () => {
      res.set('Cache-Control', 'private, max-age=300').type('application/jwk-set+json')
      res.send(JSON.stringify(keys))
    }
  })
}

/** Where the provider sends the browser after its own logout. */
function finishLogOut(
  strategy: AuthorizationCodeStrategy,
  { logoutRedirect }: RouterSettings,
): RequestHandler {
  return (req, res) => {
    strategy.finishLogOut(req)
    res.redirect(logoutRedirect)
  }
}

/**
 * @see [OpenID Connect Back-Channel Logout, section 2.8 - Back-Channel Logout Response](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse)
 */
function endSessions(strategy: AuthorizationCodeStrategy): RequestHandler {
  return asyncHandler(async (req, res) => {
    try {
      await strategy.backchannelLogout(req)
      return () => res.end()
    } catch (error) {
      if (!(error instanceof LogoutTokenError)) throw error
      const { status, message } = error
      return () => res.status(status).json({ error: 'invalid_request', error_description: message })
    }
  })
}

/**
 * Whether another site made the browser send this request. Browsers say so themselves in
 * `Sec-Fetch-Site`; older ones only name the `Origin`. A client that sends neither is no browser.
 *
 * @see [Fetch Metadata Request Headers](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)
 */
function isCrossSite({ headers }: Request): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

/**
 * What {@link authRouter} does with errors when it is given no `onError`: a plain page for errors that the
 * person at the browser can correct (mostly by a link to log in again), and `next(error)` for all others. Call it
 * from an `onError` that does something of its own first.
 *
 * Unless `app.get('env')` is `production`, the page also has the error's message.
 *
 * @example
 * ```ts
 * import { authRouter, loginErrorPage } from 'passport-authorization-code'
 *
 * const router = authRouter(strategy, {
 *   onError: (error, req, res, next) => {
 *     console.error(error)
 *     loginErrorPage(error, req, res, next)
 *   },
 * })
 * ```
 */
export function loginErrorPage(
  error: unknown,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  const isForThePerson = error instanceof AuthorizationCodeError && error.fault === 'browser'
  const page = isForThePerson ? pageOf(error.code) : undefined
  if (!isForThePerson || page === undefined || res.headersSent) {
    next(error)
    return
  }
  const details = req.app.get('env') === 'production' ? undefined : error.message
  res.status(error.status).send(errorPage(page, details, loginPath(req)))
}

function loginPath({ baseUrl }: Request): string {
  return `${baseUrl}/login`
}
