import type { PrivateKey } from './client-credentials.js'

/**
 * The algorithms that the content key may be encrypted with. RSA1_5 and RSA-OAEP with SHA-1 are left out because they
 * are weaker, and those with shared secrets because only the client shall be able to decrypt.
 *
 * @see [RFC 7518, section 4.1 - "alg" (Algorithm) Header Parameter Values for JWE](https://www.rfc-editor.org/rfc/rfc7518.html#section-4.1)
 */
export const DECRYPTION_ALGORITHMS = ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW'] as const

/** An algorithm that the provider may encrypt with: RSA, or EC with P-256, P-384 or P-521. */
export type DecryptionAlgorithm = (typeof DECRYPTION_ALGORITHMS)[number]

/**
 * The algorithms that the content may be encrypted with.
 *
 * @see [RFC 7518, section 5.1 - "enc" (Encryption Algorithm) Header Parameter Values for JWE](https://www.rfc-editor.org/rfc/rfc7518.html#section-5.1)
 */
export const CONTENT_ENCRYPTION_ALGORITHMS = ['A128CBC-HS256', 'A256GCM'] as const

/** A private key for decryption with its name and algorithm. */
export interface NamedDecryptionKey {
  /** The key itself: RSA of 2048 bits or more, or EC. */
  readonly key: PrivateKey
  /**
   * The `kid` by which the provider names the key that it has encrypted for. @default the JWK's own, or the key's
   * thumbprint (RFC 7638)
   */
  readonly kid?: string | undefined
  /** The algorithm that the key is used with. @default the JWK's own, or RSA-OAEP-256 or ECDH-ES, whichever fits the key */
  readonly alg?: DecryptionAlgorithm | undefined
}

/**
 * One private key for decryption, or a list: the public halves of all of them are published.
 *
 * @example Replacing a key: the provider may encrypt for either
 * ```ts
 * import type { DecryptionKeys } from 'passport-authorization-code'
 *
 * const decryptionKeys: DecryptionKeys = [
 *   { key: process.env['NEXT_DECRYPTION_KEY'] ?? '', kid: '2027-enc' },
 *   { key: process.env['DECRYPTION_KEY'] ?? '', kid: '2026-enc' },
 * ]
 * ```
 */
export type DecryptionKeys =
  PrivateKey | NamedDecryptionKey | readonly (PrivateKey | NamedDecryptionKey)[]

/**
 * What a provider can encrypt, by the name that its algorithm is registered with: `id_token_encrypted_response_alg`,
 * `userinfo_encrypted_response_alg`, `authorization_encrypted_response_alg`. Logout tokens are encrypted as ID tokens
 * are.
 */
export const ENCRYPTED_RESPONSES = ['id_token', 'userinfo', 'authorization'] as const

/** What a provider can encrypt; see the option `encryptedResponses`. */
export type EncryptedResponse = (typeof ENCRYPTED_RESPONSES)[number]
