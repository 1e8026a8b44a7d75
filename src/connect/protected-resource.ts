import { readChallenge } from '../client/challenge.js'
import type { Transport } from '../client/transport.js'
import { NotConnectableError } from '../errors/connection-errors.js'
import { providerText } from '../lib/provider-text.js'
import { isSecure } from '../lib/secure-url.js'
import { asConnectError, readDocument } from './metadata-reader.js'
import type { Document } from './metadata-reader.js'
import { isWithin } from './resource-address.js'
import { scopeNames } from './scope-names.js'
import { MAXIMUM_ADDRESS } from './server-metadata.js'

/** What a resource has said when it refused a request. */
export interface ResourceChallenge {
  /** Where its metadata are. */
  readonly metadataURL?: string | undefined
  /** The scope that it wants. */
  readonly scope?: readonly string[] | undefined
  /** Whether it wants tokens that are bound to a key, and no others. */
  readonly dpop?: boolean | undefined
}

/** What the metadata of a resource say. */
export interface ProtectedResource {
  /** Its identifier, as it has written it. */
  readonly resource: string
  /** The issuers of the authorization servers that it trusts, at least one. */
  readonly issuers: readonly string[]
  /** What it calls itself. */
  readonly name?: string | undefined
  readonly scopesSupported?: readonly string[] | undefined
  readonly dpop: boolean
}

/** How many authorization servers of a resource are looked at. */
const MAXIMUM_ISSUERS = 10

/** The longest identifier of a resource, in characters. It becomes a part of addresses. */
const MAXIMUM_RESOURCE = 1_000

/** The scheme of DPoP at the beginning of a challenge. */
const DPOP_CHALLENGE = /(?:^|,\s*)DPoP(?:[\s,]|$)/i
const BEARER_CHALLENGE = /(?:^|,\s*)Bearer(?:[\s,]|$)/i

/**
 * What a resource says in a 401 or 403.
 *
 * @see [RFC 9728, section 5.1 - WWW-Authenticate Response](https://www.rfc-editor.org/rfc/rfc9728.html#section-5.1)
 */
export function readResourceChallenge(
  header: string | readonly string[] | null | undefined,
): ResourceChallenge {
  const { resource_metadata: metadataURL, scope } = readChallenge(header)
  const text = [header ?? []].flat().join(', ')
  return {
    ...(metadataURL !== undefined && { metadataURL }),
    ...(scope !== undefined && { scope: scopeNames(scope) }),
    ...(DPOP_CHALLENGE.test(text) && !BEARER_CHALLENGE.test(text) && { dpop: true }),
  }
}

/**
 * Asks the resource for its challenge, by a request without a token. `undefined` if it does not refuse that.
 *
 * @throws {NotConnectableError} if its address is not on the public internet
 * @throws {DiscoveryError} if it cannot be reached, or fails
 */
export async function askForChallenge(
  address: URL,
  transport: Transport,
): Promise<ResourceChallenge | undefined> {
  const headers = { accept: 'application/json, text/event-stream' }
  const answer = await transport.fetch(address, { headers }).catch((error: unknown) => {
    throw asConnectError(error, address.origin)
  })
  // It may be a stream that never ends.
  await answer.body?.cancel().catch(() => undefined)
  const challenge = answer.headers.get('www-authenticate')
  return answer.status === 401 ? readResourceChallenge(challenge) : undefined
}

/**
 * Reads the metadata of a resource: from where its challenge says, otherwise from the well-known addresses with and without its
 * path. A resource without metadata is taken for one whose own origin is its authorization server, as before RFC 9728.
 *
 * @throws {NotConnectableError} if they are of another resource, or cannot be used
 * @throws {DiscoveryError} if a server cannot be reached, or fails
 * @see [RFC 9728, section 3 - Obtaining Protected Resource Metadata](https://www.rfc-editor.org/rfc/rfc9728.html#section-3)
 */
export async function readProtectedResource(
  address: URL,
  challenge: ResourceChallenge,
  transport: Transport,
): Promise<ProtectedResource> {
  for (const url of metadataAddresses(address, challenge)) {
    const document = await readDocument(url, transport)
    if (document !== undefined) return checked(document, url, address, challenge)
  }
  return {
    resource: withoutQuery(address),
    issuers: [address.origin],
    dpop: challenge.dpop === true,
  }
}

function metadataAddresses(address: URL, { metadataURL }: ResourceChallenge): readonly string[] {
  const { origin, pathname } = address
  const usual = pathname === '/' ? [origin] : [`${origin}${pathname}`, origin]
  const wellKnown = usual.map((one) => wellKnownAddress(new URL(one)))
  if (metadataURL === undefined) return wellKnown
  if (URL.canParse(metadataURL) && isSecure(new URL(metadataURL))) {
    return [new URL(metadataURL).href, ...wellKnown]
  }
  throw new NotConnectableError(
    'no_metadata',
    `The server names no address of its metadata that can be read: ${providerText(metadataURL) ?? ''}.`,
  )
}

/** @see [RFC 9728, section 3 - Obtaining Protected Resource Metadata](https://www.rfc-editor.org/rfc/rfc9728.html#section-3) */
function wellKnownAddress({ origin, pathname, search }: URL): string {
  const path = pathname === '/' ? '' : pathname
  return `${origin}/.well-known/oauth-protected-resource${path}${search}`
}

function withoutQuery({ origin, pathname }: URL): string {
  return pathname === '/' ? origin : `${origin}${pathname}`
}

/**
 * Whether metadata that were read at `url` may be those of the resource that they name: of the address itself, or of one above it
 * whose well-known address this is. On a host with many tenants, one could claim the resources of the others otherwise.
 *
 * @see [RFC 9728, section 3.3 - Protected Resource Metadata Validation](https://www.rfc-editor.org/rfc/rfc9728.html#section-3.3)
 */
function isIdentifierOf(address: URL, resource: unknown, url: string): resource is string {
  if (typeof resource !== 'string' || !URL.canParse(resource)) return false
  const named = new URL(resource)
  const isPlain = named.username === '' && named.password === '' && !resource.includes('#')
  // As a browser would write it: nothing in it can look like another address.
  const isNormal = [resource, `${resource}/`].includes(named.href)
  if (!isPlain || !isNormal || resource.length > MAXIMUM_RESOURCE) return false
  // A resource without the query is above the address: its metadata would be those of all that the query tells apart.
  const isExact = [address.href, `${address.href}/`].includes(named.href)
  return isExact || (isWithin(address, named) && wellKnownAddress(named) === url)
}

function isIssuer(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAXIMUM_ADDRESS
}

/** @throws {NotConnectableError} if the metadata are of another resource, or name no authorization server */
function checked(
  document: Document,
  url: string,
  address: URL,
  challenge: ResourceChallenge,
): ProtectedResource {
  const { resource, authorization_servers: servers, scopes_supported: scopes } = document
  if (!isIdentifierOf(address, resource, url)) {
    throw new NotConnectableError(
      'other_resource',
      `The metadata of this server are about another one: ${providerText(resource) ?? 'they name none'}.`,
    )
  }
  const issuers = Array.isArray(servers)
    ? servers.filter((one) => isIssuer(one)).slice(0, MAXIMUM_ISSUERS)
    : []
  if (issuers.length === 0) {
    throw new NotConnectableError(
      'no_metadata',
      'The metadata of this server name no authorization server.',
    )
  }
  return {
    resource,
    issuers,
    name: providerText(document['resource_name']),
    ...(Array.isArray(scopes) && { scopesSupported: scopeNames(scopes) }),
    dpop: challenge.dpop === true || document['dpop_bound_access_tokens_required'] === true,
  }
}
