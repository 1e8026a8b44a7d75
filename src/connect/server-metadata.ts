import type { AuthorizationServer } from 'oauth4webapi'
import { NotConnectableError } from '../errors/connection-errors.js'
import { isLoopback } from '../lib/loopback.js'
import { isSecure } from '../lib/secure-url.js'
import type { Document } from './metadata-reader.js'

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'jwks_uri',
] as const

const LISTS = [
  'scopes_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'revocation_endpoint_auth_methods_supported',
  'protected_resources',
] as const

const FLAGS = [
  'authorization_response_iss_parameter_supported',
  'client_id_metadata_document_supported',
  'require_pushed_authorization_requests',
  'require_signed_request_object',
] as const

type Endpoints = Readonly<Partial<Record<(typeof ENDPOINTS)[number], string | undefined>>>
type Lists = Readonly<Partial<Record<(typeof LISTS)[number], readonly string[] | undefined>>>
type Flags = Readonly<Partial<Record<(typeof FLAGS)[number], true | undefined>>>

/** What is used of an authorization server's metadata, and has been checked. Nothing else of them is kept. */
export interface ServerMetadata extends Endpoints, Lists, Flags {
  readonly authorization_endpoint: string
  readonly token_endpoint: string
}

/** The longest address that is accepted, in characters. */
export const MAXIMUM_ADDRESS = 2_000

/** How many members of a list are looked at. */
const MAXIMUM_LIST = 2_000

/**
 * Takes from a stranger's document what is used of it, so that nothing in it fails later, when the person has agreed already.
 *
 * @throws {NotConnectableError} if the server cannot be used
 * @see [RFC 8414, section 2 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
 */
export function readServerMetadata(document: Document, issuer: URL): ServerMetadata {
  const unusable = (why: string): NotConnectableError =>
    new NotConnectableError(
      'no_metadata',
      `The metadata of the authorization server ${issuer.href} cannot be used: ${why}.`,
    )
  const metadata: Endpoints & Lists & Flags = {
    ...taken(ENDPOINTS, (name) => {
      const address = document[name]
      // Some servers write what they lack as null or as an empty text.
      if (address === undefined || address === null || address === '') return undefined
      const url = endpointAt(address, issuer)
      if (url === undefined) throw unusable(`they name no ${name} that is an HTTPS address`)
      return url
    }),
    ...taken(LISTS, (name) => listIn(document[name])),
    ...taken(FLAGS, (name) => (document[name] === true ? true : undefined)),
  }
  const { authorization_endpoint, token_endpoint } = metadata
  if (authorization_endpoint === undefined) throw unusable('they name no authorization_endpoint')
  if (token_endpoint === undefined) throw unusable('they name no token_endpoint')
  if (metadata.require_signed_request_object) {
    throw unusable('the server wants signed requests, for which this application has no key')
  }
  const { pushed_authorization_request_endpoint: pushed } = metadata
  if (metadata.require_pushed_authorization_requests && pushed === undefined) {
    throw unusable('they name no pushed_authorization_request_endpoint, and require its use')
  }
  return { ...metadata, authorization_endpoint, token_endpoint }
}

/** The same as oauth4webapi writes metadata. */
export function asAuthorizationServer(
  issuer: string,
  metadata: ServerMetadata,
): AuthorizationServer {
  return { issuer, ...metadata } as unknown as AuthorizationServer
}

function taken<Name extends string, Value>(
  names: readonly Name[],
  read: (name: Name) => Value | undefined,
): Readonly<Partial<Record<Name, Value>>> {
  const all = names.map((name) => [name, read(name)] as const)
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Readonly<
    Partial<Record<Name, Value>>
  >
}

/** An endpoint as a browser would write it; `undefined` if it cannot be used. */
function endpointAt(value: unknown, issuer: URL): string | undefined {
  if (typeof value !== 'string' || value.length > MAXIMUM_ADDRESS || !URL.canParse(value)) {
    return undefined
  }
  const url = new URL(value)
  const { username, password, hostname, href } = url
  // A name or password could look like the host.
  const isPlain = username === '' && password === '' && !href.includes('#')
  const isOthersLoopback = isLoopback(hostname) && !isLoopback(issuer.hostname)
  return isPlain && isSecure(url) && !isOthersLoopback ? href : undefined
}

/** One string is taken for a list of one: some servers write it so. What is no string is left out. */
function listIn(value: unknown): readonly string[] | undefined {
  const all: readonly unknown[] =
    typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
  const strings = all.slice(0, MAXIMUM_LIST).filter((one) => typeof one === 'string')
  return strings.length === 0 ? undefined : strings
}
