import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { copyOfSession } from '../session/request-session.js'

/**
 * The request as it is now: with the person who is logged in, and with what the session holds. Both stay, whatever
 * becomes of the request and its session. Properties that are not enumerable are left out.
 */
export function earlierRequest(request: LoginRequest, session: LoginSession): LoginRequest {
  const { user } = request as LoginRequest & { readonly user?: object }
  // No object that inherits from the request: V8 makes whatever is a prototype slow to use. And no Object.assign: some properties of
  // Express have getters alone, and an application may have replaced them.
  const earlier: object = {
    __proto__: Object.getPrototypeOf(request) as object,
    ...(request as object),
    ...{ session: copyOfSession(session), sessionID: session.id, user },
  }
  return earlier as LoginRequest
}
