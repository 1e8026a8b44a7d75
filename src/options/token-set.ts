import type { AuthorizationDetail } from './authorization-details.js'

/**
 * The tokens of one login, as the application sees them.
 *
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export interface TokenSet {
  /** The access token, as it goes into the `Authorization` header. */
  readonly accessToken: string
  /** `bearer`, or `dpop` with a `dpopKey`. */
  readonly tokenType: string
  /** When the access token ends, in **milliseconds since the epoch**; left out when the provider did not say. */
  readonly expiresAt?: number
  /** The refresh token, if the provider gave one. */
  readonly refreshToken?: string
  /** When the refresh token ends, in **milliseconds since the epoch**; left out when neither provider nor options say. */
  readonly refreshTokenExpiresAt?: number
  /** The granted scope, space separated; left out when the provider did not name it (it then equals the requested one). */
  readonly scope?: string
  /** The ID token, present only when it was validated against the configured `issuer`. */
  readonly idToken?: string
  /** What was granted of the `authorizationDetails` asked for, if the provider says so (RFC 9396, section 7). */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}
