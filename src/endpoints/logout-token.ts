import { hash } from 'node:crypto'
import { isObject } from '../client/answer.js'
import type { VerifyProviderJwt } from './expected-jwt.js'
import { AuthorizationCodeError, LogoutTokenError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { LOGOUT_CLOCK_TOLERANCE_MS } from '../options/clock-tolerance.js'

/** The event that makes a JWT a logout token. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** How old a logout token may be, in **milliseconds**. Each is remembered for that long. */
export const LONGEST_DELIVERY_MS = 600_000

/** Who sends logout tokens, and to whom. */
export interface LogoutTokenSettings {
  readonly issuer?: string | undefined
  readonly clientID: string
  /** See the option of this name. */
  readonly tenant?: string | undefined
}

/** What a valid logout token says. */
export interface Logout {
  /** Identifies the logout. */
  readonly id: string
  /** What has ended: the session at the provider (`sid`) or, if it names none, the person's logins (`sub`). */
  readonly ended: { readonly sid: string } | { readonly sub: string }
  /** In **milliseconds** since the epoch. */
  readonly at: number
}

/** @see [OpenID Connect Back-Channel Logout, section 2.5 - Back-Channel Logout Request](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest) */
export function logoutTokenOf({ body }: LoginRequest): string {
  const { logout_token: token } = Object(body) as Record<string, unknown>
  if (typeof token === 'string' && token !== '') return token
  throw new LogoutTokenError('the request has none, or more than one')
}

/**
 * Validates a logout token. It may have no `exp`, as those of Ory Hydra: then `iat` says how long it is accepted. Its algorithm is one that
 * ID tokens may have.
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
  const claims = await verify(token, {
    sender: 'anyone',
    required: ['iat', 'jti', 'events'],
    clockToleranceMs: LOGOUT_CLOCK_TOLERANCE_MS,
  }).catch((error: unknown) => {
    throw error instanceof AuthorizationCodeError
      ? error
      : new LogoutTokenError((error as Error).message)
  })
  const { iat = 0, jti, events, nonce } = claims
  if (typeof jti !== 'string') throw new LogoutTokenError('its "jti" is not a string')
  if (!isObject(events) || !isObject(events[LOGOUT_EVENT])) {
    throw new LogoutTokenError('its "events" do not say that somebody has logged out')
  }
  // Only an ID token has a nonce, and an ID token must not be accepted as a logout token.
  if (nonce !== undefined) throw new LogoutTokenError('it has a nonce')
  const at = iat * 1000
  const { issuer, clientID, tenant } = settings
  const known = [issuer, clientID, jti, ...(tenant === undefined ? [] : [tenant])]
  if (at < now - LONGEST_DELIVERY_MS) throw new LogoutTokenError('it was issued too long ago')
  return {
    id: hash('sha256', JSON.stringify(known), 'base64url'),
    ended: endedBy(claims),
    at,
  }
}

function endedBy({ sid, sub }: Readonly<Record<string, unknown>>): Logout['ended'] {
  if (typeof sid === 'string') return { sid }
  if (typeof sub === 'string') return { sub }
  throw new LogoutTokenError('it names neither a session nor a person')
}
