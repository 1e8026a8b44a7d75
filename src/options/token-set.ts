/**
 * The tokens of one login, from the provider's token response.
 *
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export interface TokenSet {
  /** The access token, for the `Authorization` header. */
  readonly accessToken: string
  /** How the access token is sent: `bearer`, or `dpop` with a `dpopKey`. */
  readonly tokenType: string
  /** When the access token expires, in **milliseconds since the epoch**. Left out if the provider did not say. */
  readonly expiresAt?: number
  /** The refresh token. Left out if the provider issued none. */
  readonly refreshToken?: string
  /**
   * When the refresh token expires, in **milliseconds since the epoch**. Left out if neither the provider nor
   * the options say.
   */
  readonly refreshTokenExpiresAt?: number
  /**
   * The granted scope, as the provider sent it: usually separated by spaces. Left out if the provider sent none:
   * then it is the requested one.
   */
  readonly scope?: string
  /** The ID token. Present only if it was validated, which needs the option `issuer`. */
  readonly idToken?: string
  /**
   * The authorization details that were granted. Left out if the provider sent none.
   *
   * @see [RFC 9396, section 7 - Token Response](https://www.rfc-editor.org/rfc/rfc9396.html#section-7)
   */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}

/**
 * One permission that is asked for or granted, in the format of the provider's API.
 *
 * @example
 * ```ts
 * import type { AuthorizationDetail } from 'passport-authorization-code'
 *
 * const payment: AuthorizationDetail = {
 *   type: 'payment_initiation',
 *   instructedAmount: { currency: 'EUR', amount: '123.50' },
 * }
 * ```
 *
 * @see [RFC 9396, section 2 - Request Parameter "authorization_details"](https://www.rfc-editor.org/rfc/rfc9396.html#section-2)
 */
export interface AuthorizationDetail {
  /** The kind of permission, as the provider documents it. It determines the other members. */
  readonly type: string
  readonly [member: string]: unknown
}
