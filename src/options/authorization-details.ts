import { ConfigurationError } from '../errors/setup-errors.js'
import type { AuthorizationDetail } from './token-set.js'

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
