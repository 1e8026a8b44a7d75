import type { ClientAuthenticationMethod } from './client-authentication.js'
import { ConfigurationError } from './errors.js'
import type { AuthorizationCodeOptions, Parameters } from './options.js'
import { isSecure, LONGEST_TIMER_MS } from './transport.js'

type Defaulted =
  | 'name'
  | 'clientAuthentication'
  | 'basicCredentials'
  | 'clientAssertionAudience'
  | 'tokenRequestFormat'
  | 'omitRedirectUriInTokenRequest'
  | 'authorizationParameters'
  | 'tokenParameters'
  | 'customHeaders'
  | 'authorizationResponseIssParameterSupported'
  | 'dangerouslyOmitPkce'
  | 'clientID'
  | 'scopeSeparator'
  | 'sessionKey'
  | 'keepSession'
  | 'skipUserProfile'
  | 'pendingLoginLifetimeMs'
  | 'timeoutMs'
  | 'responseLimitBytes'

/** The options once they are read: checked, defaulted, copied. */
export type Settings = Readonly<
  Omit<AuthorizationCodeOptions, Defaulted | 'scope'> & {
    [Name in Defaulted]-?: NonNullable<AuthorizationCodeOptions[Name]>
  } & { scope: string | undefined }
>

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
  'grant_type',
  'redirect_uri',
  'refresh_token',
  'response_type',
  'state',
])

/** Options of passport-oauth2 that make no sense here, and what to do instead. */
const RETIRED_OPTIONS: Readonly<Record<string, string>> = {
  state: 'state is always on; remove the option.',
  pkce: 'PKCE with S256 is always on; remove the option.',
  store: "pass a store for pending logins as 'pendingLogins'.",
  passReqToCallback: 'verify always gets { tokens, profile, req }; remove the option.',
  proxy: 'callbackURL is absolute and no header changes it; remove the option.',
  trustProxy: 'callbackURL is absolute and no header changes it; remove the option.',
}

const KNOWN_OPTIONS: Readonly<Record<keyof AuthorizationCodeOptions, true>> = {
  authorizationParameters: true,
  authorizationResponseIssParameterSupported: true,
  authorizationURL: true,
  basicCredentials: true,
  callbackURL: true,
  clientAssertionAlgorithm: true,
  clientAssertionAudience: true,
  clientAuthentication: true,
  clientAuthenticationMethodsSupported: true,
  clientID: true,
  clientSecret: true,
  customHeaders: true,
  dangerouslyOmitPkce: true,
  dispatcher: true,
  issuer: true,
  keepSession: true,
  keyId: true,
  ledger: true,
  name: true,
  omitRedirectUriInTokenRequest: true,
  parseProfile: true,
  parseTokenResponse: true,
  pendingLoginLifetimeMs: true,
  pendingLogins: true,
  privateKey: true,
  profileURL: true,
  responseLimitBytes: true,
  scope: true,
  scopeSeparator: true,
  sessionKey: true,
  skipUserProfile: true,
  timeoutMs: true,
  tokenParameters: true,
  tokenRequestFormat: true,
  tokenURL: true,
}

/**
 * Reads the options once: checks every one, fills in defaults, copies.
 *
 * @throws {ConfigurationError} naming the first option that is missing, unknown or cannot be used
 */
export function readOptions(options: AuthorizationCodeOptions): Settings {
  refuseUnknownOptions(options)
  const name = text(options, 'name') ?? 'oauth2'
  const tokenURL = secureUrl(options, 'tokenURL') ?? missing('tokenURL')
  const settings: Settings = {
    name,
    authorizationURL: withoutFragment(options, 'authorizationURL'),
    tokenURL,
    callbackURL: withoutFragment(options, 'callbackURL'),
    issuer: secureUrl(options, 'issuer'),
    profileURL: secureUrl(options, 'profileURL'),
    clientID: text(options, 'clientID') ?? missing('clientID'),
    clientSecret: text(options, 'clientSecret'),
    privateKey: options.privateKey,
    keyId: text(options, 'keyId'),
    scope: joinScope(options),
    scopeSeparator: text(options, 'scopeSeparator') ?? ' ',
    clientAuthentication:
      oneOf(options, 'clientAuthentication', CLIENT_AUTHENTICATION_METHODS) ??
      defaultClientAuthentication(options),
    clientAuthenticationMethodsSupported: texts(options, 'clientAuthenticationMethodsSupported'),
    basicCredentials: oneOf(options, 'basicCredentials', ['encoded', 'raw']) ?? 'encoded',
    clientAssertionAudience:
      typeof options.clientAssertionAudience === 'function'
        ? options.clientAssertionAudience
        : (text(options, 'clientAssertionAudience') ?? options.issuer ?? tokenURL),
    clientAssertionAlgorithm: oneOf(options, 'clientAssertionAlgorithm', [
      'PS256',
      'RS256',
      'ES256',
      'EdDSA',
    ]),
    tokenRequestFormat: oneOf(options, 'tokenRequestFormat', ['form', 'json']) ?? 'form',
    omitRedirectUriInTokenRequest: flag(options, 'omitRedirectUriInTokenRequest'),
    parseProfile: callback(options, 'parseProfile'),
    parseTokenResponse: callback(options, 'parseTokenResponse'),
    authorizationParameters:
      typeof options.authorizationParameters === 'function'
        ? options.authorizationParameters
        : checkParameters(options.authorizationParameters, 'authorizationParameters'),
    tokenParameters: checkParameters(options.tokenParameters, 'tokenParameters'),
    customHeaders: headers(options),
    authorizationResponseIssParameterSupported: flag(
      options,
      'authorizationResponseIssParameterSupported',
    ),
    dangerouslyOmitPkce: flag(options, 'dangerouslyOmitPkce'),
    sessionKey: text(options, 'sessionKey') ?? `oauth2:${name}`,
    keepSession: texts(options, 'keepSession') ?? [],
    skipUserProfile:
      typeof options.skipUserProfile === 'function'
        ? options.skipUserProfile
        : flag(options, 'skipUserProfile'),
    pendingLogins: withMethods(options, 'pendingLogins', ['put', 'take']),
    pendingLoginLifetimeMs: positive(options, 'pendingLoginLifetimeMs') ?? 600_000,
    ledger: withMethods(options, 'ledger', ['claim']),
    timeoutMs: positive(options, 'timeoutMs') ?? 10_000,
    responseLimitBytes: positive(options, 'responseLimitBytes') ?? 1_048_576,
    dispatcher: withMethods(options, 'dispatcher', ['dispatch']),
  }
  refuseContradictions(settings)
  return Object.freeze(settings)
}

/** Checks further request parameters: texts only, and none that the library itself sends. */
export function checkParameters(value: Parameters | undefined, option: string): Parameters {
  if (value !== undefined && typeof value !== 'object') {
    throw new ConfigurationError(`${option} must be an object.`, option)
  }
  const copy = { ...value }
  for (const [name, content] of Object.entries(copy)) {
    if (RESERVED_PARAMETERS.has(name)) {
      throw new ConfigurationError(
        `${option} may not set '${name}': the library sends it itself.`,
        option,
      )
    }
    if (typeof content !== 'string') {
      throw new ConfigurationError(`${option}.${name} is not a string.`, option)
    }
  }
  return copy
}

const CLIENT_AUTHENTICATION_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const

function refuseUnknownOptions(options: AuthorizationCodeOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN_OPTIONS, name)) continue
    const advice = Object.hasOwn(RETIRED_OPTIONS, name) ? RETIRED_OPTIONS[name] : undefined
    throw new ConfigurationError(
      advice === undefined
        ? `There is no option '${name}'.`
        : `The option '${name}' is not used here: ${advice}`,
      name,
    )
  }
}

function refuseContradictions(settings: Settings): void {
  const { clientAuthentication, dangerouslyOmitPkce, omitRedirectUriInTokenRequest } = settings
  if (dangerouslyOmitPkce && clientAuthentication === 'none') {
    throw new ConfigurationError(
      'dangerouslyOmitPkce is refused for a client without a secret or key: nothing would protect its codes.',
      'dangerouslyOmitPkce',
    )
  }
  if (dangerouslyOmitPkce && omitRedirectUriInTokenRequest) {
    throw new ConfigurationError(
      'omitRedirectUriInTokenRequest needs PKCE, which dangerouslyOmitPkce turns off.',
      'omitRedirectUriInTokenRequest',
    )
  }
  if (settings.authorizationResponseIssParameterSupported && settings.issuer === undefined) {
    throw new ConfigurationError(
      'authorizationResponseIssParameterSupported needs an issuer to compare with.',
      'issuer',
    )
  }
}

function defaultClientAuthentication(
  options: AuthorizationCodeOptions,
): ClientAuthenticationMethod {
  if (options.privateKey !== undefined) return 'private_key_jwt'
  if (options.clientSecret === undefined) return 'none'
  const offered = options.clientAuthenticationMethodsSupported
  const basicOnly =
    offered?.includes('client_secret_basic') && !offered.includes('client_secret_post')
  return basicOnly ? 'client_secret_basic' : 'client_secret_post'
}

type OptionName = keyof AuthorizationCodeOptions

function missing(option: OptionName): never {
  throw new ConfigurationError(`${option} is missing. Is the environment variable set?`, option)
}

function text(options: AuthorizationCodeOptions, option: OptionName): string | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') {
    throw new ConfigurationError(`${option} must be a string that is not empty.`, option)
  }
  return value
}

function secureUrl(options: AuthorizationCodeOptions, option: OptionName): string | undefined {
  const value = text(options, option)
  if (value === undefined) return undefined
  if (!URL.canParse(value))
    throw new ConfigurationError(`${option} must be an absolute URL.`, option)
  if (!isSecure(new URL(value))) {
    throw new ConfigurationError(
      `${option} must be HTTPS (plain HTTP is for loopback addresses only).`,
      option,
    )
  }
  return value
}

/** @see [RFC 6749, sections 3.1 and 3.1.2](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1) */
function withoutFragment(options: AuthorizationCodeOptions, option: OptionName): string {
  const value = secureUrl(options, option) ?? missing(option)
  if (value.includes('#'))
    throw new ConfigurationError(`${option} may not have a fragment.`, option)
  return value
}

function joinScope(options: AuthorizationCodeOptions): string | undefined {
  const { scope, scopeSeparator = ' ' } = options
  const joined = typeof scope === 'string' ? scope : texts(options, 'scope')?.join(scopeSeparator)
  // An empty scope is none: RFC 6749 section 3.3 has no `scope=` without a value.
  return joined === '' ? undefined : joined
}

function texts(
  options: AuthorizationCodeOptions,
  option: OptionName,
): readonly string[] | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new ConfigurationError(`${option} must be a list of strings.`, option)
  }
  return [...value]
}

function oneOf<const Value extends string>(
  options: AuthorizationCodeOptions,
  option: OptionName,
  values: readonly Value[],
): Value | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  const match = values.find((candidate) => candidate === value)
  if (match === undefined) {
    throw new ConfigurationError(`${option} must be one of ${values.join(', ')}.`, option)
  }
  return match
}

function flag(options: AuthorizationCodeOptions, option: OptionName): boolean {
  const value: unknown = options[option] ?? false
  if (typeof value !== 'boolean')
    throw new ConfigurationError(`${option} must be true or false.`, option)
  return value
}

function positive(options: AuthorizationCodeOptions, option: OptionName): number | undefined {
  const value: unknown = options[option]
  if (value === undefined) return undefined
  if (
    typeof value !== 'number' ||
    !Number.isInteger(value) ||
    value <= 0 ||
    value > LONGEST_TIMER_MS
  ) {
    throw new ConfigurationError(
      `${option} must be a whole number from 1 to ${LONGEST_TIMER_MS}.`,
      option,
    )
  }
  return value
}

function callback<Option extends 'parseProfile' | 'parseTokenResponse'>(
  options: AuthorizationCodeOptions,
  option: Option,
): AuthorizationCodeOptions[Option] {
  const value = options[option]
  if (value !== undefined && typeof value !== 'function') {
    throw new ConfigurationError(`${option} must be a function.`, option)
  }
  return value
}

function withMethods<Option extends 'dispatcher' | 'ledger' | 'pendingLogins'>(
  options: AuthorizationCodeOptions,
  option: Option,
  methods: readonly string[],
): AuthorizationCodeOptions[Option] {
  const value = options[option]
  const members = Object(value) as Record<string, unknown>
  const lacking = methods.find((method) => typeof members[method] !== 'function')
  if (value !== undefined && lacking !== undefined) {
    throw new ConfigurationError(`${option} must be an object with a method ${lacking}.`, option)
  }
  return value
}

/** Headers that belong to the client's proof. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set(['authorization', 'dpop'])

/** The headers with their names in lower case, so that the library's own replace them whatever their spelling. */
function headers({ customHeaders = {} }: AuthorizationCodeOptions): Record<string, string> {
  const given: unknown = customHeaders
  if (typeof given !== 'object' || given === null) throw headersError('must be an object.')
  for (const [name, value] of Object.entries<unknown>(customHeaders)) {
    if (RESERVED_HEADERS.has(name.toLowerCase())) {
      throw headersError(`may not set ${name}: that is what clientAuthentication is for.`)
    }
    if (typeof value !== 'string') throw headersError(`has a ${name} that is not a string.`)
  }
  try {
    return Object.fromEntries(new Headers(customHeaders))
  } catch {
    // The built-in error quotes the value, which may be a key.
    throw headersError('has a name or a value that HTTP does not allow.')
  }
}

function headersError(what: string): ConfigurationError {
  return new ConfigurationError(`customHeaders ${what}`, 'customHeaders')
}
