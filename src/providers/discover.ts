import type { Dispatcher } from 'undici'
import { createTransport } from '../client/transport.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { once } from '../lib/once.js'
import { isSecure } from '../lib/secure-url.js'
import { CLIENT_OPTIONS } from '../options/client-options.js'
import { refuseOtherAddress } from '../options/issuer-address.js'
import type { ProviderMetadata } from '../options/metadata-option.js'
import { missing, readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import type { ProviderOptions } from '../options/options.js'
import { REQUEST_OPTIONS } from '../options/request-options.js'
import { flag, positive, withMethods } from '../options/readers.js'
import { notUnderBun } from '../options/refuse-under-bun.js'
import { nameByAddress } from './provider-name.js'
import { toProvider, withMutualTlsAliases } from './provider-metadata.js'

/**
 * The options of {@link discover}. The type, the checks, the defaults and the reference are made from this table.
 */
export const DISCOVER_OPTIONS = {
  /** How long each of at most two requests may take, in **milliseconds**. @default 10_000 (10 seconds) */
  timeoutMs: { read: positive, default: 10_000 },

  /**
   * An undici `Dispatcher` for these requests: for a proxy, a private CA, or a `MockAgent` in tests. The strategy
   * has an option of the same name for its own requests. Refused under Bun.
   */
  dispatcher: { read: notUnderBun(withMethods<Dispatcher>('dispatch')) },

  /**
   * `true` pushes authorization requests, and throws if the provider does not offer it. `false` throws if the
   * provider requires it.
   *
   * @default pushes them only if the provider requires it
   * @see [RFC 9126, section 5 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc9126.html#section-5)
   */
  pushedAuthorizationRequests: { read: flag },

  /**
   * Uses the provider's mutual-TLS endpoints (`mtls_endpoint_aliases`), which ask for the client's certificate,
   * if the metadata names any. Needed for the methods `tls_client_auth` and `self_signed_tls_client_auth`, and
   * for tokens that are bound to the certificate.
   *
   * @default false
   * @see [RFC 8705, section 5 - Metadata for Mutual-TLS Endpoint Aliases](https://www.rfc-editor.org/rfc/rfc8705.html#section-5)
   */
  mutualTls: { read: flag, default: false },

  /**
   * **WARNING:** the hosts, with their ports, of which plain HTTP is allowed: for a provider in a container beside the application,
   * while you develop. It becomes the strategy's option of this name.
   *
   * @example `['keycloak:8080']`
   * @default none: plain HTTP is for loopback addresses only
   */
  dangerouslyAllowHttp: REQUEST_OPTIONS.dangerouslyAllowHttp,
} as const satisfies OptionTable

/** The options of {@link discover}. All can be left out. */
export type DiscoverOptions = OptionsOf<typeof DISCOVER_OPTIONS>

/** The options that {@link discover} reads from a provider's metadata, to be spread into the strategy's options. */
export type DiscoveredProvider = ProviderOptions & Readonly<Record<'issuer' | 'name', string>>

/** The options that {@link discover.lazy} knows before it has read the metadata, and how it reads them. */
export interface LateProvider extends Pick<ProviderOptions, 'dangerouslyAllowHttp'> {
  readonly name: string
  readonly issuer: string
  readonly metadata: () => Promise<ProviderMetadata>
}

/**
 * Reads a provider's metadata and returns its options, to be spread into the strategy's options. They contain the
 * endpoints, the issuer and what the provider supports; `scope` and the client's credentials are yours to add.
 *
 * Looks first at the address that OpenID Connect defines and, if it answers 404, at the one that RFC 8414 defines.
 * Nothing is cached, and nothing is read again later: call it once, when the application starts.
 *
 * The strategy's name is made of the issuer, so that two providers are never confused: for
 * `https://login.example.com/realms/a`, it is `login.example.com_realms_a`. Set `name` after the spread for another.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, discover } from 'passport-authorization-code'
 *
 * const strategy = new AuthorizationCodeStrategy({
 *   ...(await discover('https://login.example.com')),
 *   clientID: process.env['CLIENT_ID'],
 *   clientSecret: process.env['CLIENT_SECRET'],
 *   scope: 'openid profile email',
 *   callbackURL: 'https://your-app.com/auth/callback',
 * })
 * ```
 *
 * @example With pushed authorization requests, and less time
 * ```ts
 * import { discover } from 'passport-authorization-code'
 *
 * const provider = await discover(process.env['ISSUER'], {
 *   pushedAuthorizationRequests: true,
 *   timeoutMs: 5_000,
 * })
 * ```
 *
 * @param issuer the provider's issuer identifier, such as `https://accounts.example.com`, without the path of the metadata
 * @throws {ConfigurationError} if `issuer` is missing or not an HTTPS URL, or an option is unknown or cannot be used
 * @throws {DiscoveryError} if the metadata cannot be read, is not valid, or belongs to another issuer
 * @see [RFC 8414, section 3 - Obtaining Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-3)
 * @see [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)
 */
export async function discover(
  issuer: string | undefined,
  options: DiscoverOptions = {},
): Promise<DiscoveredProvider> {
  const { read, known } = createDiscovery(issuer, options)
  const { dangerouslyAllowHttp } = known
  return { ...(await read()), ...(dangerouslyAllowHttp && { dangerouslyAllowHttp }) }
}

/**
 * As {@link discover}, but it returns at once and asks the provider for nothing: the application starts while the provider is down. The
 * metadata are read when they are first needed, and again after a day.
 *
 * While they cannot be read, logins fail with a `DiscoveryError`, and whoever is logged in with an access token that is
 * still valid notices nothing. The issuer must be written exactly as the provider writes it, with or without a slash at the end.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, discover } from 'passport-authorization-code'
 *
 * const strategy = new AuthorizationCodeStrategy({
 *   ...discover.lazy('https://login.example.com'),
 *   clientID: process.env['CLIENT_ID'],
 *   clientSecret: process.env['CLIENT_SECRET'],
 *   scope: 'openid profile email',
 *   callbackURL: 'https://your-app.com/auth/callback',
 * })
 * ```
 *
 * @param issuer the provider's issuer identifier
 * @throws {ConfigurationError} if `issuer` is missing or not an HTTPS URL, or an option is unknown or cannot be used
 * @see [RFC 8414, section 3 - Obtaining Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-3)
 */
discover.lazy = function lazy(
  issuer: string | undefined,
  options: DiscoverOptions = {},
): LateProvider {
  const { read, known } = createDiscovery(issuer, options)
  const name = nameByAddress(undefined, known.issuer)
  return { name, ...known, metadata: read }
}

/** oauth4webapi is loaded when metadata are read for the first time. */
const loadReader = once(() => import('./read-metadata.js'))

/** How a provider's metadata are read, and what is known before. */
function createDiscovery(issuer: string | undefined, options: DiscoverOptions) {
  const settings = readTable(
    DISCOVER_OPTIONS,
    options,
    "discover('https://login.example.com', { timeoutMs: 5_000 })",
  )
  const { dangerouslyAllowHttp } = settings
  const url = readIssuer(issuer, dangerouslyAllowHttp)
  const transport = createTransport({
    ...settings,
    responseLimitBytes: CLIENT_OPTIONS.responseLimitBytes.default,
    maximumConnections: CLIENT_OPTIONS.maximumConnections.default,
  })
  return {
    known: { issuer: String(issuer), ...(dangerouslyAllowHttp && { dangerouslyAllowHttp }) },
    /** @throws {DiscoveryError} if the metadata cannot be read, is not valid, or belongs to another issuer */
    read: async () => {
      const { asDiscoveryError, readMetadata } = await loadReader()
      try {
        const metadata = await readMetadata(url, transport)
        return toProvider(settings.mutualTls ? withMutualTlsAliases(metadata) : metadata, settings)
      } catch (error) {
        throw asDiscoveryError(error)
      }
    },
  }
}

/**
 * Checks the issuer identifier.
 *
 * @throws {ConfigurationError} if it is missing, not an HTTPS URL, the address of the metadata itself, or a template
 */
function readIssuer(
  issuer: string | undefined,
  plainHttpHosts: readonly string[] | undefined,
): URL {
  if (issuer === undefined || issuer === '') missing('issuer')
  if (!URL.canParse(issuer) || !isSecure(new URL(issuer), plainHttpHosts)) {
    throw new ConfigurationError('The issuer must be an HTTPS URL.', 'issuer')
  }
  const url = new URL(issuer)
  refuseOtherAddress(url, 'issuer')
  return url
}
