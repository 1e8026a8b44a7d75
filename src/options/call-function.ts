import { AuthorizationCodeError } from '../errors/base.js'
import { ConfigurationError } from '../errors/setup-errors.js'

/**
 * Calls a function that the application has given as an option, for a key or a secret. Its own errors may quote an address or
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
    if (error instanceof AuthorizationCodeError) throw error
    const { name = 'no Error' } = Object(error) as Partial<Error>
    throw new ConfigurationError(`The function ${option} failed (${name}).`, option)
  }
}
