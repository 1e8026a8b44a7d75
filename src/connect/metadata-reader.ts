import { isObject } from '../client/is-object.js'
import { retryAfterMs } from '../client/retry-after.js'
import { TransportError } from '../client/transport.js'
import type { Answer, OutgoingRequest, Transport } from '../client/transport.js'
import { NotConnectableError } from '../errors/connection-errors.js'
import { DiscoveryError } from '../errors/provider-errors.js'
import { parsedJson } from '../lib/parsed-json.js'

/** A JSON object that a stranger's server has sent. Nothing in it has been checked. */
export type Document = Readonly<Record<string, unknown>>

/**
 * Sends a request to a server that is not trusted.
 *
 * @throws {NotConnectableError} if its address is not on the public internet
 * @throws {DiscoveryError} if no complete answer came, or the server is overloaded or fails
 */
export async function sendToStranger(
  transport: Transport,
  request: OutgoingRequest,
): Promise<Answer> {
  const { origin } = new URL(request.url)
  const answer = await transport.send(request).catch((error: unknown) => {
    throw asConnectError(error, origin)
  })
  const { status } = answer
  if (status < 500 && status !== 429) return answer
  throw new DiscoveryError(`${origin} has answered with HTTP ${status}.`, {
    phase: 'discovery',
    httpStatus: status,
    retryAfterMs: retryAfterMs(answer),
  })
}

/** The error for what the transport throws. */
export function asConnectError(error: unknown, origin: string): unknown {
  if (!(error instanceof TransportError)) return error
  const { message, networkCode, cause } = error
  if (networkCode === 'not_public') {
    return new NotConnectableError('address', `${origin} cannot be connected: ${message}.`)
  }
  return new DiscoveryError(`${origin} could not be reached: ${message}.`, {
    phase: 'discovery',
    networkCode,
    cause,
  })
}

/**
 * Reads a JSON object; `undefined` if there is none at that address. Redirects are not followed.
 *
 * @throws what {@link sendToStranger} throws
 */
export async function readDocument(
  url: string,
  transport: Transport,
): Promise<Document | undefined> {
  const headers = { accept: 'application/json' }
  const { status, text } = await sendToStranger(transport, { method: 'GET', url, headers })
  if (status !== 200) return undefined
  const found = parsedJson(text)
  return isObject(found) ? found : undefined
}
