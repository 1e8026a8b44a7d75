import { isRepeatable, refusesToken } from '../client/requests.js'
import type { ResourceClient } from '../client/requests.js'
import type { Holder } from '../options/holder.js'
import type { AccessTokenOptions, AccessTokenUse } from './token-use.js'

/** What calling an API needs. */
export interface FetchParts {
  readonly accessToken: (holder: Holder, options: AccessTokenOptions) => Promise<string>
  /** A different access token; `undefined` if there is none and no refresh token. */
  readonly replacementFor: (
    holder: Holder,
    options: AccessTokenOptions & { readonly refused: string },
  ) => Promise<string | undefined>
  readonly resources: ResourceClient
}

/** The options of `fetch`, and which access token is wanted. */
export interface FetchInit extends RequestInit, AccessTokenUse {}

/** `fetch` with the holder's access token. On a 401 the token is refreshed and the request sent once more. */
export async function fetchWithToken(
  holder: Holder,
  url: string | URL,
  { scope, resource, ...init }: FetchInit,
  { accessToken, replacementFor, resources }: FetchParts,
): Promise<Response> {
  const refused = await accessToken(holder, { scope, resource })
  const answer = await resources.fetch(url, init, refused)
  if (!refusesToken(answer)) return answer
  const renewal = replacementFor(holder, { scope, resource, refused })
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
