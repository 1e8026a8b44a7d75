import type { JSONWebKeySet } from 'jose'
import { ConfigurationError } from '../errors/errors.js'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import {
  checkedWhenUsed,
  flag,
  oneOf,
  secureUrl,
  text,
  texts,
  upTo,
  zeroOrMore,
} from '../options/readers.js'

/** The options of `startTestProvider`. The type, the checks, the defaults and the reference are made from this table. */
export const TEST_PROVIDER_OPTIONS = {
  /**
   * The person who logs in: any JSON object. It is the profile, and its `sub` (or `id`) is the ID token's `sub`. ID
   * tokens have all its members, also such as `acr` and `auth_time` in place of the provider's own.
   *
   * @default Ada Lovelace: `{ sub, name, email }`
   */
  user: {
    read: jsonObject,
    default: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
  },

  /**
   * Further people. The first one logs in of whom any member is the `login_hint`, such as the `sub` or the `email`.
   * Without a `login_hint`, or if it is nobody's, `user` logs in.
   *
   * @default []
   */
  users: { read: jsonObjects, default: [] },

  /** The scope that is granted, separated by spaces. @default the scope that is asked for */
  scope: { read: text },

  /** How long access tokens live, in **seconds**. With 0, they have expired when they are issued. @default 3600 (1 hour) */
  accessTokenSeconds: { read: zeroOrMore, default: 3600 },

  /**
   * The ways of authentication that the provider has, the usual one first. If a login wants only others (`acr_values`),
   * it goes on with the usual one, which is in the ID token as `acr`.
   *
   * @default all: the first one that is wanted; no `acr` if none is
   */
  acrValues: { read: texts },

  /** ID tokens always have an `auth_time`, not only if `max_age` was sent. @default false */
  requireAuthTime: { read: flag, default: false },

  /**
   * What the provider has to ask people before it can log them in. With `prompt=none`, it answers `login_required`,
   * `consent_required`, `account_selection_required` or `interaction_required`. Other logins go on as if the person had
   * answered at once; with `login`, they are authenticated again each time.
   *
   * @default nothing
   */
  asksFor: { read: oneOf('login', 'consent', 'account_selection', 'interaction') },

  /**
   * The APIs that access tokens can be for (`resource`). Others are refused with `invalid_target`.
   *
   * @default any absolute URI
   * @see [RFC 8707 - Resource Indicators for OAuth 2.0](https://www.rfc-editor.org/rfc/rfc8707.html)
   */
  resources: { read: texts },

  /** How responses are compressed, whatever the request accepts. @default not at all */
  contentEncoding: { read: oneOf('gzip', 'deflate', 'br') },

  /**
   * `rotate`: each refresh token works once and is replaced by a new one; using it again ends the grant, because it
   * may have been stolen. `keep`: each refresh token works until the grant ends. `none`: none are issued.
   *
   * @default 'rotate'
   */
  refreshTokens: { read: oneOf('rotate', 'keep', 'none'), default: 'rotate' },

  /** The client's identifier. @default 'test-client' */
  clientID: { read: text, default: 'test-client' },

  /** The client's secret. @default 'test-secret' */
  clientSecret: { read: text, default: 'test-secret' },

  /**
   * The client's public keys, for `private_key_jwt`. Without them, client assertions are accepted whatever key they
   * are signed with.
   */
  clientKeys: { read: checkedWhenUsed<JSONWebKeySet>() },

  /**
   * The port of `127.0.0.1` to listen on. A provider on a port that you choose keeps its process running until it is
   * closed, for a script that only starts it. On any free port, it does not, so that no test runner waits for it.
   *
   * @default 0 (any free port)
   */
  port: { read: upTo(65_535), default: 0 },
} as const satisfies OptionTable

/** The options of {@link startTestProvider}. All can be left out. */
export type TestProviderOptions = OptionsOf<typeof TEST_PROVIDER_OPTIONS>

/** What `provider.register` takes. The type, the checks, the defaults and the reference are made from this table. */
export const TEST_REGISTRATION_OPTIONS = {
  /** Where logout tokens are posted: `POST /backchannel-logout` of `authRouter`. @default nowhere */
  backchannelLogoutURL: { read: secureUrl },

  /** What the logout page loads in a frame: `GET /frontchannel-logout` of `authRouter`. @default nothing */
  frontchannelLogoutURL: { read: secureUrl },

  /** Where the browser may go after the logout. Other addresses are refused. @default anywhere */
  postLogoutRedirectURLs: { read: texts },
} as const satisfies OptionTable

/** The addresses of the application that are registered at a test provider. All can be left out. */
export type TestRegistration = OptionsOf<typeof TEST_REGISTRATION_OPTIONS>

/** The registered addresses. */
export type RegisteredAddresses = SettingsOf<typeof TEST_REGISTRATION_OPTIONS>

/** @throws {ConfigurationError} if the value is not an object */
function jsonObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new ConfigurationError(`${name} must be an object.`, name)
}

/** @throws {ConfigurationError} if the value is not a list of objects */
function jsonObjects(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'object' && one)
  if (isList) return [...(value as readonly Record<string, unknown>[])]
  throw new ConfigurationError(`${name} must be a list of objects.`, name)
}
