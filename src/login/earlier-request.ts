import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { copyOfSession } from '../session/request-session.js'

/**
 * The request as it is now: with the person who is logged in, and with what the session holds. Both stay, whatever
 * becomes of the request and its session.
 */
export function earlierRequest(request: LoginRequest, session: LoginSession): LoginRequest {
  const { user } = request as LoginRequest & { readonly user?: object }
  // Not an object that inherits from the request: V8 makes whatever is a prototype slow to use.
  const copy = Object.create(Object.getPrototypeOf(request) as object) as object
  const earlier = { session: copyOfSession(session), sessionID: session.id, user }
  return Object.assign(copy, request, earlier)
}
