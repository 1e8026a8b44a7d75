import { ConfigurationError } from '../errors/setup-errors.js'
import type { TokenSet } from './token-set.js'

/**
 * Parameters that the library sends itself. An option that could replace one would turn off the protection it gives.
 */
const RESERVED_PARAMETERS: ReadonlySet<string> = new Set([
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'dpop_jkt',
  'grant_type',
  'nonce',
  'redirect_uri',
  'refresh_token',
  'request',
  'request_uri',
  'response_type',
  'state',
])

/**
 * Parameters that have an option of their own, because the response is checked against their value.
 */
const PARAMETERS_AS_OPTIONS: Readonly<Record<string, string>> = {
  authorization_details: 'authorizationDetails',
  max_age: 'maxAgeSeconds',
}

/**
 * Checks further request parameters and returns a copy. `undefined` becomes an empty object.
 *
 * @param option the name of the option, for the error message
 * @throws {ConfigurationError} if it is not an object, a value is not a string, or a parameter is one that the library
 * sends itself
 */
export function checkParameters(value: unknown, option: string): Parameters {
  const isPromise = typeof (Object(value) as { readonly then?: unknown }).then === 'function'
  if ((value !== undefined && typeof value !== 'object') || Array.isArray(value) || isPromise) {
    throw new ConfigurationError(
      `${option} must be an object of parameters, and not a list or a promise.`,
      option,
    )
  }
  const copy = { ...value } as Parameters
  for (const [name, content] of Object.entries<unknown>(copy)) {
    if (RESERVED_PARAMETERS.has(name)) {
      throw new ConfigurationError(
        `${option} may not set '${name}': the library sends it itself.`,
        option,
      )
    }
    const instead = Object.hasOwn(PARAMETERS_AS_OPTIONS, name) && PARAMETERS_AS_OPTIONS[name]
    if (instead) {
      throw new ConfigurationError(
        `${option} may not set '${name}': that is the option '${instead}'.`,
        option,
      )
    }
    if (typeof content !== 'string') {
      throw new ConfigurationError(`${option}.${name} is not a string.`, option)
    }
  }
  return copy
}

/** Further request parameters by their names on the wire, such as `{ prompt: 'consent' }`. */
export type Parameters = Readonly<Record<string, string>>

/** Further parameters of refresh requests, or a function that receives the tokens to refresh and returns them. */
export type RefreshParameters = Parameters | ((tokens: TokenSet) => Parameters)
