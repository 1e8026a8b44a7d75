import { AuthorizationCodeError } from '../errors/base.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { isThenable, settled } from '../lib/settled.js'

/**
 * Calls a function that the application has given as an option. Its own errors may quote an address or
 * a credential, and would be taken for what is wrong with a request: only their names are passed on.
 *
 * @param option the option's name
 * @throws {ConfigurationError} if the function throws
 */
export async function callFunction<Value>(
  option: string,
  call: () => Value | Promise<Value>,
): Promise<Value> {
  try {
    return await call()
  } catch (error) {
    throw failed(option, error)
  }
}

/**
 * As {@link callFunction}, for a function that must return its result and not a promise of it.
 *
 * @throws {ConfigurationError} if the function throws, or returns a promise
 */
export function callAtOnce<Value>(option: string, call: () => Value): Value {
  let value: Value
  try {
    value = settled(call())
  } catch (error) {
    throw failed(option, error)
  }
  if (!isThenable(value)) return value
  throw new ConfigurationError(
    `The function ${option} returned a promise: it must return its result itself.`,
    option,
  )
}

function failed(option: string, error: unknown): AuthorizationCodeError {
  if (error instanceof AuthorizationCodeError) return error
  const { name = 'no Error' } = Object(error) as Partial<Error>
  return new ConfigurationError(`The function ${option} failed (${name}).`, option)
}
