import { isRepeatable, refusesToken } from '../client/requests.js'
import type { ResourceClient } from '../client/requests.js'
import type { RequestGrants } from '../grants/request-grants.js'
import type { LoginRequest } from '../lib/login-request.js'

/** What calling an API needs. */
export interface FetchParts {
  readonly requestGrants: RequestGrants
  readonly resources: ResourceClient
}

/** `fetch` with the session's access token. On a 401 the token is refreshed and the request sent once more. */
export async function fetchWithToken(
  request: LoginRequest,
  url: string | URL,
  init: RequestInit,
  { requestGrants, resources }: FetchParts,
): Promise<Response> {
  const accessToken = await requestGrants.accessToken(request)
  const answer = await resources.fetch(url, init, accessToken)
  if (!refusesToken(answer)) return answer
  const renewal = requestGrants.replacementFor(request, accessToken)
  if (!isRepeatable(init.body)) {
    // Only the next request needs the new token.
    renewal.catch(() => undefined)
    return answer
  }
  const replacement = await renewal
  if (replacement === undefined) return answer
  await answer.body?.cancel().catch(() => undefined)
  return resources.fetch(url, init, replacement)
}
