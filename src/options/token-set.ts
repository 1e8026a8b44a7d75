import type { AuthorizationDetail } from './authorization-details.js'

/**
 * The tokens of one login, as `strategy.tokens(req)` and `verify` receive them. All names are the library's own;
 * the response of the provider is not part of it.
 *
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export interface TokenSet {
  /** The access token. To call an API, use `strategy.fetch` or `strategy.accessToken`, which renew it. */
  readonly accessToken: string
  /** The authentication scheme for the access token: `bearer`, or `dpop` with the option `dpopKey`. */
  readonly tokenType: string
  /** When the access token expires, in **milliseconds since the epoch**; left out if the provider does not say. */
  readonly expiresAt?: number
  /** The refresh token, if the provider gave one. */
  readonly refreshToken?: string
  /** When the refresh token expires, in **milliseconds since the epoch**; left out if neither the provider nor the options say. */
  readonly refreshTokenExpiresAt?: number
  /** The granted scope, separated by spaces; left out if the provider did not send it, because it is what was asked for. */
  readonly scope?: string
  /** The ID token. It is set only if it was validated, which needs the option `issuer`. */
  readonly idToken?: string
  /** The `authorizationDetails` that were granted, if the provider sends them (RFC 9396, section 7). */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}
