import type { JWTPayload } from 'jose'

/**
 * Who has sent a JWT: the `provider`, in its answer to a request of ours, or `anyone`, in a request that names the provider
 * as its signer, such as a callback or a logout token.
 */
export type JwtSender = 'provider' | 'anyone'

/** What is expected of a JWT beside `iss`, `aud`, and that none of its times speaks against it. */
export interface ExpectedJwt {
  readonly sender: JwtSender
  /** Further claims that must be there. */
  readonly required: readonly string[]
  /** How far the clocks may differ, in **milliseconds**. @default the option `clockToleranceSeconds` */
  readonly clockToleranceMs?: number
  /** Checks what the claims say, before the signature is checked. Throws an `Error` that says what is wrong. */
  readonly check?: (claims: JWTPayload, algorithm: string) => void
}

/** The provider has not published a key that a JWT could be signed with, also not since it came. */
export class UnpublishedKeyError extends Error {}

/**
 * Verifies a signed JWT of the provider, and resolves to its claims: its algorithm, `iss`, `aud`, `exp`, `nbf` and `iat`, what else
 * is expected, and last its signature. So if the keys cannot be loaded, everything else about it is right.
 *
 * Without `jwksURL`, there are no keys. A JWT that the provider itself has sent is then accepted: the TLS certificate proves where it
 * comes from.
 *
 * @throws {DiscoveryError} if the provider's keys cannot be loaded
 * @throws {UnpublishedKeyError} if none of the provider's keys can be the one that has signed it
 * @throws {Error} if the JWT is not valid; the message says what is wrong, the JWT's algorithm and those that are accepted,
 *   without quoting the JWT
 * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export interface VerifyProviderJwt {
  (jwt: string, expected: ExpectedJwt): Promise<JWTPayload>
  /** Loads what that takes: before a request whose answer has a JWT, because the request cannot be repeated. */
  readonly prepare?: () => Promise<unknown>
}
