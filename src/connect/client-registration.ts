import type { Answer, Transport } from '../client/transport.js'
import { isObject } from '../client/is-object.js'
import { NotConnectableError } from '../errors/connection-errors.js'
import { parsedJson } from '../lib/parsed-json.js'
import { providerText } from '../lib/provider-text.js'
import type { TrustedServer } from './authorization-server.js'
import type { ClientDescription } from './connect-options.js'
import { sendToStranger } from './metadata-reader.js'

/** How a client that was registered dynamically authenticates. */
export type DynamicAuthentication = 'client_secret_basic' | 'client_secret_post' | 'none'

/** A client as an authorization server has registered it. */
export interface DynamicClient {
  readonly clientID: string
  readonly clientSecret?: string
  readonly clientAuthentication: DynamicAuthentication
  /** When the secret expires, in **milliseconds since the epoch**. Left out if it does not. */
  readonly expiresAt?: number
}

/** The methods of client authentication that are asked for, the preferred one first. */
const METHODS: readonly DynamicAuthentication[] = [
  'client_secret_basic',
  'client_secret_post',
  'none',
]

/** The longest id and secret of a client that are accepted, in characters. */
const MAXIMUM_LENGTH = 4_000

/**
 * What this application is, for an authorization server.
 *
 * @see [RFC 7591, section 2 - Client Metadata](https://www.rfc-editor.org/rfc/rfc7591.html#section-2)
 */
export function clientMetadata(
  description: ClientDescription,
  redirectUri: string,
  method: DynamicAuthentication,
): Readonly<Record<string, unknown>> {
  return {
    ...description,
    application_type: 'web',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
  }
}

/**
 * Registers this application at an authorization server.
 *
 * @throws {NotConnectableError} if the server offers no registration, refuses it, or answers with what cannot be used
 * @throws {DiscoveryError} if it cannot be reached, or fails
 * @see [RFC 7591, section 3 - Client Registration Endpoint](https://www.rfc-editor.org/rfc/rfc7591.html#section-3)
 */
export async function registerClient(
  { issuer, metadata }: TrustedServer,
  description: ClientDescription,
  redirectUri: string,
  transport: Transport,
): Promise<DynamicClient> {
  const method = methodFor(metadata)
  const { registration_endpoint: url } = metadata
  if (url === undefined || method === undefined) throw clientNeeded(issuer)
  const answer = await sendToStranger(transport, {
    method: 'POST',
    url,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(clientMetadata(description, redirectUri, method)),
  })
  return clientIn(answer, { issuer, redirectUri, method })
}

/** The error for a server at which this application must be registered by hand. */
export function clientNeeded(issuer: string): NotConnectableError {
  return new NotConnectableError(
    'client_needed',
    `The authorization server ${providerText(issuer) ?? ''} takes only clients that were registered beforehand. Register this application there, and add the client to registeredClients.`,
  )
}

/** RFC 8414, section 2: metadata without the list mean client_secret_basic. */
function methodFor({
  token_endpoint_auth_methods_supported: supported,
}: TrustedServer['metadata']): DynamicAuthentication | undefined {
  if (supported === undefined) return 'client_secret_basic'
  return METHODS.find((one) => supported.includes(one))
}

/** @throws {NotConnectableError} if the answer is no client that can be used */
function clientIn(
  { status, text }: Answer,
  asked: {
    readonly issuer: string
    readonly redirectUri: string
    readonly method: DynamicAuthentication
  },
): DynamicClient {
  const { issuer, redirectUri, method } = asked
  const found = parsedJson(text)
  const body = isObject(found) ? found : {}
  if (status !== 201 && status !== 200) {
    const words = [body['error'], body['error_description']].map((one) => providerText(one))
    throw refused(issuer, [`HTTP ${status}`, ...words.filter(Boolean)].join(', '))
  }
  const { client_id: clientID, client_secret: clientSecret, redirect_uris: uris } = body
  const { token_endpoint_auth_method: chosen = method, client_secret_expires_at: expires } = body
  const clientAuthentication = METHODS.find((one) => one === chosen)
  if (!isText(clientID)) throw refused(issuer, 'its answer has no client_id')
  if (clientAuthentication === undefined) {
    throw refused(issuer, 'it wants another client authentication than it was asked for')
  }
  if (clientAuthentication !== 'none' && !isText(clientSecret)) {
    throw refused(issuer, 'its answer has no client_secret')
  }
  if (Array.isArray(uris) && uris.length > 0 && !uris.includes(redirectUri)) {
    throw refused(issuer, 'it has registered another redirect_uri')
  }
  return {
    clientID,
    clientAuthentication,
    ...(clientAuthentication !== 'none' && { clientSecret: clientSecret as string }),
    ...(typeof expires === 'number' && expires > 0 && { expiresAt: expires * 1000 }),
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAXIMUM_LENGTH
}

function refused(issuer: string, why: string): NotConnectableError {
  return new NotConnectableError(
    'registration_refused',
    `The authorization server ${providerText(issuer) ?? ''} has not registered this application: ${why}.`,
  )
}
