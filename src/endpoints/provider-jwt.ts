import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions, JWTVerifyResult } from 'jose'
import { rethrowAs } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { DiscoveryError } from '../errors/errors.js'
import { SIGNATURE_ALGORITHMS } from '../options/signature-algorithms.js'
import type { SignatureAlgorithm } from '../options/signature-algorithms.js'

/** Who signs the JWTs, with which keys, and for whom. */
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
 * and `nbf`, and that the `required` claims are there. The answer is its claims.
 *
 * @throws {DiscoveryError} when the provider's keys cannot be had
 * @throws {Error} when the JWT is not valid; the message names what is wrong and quotes nothing
 */
export type VerifyProviderJwt = (
  jwt: string,
  options?: { readonly required?: readonly string[] },
) => Promise<JWTPayload>

/** How far the provider's clock may be from ours, in **seconds**. */
const CLOCK_TOLERANCE_SECONDS = 30

/**
 * Checks by the keys under `jwksURL`: read when first needed, kept for 10 minutes, read again for a key
 * that is not among them, though not within 30 seconds of the last time. `undefined` without a `jwksURL`.
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
    // The transport has a time limit of its own, which applies to all requests.
    timeoutDuration: 2_147_483_647,
    [customFetch]: (url, { headers }) => loadKeys(url, headers, transport),
  })

  return async (jwt, { required = [] } = {}) => {
    const options: JWTVerifyOptions = {
      issuer,
      audience: clientID,
      algorithms: [...algorithms],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', ...required],
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
 * Without a `kid`, or with one that several keys have, more than one may come into question. What the first
 * cannot verify, because it is another or too weak, the next one may.
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

/** Then the signature was right: claims are looked at last. */
function isAboutClaims(failure: unknown): boolean {
  return failure instanceof errors.JWTClaimValidationFailed || failure instanceof errors.JWTExpired
}

async function loadKeys(url: string, headers: Headers, transport: Transport): Promise<Response> {
  const { status, text } = await transport
    .send({ method: 'GET', url, headers: Object.fromEntries(headers) })
    .catch(rethrowAs(DiscoveryError, "The provider's keys could not be read", 'keys'))
  if (status === 200) return new Response(text)
  throw new DiscoveryError(`The provider's keys could not be read: HTTP ${status}.`, {
    phase: 'keys',
    httpStatus: status,
  })
}

/** jose's errors hold the whole payload; only what they say goes on, but for one that quotes the header. */
function explain(error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error
  // Anybody may have written it, with line ends and whatever else would make a log say what was not so.
  if (error instanceof errors.JOSENotSupported)
    return new Error('it needs an algorithm or extension that is not supported')
  return error instanceof errors.JWKSInvalid || error.code === 'ERR_JOSE_GENERIC'
    ? new DiscoveryError("The provider's keys are not a JSON Web Key Set.", {
        phase: 'keys',
        httpStatus: 200,
      })
    : new Error(error.message)
}
