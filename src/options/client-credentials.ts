import type { CryptoKey, JWK } from 'jose'
import { KeyObject } from 'node:crypto'

/**
 * How the client authenticates at the token endpoint, and at the provider's other endpoints.
 *
 * - `client_secret_basic`: the secret in an `Authorization` header
 * - `client_secret_post`: the secret in the request's body
 * - `private_key_jwt`: a JWT signed with the `privateKey`
 * - `client_secret_jwt`: a JWT signed with the secret, which then is never sent
 * - `tls_client_auth`, `self_signed_tls_client_auth`: the certificate of the `dispatcher`
 * - `none`: a public client, which sends its `client_id` only
 *
 * @see [OpenID Connect Core, section 9 - Client Authentication](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)
 * @see [RFC 8705, section 2 - Mutual TLS for OAuth Client Authentication](https://www.rfc-editor.org/rfc/rfc8705.html#section-2)
 */
export type ClientAuthenticationMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'client_secret_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'none'

/**
 * The audience (`aud`) of client assertions: one string, or a function that receives the URL of the request
 * and returns the audience.
 */
export type ClientAssertionAudience = string | ((url: string) => string)

/**
 * The client's secret, or a function that returns it and is called for each request, for a secret that changes.
 */
export type ClientSecret = string | (() => string | Promise<string>)

/**
 * The algorithms that a private key of the client can sign with: client assertions, signed authorization requests and
 * DPoP proofs. `Ed25519` is the newer name of `EdDSA` with such a key (RFC 9864).
 */
export type PrivateKeyAlgorithm = 'PS256' | 'RS256' | 'ES256' | 'EdDSA' | 'Ed25519'

/** The algorithms of `client_secret_jwt`, the preferred one first. */
export const CLIENT_SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const

/** An algorithm that client assertions are signed with by the client's secret: `client_secret_jwt`. */
export type ClientSecretAlgorithm = (typeof CLIENT_SECRET_ALGORITHMS)[number]

/** An algorithm for client assertions: one of the private key's, or one of the secret's. */
export type ClientAssertionAlgorithm = PrivateKeyAlgorithm | ClientSecretAlgorithm

/** Whether an algorithm is one of {@link CLIENT_SECRET_ALGORITHMS}. */
export function isClientSecretAlgorithm(
  algorithm: ClientAssertionAlgorithm | undefined,
): algorithm is ClientSecretAlgorithm {
  return CLIENT_SECRET_ALGORITHMS.some((one) => one === algorithm)
}

/** A private key: PEM text, a JWK, or a key object of Node.js or Web Crypto. */
export type PrivateKey = string | JWK | KeyObject | CryptoKey

/**
 * A private key with its name and algorithm, for a list of several keys.
 *
 * @example Replacing a key: the next one is published before it signs
 * ```ts
 * import type { PrivateKeys } from 'passport-authorization-code'
 *
 * const privateKey: PrivateKeys = [
 *   { key: process.env['PRIVATE_KEY'] ?? '', kid: '2026' },
 *   { key: process.env['NEXT_PRIVATE_KEY'] ?? '', kid: '2027' },
 * ]
 * ```
 */
export interface NamedPrivateKey {
  /** The key itself. */
  readonly key: PrivateKey
  /**
   * The `kid` by which the provider finds the public key. @default the JWK's own, or the key's thumbprint (RFC 7638)
   */
  readonly kid?: string | undefined
  /**
   * The algorithm that the key signs with. @default the option `clientAssertionAlgorithm`, or the one that fits the key
   */
  readonly alg?: PrivateKeyAlgorithm | undefined
}

/**
 * One private key, or a list: the first one signs, and the public halves of all of them are published.
 */
export type PrivateKeys = PrivateKey | readonly (PrivateKey | NamedPrivateKey)[]

/** The methods for a client secret, the preferred one first. */
export const SECRET_METHODS = [
  'client_secret_post',
  'client_secret_basic',
  'client_secret_jwt',
] as const
