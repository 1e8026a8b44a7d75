import { ConfigurationError } from '../errors/setup-errors.js'
import type { SendRequest } from './oauth2-client.js'

/**
 * A Passport strategy of another package that extends the one of passport-oauth2, whatever copy of it. The types of these
 * packages differ, so only what all strategies have is asked of it.
 */
export interface DonorStrategy {
  readonly name?: string | undefined
  authenticate: (...args: never) => unknown
}

/** The members of passport-oauth2's strategy, which its documentation calls protected, and of the client in it. */
export interface Donor {
  readonly name: string
  readonly _oauth2: DonorClient
  readonly _callbackURL: string | undefined
  readonly _scope: string | readonly string[] | undefined
  readonly _scopeSeparator: string | undefined
  readonly _passReqToCallback: boolean | undefined
  _verify: (...args: unknown[]) => unknown
  authenticate(req: object, options: object): unknown
  authorizationParams(options: object): unknown
  tokenParams(options: object): unknown
  parseErrorResponse(body: string, status: number): unknown
  _loadUserProfile(
    accessToken: unknown,
    done: (error?: unknown, profile?: unknown) => void,
  ): unknown
  /** passport-auth0 keeps its options here. */
  readonly options?: unknown
}

/** The members of node-oauth's `OAuth2`. */
export interface DonorClient {
  readonly _clientId: string
  readonly _clientSecret: string | undefined
  readonly _baseSite: string | undefined
  readonly _authorizeUrl: string
  readonly _customHeaders: Readonly<Record<string, unknown>>
  readonly _agent: unknown
  _getAccessTokenUrl(): string
  useAuthorizationHeaderforGET(useIt: boolean): void
  _request: SendRequest
  getOAuthAccessToken(
    code: string,
    parameters: object,
    callback: (error: unknown, ...result: unknown[]) => void,
  ): void
}

/** A strategy with the classes that it and its client come from. */
export interface KnownDonor {
  readonly donor: Donor
  /** `OAuth2Strategy.prototype` of the copy of passport-oauth2 that the donor extends. */
  readonly strategyPrototype: object
  /** `OAuth2.prototype` of the copy of node-oauth that the donor uses. */
  readonly clientPrototype: object
}

/** Marks the client of a donor that has been adopted. */
export const ADOPTED = Symbol.for('passport-authorization-code: adopted')

const SAMPLE = 'adopt(new GoogleStrategy({ clientID, clientSecret, callbackURL }, verify))'

/**
 * Makes sure that a strategy can be adopted.
 *
 * @throws {ConfigurationError} saying what it is instead, and what to do
 */
export function knownDonor(given: unknown): KnownDonor {
  const members = Object(given) as Readonly<Record<string, unknown>>
  if (typeof given === 'function') {
    throw refused(`The first argument is a class: pass a strategy, as in ${SAMPLE}.`)
  }
  if (typeof members['authenticate'] !== 'function') {
    throw refused(`The first argument is no Passport strategy. Write ${SAMPLE}.`)
  }
  if (typeof members['accessToken'] === 'function') {
    throw refused(
      'This strategy is one of this library already: give it its options, and pass it to passport.use or authRouter.',
    )
  }
  const strategyPrototype = origin(given, ['_loadUserProfile', 'authorizationParams'])
  const clientPrototype = origin(members['_oauth2'], ['getOAuthAccessToken', '_request'])
  if (strategyPrototype === undefined || clientPrototype === undefined) {
    throw refused(
      `The strategy '${nameOf(members)}' does not extend passport-oauth2. ${advice(members)}`,
    )
  }
  // Every version of passport-oauth2 has one of these.
  if (!['_stateStore', '_state'].some((name) => name in members)) {
    throw refused(
      `The strategy '${nameOf(members)}' extends passport-oauth 0.1, which loads Passport 0.1: that replaces req.logIn of all requests, and Passport 0.7 can log nobody in. Use a newer package for this provider, a preset of this library, or new AuthorizationCodeStrategy with the provider’s endpoints.`,
    )
  }
  if (ADOPTED in Object(members['_oauth2'])) {
    throw refused(
      `The strategy '${nameOf(members)}' has been adopted already: create another one, or use the strategy that adopt has returned.`,
    )
  }
  if (Object.isFrozen(members['_oauth2'])) {
    throw refused(
      `The client _oauth2 of the strategy '${nameOf(members)}' is frozen: adopt sends its requests in another way.`,
    )
  }
  return { donor: given as Donor, strategyPrototype, clientPrototype }
}

/**
 * The highest prototype of an object that has these members itself. There may be several copies of passport-oauth2, with
 * classes of other names if they are minified, so it is recognised by what it has.
 */
function origin(value: unknown, members: readonly string[]): object | undefined {
  let found: object | undefined
  let prototype: unknown = value
  while (typeof prototype === 'object' && prototype !== null) {
    const own = prototype
    if (members.every((name) => Object.hasOwn(own, name))) found = own
    prototype = Object.getPrototypeOf(own)
  }
  return found
}

function nameOf({ name }: Readonly<Record<string, unknown>>): string {
  return typeof name === 'string' ? name : 'without a name'
}

/** What to do about a strategy of another kind. */
function advice(members: Readonly<Record<string, unknown>>): string {
  const has = (...names: readonly string[]): boolean => names.some((name) => name in members)
  if (has('_oauth')) {
    return 'It is for OAuth 1.0, whose tokens are not renewed: keep it as it is, or use the provider’s OAuth 2.0.'
  }
  if (has('_saml')) return 'It is for SAML, which has no tokens for APIs: keep it as it is.'
  if (has('_issuer', 'issuer', '_config', '_client', 'client', '_idTokenSignedResponseAlg')) {
    return "It is for OpenID Connect: use new AuthorizationCodeStrategy({ ...(await discover('https://login.example.com')), clientID, clientSecret, callbackURL })."
  }
  return 'Only strategies that extend it have the endpoints and hooks that are adopted: keep it as it is, or use new AuthorizationCodeStrategy with the provider’s endpoints.'
}

function refused(message: string): ConfigurationError {
  return new ConfigurationError(message, 'donor')
}
