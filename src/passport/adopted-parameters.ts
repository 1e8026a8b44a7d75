import { ConfigurationError } from '../errors/setup-errors.js'
import { LOGIN_OPTIONS } from '../login/login-options.js'
import type { LoginOptions } from '../login/login-options.js'
import type { Parameters } from '../options/parameters.js'
import type { HookedAuthorization } from './login-hooks.js'
import type { HookedParameters } from './adopted-authenticate.js'
import type { Donor } from './donor.js'

/** Parameters that passport-oauth2 sets after the hooks, whatever these return, and those of the library beside them. */
const SET_LATER: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'code',
  'code_challenge',
  'code_challenge_method',
  'code_verifier',
  'grant_type',
  'nonce',
  'redirect_uri',
  'response_type',
  'state',
])

/** Options of Passport and of passport-oauth2. Some strategies return all options they are given as parameters. */
const PASSPORT_OPTIONS: ReadonlySet<string> = new Set([
  'assignProperty',
  'authInfo',
  'badRequestMessage',
  'failWithError',
  'failureFlash',
  'failureMessage',
  'failureRedirect',
  'keepSessionInfo',
  'session',
  'step',
  'successFlash',
  'successMessage',
  'successRedirect',
  'successReturnToOrRedirect',
  'userProperty',
])

/**
 * The parameters that a donor's hook has returned, as passport-oauth2 would have sent them: numbers and booleans as texts,
 * and without those that it sets itself afterwards.
 *
 * @throws {ConfigurationError} if one has several values
 */
export function sentParameters(returned: unknown): Parameters {
  const sent = Object.entries(Object(returned) as Record<string, unknown>).flatMap(
    ([name, value]): [string, string][] => {
      if (SET_LATER.has(name)) return []
      if (typeof value === 'string') return [[name, value]]
      const isPlain = typeof value === 'number' || typeof value === 'boolean'
      if (!Array.isArray(value)) return isPlain ? [[name, String(value)]] : []
      if (value.length > 1) throw severalValues(name)
      return value.length === 1 ? [[name, String(value[0])]] : []
    },
  )
  return Object.fromEntries(sent)
}

function severalValues(name: string): ConfigurationError {
  const instead = name === 'resource' ? ' Give adopt the option resource instead.' : ''
  return new ConfigurationError(
    `The strategy sends the parameter '${name}' several times, which adopt does not support.${instead}`,
    'donor',
  )
}

/**
 * What a donor's `authenticate` and `authorizationParams` bring into a login. A scope in the options replaces the strategy's; one
 * that the hook returns counts if there is no other, as in passport-oauth2.
 *
 * @param standIn the donor in this login, with what its code has set on `this`
 */
export function hookedAuthorization(
  hooked: HookedParameters,
  options: LoginOptions,
  standIn: Donor,
  donor: Donor,
): HookedAuthorization {
  const left = hooked.options as LoginOptions & { readonly state?: unknown }
  const { scope: hookedScope, max_age: maxAge, ...others } = sentParameters(hooked.parameters)
  const ofThis = standIn._scope === donor._scope ? undefined : standIn._scope
  const scope = [left.scope, ofThis].find((one) => !isEmpty(one))
  const fallback = isEmpty(standIn._scope) ? hookedScope : undefined
  const ownURL = standIn._callbackURL === donor._callbackURL ? undefined : standIn._callbackURL
  const callbackURL = left.callbackURL ?? ownURL
  // `state` is ours: what the application has meant by it comes back beside it.
  const appState = options.appState ?? dataIn(left.state)
  const isParameter = (name: string): boolean =>
    !PASSPORT_OPTIONS.has(name) && (name === 'prompt' || !Object.hasOwn(LOGIN_OPTIONS, name))
  return {
    parameters: Object.fromEntries(Object.entries(others).filter(([name]) => isParameter(name))),
    options: {
      ...withoutEmpty(options),
      ...((scope ?? fallback) !== undefined && { scope: scope ?? fallback }),
      ...(callbackURL !== undefined && { callbackURL }),
      ...(appState !== undefined && { appState }),
      ...(maxAge !== undefined &&
        options.maxAgeSeconds === undefined && { maxAgeSeconds: Number(maxAge) }),
    },
  }
}

/** The application's own data in the option `state`, which in passport-oauth2 is a text or, with a store of its own, an object. */
function dataIn(state: unknown): unknown {
  const isData = typeof state === 'string' || (typeof state === 'object' && state !== null)
  return isData && state !== '' ? state : undefined
}

/** READMEs have empty texts for options that are not used, such as `prompt: ''`. */
function withoutEmpty(options: LoginOptions): LoginOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''))
}

function isEmpty(scope: unknown): boolean {
  return (
    scope === undefined ||
    scope === null ||
    scope === '' ||
    (Array.isArray(scope) && scope.length === 0)
  )
}
