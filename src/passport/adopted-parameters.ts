import { LOGIN_OPTIONS } from '../login/login-options.js'
import type { LoginOptions } from '../login/login-options.js'
import type { Parameters } from '../options/parameters.js'
import type { HookedAuthorization } from './login-hooks.js'
import type { HookedParameters } from './adopted-authenticate.js'

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
 */
export function sentParameters(returned: unknown): Parameters {
  const sent = Object.entries(Object(returned) as Record<string, unknown>).flatMap(
    ([name, value]): [string, string][] => {
      if (SET_LATER.has(name)) return []
      if (typeof value === 'string') return [[name, value]]
      const isPlain = typeof value === 'number' || typeof value === 'boolean'
      return isPlain ? [[name, String(value)]] : []
    },
  )
  return Object.fromEntries(sent)
}

/**
 * What a donor's `authorizationParams` brings into a login. A scope in the options replaces the strategy's; one that the
 * hook returns counts if there is no other, as in passport-oauth2.
 *
 * @param ownScope the scope of the strategy
 */
export function hookedAuthorization(
  hooked: HookedParameters,
  options: LoginOptions,
  ownScope: unknown,
): HookedAuthorization {
  const left = hooked.options as LoginOptions
  const { scope: hookedScope, max_age: maxAge, ...others } = sentParameters(hooked.parameters)
  const scope = isEmpty(left.scope) ? undefined : left.scope
  const fallback = isEmpty(ownScope) ? hookedScope : undefined
  const isParameter = (name: string): boolean =>
    !PASSPORT_OPTIONS.has(name) && (name === 'prompt' || !Object.hasOwn(LOGIN_OPTIONS, name))
  return {
    parameters: Object.fromEntries(Object.entries(others).filter(([name]) => isParameter(name))),
    options: {
      ...withoutEmpty(options),
      ...((scope ?? fallback) !== undefined && { scope: scope ?? fallback }),
      ...(maxAge !== undefined &&
        options.maxAgeSeconds === undefined && { maxAgeSeconds: Number(maxAge) }),
    },
  }
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
