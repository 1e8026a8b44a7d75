import type { ClientAuthenticationMethod } from './client-credentials.js'
import type { GivenOptions } from './given-options.js'
import { missing } from './option-table.js'

/**
 * Chooses the method by the credentials that are passed.
 *
 * @throws {ConfigurationError} if a secret or key is passed as `undefined`
 */
export function defaultClientAuthentication(given: GivenOptions): ClientAuthenticationMethod {
  if (given['privateKey'] !== undefined) return 'private_key_jwt'
  if (given['clientSecret'] === undefined) {
    // An option that is passed as `undefined` comes from an environment variable that is not set. Without this
    // check, the client would be taken for a public one.
    const unset = ['clientSecret', 'privateKey'].find((name) => name in given)
    return unset === undefined ? 'none' : missing(unset)
  }
  const offered = given['clientAuthenticationMethodsSupported'] as readonly string[] | undefined
  return SECRET_METHODS.find((method) => offered?.includes(method)) ?? SECRET_METHODS[0]
}

/** The methods for a client secret, the preferred one first. */
const SECRET_METHODS = ['client_secret_post', 'client_secret_basic', 'client_secret_jwt'] as const
