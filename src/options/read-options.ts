import { hash } from 'node:crypto'
import { ConfigurationError } from '../errors/errors.js'
import { refuseUnknown } from './checks.js'
import type { ClientAuthenticationMethod } from './client-credentials.js'
import {
  callback,
  details,
  flag,
  headers,
  joinScope,
  missing,
  oneOf,
  positive,
  resources,
  seconds,
  secureUrl,
  someOf,
  text,
  texts,
  withMethods,
  withoutFragment,
} from './option-readers.js'
import type { AuthorizationCodeOptions } from './options.js'
import { checkParameters } from './parameters.js'
import { SIGNATURE_ALGORITHMS } from './signature-algorithms.js'

type Defaulted =
  | 'name'
  | 'clientAuthentication'
  | 'basicCredentials'
  | 'clientAssertionAudience'
  | 'tokenRequestFormat'
  | 'omitRedirectUriInTokenRequest'
  | 'authorizationDetails'
  | 'authorizationParameters'
  | 'backchannelLogout'
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
  | 'refreshBeforeSeconds'
  | 'timeoutMs'
  | 'responseLimitBytes'
  | 'signedAuthorizationRequests'
  | 'signedAuthorizationResponses'

/** The options once they are read: checked, defaulted, copied. */
export type Settings = Readonly<
  Omit<AuthorizationCodeOptions, Defaulted | 'scope' | 'resource'> & {
    [Name in Defaulted]-?: NonNullable<AuthorizationCodeOptions[Name]>
  } & { scope: string | undefined; resource: readonly string[] }
>

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
  acrValues: true,
  authorizationDetails: true,
  authorizationParameters: true,
  authorizationResponseIssParameterSupported: true,
  authorizationURL: true,
  backchannelLogout: true,
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
  dpopKey: true,
  endSessionURL: true,
  issuer: true,
  jwksURL: true,
  keepSession: true,
  keyId: true,
  ledger: true,
  maxAgeSeconds: true,
  name: true,
  omitRedirectUriInTokenRequest: true,
  parseProfile: true,
  parseTokenResponse: true,
  pendingLoginLifetimeMs: true,
  pendingLogins: true,
  postLogoutRedirectURL: true,
  privateKey: true,
  profileURL: true,
  providerSignatureAlgorithms: true,
  pushedAuthorizationRequestURL: true,
  refreshBeforeSeconds: true,
  refreshTokenLifetimeSeconds: true,
  resource: true,
  responseLimitBytes: true,
  revocationURL: true,
  scope: true,
  scopeSeparator: true,
  sessionKey: true,
  signedAuthorizationRequests: true,
  signedAuthorizationResponses: true,
  skipUserProfile: true,
  timeoutMs: true,
  tokenParameters: true,
  tokenRequestFormat: true,
  tokenSecret: true,
  tokenURL: true,
}

/**
 * Reads the options once: checks every one, fills in defaults, copies.
 *
 * @throws {ConfigurationError} naming the first option that is missing, unknown or cannot be used
 */
export function readOptions(options: AuthorizationCodeOptions): Settings {
  refuseUnknown(options, KNOWN_OPTIONS, RETIRED_OPTIONS)
  const name = text(options, 'name') ?? 'oauth2'
  const tokenURL = secureUrl(options, 'tokenURL') ?? missing('tokenURL')
  const settings: Settings = {
    name,
    authorizationURL: withoutFragment(options, 'authorizationURL'),
    tokenURL,
    callbackURL: withoutFragment(options, 'callbackURL'),
    issuer: secureUrl(options, 'issuer'),
    profileURL: secureUrl(options, 'profileURL'),
    revocationURL: secureUrl(options, 'revocationURL'),
    pushedAuthorizationRequestURL: secureUrl(options, 'pushedAuthorizationRequestURL'),
    endSessionURL: secureUrl(options, 'endSessionURL'),
    postLogoutRedirectURL: secureUrl(options, 'postLogoutRedirectURL'),
    jwksURL: secureUrl(options, 'jwksURL'),
    providerSignatureAlgorithms: someOf(
      options,
      'providerSignatureAlgorithms',
      SIGNATURE_ALGORITHMS,
    ),
    signedAuthorizationRequests: flag(options, 'signedAuthorizationRequests'),
    signedAuthorizationResponses: flag(options, 'signedAuthorizationResponses'),
    backchannelLogout: flag(options, 'backchannelLogout'),
    resource: resources(options),
    authorizationDetails: details(options),
    maxAgeSeconds: seconds(options, 'maxAgeSeconds'),
    acrValues: texts(options, 'acrValues'),
    dpopKey: options.dpopKey ?? ('dpopKey' in options ? missing('dpopKey') : undefined),
    refreshTokenLifetimeSeconds: positive(options, 'refreshTokenLifetimeSeconds'),
    refreshBeforeSeconds: positive(options, 'refreshBeforeSeconds') ?? 60,
    // Named and empty is an environment variable that is not set, and not meant to leave tokens in clear.
    tokenSecret:
      options.tokenSecret ?? ('tokenSecret' in options ? missing('tokenSecret') : undefined),
    clientID: text(options, 'clientID') ?? missing('clientID'),
    clientSecret:
      typeof options.clientSecret === 'function'
        ? options.clientSecret
        : text(options, 'clientSecret'),
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
    ledger: withMethods(options, 'ledger', LEDGER_METHODS),
    timeoutMs: positive(options, 'timeoutMs') ?? 10_000,
    responseLimitBytes: positive(options, 'responseLimitBytes') ?? 1_048_576,
    dispatcher: withMethods(options, 'dispatcher', ['dispatch']),
  }
  refuseContradictions(settings)
  return Object.freeze(settings)
}

/**
 * Identifies the strategy that pending logins and tokens belong to. The session key alone cannot: two
 * strategies may have the same name, and one provider must not receive what belongs to another.
 */
export function strategyIdOf({ sessionKey, issuer, tokenURL, clientID }: Settings): string {
  return hash(
    'sha256',
    JSON.stringify([sessionKey, issuer ?? tokenURL, clientID]),
    'base64url',
  ).slice(0, 16)
}

const LEDGER_METHODS = [
  'claim',
  'renew',
  'end',
  'enrol',
  'endGroup',
  'endSession',
  'isSessionEnded',
] as const

const CLIENT_AUTHENTICATION_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const

/** Fields of the session that say who is logged in, and how it is kept. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['cookie', 'passport'])

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
  if (clientAuthentication.endsWith('tls_client_auth') && settings.dispatcher === undefined) {
    throw new ConfigurationError(
      `clientAuthentication '${clientAuthentication}' needs a dispatcher that has the client's certificate: new Agent({ connect: { cert, key } }).`,
      'dispatcher',
    )
  }
  const reserved = settings.keepSession.find((name) => RESERVED_FIELDS.has(name))
  if (reserved !== undefined || settings.keepSession.includes(settings.sessionKey)) {
    throw new ConfigurationError(
      "keepSession may only name the application's own fields: the login itself does not survive.",
      'keepSession',
    )
  }
  refuseWithoutNeeded(settings)
}

/** Options that can do nothing without another. */
const NEEDS: readonly (readonly [keyof Settings, keyof Settings])[] = [
  ['authorizationResponseIssParameterSupported', 'issuer'],
  ['jwksURL', 'issuer'],
  ['providerSignatureAlgorithms', 'issuer'],
  ['maxAgeSeconds', 'issuer'],
  ['acrValues', 'issuer'],
  ['signedAuthorizationResponses', 'jwksURL'],
  ['backchannelLogout', 'jwksURL'],
  ['signedAuthorizationRequests', 'privateKey'],
  ['postLogoutRedirectURL', 'endSessionURL'],
]

function refuseWithoutNeeded(settings: Settings): void {
  for (const [option, needed] of NEEDS) {
    const isSet = settings[option] !== undefined && settings[option] !== false
    if (isSet && settings[needed] === undefined) {
      throw new ConfigurationError(`${option} needs the option ${needed}.`, needed)
    }
  }
}

function defaultClientAuthentication(
  options: AuthorizationCodeOptions,
): ClientAuthenticationMethod {
  if (options.privateKey !== undefined) return 'private_key_jwt'
  if (options.clientSecret === undefined) {
    // Named and empty is an environment variable that is not set, and not meant to be a public client.
    const unset = (['clientSecret', 'privateKey'] as const).find((name) => name in options)
    return unset === undefined ? 'none' : missing(unset)
  }
  const offered = texts(options, 'clientAuthenticationMethodsSupported')
  const basicOnly =
    offered?.includes('client_secret_basic') && !offered.includes('client_secret_post')
  return basicOnly ? 'client_secret_basic' : 'client_secret_post'
}
