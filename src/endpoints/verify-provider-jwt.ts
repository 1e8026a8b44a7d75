import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { CompactJWSHeaderParameters, JWTPayload } from 'jose'
import { AuthorizationCodeError } from '../errors/errors.js'
import { systemClock } from '../lib/clock.js'
import { callFunction } from '../options/call-function.js'
import {
  PUBLIC_KEY_ALGORITHMS,
  SIGNATURE_ALGORITHMS,
  checkHmacSecret,
  isHmac,
} from '../options/signature-algorithms.js'
import { UnpublishedKeyError } from './expected-jwt.js'
import type { ExpectedJwt, JwtSender } from './expected-jwt.js'
import { checkClaims } from './jwt-claims.js'
import type { ProviderJwtSettings } from './provider-jwt-settings.js'
import type { ProviderKeys, PublishedKeys } from './provider-keys.js'

/** As {@link ProviderJwtSettings}, of a provider that is known. */
export interface IssuerSettings extends ProviderJwtSettings {
  readonly issuer: string
}

/** Verifies a JWT as `VerifyProviderJwt` says. This file, and jose with it, is loaded with the first of them. */
export async function verifyProviderJwt(
  jwt: string,
  expected: ExpectedJwt,
  settings: IssuerSettings,
  keys: ProviderKeys | undefined,
): Promise<JWTPayload> {
  const { issuer, clientID, clockToleranceSeconds } = settings
  const { providerSignatureAlgorithms: algorithms = PUBLIC_KEY_ALGORITHMS } = settings
  const { sender, required, clockToleranceMs = clockToleranceSeconds * 1000 } = expected
  const { header, claims } = decoded(jwt)
  try {
    if (!algorithms.some((one) => one === header.alg)) {
      throw new Error('its algorithm ("alg") is not accepted')
    }
    if (header.crit !== undefined) throw new Error('it needs an extension that is not supported')
    checkClaims(claims, { issuer, clientID, required, clockToleranceMs }, Date.now())
    expected.check?.(claims, header.alg)
    if (isHmac(header.alg)) {
      await verifyBySecret(jwt, header, sender, settings, keys)
    } else if (keys !== undefined) {
      await verifyByPublishedKey(jwt, header, sender, keys)
    } else if (sender === 'anyone') {
      throw new Error('it cannot be verified without the option jwksURL')
    }
    return claims
  } catch (error) {
    if (error instanceof AuthorizationCodeError) throw error
    const reason = `${reasonOf(error)} (${describeAlgorithms(header.alg, algorithms)})`
    throw error instanceof errors.JWKSNoMatchingKey
      ? new UnpublishedKeyError(reason)
      : new Error(reason)
  }
}

interface DecodedJwt {
  readonly header: CompactJWSHeaderParameters
  readonly claims: JWTPayload
}

/** @throws {Error} if it is not a JWT */
function decoded(jwt: string): DecodedJwt {
  try {
    const { alg = 'none', ...others } = decodeProtectedHeader(jwt)
    return { header: { ...others, alg }, claims: decodeJwt(jwt) }
  } catch {
    throw new Error('it is not a signed JWT')
  }
}

/**
 * Verifies an HMAC with the client secret. A JWT that names a published key must be signed by that key, whatever its
 * algorithm is.
 *
 * @throws {DiscoveryError} if it names a key, and the published ones cannot be loaded
 * @throws {ConfigurationError} if the secret is too short
 * @see [RFC 8725, section 2.1 - Weak Signatures and Insufficient Signature Validation](https://www.rfc-editor.org/rfc/rfc8725.html#section-2.1)
 */
async function verifyBySecret(
  jwt: string,
  { alg, kid }: CompactJWSHeaderParameters,
  sender: JwtSender,
  { clientSecret }: ProviderJwtSettings,
  keys: ProviderKeys | undefined,
): Promise<void> {
  if (kid !== undefined && (await keys?.current(sender))?.has(kid)) {
    throw new Error('it names a published key ("kid"), and is not signed by that key')
  }
  const secret =
    typeof clientSecret === 'function'
      ? await callFunction('clientSecret', clientSecret)
      : clientSecret
  checkHmacSecret(secret, alg)
  await compactVerify(jwt, new TextEncoder().encode(secret), { algorithms: [alg] })
}

/**
 * Verifies a signature with the published keys. If none of them fits, the provider may have changed its keys: they are loaded
 * again, as often as the `sender` may cause it, and the signature is verified once more.
 */
async function verifyByPublishedKey(
  jwt: string,
  header: CompactJWSHeaderParameters,
  sender: JwtSender,
  keys: ProviderKeys,
): Promise<void> {
  const since = systemClock.monotonic()
  const current = await keys.current(sender)
  try {
    await verifyByAny(jwt, header, current)
  } catch (error) {
    if (error instanceof errors.JWSInvalid || error instanceof errors.JOSENotSupported) throw error
    const newer = await keys.newer({ header, sender, since })
    if (newer === undefined || newer.named === current.named) throw error
    await verifyByAny(jwt, header, newer)
  }
}

/**
 * How many keys are tried for one JWT. Anyone may post a JWT, and each key costs time: a provider with hundreds of keys
 * would slow down the logins at all others.
 */
const MAXIMUM_TRIED = 10

/** Without a `kid`, or if several keys have the same one, more than one key can be the right one: each is tried. */
async function verifyByAny(
  jwt: string,
  { alg, kid }: CompactJWSHeaderParameters,
  keys: PublishedKeys,
): Promise<void> {
  const failures: Error[] = []
  for (const key of keys.named(kid)) {
    try {
      await compactVerify(jwt, key, { algorithms: [alg] })
      return
    } catch (error) {
      if (error instanceof errors.JWSInvalid) throw error
      // One that is too weak does not end the search.
      if (!(error instanceof errors.JWKSNoMatchingKey)) failures.push(error as Error)
    }
    if (failures.length === MAXIMUM_TRIED) break
  }
  if (failures.length > 1) throw new errors.JWSSignatureVerificationFailed()
  throw failures[0] ?? new errors.JWKSNoMatchingKey()
}

/** jose's message, except one that quotes the header, which may come from an attacker. */
function reasonOf(error: unknown): string {
  return error instanceof errors.JOSENotSupported
    ? 'it needs an algorithm or extension that is not supported'
    : (error as Error).message
}

/** An attacker can write anything into a header, such as line breaks for a log. */
function describeAlgorithms(alg: string, accepted: readonly string[]): string {
  const known = ['none', ...SIGNATURE_ALGORITHMS].find((one) => one === alg)
  return `it is signed with ${known ?? 'an unknown algorithm'}; accepted: ${accepted.join(', ')}`
}
