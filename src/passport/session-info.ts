import type { RequestHandler } from 'express'
import { shortDigest } from '../lib/short-digest.js'
import { requireSession } from '../session/request-session.js'
import { maxAgeOf } from '../session/session-lifetime.js'
import { asyncHandler } from './async-handler.js'
import { isLoggedIn, isLoggedInBy } from './login-checks.js'
import { loginPathOf, pathOfRoutes } from './login-path.js'
import type { LoginStrategy } from './login-strategy.js'
import type { RouterSettings } from './router-options.js'

/**
 * The JSON of `GET /session`, for scripts in the browser. It has no secrets: of a user without `verify`, the id and what people
 * call them; of a user of your own, only the `id`, unless the option `sessionUser` says otherwise.
 *
 * @example
 * ```ts
 * import type { SessionInfo } from 'passport-authorization-code'
 *
 * const answer = await fetch('/auth/session')
 * const session = (await answer.json()) as SessionInfo
 * console.log(session.loggedIn ? session.user : `Log in at ${session.loginPath}`)
 * ```
 */
export interface SessionInfo {
  /**
   * Whether `requireLogin()` would let the person pass. If a function chooses the strategy, whether they have logged in by that
   * strategy: at that tenant.
   */
  readonly loggedIn: boolean
  /** What `sessionUser` returned, or its default. Left out if nobody is logged in. */
  readonly user?: unknown
  /**
   * When the session ends if nothing is asked until then, in **milliseconds since the epoch**, rounded down to a full minute (to
   * a second, if it ends within ten minutes). Left out if nobody is logged in, or if the session lives as long as the browser.
   * Every request of the browser to the application prolongs it, this one too.
   */
  readonly expiresAt?: number | undefined
  /** Where a login starts; it takes `?return_to=/path`. */
  readonly loginPath: string
  /** Where a `POST` ends the login; left out if nobody is logged in. */
  readonly logoutPath?: string
}

/** Whose login it is about: whoever is logged in, or only who has logged in by the strategy itself. */
export type WhoseLogin = 'anyone' | 'own'

/**
 * `GET /session`: who is logged in, until when, and where to log in. Whoever asks again with `If-None-Match` gets 304 while it
 * is still so.
 *
 * @see [RFC 9110, section 13.1.2 - If-None-Match](https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.2)
 */
export function sessionHandler(
  strategy: LoginStrategy,
  { sessionUser }: RouterSettings,
  whose: WhoseLogin,
): RequestHandler {
  const routes = pathOfRoutes(strategy)
  const loginPath = loginPathOf(strategy)

  return asyncHandler(async (req, res) => {
    const { user } = req
    const isPresent =
      (await isLoggedIn(req, undefined, 'GET /session')) &&
      (whose === 'anyone' || (await isLoggedInBy(strategy, req)))
    const info: SessionInfo =
      isPresent && user !== undefined
        ? {
            loggedIn: true,
            user: await sessionUser(user, req),
            expiresAt: endOfSession(maxAgeOf(requireSession(req))),
            loginPath,
            logoutPath: `${routes}/logout`,
          }
        : { loggedIn: false, loginPath }
    const body = JSON.stringify(info)
    return () => {
      res.set({
        // The browser may keep the answer, but asks each time whether it is still so. Nobody else may keep it.
        'Cache-Control': 'private, no-cache',
        'Cross-Origin-Resource-Policy': 'same-origin',
        'X-Content-Type-Options': 'nosniff',
        ETag: `"${shortDigest(body)}"`,
      })
      // Express compares the ETag, and answers 304 if nothing has changed.
      res.vary('Cookie').type('application/json').send(body)
    }
  })
}

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS

/** See {@link SessionInfo.expiresAt}. */
function endOfSession(maxAgeMs: number | undefined): number | undefined {
  if (maxAgeMs === undefined) return undefined
  const step = maxAgeMs < 10 * MINUTE_MS ? SECOND_MS : MINUTE_MS
  return Math.floor((Date.now() + maxAgeMs) / step) * step
}
