import { parseBody, refusalOf } from '../client/answer.js'
import type { ClientRequest } from '../client/client-request.js'
import { TransportError } from '../client/transport.js'
import type { Answer } from '../client/transport.js'
import { PushedAuthorizationRequestError } from '../errors/errors.js'
import { isObject } from '../lib/json.js'

const PHASE = 'push'

/**
 * Hands the parameters of an authorization request to the provider and resolves to the `request_uri` that
 * stands for them.
 *
 * @throws {PushedAuthorizationRequestError} when the provider does not take them, or cannot be reached
 * @see [RFC 9126, section 2 - Pushed Authorization Request Endpoint](https://www.rfc-editor.org/rfc/rfc9126.html#section-2)
 */
export async function pushAuthorizationRequest(
  url: string,
  parameters: URLSearchParams,
  request: ClientRequest,
): Promise<string> {
  try {
    const { answer, secrets } = await request(url, parameters)
    return requestUriOf(answer, secrets)
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw new PushedAuthorizationRequestError(
      `The authorization request could not be pushed: ${error.message}.`,
      { phase: PHASE, networkCode: error.networkCode, cause: error.cause },
    )
  }
}

function requestUriOf(answer: Answer, secrets: () => readonly string[]): string {
  const body = parseBody(answer)
  const members = isObject(body) ? body : {}
  const { request_uri: requestUri } = members
  // RFC 9126 says 201. What counts is that there is a request_uri.
  const succeeded = answer.status === 201 || answer.status === 200
  if (succeeded && typeof requestUri === 'string' && requestUri !== '') return requestUri
  if (succeeded && members['error'] === undefined) {
    throw new PushedAuthorizationRequestError(
      'The answer to the pushed authorization request has no "request_uri".',
      { phase: PHASE, httpStatus: answer.status },
    )
  }
  const { said, facts } = refusalOf(answer, members, secrets())
  throw new PushedAuthorizationRequestError(
    `The provider refused the pushed authorization request ${said}`,
    { phase: PHASE, ...facts },
  )
}
