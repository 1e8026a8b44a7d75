import type { OAuthErrorFacts } from './error-entry.js'

/** The facts of a request to the provider that failed. */
export interface ProviderErrorFacts extends OAuthErrorFacts {
  /** Which request failed: `exchange`, `refresh`, `push`, `profile`, `resource`, `discovery` or `keys`. */
  readonly phase: string
  /** The HTTP status of the provider's answer. `undefined` if none came. */
  readonly httpStatus?: number | undefined
  /**
   * How long the provider asks to wait before the next request (`Retry-After`), in **milliseconds**, at most 15 minutes; for metadata that are
   * read later, until they are read again. `undefined` if it does not say.
   */
  readonly retryAfterMs?: number | undefined
  /** Why no answer came: `timeout`, `too_large`, `bad_encoding`, or the network's own code, such as `ECONNREFUSED`. */
  readonly networkCode?: string | undefined
  /** What the option `isGrantRefused` has said of a failed refresh. `undefined` if nothing. */
  readonly grantRefused?: boolean | undefined
  /**
   * Whether an answer without an OAuth `error` may be about the grant: its body is empty, or JSON without a word about the
   * client. A page or a text is not, because it need not come from the provider: proxies and firewalls send such.
   */
  readonly mayConcernGrant?: boolean | undefined
  /** The error that caused it, without secrets. */
  readonly cause?: unknown
}

/**
 * The HTTP status of our error, by the provider's answer: 504 if there was none in time, 503 if the provider is
 * overloaded (429, 503) or busy with another refresh, 502 for its other failures, and otherwise what the OAuth error says.
 *
 * @param ofError the status that is known for the OAuth error, if it is known
 */
export function statusFor(
  facts: ProviderErrorFacts,
  ofError: 400 | 500 | 502 | 503 | 'refused' = 502,
): 400 | 500 | 502 | 503 | 504 {
  const { networkCode, httpStatus } = facts
  if (networkCode === 'timeout') return 504
  if (httpStatus === 429 || httpStatus === 503 || facts.grantRefused === false) return 503
  if (httpStatus !== undefined && httpStatus >= 500) return 502
  return ofError === 'refused' ? 502 : ofError
}

/**
 * Whether the same request may succeed later: after network failures, 408, 429 and 5xx, and if
 * `isGrantRefused` says so.
 */
export function isRetryable(facts: ProviderErrorFacts): boolean {
  const { networkCode, httpStatus, grantRefused } = facts
  if (grantRefused !== undefined) return !grantRefused
  // These answers have arrived, and would be the same the next time.
  if (networkCode === 'too_large' || networkCode === 'bad_encoding') return false
  if (networkCode !== undefined) return true
  return httpStatus === 408 || httpStatus === 429 || (httpStatus !== undefined && httpStatus >= 500)
}

/** What to do about an error response without a known OAuth error; empty if its status says nothing more. */
export function adviceForStatus({
  httpStatus = 0,
  retryAfterMs,
}: Pick<ProviderErrorFacts, 'httpStatus' | 'retryAfterMs'>): string {
  const wait =
    retryAfterMs === undefined ? 'a while' : `${Math.ceil(retryAfterMs / 1000)} s, as it asks`
  if (httpStatus >= 300 && httpStatus < 400) {
    return 'Redirects of this endpoint are not followed: set the address that it redirects to.'
  }
  if (httpStatus === 404 || httpStatus === 405) {
    return 'Check the address of the endpoint: nothing there takes this request.'
  }
  if (httpStatus === 429) return `The provider limits how many requests it takes. Wait for ${wait}.`
  if (httpStatus === 408 || httpStatus >= 500) {
    return `The provider has failed. Try again after ${wait}.`
  }
  return ''
}
