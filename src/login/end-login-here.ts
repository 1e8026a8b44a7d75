import type { EndedLogin } from '../grants/engine.js'
import { grantIdOf } from '../grants/session-entry.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { readStrategyData, requireSession } from '../session/request-session.js'

/**
 * Ends what one strategy has in the session of a request; `undefined` if it has nothing there. Never rejects.
 *
 * @param unlessIn another session: if that has the same grant, the grant goes on
 */
export type EndLoginHere = (
  request: LoginRequest,
  unlessIn?: LoginSession,
) => Promise<EndedLogin | undefined>

/** Creates the {@link EndLoginHere} of one strategy. */
export function createEndLoginHere(
  sessionKey: string,
  endLogin: (request: LoginRequest) => Promise<EndedLogin | undefined>,
): EndLoginHere {
  return async (request, unlessIn) => {
    const idIn = (session: LoginSession): string | undefined =>
      grantIdOf(readStrategyData(session, sessionKey))
    const isThere = unlessIn !== undefined && idIn(requireSession(request)) === idIn(unlessIn)
    return isThere ? undefined : endLogin(request)
  }
}
