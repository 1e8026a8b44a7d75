import type { Transport } from '../client/transport.js'
import { NotConnectableError } from '../errors/connection-errors.js'
import { isSecure } from '../lib/secure-url.js'
import { providerText } from '../lib/provider-text.js'
import { toProvider } from '../providers/provider-metadata.js'
import type { ProviderMetadata } from '../options/metadata-option.js'
import type { ConnectSettings } from './connect-options.js'
import { readDocument } from './metadata-reader.js'
import type { Document } from './metadata-reader.js'
import { scopeNames } from './scope-names.js'
import { asAuthorizationServer, MAXIMUM_ADDRESS, readServerMetadata } from './server-metadata.js'
import type { ServerMetadata } from './server-metadata.js'

/** An authorization server that a resource trusts. */
export interface TrustedServer {
  /** Its issuer, as its own metadata write it. */
  readonly issuer: string
  readonly metadata: ServerMetadata
}

/**
 * Reads the metadata of an authorization server: of RFC 8414 or of OpenID Connect, with all ways to put a path into the address
 * that servers use.
 *
 * @throws {NotConnectableError} if there are none, they are another issuer's or cannot be used
 * @throws {DiscoveryError} if the server cannot be reached, or fails
 * @see [RFC 8414, section 3 - Obtaining Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-3)
 * @see [RFC 8414, section 5 - Compatibility Notes](https://www.rfc-editor.org/rfc/rfc8414.html#section-5)
 */
export async function readAuthorizationServer(
  issuer: string,
  transport: Transport,
): Promise<TrustedServer> {
  const url = issuerAddress(issuer)
  for (const address of metadataAddresses(url)) {
    const document = await readDocument(address, transport)
    if (document !== undefined) return checked(document, url)
  }
  throw new NotConnectableError(
    'no_metadata',
    `The authorization server ${providerText(issuer) ?? ''} has no metadata.`,
  )
}

/**
 * For a login. What is connected goes on: a refresh has no code that somebody could use.
 *
 * @throws {NotConnectableError} if PKCE with S256 is not offered
 */
export function refuseWithoutPkce({ issuer, metadata }: TrustedServer): void {
  if (metadata.code_challenge_methods_supported?.includes('S256') === true) return
  throw new NotConnectableError(
    'no_pkce',
    `The authorization server ${issuer} does not say that it protects the login by PKCE with S256.`,
  )
}

/** What the metadata say, as options of a strategy. */
export function providerOf({ issuer, metadata }: TrustedServer): ProviderMetadata {
  const provider = toProvider(asAuthorizationServer(issuer, metadata), {})
  // Nobody logs in or out by this server: neither a profile nor a logout page is wanted.
  return { ...provider, name: undefined, profileURL: undefined, endSessionURL: undefined }
}

/** Where people are sent to log in: it may be of another host than the issuer. */
export function loginAddressOf({ metadata }: TrustedServer): URL {
  return new URL(metadata.authorization_endpoint)
}

/**
 * Whether each answer says that it is this server's.
 *
 * @see [RFC 9207, section 3 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc9207.html#section-3)
 */
export function saysWhoItIs({ metadata }: TrustedServer): boolean {
  return metadata.authorization_response_iss_parameter_supported === true
}

/** Whether people log in at another origin than that of the issuer, and the application has not said that both belong together. */
export function isLoginElsewhere(
  authorizationURL: string,
  issuer: string,
  { loginOrigins }: Pick<ConnectSettings, 'loginOrigins'>,
): boolean {
  const { origin } = new URL(authorizationURL)
  const known = Object.entries(loginOrigins).filter(([one]) => isSameIssuer(one, issuer))
  return ![new URL(issuer).origin, ...known.flatMap(([, origins]) => origins)].includes(origin)
}

/** The scopes that a server lists. */
export function scopesOfferedBy({ metadata }: TrustedServer): readonly string[] {
  return scopeNames(metadata.scopes_supported ?? [])
}

/** Whether two addresses are the same server's. Many write their issuer with a slash at its end in one place, and without in another. */
export function isSameIssuer(one: string, other: string): boolean {
  const normal = normalIssuer(one)
  return normal !== undefined && normal === normalIssuer(other)
}

/** An issuer as a browser would write it, without a slash at its end; `undefined` if it can be none. */
export function normalIssuer(issuer: string): string | undefined {
  return issuerUrl(issuer)?.href.replace(/\/$/, '')
}

function issuerUrl(issuer: string): URL | undefined {
  if (issuer.length > MAXIMUM_ADDRESS || !URL.canParse(issuer)) return undefined
  const url = new URL(issuer)
  const isPlain = url.search + url.hash + url.username + url.password === ''
  return isPlain && isSecure(url) ? url : undefined
}

function issuerAddress(issuer: string): URL {
  const url = issuerUrl(issuer)
  if (url !== undefined) return url
  throw new NotConnectableError(
    'other_issuer',
    `The server names an authorization server that is not an HTTPS address: ${providerText(issuer) ?? ''}.`,
  )
}

function metadataAddresses({ origin, pathname }: URL): readonly string[] {
  const path = pathname.replace(/\/$/, '')
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`
  const openid = `${origin}/.well-known/openid-configuration`
  return path === ''
    ? [oauth, openid]
    : [oauth, `${openid}${path}`, `${origin}${path}/.well-known/openid-configuration`]
}

/** @throws {NotConnectableError} if they are another issuer's or cannot be used */
function checked(document: Document, expected: URL): TrustedServer {
  const { issuer } = document
  // As a browser would write it: what is shown and logged has no line ends, and nothing that looks like another host.
  const isOwn =
    typeof issuer === 'string' && issuer.replace(/\/$/, '') === normalIssuer(expected.href)
  if (!isOwn) {
    throw new NotConnectableError(
      'other_issuer',
      `The metadata of the authorization server ${expected.href} are another issuer's: ${providerText(issuer) ?? 'they name none'}.`,
    )
  }
  return { issuer, metadata: readServerMetadata(document, expected) }
}
