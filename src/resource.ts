import { ResourceError } from './errors.js'
import { TransportError } from './transport.js'
import type { Transport } from './transport.js'

/**
 * `fetch` with an access token.
 *
 * @throws {ResourceError} when no complete answer came
 */
export async function fetchResource(
  transport: Transport,
  url: string | URL,
  init: RequestInit,
  accessToken: string,
): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('authorization', `Bearer ${accessToken}`)
  try {
    return await transport.fetch(url, { ...init, headers })
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw new ResourceError(`The resource gave no answer: ${error.message}.`, {
      phase: 'resource',
      networkCode: error.networkCode,
      cause: error.cause,
    })
  }
}

/**
 * Whether a resource no longer takes the access token. A challenge that names another error than
 * `invalid_token` would be the same with any token; many resources send none at all.
 *
 * @see [RFC 6750, section 3.1 - Error Codes](https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1)
 */
export function refusesToken({ status, headers }: Response): boolean {
  if (status !== 401) return false
  const [, error = 'invalid_token'] =
    /\berror\s*=\s*"?([\w-]+)/i.exec(headers.get('www-authenticate') ?? '') ?? []
  return error === 'invalid_token'
}

/** Whether a body can be sent a second time: everything but a stream can. */
export function isRepeatable(body: RequestInit['body']): boolean {
  return typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)
}
