import { ConfigurationError } from '../errors/errors.js'

/** Parameters that the library itself sends; an option that could replace them would undo their protection. */
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

/** Parameters that are options here, because something in the answer has to be checked for them. */
const PARAMETERS_AS_OPTIONS: Readonly<Record<string, string>> = {
  authorization_details: 'authorizationDetails',
  max_age: 'maxAgeSeconds',
}

/** Checks further request parameters: texts only, and none that the library itself sends. */
export function checkParameters(value: unknown, option: string): Parameters {
  if (value !== undefined && typeof value !== 'object') {
    throw new ConfigurationError(`${option} must be an object.`, option)
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

/** Further request parameters by name, such as `{ prompt: 'consent' }`. */
export type Parameters = Readonly<Record<string, string>>
