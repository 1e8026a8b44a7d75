import type { JWTPayload } from 'jose'
import { providerText } from '../lib/provider-text.js'

/** What the claims of a JWT are compared with. */
export interface ExpectedClaims {
  readonly issuer: string
  readonly clientID: string
  /** Claims that must be there; `iss` and `aud` must be there always. */
  readonly required: readonly string[]
  /** How far the provider's clock may be from ours, in **milliseconds**. */
  readonly clockToleranceMs: number
}

/**
 * Checks who has issued a JWT, for whom, and when it is valid. Its signature is checked elsewhere.
 *
 * @param now in **milliseconds since the epoch**
 * @throws {Error} saying what is wrong, about the issuer and times with the provider's and ours
 * @see [RFC 7519, section 4.1 - Registered Claim Names](https://www.rfc-editor.org/rfc/rfc7519.html#section-4.1)
 */
export function checkClaims(claims: JWTPayload, expected: ExpectedClaims, now: number): void {
  const missing = ['iss', ...expected.required].find((name) => claims[name] === undefined)
  if (missing !== undefined) throw new Error(`it has no "${missing}"`)
  if (claims.iss !== expected.issuer) throw otherIssuer(claims.iss, expected.issuer)
  if (!audiencesOf(claims).includes(expected.clientID)) {
    throw new Error('its "aud" does not contain the clientID')
  }
  checkTimes(claims, expected.clockToleranceMs, now)
}

function otherIssuer(given: unknown, expected: string): Error {
  const shown = providerText(given) ?? 'no text'
  return new Error(`its "iss" is not the issuer: it is ${shown}, expected is ${expected}`)
}

/** Whom a JWT is for. */
export function audiencesOf({ aud }: JWTPayload): readonly unknown[] {
  return [aud].flat()
}

function checkTimes(claims: JWTPayload, toleranceMs: number, now: number): void {
  const timeAt = (name: 'exp' | 'nbf' | 'iat'): number | undefined => {
    const seconds: unknown = claims[name]
    if (seconds === undefined) return undefined
    if (typeof seconds === 'number' && Number.isFinite(seconds)) return seconds * 1000
    throw new Error(`its "${name}" is not a number`)
  }
  const [expiresAt, validFrom, issuedAt] = [timeAt('exp'), timeAt('nbf'), timeAt('iat')]
  if (expiresAt !== undefined && now - toleranceMs >= expiresAt) {
    throw new Error(`it has expired ("exp"): ${bothClocks(expiresAt, now, toleranceMs)}`)
  }
  if (validFrom !== undefined && validFrom > now + toleranceMs) {
    throw new Error(`it is not valid yet ("nbf"): ${bothClocks(validFrom, now, toleranceMs)}`)
  }
  if (issuedAt !== undefined && issuedAt > now + toleranceMs) {
    throw new Error(
      `it was issued in the future ("iat"): ${bothClocks(issuedAt, now, toleranceMs)}`,
    )
  }
}

/** A time that the provider has signed and the time here, both in **milliseconds since the epoch**. */
function bothClocks(signed: number, now: number, toleranceMs: number): string {
  return `${timeOf(signed)} by the provider's clock, and ours says ${timeOf(now)}; ${toleranceMs / 1000} s of difference are tolerated`
}

/** The provider may send any number. */
function timeOf(at: number): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? 'an impossible time' : time.toISOString()
}
