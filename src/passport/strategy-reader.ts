import { ConfigurationError } from '../errors/errors.js'
import type { LoginStrategy } from './login-strategy.js'

/** The methods that identify a strategy, even one from another copy of this package. */
const METHODS = ['accessToken', 'backchannelLogout', 'jwks', 'logOut'] as const

/** Whether it has what identifies a strategy. */
export function isStrategy(value: unknown): value is LoginStrategy {
  const members = Object(value) as Partial<LoginStrategy>
  return METHODS.every((method) => typeof members[method] === 'function')
}

/**
 * Returns the strategy, if it is one that this package made.
 *
 * @param name the option or argument that it was given as
 * @throws {ConfigurationError} saying what to pass instead
 */
export function readStrategy(value: unknown, name: string): LoginStrategy {
  if (isStrategy(value)) return value
  throw new ConfigurationError(
    `${name} must be an AuthorizationCodeStrategy: what new AuthorizationCodeStrategy({ … }) returns, not its name, its options or another kind of strategy.`,
    name,
  )
}
