import type { CryptoKey, JWK } from 'jose'
import { KeyObject } from 'node:crypto'

/**
 * How the client proves who it is at the token endpoint.
 *
 * @see [OpenID Connect Core, section 9 - Client Authentication](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)
 */
export type ClientAuthenticationMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'tls_client_auth'
  | 'self_signed_tls_client_auth'
  | 'none'

/** The audience of a client assertion: fixed, or chosen by the URL that is called. */
export type ClientAssertionAudience = string | ((url: string) => string)

/** The client's secret, or a function that is asked for it at each request. */
export type ClientSecret = string | (() => string | Promise<string>)

/** Signature algorithms of the client. */
export type ClientAssertionAlgorithm = 'PS256' | 'RS256' | 'ES256' | 'EdDSA'

/** A private key: PEM text, a JWK, or a key object of Node.js or Web Crypto. */
export type PrivateKey = string | JWK | KeyObject | CryptoKey

/** A private key among several. */
export interface NamedPrivateKey {
  readonly key: PrivateKey
  /** Its name at the provider. @default the JWK's own, else the key's thumbprint (RFC 7638) */
  readonly kid?: string | undefined
  /** What it signs with. @default the option `clientAssertionAlgorithm`, else what fits the key */
  readonly alg?: ClientAssertionAlgorithm | undefined
}

/** One private key, or several: the first one signs, and all are published. */
export type PrivateKeys = PrivateKey | readonly (PrivateKey | NamedPrivateKey)[]
