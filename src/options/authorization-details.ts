import { ConfigurationError } from '../errors/errors.js'

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

/**
 * Checks the option `authorizationDetails` and returns a deep copy of it.
 *
 * @throws {ConfigurationError} if it is not a list of objects that each have a `type`
 */
export function checkAuthorizationDetails(
  value: readonly AuthorizationDetail[],
): readonly AuthorizationDetail[] {
  const isValid =
    Array.isArray(value) &&
    value.every((one: Partial<AuthorizationDetail> | null) => typeof one?.type === 'string')
  if (isValid) return structuredClone<readonly AuthorizationDetail[]>(value)
  throw new ConfigurationError(
    'authorizationDetails must be a list of objects with a type.',
    'authorizationDetails',
  )
}
