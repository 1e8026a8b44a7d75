/**
 * Signatures that anyone can check and nobody but the key's holder can make. Neither `none` nor HMAC, for
 * which a public key would do as the secret, is among them.
 *
 * @see [RFC 8725, section 3.1 - Perform Algorithm Verification](https://www.rfc-editor.org/rfc/rfc8725.html#section-3.1)
 */
export const SIGNATURE_ALGORITHMS = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const

/** An algorithm that a provider may sign with: asymmetric ones only. */
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number]
