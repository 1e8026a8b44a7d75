import {
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from 'oauth4webapi'
import type { AuthorizationServer } from 'oauth4webapi'
import type { Dispatcher } from 'undici'
import { createTransport, rethrowAs } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { AuthorizationCodeError, ConfigurationError, DiscoveryError } from '../errors/errors.js'
import { isSecure } from '../lib/secure-url.js'
import { missing, readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable, SettingsOf } from '../options/option-table.js'
import type { ProviderOptions } from '../options/options.js'
import { flag, positive, withMethods } from '../options/readers.js'

export const DISCOVER_OPTIONS = {
  /** Time for each of at most two requests, in **milliseconds**. @default 10_000 (10 seconds) */
  timeoutMs: { read: positive, default: 10_000 },

  /** An undici `Dispatcher`: a proxy, a private CA, a `MockAgent`. */
  dispatcher: { read: withMethods<Dispatcher>('dispatch') },

  /**
   * Pushes authorization requests wherever the provider offers it, and refuses one that does not.
   *
   * @default only where the provider requires it
   * @see [RFC 9126, section 5 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc9126.html#section-5)
   */
  pushedAuthorizationRequests: { read: flag },

  /**
   * Takes the addresses where the provider asks for the client's certificate, if it has others for that.
   * For the methods `tls_client_auth` and `self_signed_tls_client_auth`, and for tokens that are bound to
   * the certificate.
   *
   * @default false
   * @see [RFC 8705, section 5 - Metadata for Mutual-TLS Endpoint Aliases](https://www.rfc-editor.org/rfc/rfc8705.html#section-5)
   */
  mutualTls: { read: flag, default: false },
} as const satisfies OptionTable

/** The options of {@link discover}. */
export type DiscoverOptions = OptionsOf<typeof DISCOVER_OPTIONS>

type DiscoverSettings = SettingsOf<typeof DISCOVER_OPTIONS>

/** What {@link discover} finds out about a provider. */
export type DiscoveredProvider = ProviderOptions & { readonly issuer: string }

/**
 * Reads a provider's metadata and returns its options, to be spread into the strategy's.
 *
 * Looks where OpenID Connect keeps it first, then where RFC 8414 does. Nothing is cached and nothing is
 * read again later: call it once, at start.
 *
 * @param issuer the provider's issuer identifier, such as `https://accounts.example.com`
 * @throws {ConfigurationError} if `issuer` is missing or not an HTTPS URL, or an option is unknown or cannot be used
 * @throws {DiscoveryError} when there is no metadata, it is not valid, or it is another issuer's
 * @see [RFC 8414 - OAuth 2.0 Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html)
 * @see [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html)
 */
export async function discover(
  issuer: string | undefined,
  options: DiscoverOptions = {},
): Promise<DiscoveredProvider> {
  const url = readIssuer(issuer)
  const settings = readTable(
    DISCOVER_OPTIONS,
    options,
    "discover('https://login.example.com', { timeoutMs: 5_000 })",
  )
  const transport = createTransport({ ...settings, responseLimitBytes: 1_048_576 })
  try {
    const metadata = await readMetadata(url, transport)
    return toProvider(settings.mutualTls ? withMutualTlsAliases(metadata) : metadata, settings)
  } catch (error) {
    throw asDiscoveryError(error)
  }
}

/** Where OpenID Connect puts its metadata (after the issuer's path), and where RFC 8414 does (before it). */
const WELL_KNOWN = /\/\.well-known\/(openid-configuration|oauth-authorization-server)(?=\/|$)/

function readIssuer(issuer: string | undefined): URL {
  if (issuer === undefined || issuer === '') missing('issuer')
  if (!URL.canParse(issuer) || !isSecure(new URL(issuer))) {
    throw new ConfigurationError('The issuer must be an HTTPS URL.', 'issuer')
  }
  const url = new URL(issuer)
  if (WELL_KNOWN.test(url.pathname)) {
    const meant = url.origin + url.pathname.replace(WELL_KNOWN, '').replace(/\/$/, '')
    throw new ConfigurationError(
      `The issuer is the address without the path of its metadata: discover('${meant}').`,
      'issuer',
    )
  }
  return url
}

/**
 * The metadata of an issuer, wherever it keeps it.
 *
 * @throws {DiscoveryError} when there is none, it is not valid, or it is another issuer's
 */
export async function readMetadata(
  issuer: URL,
  transport: Transport,
): Promise<AuthorizationServer> {
  try {
    const first = await request(issuer, 'oidc', transport)
    const response = first.status === 404 ? await request(issuer, 'oauth2', transport) : first
    if (response.status !== 200) {
      throw new DiscoveryError(
        `The provider's metadata could not be read: HTTP ${response.status}.`,
        { phase: 'discovery', httpStatus: response.status },
      )
    }
    return await processDiscoveryResponse(issuer, response)
  } catch (error) {
    throw asDiscoveryError(error)
  }
}

/** `Response` refuses a body with these, even an empty one. */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([204, 205, 304])

function request(
  issuer: URL,
  algorithm: 'oidc' | 'oauth2',
  transport: Transport,
): Promise<Response> {
  return discoveryRequest(issuer, {
    algorithm,
    // Loopback addresses may be plain HTTP; the transport refuses all others.
    [allowInsecureRequests]: true,
    [customFetch]: async (url, { headers }) => {
      const {
        status,
        text,
        headers: answered,
      } = await transport
        .send({ method: 'GET', url, headers })
        .catch(rethrowAs(DiscoveryError, "The provider's metadata could not be read", 'discovery'))
      const type = answered['content-type']
      return new Response(NULL_BODY_STATUSES.has(status) ? null : text, {
        status,
        headers: typeof type === 'string' ? { 'content-type': type } : {},
      })
    },
  })
}

/** What this client itself calls, and the browser does not. */
const BACK_CHANNEL: ReadonlySet<string> = new Set([
  'pushed_authorization_request_endpoint',
  'revocation_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
])

function withMutualTlsAliases(metadata: AuthorizationServer): AuthorizationServer {
  const aliases = Object.entries(metadata.mtls_endpoint_aliases ?? {})
  return {
    ...metadata,
    ...Object.fromEntries(aliases.filter(([name]) => BACK_CHANNEL.has(name))),
  }
}

function toProvider(metadata: AuthorizationServer, options: DiscoverSettings): DiscoveredProvider {
  const { authorization_endpoint: authorizationURL, token_endpoint: tokenURL } = metadata
  if (authorizationURL === undefined || tokenURL === undefined) {
    throw new Error('it has no authorization_endpoint or no token_endpoint')
  }
  const challengeMethods = metadata.code_challenge_methods_supported
  if (challengeMethods !== undefined && !challengeMethods.includes('S256')) {
    throw new Error('it offers PKCE without S256')
  }
  return {
    issuer: metadata.issuer,
    authorizationURL,
    tokenURL,
    profileURL: metadata.userinfo_endpoint,
    revocationURL: metadata.revocation_endpoint,
    pushedAuthorizationRequestURL: pushedAuthorizationRequestUrl(metadata, options),
    endSessionURL: metadata.end_session_endpoint,
    jwksURL: metadata.jwks_uri,
    signedAuthorizationRequests: metadata.require_signed_request_object === true,
    authorizationResponseIssParameterSupported:
      metadata.authorization_response_iss_parameter_supported === true,
    // RFC 8414, section 2: left out, this means client_secret_basic.
    clientAuthenticationMethodsSupported: metadata.token_endpoint_auth_methods_supported ?? [
      'client_secret_basic',
    ],
  }
}

function pushedAuthorizationRequestUrl(
  {
    pushed_authorization_request_endpoint: url,
    require_pushed_authorization_requests: isRequired = false,
  }: AuthorizationServer,
  { pushedAuthorizationRequests = isRequired }: DiscoverSettings,
): string | undefined {
  if (!pushedAuthorizationRequests) {
    if (isRequired)
      throw new Error('it requires pushed authorization requests, which are turned off')
    return undefined
  }
  if (url === undefined) throw new Error('it has no pushed_authorization_request_endpoint')
  return url
}

function asDiscoveryError(error: unknown): unknown {
  if (error instanceof AuthorizationCodeError) return error
  const { message = 'unknown reason' } = error as Partial<Error>
  return new DiscoveryError(`The provider's metadata is not valid: ${message}.`, {
    phase: 'discovery',
    // Any other status has been reported already.
    httpStatus: 200,
  })
}
