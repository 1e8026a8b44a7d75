import type { AuthorizationServer } from 'oauth4webapi'
import { isLoopback } from '../lib/loopback.js'
import { providerText } from '../lib/provider-text.js'
import { nameByAddress } from './provider-name.js'

/** See the option of `discover`. */
export interface PushedRequestsSetting {
  readonly pushedAuthorizationRequests?: boolean | undefined
}

/**
 * The endpoints that this client calls itself. The browser, which has no client certificate, calls the others.
 */
const BACK_CHANNEL: ReadonlySet<string> = new Set([
  'pushed_authorization_request_endpoint',
  'revocation_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
])

/**
 * Replaces the endpoints that this client calls by their mutual-TLS aliases, if there are any.
 *
 * @see [RFC 8705, section 5 - Metadata for Mutual-TLS Endpoint Aliases](https://www.rfc-editor.org/rfc/rfc8705.html#section-5)
 */
export function withMutualTlsAliases(metadata: AuthorizationServer): AuthorizationServer {
  const aliases = Object.entries(metadata.mtls_endpoint_aliases ?? {})
  return {
    ...metadata,
    ...Object.fromEntries(aliases.filter(([name]) => BACK_CHANNEL.has(name))),
  }
}

/**
 * Turns metadata into options.
 *
 * @throws {Error} if an endpoint is missing, or a list is something else, or an endpoint is on this machine although the provider is not; the message
 * continues a sentence about the metadata
 * @see [RFC 8414, section 2 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
 */
export function toProvider(metadata: AuthorizationServer, options: PushedRequestsSetting) {
  const { authorization_endpoint: authorizationURL, token_endpoint: tokenURL } = metadata
  if (authorizationURL === undefined || tokenURL === undefined) {
    throw new Error('it has no authorization_endpoint or no token_endpoint')
  }
  refuseLoopback(metadata)
  return {
    name: nameByAddress(undefined, metadata.issuer),
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
    // RFC 8414, section 2: metadata without this member means client_secret_basic.
    clientAuthenticationMethodsSupported: listIn(
      metadata,
      'token_endpoint_auth_methods_supported',
    ) ?? ['client_secret_basic'],
    clientAssertionAlgorithmsSupported: listIn(
      metadata,
      'token_endpoint_auth_signing_alg_values_supported',
    ),
    revocationAuthenticationMethodsSupported: listIn(
      metadata,
      'revocation_endpoint_auth_methods_supported',
    ),
    codeChallengeMethodsSupported: listIn(metadata, 'code_challenge_methods_supported'),
  }
}

/**
 * Reads a list. One string is taken for a list of one: some servers write it so.
 *
 * @throws {Error} if the member is neither
 */
function listIn(
  metadata: AuthorizationServer,
  name: keyof AuthorizationServer & `${string}_supported`,
): readonly string[] | undefined {
  const value: unknown = metadata[name]
  if (value === undefined) return undefined
  if (typeof value === 'string') return [value]
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw new Error(`its ${name} is not a list of strings`)
}

/**
 * The endpoint for pushed authorization requests, or `undefined` if they are not to be pushed.
 *
 * @throws {Error} if the provider requires them and the option turns them off, or the option asks for them and there is no endpoint
 * @see [RFC 9126, section 5 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc9126.html#section-5)
 */
function pushedAuthorizationRequestUrl(
  {
    pushed_authorization_request_endpoint: url,
    require_pushed_authorization_requests: isRequired = false,
  }: AuthorizationServer,
  { pushedAuthorizationRequests = isRequired }: PushedRequestsSetting,
): string | undefined {
  if (!pushedAuthorizationRequests) {
    if (isRequired)
      throw new Error('it requires pushed authorization requests, which are turned off')
    return undefined
  }
  if (url === undefined) throw new Error('it has no pushed_authorization_request_endpoint')
  return url
}

/**
 * Somebody else's provider could otherwise let this application read from services of its own machine, over plain HTTP.
 *
 * @throws {Error} naming the member
 */
function refuseLoopback(metadata: AuthorizationServer): void {
  if (isOnThisMachine(metadata.issuer)) return
  const all: Readonly<Record<string, unknown>> = metadata
  const name = Object.keys(all).find(
    (key) => /_(?:endpoint|uri)$/.test(key) && isOnThisMachine(all[key]),
  )
  if (name !== undefined) {
    throw new Error(
      `its ${name} is on this machine (${providerText(all[name])}), and its issuer is not`,
    )
  }
}

function isOnThisMachine(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && isLoopback(new URL(url).hostname)
}
