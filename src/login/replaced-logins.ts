import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import type { EndLoginHere } from './end-login-here.js'

/** Ends what was in a session before, and is not in the one that is there now, if there is one. Never rejects. */
export type EndReplacedLogins = (earlier: LoginRequest, now?: LoginSession) => Promise<void>

/**
 * Ends the logins of all providers that a session held before, and holds no more: nobody has their tokens any longer. A
 * grant that survives logging out survives this too. Tokens are revoked if that ends nothing else.
 *
 * @param strategies the strategies of the application that may have something in the session of a request: the one that has
 *   changed the session first
 */
export function createEndReplacedLogins(
  strategies: (earlier: LoginRequest) => readonly EndLoginHere[],
): EndReplacedLogins {
  return async (earlier, now) => {
    for (const endLogin of new Set(strategies(earlier))) {
      const ended = await endLogin(earlier, now)
      void ended?.revokeReplaced()
    }
  }
}
