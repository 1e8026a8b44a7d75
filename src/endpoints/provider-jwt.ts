import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, JWTVerifyResult } from 'jose'
import { retryAfterMs } from '../client/retry-after.js'
import { rethrowAs } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { DiscoveryError } from '../errors/errors.js'
import { CLOCK_TOLERANCE_MS } from './clock-tolerance.js'
import { SIGNATURE_ALGORITHMS } from '../options/signature-algorithms.js'
import type { SignatureAlgorithm } from '../options/signature-algorithms.js'

/** The provider that signs the JWTs, its keys, and the client that they are for. */
export interface ProviderJwtSettings {
  readonly issuer?: string | undefined
  /** Where the provider publishes its keys. */
  readonly jwksURL?: string | undefined
  readonly clientID: string
  /** What they may be signed with. @default all of {@link SIGNATURE_ALGORITHMS} */
  readonly providerSignatureAlgorithms?: readonly SignatureAlgorithm[] | undefined
}

/**
 * Checks a JWT of the provider: its signature by one of the provider's published keys, `iss`, `aud`, `exp`
 * and `nbf`, and that the `required` claims are there, by default `exp`. Resolves to its claims.
 *
 * @throws {DiscoveryError} if the provider's keys cannot be loaded
 * @throws {Error} if the JWT is not valid; the message says what is wrong, without quoting the JWT
 */
export type VerifyProviderJwt = (
  jwt: string,
  options?: { readonly required?: readonly string[] },
) => Promise<JWTPayload>

/**
 * Verifies with the keys at `jwksURL`; `undefined` without one. The keys are loaded when first needed and kept for
 * 10 minutes. If a JWT names an unknown key, they are loaded
 * again, but not within 30 seconds of the last time.
 *
 * @see [OpenID Connect Core, section 10.1.1 - Rotation of Asymmetric Signing Keys](https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys)
 */
export function createProviderJwtVerifier(
  settings: ProviderJwtSettings,
  transport: Transport,
): VerifyProviderJwt | undefined {
  const { issuer, jwksURL, clientID } = settings
  const { providerSignatureAlgorithms: algorithms = SIGNATURE_ALGORITHMS } = settings
  if (jwksURL === undefined || issuer === undefined) return undefined
  const keys = createRemoteJWKSet(new URL(jwksURL), {
    // The transport limits the time of every request.
    timeoutDuration: 2_147_483_647,
    [customFetch]: (url, { headers }) => loadKeys(url, headers, transport),
  })

  return async (jwt, { required = ['exp'] } = {}) => {
    const options: JWTVerifyOptions = {
      issuer,
      audience: clientID,
      algorithms: [...algorithms],
      clockTolerance: CLOCK_TOLERANCE_MS / 1000,
      requiredClaims: [...required],
    }
    try {
      const { payload } = await verifyByAny(jwt, keys, options)
      return payload
    } catch (error) {
      throw explain(error)
    }
  }
}

/**
 * Without a `kid`, or if several keys have the same one, more than one key can be the right one: each is tried.
 */
async function verifyByAny(
  jwt: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(jwt, keys, options)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return await jwtVerify(jwt, key, options)
      } catch (failure) {
        if (isAboutClaims(failure)) throw failure
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** Whether the signature was valid: claims are checked after it. */
function isAboutClaims(failure: unknown): boolean {
  return failure instanceof errors.JWTClaimValidationFailed || failure instanceof errors.JWTExpired
}

async function loadKeys(url: string, headers: Headers, transport: Transport): Promise<Response> {
  const answer = await transport
    .send({ method: 'GET', url, headers: Object.fromEntries(headers) })
    .catch(rethrowAs(DiscoveryError, "The provider's keys could not be read", 'keys'))
  const { status, text } = answer
  if (status === 200) return new Response(text)
  throw new DiscoveryError(`The provider's keys could not be read: HTTP ${status}.`, {
    phase: 'keys',
    httpStatus: status,
    retryAfterMs: retryAfterMs(answer),
  })
}

/** jose's errors contain the whole payload: only their messages are passed on, except one that quotes the header. */
function explain(error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error
  // The header may come from an attacker, who could write line breaks into a log with it.
  if (error instanceof errors.JOSENotSupported)
    return new Error('it needs an algorithm or extension that is not supported')
  return error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC'
    ? new DiscoveryError("The provider's keys are not a JSON Web Key Set.", {
        phase: 'keys',
        httpStatus: 200,
      })
    : new Error(error.message)
}
