import {
  CLOCK_TOLERANCE_MS,
  LONGEST_DELIVERY_MS,
  logoutTokenOf,
  readLogoutToken,
} from '../endpoints/logout-token.js'
import type { LogoutTokenSettings } from '../endpoints/logout-token.js'
import type { VerifyProviderJwt } from '../endpoints/provider-jwt.js'
import { ConfigurationError, LogoutTokenError } from '../errors/errors.js'
import type { Claims } from '../grants/claims.js'
import { endSession } from '../grants/end-session.js'
import type { GrantEngine } from '../grants/engine.js'
import { providerNames } from '../grants/index-names.js'
import type { GrantIndex, NamedEnd } from '../grants/grant-index.js'
import type { LoginRequest } from '../lib/login-request.js'

/** What a provider's logout needs. */
export interface BackchannelLogoutParts {
  readonly settings: LogoutTokenSettings
  readonly verifyJwt: VerifyProviderJwt | undefined
  readonly claims: Pick<Claims, 'claim'>
  readonly index: Pick<GrantIndex, 'end'>
  readonly endLogin: EndLogin
}

/**
 * Ends what a logout token says has ended: all sessions here that were logged in through that session, or by that
 * person, at the provider, in all processes that share the grants. If the provider was only connected to a login, its
 * tokens leave the session, and the login stays.
 *
 * @throws {LogoutTokenError} if the request has no logout token, an invalid one, or one that was used before
 * @throws {StorageError} if the store of grants or the session store fails
 * @see [OpenID Connect Back-Channel Logout, section 2.7 - Back-Channel Logout Actions](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions)
 */
export async function backchannelLogout(
  request: LoginRequest,
  { settings, verifyJwt, claims, index, endLogin }: BackchannelLogoutParts,
): Promise<void> {
  if (verifyJwt === undefined) {
    throw new ConfigurationError('This needs the option backchannelLogout.', 'backchannelLogout')
  }
  const { sessionStore } = request
  if (sessionStore === undefined) {
    throw new ConfigurationError(
      'Back-channel logout needs app.use(session(…)) before it, for the store to end sessions in.',
    )
  }
  const logout = await readLogoutToken(logoutTokenOf(request), settings, verifyJwt, Date.now())
  for (const name of providerNames(logout.ended, settings)) {
    const ended: NamedEnd = { name, at: logout.at }
    await index.end(ended, (id) => endLogin(id, ended, sessionStore))
  }
  // Claimed last, so that the provider can repeat a logout that has failed here. If the same token arrives twice
  // before it is claimed, the second one ends nothing more: no logout ends a login that is newer than the logout.
  const accepted = await claims.claim(
    `logout:${logout.id}`,
    LONGEST_DELIVERY_MS + CLOCK_TOLERANCE_MS,
  )
  if (!accepted) throw new LogoutTokenError('it was used before')
}

/** Ends one login, in its grant and in its session. Resolves to whether it is over. */
export type EndLogin = (id: string, ended: NamedEnd, sessionStore: object) => Promise<boolean>

/** Creates the {@link EndLogin} of one strategy. */
export function createEndLogin(parts: {
  readonly engine: Pick<GrantEngine, 'read' | 'end'>
  readonly index: Pick<GrantIndex, 'unlink'>
  readonly strategyId: string
  readonly sessionKey: string
}): EndLogin {
  const { engine, index, strategyId, sessionKey } = parts
  return async (id, { name: { kind }, at }, sessionStore) => {
    const record = await engine.read(id, strategyId)
    if (record === undefined) return true
    // A person who logs out there may have logged in again since. The provider's machines may have different clocks: the
    // login is newer only if ours says so too.
    const { loggedInAt = record.createdAt, of } = record
    if (kind === 'sub' && (of.authenticatedAt ?? 0) > at && loggedInAt > at) return false
    const over = await engine.end(id)
    await endSession(id, record.of, sessionStore, sessionKey)
    if (over !== undefined) await index.unlink(id, over.of.names)
    return true
  }
}
