import {
  CLOCK_TOLERANCE_MS,
  LONGEST_DELIVERY_MS,
  logoutTokenOf,
  readLogoutToken,
} from '../endpoints/logout-token.js'
import type { LogoutTokenSettings } from '../endpoints/logout-token.js'
import type { VerifyProviderJwt } from '../endpoints/provider-jwt.js'
import { ConfigurationError, LogoutTokenError } from '../errors/errors.js'
import { entryOf, hasEnded, withoutEntry } from '../grants/token-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { EnrolledLogin, Ledger } from '../options/ledger.js'
import { changeStoredData, destroyStored, readStoredData } from '../session/stored-session.js'
import type { SessionAddress } from '../session/stored-session.js'

/** What a provider's logout needs. */
export interface BackchannelLogoutParts {
  readonly settings: LogoutTokenSettings
  readonly verifyJwt: VerifyProviderJwt | undefined
  readonly ledger: Pick<Ledger, 'claim' | 'endGroup'>
  /** For how long the ledger remembers that a login has ended, in **milliseconds**. */
  readonly keepMs: number
  readonly endLogin: EndLogin
}

/**
 * Ends what a logout token says has ended: all sessions here that were logged in through that session, or by that
 * person, at the provider, in all processes that share the ledger. If the provider was only connected to a login, its
 * tokens leave the session, and the login stays.
 *
 * @throws {LogoutTokenError} if the request has no logout token, an invalid one, or one that was used before
 * @throws {StorageError} if the ledger or the session store fails
 * @see [OpenID Connect Back-Channel Logout, section 2.7 - Back-Channel Logout Actions](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions)
 */
export async function backchannelLogout(
  request: LoginRequest,
  { settings, verifyJwt, ledger, keepMs, endLogin }: BackchannelLogoutParts,
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
  await ledger.endGroup(logout.group, logout.at, keepMs, async (login) => {
    await endLogin(login, sessionStore)
  })
  // Claimed last, so that the provider can repeat a logout that has failed here. If the same token arrives twice
  // before it is claimed, the second one ends nothing more: no logout ends a login that is newer than the logout.
  const accepted = await ledger.claim(
    `logout:${logout.id}`,
    LONGEST_DELIVERY_MS + CLOCK_TOLERANCE_MS,
  )
  if (!accepted) throw new LogoutTokenError('it was used before')
}

/** Ends a login in its stored session. Resolves to whether it was there. */
export type EndLogin = (login: EnrolledLogin, sessionStore: object) => Promise<boolean>

/** Ends the logins that a strategy keeps under this key. */
export function createEndLogin(sessionKey: string): EndLogin {
  return async ({ sessionId, entryId }, sessionStore) => {
    const address: SessionAddress = { sessionID: sessionId, sessionStore }
    const data = await readStoredData(address, sessionKey)
    if (data === undefined) return false
    const entry = entryOf(data)
    if (entry?.id === entryId && entry.connected) {
      await changeStoredData(address, sessionKey, (one) => withoutEntry(one, entryId, false))
      return true
    }
    if (entry?.id !== entryId && !hasEnded(data)) return false
    await destroyStored(address)
    return true
  }
}
