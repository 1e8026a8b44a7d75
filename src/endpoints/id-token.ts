import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { JWTPayload } from 'jose'
import { createHash } from 'node:crypto'
import { DiscoveryError } from '../errors/errors.js'
import { CLOCK_TOLERANCE_MS } from './clock-tolerance.js'
import type { ExpectedIdToken } from '../options/pending-login-store.js'

/** The claims of a validated ID token. */
export type IdTokenClaims = JWTPayload & { readonly sub: string }

/** The claims of an ID token that was verified when it came. @throws {Error} if it cannot be read */
export function claimsIn(idToken: string): JWTPayload {
  return decodeJwt(idToken)
}

/**
 * Checks an ID token whose `iss`, `aud`, `exp` and `nonce` are already validated: its signature, that it
 * belongs to the access token, and how the person was authenticated.
 *
 * @param verify checks the signature; without it, only the token endpoint's TLS certificate proves the origin
 * @throws {DiscoveryError} if the provider's keys cannot be loaded
 * @throws {Error} saying what is wrong
 * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export async function checkIdToken(
  idToken: string,
  claims: JWTPayload,
  { accessToken, clientID }: { readonly accessToken: string; readonly clientID: string },
  verify: ((jwt: string) => Promise<unknown>) | undefined,
  { acrValues }: Pick<ExpectedIdToken, 'acrValues'> = {},
): Promise<void> {
  await verify?.(idToken).catch((error: unknown) => {
    throw error instanceof DiscoveryError
      ? error
      : new Error(`its ID token cannot be trusted: ${(error as Error).message}`)
  })
  const authorized = claims['azp']
  if (authorized !== undefined && authorized !== clientID) {
    throw new Error('its ID token authorizes another client ("azp")')
  }
  if ((claims.iat ?? 0) * 1000 > Date.now() + CLOCK_TOLERANCE_MS) {
    throw new Error(
      `its ID token was issued in the future ("iat"): the provider's clock says ${timeOf(claims.iat)}, and ours ${timeOf(Date.now() / 1000)}`,
    )
  }
  const hash = claims['at_hash']
  if (hash !== undefined && hash !== accessTokenHash(idToken, accessToken)) {
    throw new Error('its ID token has an "at_hash" that is not that of its access token')
  }
  if (acrValues !== undefined && !acrValues.some((value) => value === claims['acr'])) {
    throw new Error('its ID token has an "acr" that was not asked for')
  }
}

/** A time in **seconds** since the epoch, for a message. The provider may send anything. */
function timeOf(seconds = 0): string {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? 'an impossible time' : time.toISOString()
}

/** @see [OpenID Connect Core, section 3.1.3.6 - ID Token](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken) */
function accessTokenHash(idToken: string, accessToken: string): string {
  const { alg = '' } = decodeProtectedHeader(idToken)
  // The names RS256, PS384, … contain the size of their hash; EdDSA and Ed25519 use SHA-512.
  const [, bits = '512'] = /^[A-Z]S(256|384|512)$/.exec(alg) ?? []
  const hash = createHash(`sha${bits}`).update(accessToken).digest()
  return hash.subarray(0, hash.length / 2).toString('base64url')
}

/**
 * Checks that a refreshed ID token is about the same person as the one before.
 *
 * @throws {Error} if it is not
 * @see [OpenID Connect Core, section 12.2 - Successful Refresh Response](https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse)
 */
export function checkSamePerson(before: JWTPayload, after: JWTPayload): void {
  if (before.iss === after.iss && before.sub === after.sub) return
  throw new Error('its ID token is about another person')
}
