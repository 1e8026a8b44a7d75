import { PendingLoginError } from '../errors/login-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { PendingLogin } from '../options/pending-login-store.js'
import type { ConnectionOf } from './connection.js'
import type { LoginOptions } from './login-options.js'

/** What {@link checkStarter} needs. */
export interface CheckStarterParts {
  readonly strategyId: string
  readonly connectionOf: ConnectionOf
  /** @throws {CrossSiteRequestError} if the browser has sent two session cookies */
  readonly refuseTwoSessions: (request: LoginRequest) => Promise<void>
}

/**
 * Refuses a login that another strategy or another person started, or that was started to connect and not to log in (or the
 * reverse).
 *
 * @throws {PendingLoginError} if it is one of these
 * @throws {LoginRequiredError} if a provider is to be connected, and nobody is logged in any more
 * @throws {CrossSiteRequestError} if a provider is to be connected, and the browser has sent two session cookies
 */
export async function checkStarter(
  request: LoginRequest,
  { strategy, connectTo }: PendingLogin,
  { assignProperty, mayConnect = false }: LoginOptions,
  { strategyId, connectionOf, refuseTwoSessions }: CheckStarterParts,
): Promise<void> {
  const connects = connectTo !== undefined
  let isMeant =
    strategy === strategyId && (mayConnect || connects === (assignProperty !== undefined))
  if (isMeant && connects) {
    if (mayConnect) await refuseTwoSessions(request)
    isMeant = connectTo === (await connectionOf(request))
  }
  if (!isMeant) throw new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
}
