import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { copyOfSession } from '../session/request-session.js'

/**
 * The request as it is now: with the person who is logged in, and with what the session holds. Both stay, whatever
 * becomes of the request and its session.
 */
export function earlierRequest(request: LoginRequest, session: LoginSession): LoginRequest {
  const { user } = request as LoginRequest & { readonly user?: object }
  const earlier: PropertyDescriptorMap = {
    session: { value: copyOfSession(session) },
    sessionID: { value: session.id },
    user: { value: user },
  }
  return Object.create(request, earlier) as LoginRequest
}
