import { digest } from './digest.js'
import { ConfigurationError, DiscoveryError, LogoutTokenError } from './errors.js'
import type { Parts } from './parts.js'
import { isObject } from './provider-answer.js'
import type { VerifyProviderJwt } from './provider-jwt.js'
import { changeStoredPart, destroyStored, readStoredPart } from './session.js'
import type { Settings } from './settings.js'
import { entryOf, hasEnded, withoutEntry } from './token-entry.js'
import type { EnrolledLogin, LoginRequest } from './types.js'

/** The event that makes a JWT a logout token. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** How old a logout token may be, and for how long it is remembered, in **milliseconds**. */
const LONGEST_DELIVERY_MS = 600_000

/** How far the provider's clock may be ahead of ours, in **milliseconds**. */
const CLOCK_TOLERANCE_MS = 30_000

/** What a valid logout token says. */
export interface Logout {
  /** Tells the logouts apart. */
  readonly id: string
  /** Who has logged out: one of the provider's sessions, or else a person. */
  readonly group: string
  /** In **milliseconds** since the epoch. */
  readonly at: number
}

/** The names of what a provider can end a login by: its session there, and its person. */
export function groupsOf(
  { sub, sid }: Readonly<Record<string, unknown>>,
  { issuer, clientID }: Settings,
): readonly string[] {
  return Object.entries({ sid, sub })
    .filter(([, value]) => typeof value === 'string')
    .map(([kind, value]) => JSON.stringify([issuer, clientID, kind, value]))
}

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

/** @see [OpenID Connect Back-Channel Logout, section 2.5 - Back-Channel Logout Request](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest) */
function logoutTokenOf({ body }: LoginRequest): string {
  const { logout_token: token } = Object(body) as Record<string, unknown>
  if (typeof token === 'string' && token !== '') return token
  throw new LogoutTokenError('the request has none, or more than one')
}

/**
 * @throws {LogoutTokenError} when it is not valid
 * @throws {DiscoveryError} when the provider's keys cannot be had
 * @see [OpenID Connect Back-Channel Logout, section 2.6 - Logout Token Validation](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
 */
export async function readLogoutToken(
  token: string,
  settings: Settings,
  verify: VerifyProviderJwt,
  now: number,
): Promise<Logout> {
  const claims = await verify(token, { required: ['iat', 'jti', 'events'] }).catch(
    (error: unknown) => {
      throw error instanceof DiscoveryError ? error : new LogoutTokenError((error as Error).message)
    },
  )
  const { iat = 0, jti, events, nonce } = claims
  if (typeof jti !== 'string') throw new LogoutTokenError('its "jti" is not a string')
  if (!isObject(events) || !isObject(events[LOGOUT_EVENT])) {
    throw new LogoutTokenError('it says of no event that somebody has logged out')
  }
  // An ID token has one. It must not pass for a logout token.
  if (nonce !== undefined) throw new LogoutTokenError('it has a nonce')
  const at = iat * 1000
  if (at > now + CLOCK_TOLERANCE_MS) throw new LogoutTokenError('it was issued in the future')
  if (at < now - LONGEST_DELIVERY_MS) throw new LogoutTokenError('it was issued too long ago')
  const [group] = groupsOf(claims, settings)
  if (group === undefined) throw new LogoutTokenError('it names neither a session nor a person')
  return { id: digest(JSON.stringify([settings.issuer, settings.clientID, jti])), group, at }
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
