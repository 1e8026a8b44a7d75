import type { LoginRequest } from '../lib/login-request.js'
import { clearFields } from '../session/request-session.js'

/** Passport's method of a request. The last argument is its callback. */
type LogIn = (...given: readonly unknown[]) => unknown

type Callback = (error?: unknown) => void

/**
 * Calls `undo` if Passport's `req.logIn` fails: the user cannot be serialized, or the session not be saved. Nothing of the
 * login stays in the session, which express-session may still write at the end of the response.
 */
export function onFailedLogin(request: LoginRequest, undo: (error: unknown) => void): void {
  const known = request as LoginRequest & { readonly logIn?: LogIn }
  const logIn = known.logIn?.bind(request)
  if (logIn === undefined) return

  const watched: LogIn = (...given) => {
    const done = given.at(-1)
    if (typeof done !== 'function') return logIn(...given)
    return logIn(...given.slice(0, -1), (error?: unknown) => {
      if (error) {
        if (request.session) clearFields(request.session)
        undo(error)
      }
      ;(done as Callback)(error)
    })
  }
  Object.assign(request, { logIn: watched, login: watched })
}
