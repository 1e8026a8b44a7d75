import type { Request, RequestHandler } from 'express'
import { ConfigurationError } from './errors.js'
import { sameOriginPath } from './return-to.js'

/** What {@link requireLogin} may be told. */
export interface RequireLoginOptions {
  /** The path of the login route; a path of this origin. @default '/login' */
  readonly loginPath?: string | undefined
}

/**
 * Lets only logged-in people pass. Someone visiting a page is sent to log in and comes back to where they
 * were; every other request (a script, a form, an API client) gets 401 and
 * `{ "error": "login_required", "loginPath": … }`.
 *
 * @throws {ConfigurationError} when `loginPath` is not a path of this origin
 */
export function requireLogin({ loginPath = '/login' }: RequireLoginOptions = {}): RequestHandler {
  if (sameOriginPath(loginPath) === undefined) {
    throw new ConfigurationError(
      'loginPath must be a path that begins with one slash.',
      'loginPath',
    )
  }
  return (req, res, next) => {
    if (isLoggedIn(req)) {
      next()
      return
    }
    res.set('Cache-Control', 'no-store')
    if (isPageVisit(req)) res.redirect(loginLocation(loginPath, req.originalUrl))
    else res.status(401).json({ error: 'login_required', loginPath })
  }
}

/** Typed as always there, yet only Passport's middleware puts it on the request. */
function isLoggedIn(req: { isAuthenticated?: () => boolean }): boolean {
  if (req.isAuthenticated) return req.isAuthenticated()
  throw new ConfigurationError('requireLogin needs app.use(passport.session()) before it.')
}

/** Whether a person looks at this in a browser's window, so that a redirect leads somewhere they can see. */
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
