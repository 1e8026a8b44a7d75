import type { OAuthErrorFacts } from './error-entry.js'
import { oauthErrorFrom } from './oauth-errors.js'

/** The facts of a request to the provider that failed. */
export interface ProviderErrorFacts extends OAuthErrorFacts {
  /** Which request failed: `exchange`, `refresh`, `push`, `profile`, `resource`, `discovery` or `keys`. */
  readonly phase: string
  /** The HTTP status of the provider's answer. `undefined` if none came. */
  readonly httpStatus?: number | undefined
  /**
   * How long the provider asks to wait before the next request (`Retry-After`), in **milliseconds**, at most 15 minutes. `undefined` if it
   * does not say.
   */
  readonly retryAfterMs?: number | undefined
  /** Why no answer came: `timeout`, `too_large`, or the network's own code, such as `ECONNREFUSED`. */
  readonly networkCode?: string | undefined
  /** What the option `isGrantRefused` has said of a failed refresh. `undefined` if nothing. */
  readonly grantRefused?: boolean | undefined
  /** The error that caused it, without secrets. */
  readonly cause?: unknown
}

/**
 * The HTTP status of our error, by the provider's answer: 504 if there was none in time, 503 if the provider is
 * overloaded (429, 503) or busy with another refresh, 502 for its other failures, and otherwise what the OAuth error says.
 */
export function statusFor(facts: ProviderErrorFacts): 400 | 500 | 502 | 503 | 504 {
  const { networkCode, httpStatus, error } = facts
  if (networkCode === 'timeout') return 504
  if (httpStatus === 429 || httpStatus === 503 || facts.grantRefused === false) return 503
  if (httpStatus !== undefined && httpStatus >= 500) return 502
  const status = oauthErrorFrom('token', error)?.status ?? 502
  return status === 'refused' ? 502 : status
}

/**
 * Whether the same request may succeed later: after network failures, 408, 429 and 5xx, and if
 * `isGrantRefused` says so.
 */
export function isRetryable(facts: ProviderErrorFacts): boolean {
  const { networkCode, httpStatus, grantRefused } = facts
  if (grantRefused !== undefined) return !grantRefused
  if (networkCode !== undefined) return networkCode !== 'too_large'
  return httpStatus === 408 || httpStatus === 429 || (httpStatus !== undefined && httpStatus >= 500)
}
