import type { JWTPayload } from 'jose'
import { createHash } from 'node:crypto'
import { isObject } from '../client/is-object.js'
import {
  AuthenticationRequirementsError,
  AuthorizationCodeError,
  DiscoveryError,
} from '../errors/errors.js'
import { parsedJson } from '../lib/parsed-json.js'
import { providerText } from '../lib/provider-text.js'
import type { ExpectedIdToken } from '../options/pending-login-store.js'
import { LONGEST_CLOCK_TOLERANCE_SECONDS } from '../options/clock-tolerance.js'
import { audiencesOf } from './jwt-claims.js'
import { UnpublishedKeyError } from './expected-jwt.js'
import type { VerifyProviderJwt } from './expected-jwt.js'

/** The claims of a validated ID token. */
export type IdTokenClaims = JWTPayload & { readonly sub: string }

/** The options that ID tokens are checked with. */
export interface IdTokenSettings {
  readonly clientID: string
  readonly clockToleranceSeconds: number
  readonly trustedAudiences?: readonly string[] | undefined
}

/** What checks ID tokens. */
export interface IdTokenParts {
  readonly settings: IdTokenSettings
  readonly verify: VerifyProviderJwt
}

/** An ID token, with the access token that has come in the same response. */
export interface ReceivedIdToken {
  readonly idToken: string
  readonly accessToken: string
}

/**
 * The claims of an ID token that was verified when it came; `undefined` if it cannot be read, because the store has damaged it.
 * Not with jose, which is loaded late, and only for what has to be verified.
 */
export function claimsIn(idToken: string): JWTPayload | undefined {
  const [, payload = ''] = idToken.split('.')
  const claims = parsedJson(Buffer.from(payload, 'base64url').toString())
  return isObject(claims) ? claims : undefined
}

/**
 * Validates the ID token of a login, and resolves to its claims.
 *
 * @param expected what the login has asked for; `undefined` if it has asked for no ID token
 * @throws {DiscoveryError} if the provider's keys cannot be loaded
 * @throws {AuthenticationRequirementsError} if the person was not authenticated as the login has asked for
 * @throws {Error} saying what else is wrong
 * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export async function checkIdToken(
  received: ReceivedIdToken,
  expected: ExpectedIdToken | undefined,
  { settings, verify }: IdTokenParts,
): Promise<IdTokenClaims> {
  const claims = await verified(received, { settings, verify }, ({ nonce }) => {
    if (nonce !== expected?.nonce) throw new Error('its "nonce" is not the one that was sent')
  }).catch((error: unknown) => {
    throw untrusted(error)
  })
  if (expected !== undefined) checkAuthentication(claims, expected, settings)
  return claims
}

/**
 * Validates an ID token that has come with a refresh: it must be about the same person, for the same client and of the same login as
 * the one before. Resolves to `undefined` if that cannot be known, because the one before cannot be read, or the key that it is to be
 * verified with cannot be had: then nobody loses their tokens for it, and the ID token is not used.
 *
 * @param before the ID token before it; `undefined` if there was none
 * @throws {Error} saying what is wrong
 * @see [OpenID Connect Core, section 12.2 - Successful Refresh Response](https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse)
 */
export async function checkRefreshedIdToken(
  received: ReceivedIdToken,
  before: string | undefined,
  parts: IdTokenParts,
): Promise<IdTokenClaims | undefined> {
  const original = before === undefined ? undefined : claimsIn(before)
  if (before !== undefined && original === undefined) return undefined
  try {
    const check = (claims: JWTPayload): void => {
      if (original !== undefined) checkSameLogin(original, claims)
    }
    // A provider's machine whose clock is wrong must not cost the tokens that it has just replaced.
    return await verified(received, parts, check, LONGEST_CLOCK_TOLERANCE_SECONDS)
  } catch (error) {
    if (error instanceof DiscoveryError || error instanceof UnpublishedKeyError) return undefined
    throw untrusted(error)
  }
}

/** Verifies an ID token. `check` checks what depends on how it has come. */
async function verified(
  { idToken, accessToken }: ReceivedIdToken,
  { settings, verify }: IdTokenParts,
  check: (claims: JWTPayload) => void,
  clockToleranceSeconds = settings.clockToleranceSeconds,
): Promise<IdTokenClaims> {
  const claims = await verify(idToken, {
    sender: 'provider',
    required: ['sub', 'exp', 'iat'],
    clockToleranceMs: clockToleranceSeconds * 1000,
    check(said, algorithm) {
      if (typeof said.sub !== 'string') throw new Error('its "sub" is not a string')
      checkAuthorizedParty(said, settings)
      const hash = said['at_hash']
      if (hash !== undefined && hash !== accessTokenHash(algorithm, accessToken)) {
        throw new Error('its "at_hash" is not that of its access token')
      }
      check(said)
    },
  })
  return claims as IdTokenClaims
}

function untrusted(error: unknown): Error {
  return error instanceof AuthorizationCodeError
    ? error
    : new Error(`its ID token cannot be trusted: ${(error as Error).message}`)
}

/** An ID token for further audiences must name this client as its authorized party, or the operator must trust them. */
function checkAuthorizedParty(
  claims: JWTPayload,
  { clientID, trustedAudiences = [] }: IdTokenSettings,
): void {
  const authorized = claims['azp']
  if (authorized !== undefined && authorized !== clientID) {
    throw new Error('it authorizes another client ("azp")')
  }
  const isTrusted = (one: unknown): boolean =>
    one === clientID || trustedAudiences.some((trusted) => trusted === one)
  if (authorized === undefined && !audiencesOf(claims).every(isTrusted)) {
    throw new Error(
      'it is for further audiences that are not in trustedAudiences, and has no "azp"',
    )
  }
}

/** A refreshed ID token need not have the nonce again. */
function checkSameLogin(before: JWTPayload, after: JWTPayload): void {
  if (before.iss !== after.iss || before.sub !== after.sub) {
    throw new Error('it is about another person')
  }
  const audiences = audiencesOf(after)
  if (!audiencesOf(before).every((one) => audiences.includes(one))) {
    throw new Error('its "aud" is not that of the ID token before')
  }
  const [expected, nonce] = [before['nonce'], after['nonce']]
  if (nonce !== undefined && expected !== undefined && nonce !== expected) {
    throw new Error('its "nonce" is not that of the ID token before')
  }
}

/**
 * Whether the person was authenticated as the login has asked for.
 *
 * @throws {AuthenticationRequirementsError} if not
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
 */
function checkAuthentication(
  claims: JWTPayload,
  { acrValues, maxAgeSeconds }: ExpectedIdToken,
  { clockToleranceSeconds }: IdTokenSettings,
): void {
  const { acr, auth_time: time } = claims
  const authenticatedAt = typeof time === 'number' ? time * 1000 : undefined
  const isRecent =
    maxAgeSeconds === undefined ||
    (authenticatedAt ?? -Infinity) + (maxAgeSeconds + clockToleranceSeconds) * 1000 >= Date.now()
  if (isRecent && (acrValues?.some((one) => one === acr) ?? true)) return
  throw new AuthenticationRequirementsError(
    { acrValues, maxAgeSeconds },
    { acr: providerText(acr), authenticatedAt },
  )
}

/** @see [OpenID Connect Core, section 3.1.3.6 - ID Token](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken) */
function accessTokenHash(algorithm: string, accessToken: string): string {
  // The names RS256, HS384, … contain the size of their hash; EdDSA and Ed25519 use SHA-512.
  const [, bits = '512'] = /^[A-Z]S(256|384|512)$/.exec(algorithm) ?? []
  const hash = createHash(`sha${bits}`).update(accessToken).digest()
  return hash.subarray(0, hash.length / 2).toString('base64url')
}
