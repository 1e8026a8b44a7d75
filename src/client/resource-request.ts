import { wantsNonce } from './dpop.js'
import type { ProofOfPossession } from './dpop.js'
import { rethrowAs } from './transport.js'
import type { Answer, OutgoingRequest, Transport } from './transport.js'
import { ResourceError } from '../errors/errors.js'

/** Requests with an access token: as a bearer token, or with a proof of possession. */
export interface ResourceClient {
  /**
   * `fetch` with an access token.
   *
   * @throws {ResourceError} when no complete answer came
   */
  fetch(url: string | URL, init: RequestInit, accessToken: string): Promise<Response>

  /**
   * Sends a request and reads the whole answer.
   *
   * @throws {TransportError} when no complete answer came
   */
  send(request: OutgoingRequest, accessToken: string): Promise<Answer>
}

/**
 * @see [RFC 6750, section 2.1 - Authorization Request Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1)
 * @see [RFC 9449, section 7.1 - The DPoP Authentication Scheme](https://www.rfc-editor.org/rfc/rfc9449.html#section-7.1)
 */
export function createResourceClient(
  transport: Transport,
  dpop: ProofOfPossession | undefined,
): ResourceClient {
  async function authorization(
    url: string | URL,
    method: string,
    accessToken: string,
  ): Promise<Record<string, string>> {
    return dpop === undefined
      ? { authorization: `Bearer ${accessToken}` }
      : {
          authorization: `DPoP ${accessToken}`,
          dpop: await dpop.prove(url, method, accessToken),
        }
  }

  async function fetchOnce(
    url: string | URL,
    init: RequestInit,
    accessToken: string,
  ): Promise<Response> {
    const headers = new Headers(init.headers)
    const proof = await authorization(url, (init.method ?? 'GET').toUpperCase(), accessToken)
    for (const [name, value] of Object.entries(proof)) headers.set(name, value)
    const answer = await transport
      .fetch(url, { ...init, headers })
      .catch(rethrowAs(ResourceError, 'The resource gave no answer', 'resource'))
    dpop?.learn(url, answer.headers.get('dpop-nonce'))
    return answer
  }

  async function sendOnce(request: OutgoingRequest, accessToken: string): Promise<Answer> {
    const { url, method, headers } = request
    const proof = await authorization(url, method, accessToken)
    const answer = await transport.send({ ...request, headers: { ...headers, ...proof } })
    dpop?.learn(url, answer.headers['dpop-nonce'])
    return answer
  }

  return {
    async fetch(url, init, accessToken) {
      const answer = await fetchOnce(url, init, accessToken)
      if (dpop === undefined || !isRepeatable(init.body) || !asksForNonce(answer)) return answer
      await answer.body?.cancel().catch(() => undefined)
      return fetchOnce(url, init, accessToken)
    },

    async send(request, accessToken) {
      const answer = await sendOnce(request, accessToken)
      return dpop !== undefined && wantsNonce(answer) ? sendOnce(request, accessToken) : answer
    },
  }
}

function asksForNonce({ status, headers }: Response): boolean {
  return wantsNonce({ status, headers: Object.fromEntries(headers), text: '' })
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
