import { ConfigurationError } from '../errors/setup-errors.js'
import type { Donor, KnownDonor } from './donor.js'

/** Members of passport-oauth2's strategy and of its client that a strategy may have replaced. */
export type Override =
  `_oauth2.${string}` | 'authenticate' | 'parseErrorResponse' | (string & Record<never, never>)

/** Hooks that are called as they are, on the donor. */
const CALLED: ReadonlySet<string> = new Set([
  'constructor',
  'authenticate',
  'authorizationParams',
  'parseErrorResponse',
  'tokenParams',
  'userProfile',
  '_loadUserProfile',
  // Used by the donor itself, for the requests of its own hooks.
  '_oauth2.constructor',
  '_oauth2._getAccessTokenUrl',
  '_oauth2.buildAuthHeader',
  '_oauth2.get',
  '_oauth2.getProtectedResource',
  '_oauth2.setAccessTokenName',
  '_oauth2.setAgent',
  '_oauth2.setAuthMethod',
  '_oauth2.useAuthorizationHeaderforGET',
])

/**
 * The packages, by the name of their strategy, whose `getOAuthAccessToken` is known to make one request by `_request`. Their
 * function then reads the answer to ours, so that `userProfile` and `verify` receive what they expect:
 *
 * - passport-apple: the ID token in place of the parameters; its client secret is a JWT that the function makes
 * - passport-forcedotcom: an object with the parameters in place of the access token
 * - passport-github: an error if GitHub answers 200 without a token
 * - passport-spotify: `expires_in` in place of the parameters
 * - \@davidzemon/passport-okta-oauth: Basic credentials
 */
const KNOWN_EXCHANGES: ReadonlySet<string> = new Set([
  'apple',
  'forcedotcom',
  'github',
  'okta',
  'spotify',
])

const ADVICE: Readonly<Record<string, string>> = {
  '_oauth2._agent': 'Pass an undici Dispatcher as the option dispatcher instead',
  '_oauth2._request':
    'For a proxy or a private CA, pass an undici Dispatcher as the option dispatcher',
  '_oauth2._executeRequest':
    'For a proxy or a private CA, pass an undici Dispatcher as the option dispatcher',
  '_oauth2._chooseHttpLibrary':
    'For a proxy or a private CA, pass an undici Dispatcher as the option dispatcher',
  '_oauth2.getAuthorizeUrl':
    'Pass what it adds to authorization requests as the option authorizationParameters',
  '_oauth2.getOAuthAccessToken':
    'The library sends token requests itself: say what is special about them with the options clientAuthentication, tokenParameters, customHeaders and parseTokenResponse',
  _createOAuthError:
    'Errors of the token endpoint are TokenEndpointErrors: translate them in your error handler',
}

/** What the donor has overridden, and does matter here. */
export interface KnownOverrides {
  readonly authenticate: boolean
  readonly parseErrorResponse: boolean
  readonly getOAuthAccessToken: boolean
}

/**
 * Looks for what a strategy has changed of passport-oauth2 and of node-oauth.
 *
 * @param ignored overrides that the application does not need: the library does what they did in its own way
 * @param replacesAuthenticate whether the library does what the donor's `authenticate` is for
 * @throws {ConfigurationError} naming an override that is not supported, or a name in `ignored` that is none
 */
export function readOverrides(
  known: KnownDonor,
  ignored: readonly string[],
  replacesAuthenticate: boolean,
): KnownOverrides {
  const { donor } = known
  const found = overridesOf(known)
  const unknown = ignored.find((name) => !found.includes(name))
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `ignoreOverrides names '${unknown}', which the strategy '${donor.name}' does not override. ${
        found.length === 0 ? 'It overrides nothing' : `It overrides ${found.join(', ')}`
      }.`,
      'ignoreOverrides',
    )
  }
  const counted = found.filter((name) => !ignored.includes(name))
  const isExchangeKnown = KNOWN_EXCHANGES.has(donor.name)
  const refused = counted.find(
    (name) => !CALLED.has(name) && !(name === '_oauth2.getOAuthAccessToken' && isExchangeKnown),
  )
  if (refused !== undefined) throw notSupported(donor, refused)
  return {
    authenticate: counted.includes('authenticate') && !replacesAuthenticate,
    parseErrorResponse: counted.includes('parseErrorResponse'),
    getOAuthAccessToken: counted.includes('_oauth2.getOAuthAccessToken'),
  }
}

/** The names of all members that are not those of passport-oauth2 and node-oauth. */
function overridesOf({
  donor,
  strategyPrototype,
  clientPrototype,
}: KnownDonor): readonly Override[] {
  const { _oauth2: client } = donor
  return [
    ...changedMembers(donor, strategyPrototype),
    ...changedMembers(client, clientPrototype).map((name) => `_oauth2.${name}`),
    ...(client._agent === undefined ? [] : ['_oauth2._agent']),
  ].filter((name) => !name.endsWith('constructor'))
}

/** The methods of a prototype, and of those above it, that an object has replaced. */
function changedMembers(object: object, prototype: object): readonly string[] {
  const given = object as Readonly<Record<string, unknown>>
  const original = prototype as Readonly<Record<string, unknown>>
  const names = new Set<string>()
  for (let one = prototype; one !== Object.prototype; one = Object.getPrototypeOf(one) as object) {
    for (const name of Object.getOwnPropertyNames(one)) names.add(name)
  }
  return [...names].filter(
    (name) => typeof original[name] === 'function' && given[name] !== original[name],
  )
}

function notSupported({ name }: Donor, override: string): ConfigurationError {
  const what = Object.hasOwn(ADVICE, override)
    ? ADVICE[override]
    : 'It changes how passport-oauth2 works, which is not used here'
  return new ConfigurationError(
    `The strategy '${name}' overrides ${override}, which adopt does not support. ${what}. If the override is not needed then, adopt(strategy, { ignoreOverrides: ['${override}'] }) leaves it out.`,
    'donor',
  )
}
