import { ConfigurationError } from '../errors/errors.js'

/**
 * One thing that is asked for or granted, in the words of the provider's API.
 *
 * @see [RFC 9396, section 2 - Request Parameter "authorization_details"](https://www.rfc-editor.org/rfc/rfc9396.html#section-2)
 */
export interface AuthorizationDetail {
  /** Says what the other members mean. */
  readonly type: string
  readonly [member: string]: unknown
}

/** @throws {ConfigurationError} when this is not a list of objects that each have a `type` */
export function checkAuthorizationDetails(
  value: readonly AuthorizationDetail[],
): readonly AuthorizationDetail[] {
  const isFine =
    Array.isArray(value) &&
    value.every((one: Partial<AuthorizationDetail> | null) => typeof one?.type === 'string')
  if (isFine) return structuredClone<readonly AuthorizationDetail[]>(value)
  throw new ConfigurationError(
    'authorizationDetails must be a list of objects with a type.',
    'authorizationDetails',
  )
}
