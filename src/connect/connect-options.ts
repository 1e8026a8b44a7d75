import { ConfigurationError } from '../errors/setup-errors.js'
import { storedGrants } from '../options/grants-option.js'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import {
  aFunction,
  flag,
  orFunction,
  ownPath,
  positive,
  secureUrl,
  text,
  texts,
  urlWithoutFragment,
} from '../options/readers.js'
import type { AuthRouterOptions } from '../passport/router-options.js'
import { loginErrorPage } from '../passport/login-error-page.js'
import { sessionUserByDefault } from '../passport/session-user.js'

/** A client that was registered at an authorization server beforehand. */
export interface RegisteredClient {
  readonly clientID: string
  /** Left out for a public client. */
  readonly clientSecret?: string | undefined
  /**
   * The resources that the client is for: their addresses, or those that they are below. For any other resource that names this
   * authorization server, the client is not used: it would get tokens of yours.
   */
  readonly resources: readonly string[]
}

/**
 * What an authorization server may show people of this application, under the names of RFC 7591. Addresses are HTTPS.
 *
 * @see [RFC 7591, section 2 - Client Metadata](https://www.rfc-editor.org/rfc/rfc7591.html#section-2)
 */
export interface ClientDescription {
  /** The application's name, as people know it. */
  readonly client_name: string
  readonly client_uri?: string | undefined
  readonly logo_uri?: string | undefined
  readonly tos_uri?: string | undefined
  readonly policy_uri?: string | undefined
  readonly contacts?: readonly string[] | undefined
  readonly software_id?: string | undefined
  readonly software_version?: string | undefined
}

/**
 * Finds the client that was registered at an issuer beforehand; `undefined` if there is none. The issuer comes without a slash at its
 * end, and from a stranger: it is an HTTPS address of at most 2,000 characters, as a browser would write it.
 */
export type FindRegisteredClient = (
  issuer: string,
) => RegisteredClient | undefined | Promise<RegisteredClient | undefined>

/** The table of {@link ConnectOptions}. */
export const CONNECT_OPTIONS = {
  /** Where connections, registrations and tokens are stored, sealed: such as a `PostgresGrants`. */
  grants: { read: storedGrants, required: true },

  /**
   * The absolute URL of `GET /callback` of `connections.router`. Authorization servers that this application registers with
   * itself get a URL of their own, which begins with this one.
   */
  callbackURL: { read: urlWithoutFragment, required: true },

  /** What authorization servers may show people of this application: at least its `client_name`. */
  client: { read: clientDescription, required: true },

  /**
   * Clients that were registered beforehand, by the issuer of the authorization server, with the resources that each is for. They
   * are registered with exactly `callbackURL`. A function can look into a database.
   *
   * @default {} (this application registers itself)
   */
  registeredClients: {
    read: orFunction<Readonly<Record<string, RegisteredClient>>, FindRegisteredClient>(
      clientsByIssuer,
    ),
    default: {},
  },

  /**
   * The address of a Client ID Metadata Document of yours that is hosted elsewhere: it is then the client's id. Its
   * `redirect_uris` must have `callbackURL`, its `token_endpoint_auth_method` must be `none`. It is only used
   * with servers that send `iss` (RFC 9207).
   *
   * @default `connections.router` serves one for each authorization server that sends `iss`, if `callbackURL` is HTTPS
   * @see [OAuth Client ID Metadata Document](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document)
   */
  clientMetadataURL: { read: secureUrl },

  /**
   * **WARNING:** uses Client ID Metadata Documents also with servers that do not send `iss`. A hostile server that a person connects
   * can then get the code that another such server has issued to them (mix-up).
   *
   * @default false
   * @see [RFC 9700, section 4.4 - Mix-Up Attacks](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.4)
   */
  dangerouslyShareCallback: { read: flag, default: false },

  /**
   * Tells these connections from those of another `connectResources` with the same store, such as of another tenant: they share
   * nothing, even if account ids are the same. It is a part of names in the store and in sessions: with another one, nothing is
   * connected, and what was connected before is not erased by `grants.eraseAccount`.
   *
   * @default 'connect'
   */
  name: { read: nameInNames, default: 'connect' },

  /**
   * Where people log in at authorization servers whose login page is of another origin than their issuer, and which do not send `iss`
   * (RFC 9207): by issuer, one origin or several. Otherwise, such a server is refused: it could send people to log in at another
   * server, and get the code that is issued there.
   *
   * @default {}
   */
  loginOrigins: { read: originsByIssuer, default: {} },

  /** Your own id of a user, as the option of the strategy. @default the user's `account` if no `verify` has made the user, otherwise its `id` */
  accountOf: { read: aFunction<(user: never) => string | number | undefined>() },

  /** Where people log in to the application, a path of this origin. @default they are refused with a `LoginRequiredError` */
  loginPath: { read: ownPath },

  /** Where the browser goes after connecting and disconnecting, without `?return_to=`. @default '/' */
  successRedirect: { read: text, default: '/' },

  /** What of the user the page shows that asks: see the option of `authRouter`. @default the `displayName` of a user without `verify` */
  sessionUser: {
    read: aFunction<NonNullable<AuthRouterOptions['sessionUser']>>(),
    default: sessionUserByDefault,
  },

  /** How many resources one person can connect. @default 50 */
  maximumPerAccount: { read: positive, default: 50 },

  /** How long a request may take, in **milliseconds**, as the option of the strategy. An event stream is limited until it begins. @default 10_000 */
  timeoutMs: { read: positive, default: 10_000 },

  /** The largest answer of a resource that is accepted, in **bytes**. Event streams have no limit. @default 4_194_304 (4 MiB) */
  responseLimitBytes: { read: positive, default: 4_194_304 },

  /** Receives every error of the routes, as the option of `authRouter`. @default `loginErrorPage` */
  onError: {
    read: aFunction<NonNullable<AuthRouterOptions['onError']>>(),
    default: loginErrorPage,
  },

  /**
   * **WARNING:** also connects to addresses of this machine and of private networks, and by plain HTTP to this machine: for servers
   * that run beside the application while you develop. Whoever can enter an address reads from your network. Refused if `NODE_ENV`
   * is `production`.
   *
   * @default false
   */
  dangerouslyAllowPrivateNetwork: { read: flagNotInProduction, default: false },
} as const satisfies OptionTable

/** The options of `connectResources`. */
export type ConnectOptions = OptionsOf<typeof CONNECT_OPTIONS>

/** The options once they are read. */
export type ConnectSettings = SettingsOf<typeof CONNECT_OPTIONS>

const DESCRIPTION_NAMES: ReadonlySet<string> = new Set([
  'client_name',
  'client_uri',
  'logo_uri',
  'tos_uri',
  'policy_uri',
  'contacts',
  'software_id',
  'software_version',
])

function clientDescription(value: ClientDescription, name: string): ClientDescription {
  const given = Object(value) as Readonly<Record<string, unknown>>
  const unknown = Object.keys(given).find((one) => !DESCRIPTION_NAMES.has(one))
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `${name} has no member '${unknown}'. There are ${[...DESCRIPTION_NAMES].join(', ')}.`,
      name,
    )
  }
  text(given['client_name'], `${name}.client_name`)
  for (const [member, address] of Object.entries(given)) {
    if (member.endsWith('_uri') && address !== undefined) secureUrl(address, `${name}.${member}`)
  }
  const set = Object.entries(given).filter(([, one]) => one !== undefined)
  return Object.fromEntries(set) as unknown as ClientDescription
}

function clientsByIssuer(value: unknown, name: string): Readonly<Record<string, RegisteredClient>> {
  const all = Object.entries(Object(value) as Readonly<Record<string, unknown>>)
  for (const [issuer, client] of all) {
    secureUrl(issuer, name)
    const { clientID, resources } = Object(client) as Partial<RegisteredClient>
    text(clientID, `${name}.clientID`)
    for (const one of texts(resources, `${name}.resources`)) {
      secureUrl(one, `${name}.resources`)
    }
  }
  return Object.fromEntries(all) as Readonly<Record<string, RegisteredClient>>
}

function originsByIssuer(
  value: Readonly<Record<string, string | readonly string[]>>,
  name: string,
): Readonly<Record<string, readonly string[]>> {
  const all = Object.entries(Object(value) as Readonly<Record<string, unknown>>)
  return Object.fromEntries(
    all.map(([issuer, origins]) => {
      secureUrl(issuer, name)
      return [issuer, [origins].flat().map((one) => new URL(secureUrl(one, name)).origin)]
    }),
  )
}

/** A text that names in the store can begin with. */
function nameInNames(value: unknown, name: string): string {
  if (typeof value === 'string' && /^[\w.-]{1,100}$/.test(value)) return value
  throw new ConfigurationError(
    `${name} must have 1 to 100 letters of a to z, digits, and the characters . _ - and no others.`,
    name,
  )
}

function flagNotInProduction(value: boolean, name: string): boolean {
  const isSet = flag(value, name)
  if (isSet && process.env['NODE_ENV'] === 'production') {
    throw new ConfigurationError(
      `${name} is refused in production (NODE_ENV): whoever can enter an address would read from your network.`,
      name,
    )
  }
  return isSet
}
