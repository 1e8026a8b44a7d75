import {
  CLOCK_TOLERANCE_MS,
  LONGEST_DELIVERY_MS,
  logoutTokenOf,
  readLogoutToken,
} from '../endpoints/logout-token.js'
import { ConfigurationError, LogoutTokenError } from '../errors/errors.js'
import { entryOf, hasEnded, withoutEntry } from '../grants/token-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { EnrolledLogin } from '../options/ledger.js'
import type { Parts } from '../passport/parts.js'
import { changeStoredPart, destroyStored, readStoredPart } from '../session/stored-session.js'

/**
 * Ends what a logout token says has ended: the sessions that were logged in by that session or person of
 * the provider, in all processes that share the ledger. A provider that was only connected to a login
 * goes from it, and the login stays.
 *
 * @throws {LogoutTokenError} when the request has no logout token, not a valid one, or one that came before
 * @throws {StorageError} when ledger or session store fail
 * @see [OpenID Connect Back-Channel Logout, section 2.7 - Back-Channel Logout Actions](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions)
 */
export async function backchannelLogout(req: LoginRequest, parts: Parts): Promise<void> {
  const { settings, ledger, sessionTokens, verifyJwt } = parts
  if (!settings.backchannelLogout || verifyJwt === undefined) {
    throw new ConfigurationError('This needs the option backchannelLogout.', 'backchannelLogout')
  }
  if (req.sessionStore === undefined) {
    throw new ConfigurationError(
      'Back-channel logout needs app.use(session(…)) before it, for the store to end sessions in.',
    )
  }
  const logout = await readLogoutToken(logoutTokenOf(req), settings, verifyJwt, Date.now())
  await ledger.endGroup(logout.group, logout.at, sessionTokens.keepMs, (login) =>
    endSession(req.sessionStore, login, parts),
  )
  // Only now: the provider may come again with a logout that came to grief here. Until then a second one
  // finds nothing left to end, for it ends no login that is younger than itself.
  if (!(await ledger.claim(`logout:${logout.id}`, LONGEST_DELIVERY_MS + CLOCK_TOLERANCE_MS))) {
    throw new LogoutTokenError('it was used before')
  }
}

async function endSession(
  sessionStore: object | undefined,
  { sessionId, entryId }: EnrolledLogin,
  { settings: { sessionKey }, diagnostics }: Parts,
): Promise<void> {
  const address = { sessionID: sessionId, sessionStore }
  const part = await readStoredPart(address, sessionKey)
  if (part === undefined) return
  const entry = entryOf(part)
  if (entry?.id === entryId && entry.connected) {
    await changeStoredPart(address, sessionKey, (one) => withoutEntry(one, entryId, false))
  } else if (entry?.id === entryId || hasEnded(part)) {
    await destroyStored(address)
  } else return
  diagnostics.report('grant_end', { outcome: 'ok', reason: 'backchannel_logout' })
}
