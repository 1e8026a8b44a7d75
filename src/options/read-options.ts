import { hash } from 'node:crypto'
import { ConfigurationError } from '../errors/setup-errors.js'
import { isClientSecretAlgorithm } from './client-credentials.js'
import { CLIENT_OPTIONS } from './client-options.js'
import { METADATA_OPTIONS, METADATA_OPTION_NAMES } from './metadata-option.js'
import type { MetadataOption } from './metadata-option.js'
import { readTable } from './option-table.js'
import type { OptionsOf, SettingsOf } from './option-table.js'
import { PROVIDER_OPTIONS } from './provider-options.js'
import { refuseUnderBun } from './refuse-under-bun.js'
import { REQUEST_OPTIONS } from './request-options.js'
import { SESSION_OPTIONS } from './session-options.js'
import { checkHmacSecret, isHmac } from './signature-algorithms.js'

/**
 * Every option of the strategy. The type, the checks, the defaults, the reference and the help of `doctor` are made from it.
 */
export const OPTIONS = {
  ...PROVIDER_OPTIONS,
  ...METADATA_OPTIONS,
  ...REQUEST_OPTIONS,
  ...CLIENT_OPTIONS,
  ...SESSION_OPTIONS,
} as const

/** The options of a strategy once they are read: checked, with their defaults, and copied. */
export interface Settings
  extends
    SettingsOf<typeof PROVIDER_OPTIONS>,
    SettingsOf<typeof METADATA_OPTIONS>,
    SettingsOf<typeof REQUEST_OPTIONS>,
    SettingsOf<typeof CLIENT_OPTIONS>,
    SettingsOf<typeof SESSION_OPTIONS> {}

/** Options of passport-oauth2 that do not exist here, and what to do instead. For people who move over from it. */
const RETIRED_OPTIONS: Readonly<Record<string, string>> = {
  state: 'state is always on; remove the option.',
  pkce: 'PKCE with S256 is always on; remove the option.',
  store: "pass a store for pending logins as 'pendingLogins'.",
  passReqToCallback: 'verify always gets { tokens, profile, req }; remove the option.',
  proxy: 'callbackURL is absolute and no header changes it; remove the option.',
  trustProxy: 'callbackURL is absolute and no header changes it; remove the option.',
}

/** A correct call, for error messages. */
const SAMPLE =
  'new AuthorizationCodeStrategy({ authorizationURL, tokenURL, clientID, clientSecret, callbackURL })'

/**
 * What is known of a strategy's settings before the provider's metadata have been read: without the option `metadata`, all.
 * Only what needs nothing else may be made of them at the start.
 */
export interface KnownSettings
  extends
    Omit<Settings, MetadataOption | 'clientAuthentication'>,
    Partial<Pick<Settings, MetadataOption | 'clientAuthentication'>> {}

/**
 * Reads the options of a strategy: checks them, fills in defaults, and copies objects that the application could
 * change later.
 *
 * @returns the settings, frozen
 * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used
 */
export function readOptions(given: OptionsOf<typeof OPTIONS>): Settings {
  const settings: Settings = readTable(OPTIONS, given, SAMPLE, RETIRED_OPTIONS)
  refuseContradictions(settings, true)
  return Object.freeze(settings)
}

/**
 * Reads the options of a strategy whose provider's metadata are not known yet. What can be checked without them is checked.
 *
 * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used
 */
export function readKnownOptions(given: Partial<OptionsOf<typeof OPTIONS>>): KnownSettings {
  const settings: Settings = readTable(
    OPTIONS,
    given,
    SAMPLE,
    RETIRED_OPTIONS,
    METADATA_OPTION_NAMES,
  )
  refuseContradictions(settings, given.clientAuthentication !== undefined)
  return Object.freeze(settings)
}

/**
 * Identifies the strategy that a pending login or a token belongs to: 16 characters. The session key is not enough,
 * because two strategies may have the same name, and a token must never be sent to another provider.
 */
export function strategyIdOf({ sessionKey, issuer, tokenURL, clientID }: KnownSettings): string {
  return hash(
    'sha256',
    JSON.stringify([sessionKey, issuer ?? tokenURL, clientID]),
    'base64url',
  ).slice(0, 16)
}

/** Properties of a session that belong to express-session and Passport. A new session must not inherit them. */
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['cookie', 'passport'])

/**
 * @param isMethodKnown whether `clientAuthentication` is final: the metadata may make its default another one
 * @throws {ConfigurationError} if two options contradict each other, or one needs another that is missing
 */
function refuseContradictions(settings: Settings, isMethodKnown: boolean): void {
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
  const challenges = settings.codeChallengeMethodsSupported
  if (!dangerouslyOmitPkce && challenges?.includes('S256') === false) {
    throw new ConfigurationError(
      `The provider’s metadata lists PKCE only without S256 (${challenges.join(', ')}). Ask the provider to support S256. Until then, dangerouslyOmitPkce: true turns PKCE off, if the client has a secret or key.`,
      'dangerouslyOmitPkce',
    )
  }
  if (clientAuthentication.endsWith('tls_client_auth') && settings.dispatcher === undefined) {
    refuseUnderBun(`clientAuthentication '${clientAuthentication}'`, 'clientAuthentication')
    throw new ConfigurationError(
      `clientAuthentication '${clientAuthentication}' needs a dispatcher that has the client's certificate: new Agent({ connect: { cert, key } }).`,
      'dispatcher',
    )
  }
  const { clientAssertionAlgorithm } = settings
  const isBySecret = clientAuthentication === 'client_secret_jwt'
  if (
    isMethodKnown &&
    clientAssertionAlgorithm !== undefined &&
    isClientSecretAlgorithm(clientAssertionAlgorithm) !== isBySecret
  ) {
    throw new ConfigurationError(
      `clientAssertionAlgorithm '${clientAssertionAlgorithm}' does not fit clientAuthentication '${clientAuthentication}': HS256, HS384 and HS512 are for client_secret_jwt, and it takes no others.`,
      'clientAssertionAlgorithm',
    )
  }
  if (settings.grantLifetime === 'account' && settings.grants === undefined) {
    throw new ConfigurationError(
      "grantLifetime 'account' needs grants, such as new RedisGrants({ client, secret }): what lives longer than a session cannot be stored in one.",
      'grantLifetime',
    )
  }
  const { clientSecret, providerSignatureAlgorithms = [] } = settings
  // A secret that a function returns is checked when it is used.
  if (typeof clientSecret !== 'function') {
    for (const one of providerSignatureAlgorithms.filter(isHmac)) checkHmacSecret(clientSecret, one)
  }
  if (
    settings.encryptedResponses?.includes('authorization') &&
    !settings.signedAuthorizationResponses
  ) {
    throw new ConfigurationError(
      "encryptedResponses has 'authorization', which needs signedAuthorizationResponses: nothing else can be encrypted.",
      'signedAuthorizationResponses',
    )
  }
  const reserved = settings.keepSession.find((name) => RESERVED_FIELDS.has(name))
  if (reserved !== undefined || settings.keepSession.includes(settings.sessionKey)) {
    throw new ConfigurationError(
      "keepSession may only name the application's own fields: the login itself does not survive.",
      'keepSession',
    )
  }
}
