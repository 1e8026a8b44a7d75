import { isRepeatable, refusesToken } from '../client/requests.js'
import type { ResourceClient } from '../client/requests.js'
import { insufficientLogin } from '../client/insufficient-login.js'
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
  /** Whether an answer other than the 401 of the standard says so. @throws {ConfigurationError} if the option fails */
  readonly isTokenRefused: (answer: Response) => Promise<boolean>
  readonly resources: ResourceClient
}

/** The options of `fetch`, and which access token is wanted. */
export interface FetchInit extends RequestInit, AccessTokenUse {}

/**
 * `fetch` with the holder's access token. If the API refuses the token, it is refreshed and the request sent once more.
 *
 * @throws {StepUpRequiredError} if the API wants more than the person has granted, or another authentication
 */
export async function fetchWithToken(
  holder: Holder,
  url: string | URL,
  init: FetchInit,
  parts: FetchParts,
): Promise<Response> {
  const answer = await fetchRenewed(holder, url, init, parts)
  const insufficient = insufficientLogin(answer)
  if (insufficient !== undefined) throw insufficient
  return answer
}

async function fetchRenewed(
  holder: Holder,
  url: string | URL,
  { scope, resource, ...init }: FetchInit,
  { accessToken, replacementFor, isTokenRefused, resources }: FetchParts,
): Promise<Response> {
  const refused = await accessToken(holder, { scope, resource })
  const answer = await resources.fetch(url, init, refused)
  if (!refusesToken(answer) && !(await isTokenRefused(answer))) return answer
  const renewal = replacementFor(holder, { scope, resource, refused })
  if (!isRepeatable(init.body)) {
    // Only the next request needs the new token.
    renewal.catch(() => undefined)
    return answer
  }
  const replacement = await renewal.catch(async (error: unknown) => {
    await answer.body?.cancel().catch(() => undefined)
    throw error
  })
  if (replacement === undefined) return answer
  await answer.body?.cancel().catch(() => undefined)
  return resources.fetch(url, init, replacement)
}
