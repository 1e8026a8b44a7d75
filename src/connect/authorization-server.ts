import type { AuthorizationServer } from 'oauth4webapi'
import type { Transport } from '../client/transport.js'
import { withoutEmpty } from '../client/without-empty.js'
import { NotConnectableError } from '../errors/connection-errors.js'
import { isSecure } from '../lib/secure-url.js'
import { providerText } from '../lib/provider-text.js'
import { toProvider } from '../providers/provider-metadata.js'
import type { ProviderMetadata } from '../options/metadata-option.js'
import { readDocument } from './metadata-reader.js'
import type { Document } from './metadata-reader.js'
import { scopeNames } from './scope-names.js'

/** An authorization server that a resource trusts. */
export interface TrustedServer {
  /** Its issuer, as its own metadata write it. */
  readonly issuer: string
  readonly metadata: Document
}

/**
 * Reads the metadata of an authorization server: of RFC 8414 or of OpenID Connect, with all ways to put a path into the address
 * that servers use.
 *
 * @throws {NotConnectableError} if there are none, they are another issuer's or name no endpoints, or PKCE with S256 is not offered
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
    if (document !== undefined) return checked(withoutEmpty(document) as Document, url)
  }
  throw new NotConnectableError(
    'no_metadata',
    `The authorization server ${providerText(issuer) ?? ''} has no metadata.`,
  )
}

/** What the metadata say, as options of a strategy. @throws {Error} if an endpoint is missing or on this machine */
export function providerOf({ metadata }: TrustedServer): ProviderMetadata {
  const provider = toProvider(metadata as unknown as AuthorizationServer, {})
  // Nobody logs in or out by this server: neither a profile nor a logout page is wanted.
  return { ...provider, name: undefined, profileURL: undefined, endSessionURL: undefined }
}

/** Where people are sent to log in: it may be of another host than the issuer. */
export function loginAddressOf({ metadata }: TrustedServer): URL {
  return new URL(metadata['authorization_endpoint'] as string)
}

/** The scopes that a server lists. */
export function scopesOfferedBy({ metadata }: TrustedServer): readonly string[] {
  const { scopes_supported: scopes } = metadata
  return Array.isArray(scopes) ? scopeNames(scopes) : []
}

function issuerAddress(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  const isPlain = url?.search === '' && url.hash === '' && !hasCredentials(url)
  if (url !== undefined && isSecure(url) && isPlain) return url
  throw new NotConnectableError(
    'other_issuer',
    `The server names an authorization server that is not an HTTPS address: ${providerText(issuer) ?? ''}.`,
  )
}

/** Whether there is a name or password in an address, which could look like its host. */
function hasCredentials({ username, password }: URL): boolean {
  return username !== '' || password !== ''
}

function isEndpoint(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const url = new URL(value)
  return isSecure(url) && !hasCredentials(url)
}

function metadataAddresses({ origin, pathname }: URL): readonly string[] {
  const path = pathname.replace(/\/$/, '')
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`
  const openid = `${origin}/.well-known/openid-configuration`
  return path === ''
    ? [oauth, openid]
    : [oauth, `${openid}${path}`, `${origin}${path}/.well-known/openid-configuration`]
}

/** The endpoints without which nobody can log in. */
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint'] as const

/** @throws {NotConnectableError} if they are another issuer's or name no endpoints, or PKCE with S256 is not offered */
function checked(metadata: Document, expected: URL): TrustedServer {
  const { issuer, code_challenge_methods_supported: methods } = metadata
  // As a browser would write it: what is shown and logged has no line ends, and nothing that looks like another host.
  const isOwn = typeof issuer === 'string' && [issuer, `${issuer}/`].includes(expected.href)
  if (!isOwn) {
    throw new NotConnectableError(
      'other_issuer',
      `The metadata of the authorization server ${expected.href} are another issuer's: ${providerText(issuer) ?? 'they name none'}.`,
    )
  }
  const missing = ENDPOINTS.find((name) => !isEndpoint(metadata[name]))
  if (missing !== undefined) {
    throw new NotConnectableError(
      'no_metadata',
      `The metadata of the authorization server ${expected.href} name no ${missing} that is an HTTPS address.`,
    )
  }
  if (!Array.isArray(methods) || !methods.includes('S256')) {
    throw new NotConnectableError(
      'no_pkce',
      `The authorization server ${expected.href} does not say that it protects the login by PKCE with S256.`,
    )
  }
  return { issuer, metadata }
}
