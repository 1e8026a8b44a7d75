import { isRepeatable, refusesToken } from '../client/requests.js'
import type { ResourceClient } from '../client/requests.js'
import { insufficientLogin } from '../client/insufficient-login.js'
import type { Refusal } from '../grants/ask.js'
import type { Holder } from '../options/holder.js'
import type { AccessTokenOptions, AccessTokenUse } from './token-use.js'

/** What calling an API needs. */
export interface FetchParts {
  readonly accessToken: (holder: Holder, options: AccessTokenOptions) => Promise<string>
  /** A different access token; `undefined` if there is none and no refresh token, or another would be refused too. */
  readonly replacementFor: (
    holder: Holder,
    options: AccessTokenOptions & { readonly refused: string; readonly refusal: Refusal },
  ) => Promise<string | undefined>
  /** Whether an answer other than the 401 of the standard says so. @throws {ConfigurationError} if the option fails */
  readonly isTokenRefused: (answer: Response) => Promise<boolean>
  readonly resources: ResourceClient
}

/** The options of `fetch`, and which access token is wanted. */
export interface FetchInit extends RequestInit, AccessTokenUse {}

/** How often a request is sent: once more for each login of a person whose tokens may have ended together. */
const MAXIMUM_SENT = 4

/**
 * `fetch` with the holder's access token. If the API refuses the token, it is refreshed, and the request sent again. If it cannot be
 * refreshed, the token of another login of the person is tried in the same way.
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
  const use = { scope, resource }
  let token = await accessToken(holder, use)
  for (let sent = 1; ; sent++) {
    const answer = await resources.fetch(url, init, token)
    if (!refusesToken(answer) && !(await isTokenRefused(answer))) return answer
    if (sent === MAXIMUM_SENT) return answer
    const refusal = sent === 1 ? 'first' : 'again'
    const renewal = replacementFor(holder, { ...use, refused: token, refusal })
    if (!isRepeatable(init.body)) {
      // Only the next request needs the new token.
      renewal.catch(() => undefined)
      return answer
    }
    const letGo = (): Promise<void> | undefined => answer.body?.cancel().catch(() => undefined)
    const replacement = await renewal.catch(async (error: unknown) => {
      await letGo()
      throw error
    })
    if (replacement === undefined) return answer
    await letGo()
    token = replacement
  }
}
