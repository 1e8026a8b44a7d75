import type { Request, RequestHandler, Response } from 'express'
import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { asyncHandler } from './async-handler.js'
import type { Reply } from './async-handler.js'
import { isLoggedIn } from './login-checks.js'
import { readStrategy } from './strategy-reader.js'
import { UNCACHED } from './uncached.js'
import { noteSessionStore } from '../session/seen-session-store.js'

/** The table of {@link RequireLoginOptions}. */
export const REQUIRE_LOGIN_OPTIONS = {
  /** The path of the login route, on this origin. @default '/login' */
  loginPath: { read: localPath, default: '/login' },

  /**
   * Also requires a valid access token of this strategy: refreshes one that has expired, and asks for a login if
   * that is not possible. Without this option, no token is refreshed. It still asks for a login if the grant has ended
   * by which the person is logged in, and lets them pass if the store of grants cannot be reached.
   *
   * @default being logged in is enough
   */
  strategy: { read: readStrategy },
} as const satisfies OptionTable

/** The options of {@link requireLogin}. */
export type RequireLoginOptions = OptionsOf<typeof REQUIRE_LOGIN_OPTIONS>

function localPath(value: unknown, name: string): string {
  if (typeof value === 'string' && sameOriginPath(value) !== undefined) return value
  throw new ConfigurationError(`${name} must be a path that begins with one slash.`, name)
}

/**
 * Lets only logged-in people pass. A person who visits a page is redirected to the login and comes back to the
 * page afterwards. Every other request (a script, a form, an API client) gets the status 401 and
 * `{ "error": "login_required", "loginPath": … }`.
 *
 * @example
 * ```ts
 * import { requireLogin } from 'passport-authorization-code'
 *
 * app.get('/account', requireLogin({ loginPath: '/auth/login' }), (req, res) => {
 *   res.json(req.user)
 * })
 * ```
 *
 * @throws {ConfigurationError} if `loginPath` is not a path of this origin, or an option is unknown or cannot be used
 */
export function requireLogin(options: RequireLoginOptions = {}): RequestHandler {
  const sample = "requireLogin({ loginPath: '/auth/login' })"
  const { loginPath, strategy } = readTable(REQUIRE_LOGIN_OPTIONS, options, sample)
  return asyncHandler(async (req, res) => {
    noteSessionStore(req)
    if (!(await isLoggedIn(req, strategy))) return askForLogin(loginPath, req, res)
    try {
      await strategy?.accessToken(req)
      return 'next'
    } catch (error) {
      if (error instanceof LoginRequiredError) return askForLogin(loginPath, req, res)
      throw error
    }
  })
}

function askForLogin(loginPath: string, req: Request, res: Response): Reply {
  return () => {
    // The address of the page that was asked for may be private, and is part of the next address.
    res.set(UNCACHED)
    if (isPageVisit(req)) res.redirect(loginLocation(loginPath, req.originalUrl))
    else res.status(401).json({ error: 'login_required', loginPath })
  }
}

/** Whether the response is shown in a browser's window, so that the person sees where a redirect leads. */
function isPageVisit({ method, headers }: Request): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  return headers.accept?.includes('text/html') ?? false
}

function loginLocation(loginPath: string, here: string): string {
  const returnTo = sameOriginPath(here)
  if (returnTo === undefined) return loginPath
  const separator = loginPath.includes('?') ? '&' : '?'
  return `${loginPath}${separator}return_to=${encodeURIComponent(returnTo)}`
}
