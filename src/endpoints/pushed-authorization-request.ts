import { isObject, parseBody, refusalOf } from '../client/answer.js'
import type { ClientAnswer, ClientRequest } from '../client/requests.js'
import { rethrowAs } from '../client/transport.js'
import { PushedAuthorizationRequestError } from '../errors/errors.js'

const PHASE = 'push'

/**
 * The provider's pushed authorization request endpoint at `url`: takes the parameters of an authorization
 * request, and resolves to the `request_uri` that stands for them.
 *
 * @throws {PushedAuthorizationRequestError} if the provider refuses them or cannot be reached
 * @see [RFC 9126, section 2 - Pushed Authorization Request Endpoint](https://www.rfc-editor.org/rfc/rfc9126.html#section-2)
 */
export function createPushedAuthorizationRequest(
  url: string,
  request: ClientRequest,
): (parameters: URLSearchParams) => Promise<string> {
  const what = 'The authorization request could not be pushed'
  return async (parameters) => {
    const pushed = await request(url, parameters).catch(
      rethrowAs(PushedAuthorizationRequestError, what, PHASE),
    )
    return requestUriOf(pushed)
  }
}

function requestUriOf({ answer, ...sent }: ClientAnswer): string {
  const body = parseBody(answer)
  const members = isObject(body) ? body : {}
  const { request_uri: requestUri } = members
  // RFC 9126 says 201; some servers answer 200.
  const succeeded = answer.status === 201 || answer.status === 200
  if (succeeded && typeof requestUri === 'string' && requestUri !== '') return requestUri
  if (succeeded && members['error'] === undefined) {
    throw new PushedAuthorizationRequestError(
      'The answer to the pushed authorization request has no "request_uri".',
      { phase: PHASE, httpStatus: answer.status },
    )
  }
  const { said, facts } = refusalOf(answer, members, sent)
  throw new PushedAuthorizationRequestError(
    `The provider refused the pushed authorization request ${said}`,
    { phase: PHASE, ...facts },
  )
}
