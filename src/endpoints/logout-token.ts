import { hash } from 'node:crypto'
import { isObject } from '../client/answer.js'
import type { VerifyProviderJwt } from './provider-jwt.js'
import { DiscoveryError, LogoutTokenError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'

/** The event that makes a JWT a logout token. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** How old a logout token may be, in **milliseconds**. Each is remembered for that long. */
export const LONGEST_DELIVERY_MS = 600_000

/** How far the provider's clock may be ahead of ours, in **milliseconds**. */
export const CLOCK_TOLERANCE_MS = 30_000

/** Who sends logout tokens, and to whom. */
export interface LogoutTokenSettings {
  readonly issuer?: string | undefined
  readonly clientID: string
}

/** What a valid logout token says. */
export interface Logout {
  /** Identifies the logout. */
  readonly id: string
  /** The session at the provider that has ended or, without `sid`, the person who has logged out. */
  readonly group: string
  /** In **milliseconds** since the epoch. */
  readonly at: number
}

/** The names under which a provider can end a login: one for the session there, and one for the person. */
export function namesOf(
  { sub, sid }: Readonly<Record<string, unknown>>,
  { issuer, clientID }: LogoutTokenSettings,
): readonly string[] {
  return Object.entries({ sid, sub })
    .filter(([, value]) => typeof value === 'string')
    .map(([kind, value]) => JSON.stringify([issuer, clientID, kind, value]))
}

/** @see [OpenID Connect Back-Channel Logout, section 2.5 - Back-Channel Logout Request](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest) */
export function logoutTokenOf({ body }: LoginRequest): string {
  const { logout_token: token } = Object(body) as Record<string, unknown>
  if (typeof token === 'string' && token !== '') return token
  throw new LogoutTokenError('the request has none, or more than one')
}

/**
 * Validates a logout token.
 *
 * @throws {LogoutTokenError} if it is not valid
 * @throws {DiscoveryError} if the provider's keys cannot be loaded
 * @see [OpenID Connect Back-Channel Logout, section 2.6 - Logout Token Validation](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
 */
export async function readLogoutToken(
  token: string,
  settings: LogoutTokenSettings,
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
    throw new LogoutTokenError('its "events" do not say that somebody has logged out')
  }
  // Only an ID token has a nonce, and an ID token must not be accepted as a logout token.
  if (nonce !== undefined) throw new LogoutTokenError('it has a nonce')
  const at = iat * 1000
  if (at > now + CLOCK_TOLERANCE_MS) throw new LogoutTokenError('it was issued in the future')
  if (at < now - LONGEST_DELIVERY_MS) throw new LogoutTokenError('it was issued too long ago')
  const [group] = namesOf(claims, settings)
  if (group === undefined) throw new LogoutTokenError('it names neither a session nor a person')
  return {
    id: hash('sha256', JSON.stringify([settings.issuer, settings.clientID, jti]), 'base64url'),
    group,
    at,
  }
}
