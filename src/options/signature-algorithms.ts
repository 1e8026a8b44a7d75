/**
 * The signature algorithms that a provider may use: asymmetric ones. `none` is no signature. HMAC is left
 * out because the provider's published key could be used as the secret, and everybody knows that key.
 *
 * @see [RFC 8725, section 3.1 - Perform Algorithm Verification](https://www.rfc-editor.org/rfc/rfc8725.html#section-3.1)
 */
export const SIGNATURE_ALGORITHMS = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const

/**
 * An algorithm that the provider may sign with; see the option `providerSignatureAlgorithms`. Only asymmetric ones are accepted.
 */
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number]
