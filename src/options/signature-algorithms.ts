import { ConfigurationError } from '../errors/setup-errors.js'

/** The algorithms whose signatures are verified with the provider's published keys. */
export const PUBLIC_KEY_ALGORITHMS = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const

/** HMAC with the client secret. Everybody who knows the secret can sign with it, so it is accepted only if an option names it. */
const HMAC_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const

/**
 * The signature algorithms that a provider may use. `none` is not one of them: it is no signature.
 *
 * @see [RFC 8725, section 3.1 - Perform Algorithm Verification](https://www.rfc-editor.org/rfc/rfc8725.html#section-3.1)
 */
export const SIGNATURE_ALGORITHMS = [...PUBLIC_KEY_ALGORITHMS, ...HMAC_ALGORITHMS] as const

/**
 * An algorithm that the provider may sign with; see the option `providerSignatureAlgorithms`. `HS256`, `HS384` and
 * `HS512` sign with the client secret, all others with a key that the provider publishes.
 */
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number]

/** Whether it signs with the client secret. */
export function isHmac(algorithm: string): boolean {
  return HMAC_ALGORITHMS.some((one) => one === algorithm)
}

/**
 * Refuses a client secret that is too short for an HMAC: it must be as long as the hash, 32 bytes for `HS256`, 48 for
 * `HS384` and 64 for `HS512`.
 *
 * @throws {ConfigurationError} if it is missing or too short
 * @see [RFC 7518, section 3.2 - HMAC with SHA-2 Functions](https://www.rfc-editor.org/rfc/rfc7518.html#section-3.2)
 */
export function checkHmacSecret(
  secret: string | undefined,
  algorithm: string,
): asserts secret is string {
  const neededBytes = Number(algorithm.slice(2)) / 8
  if (secret !== undefined && Buffer.byteLength(secret) >= neededBytes) return
  throw new ConfigurationError(
    `${algorithm} in providerSignatureAlgorithms needs a clientSecret of at least ${neededBytes} bytes: whoever guesses it can sign ID tokens.`,
    'clientSecret',
  )
}
