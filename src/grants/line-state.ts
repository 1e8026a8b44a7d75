import type { TokenSet } from '../options/token-set.js'
import type { Line } from './grant-record.js'

/** How long before it expires an access token is no longer handed out for a new request, at the most. */
const IN_FLIGHT_MARGIN_MS = 5_000

/** Whether the access token is due for renewal. */
export function isDue({ renewAt = Infinity }: Line, now: number): boolean {
  return renewAt <= now
}

/** Whether the access token has not expired. */
export function isValid({ tokens: { expiresAt = Infinity } }: Line, now: number): boolean {
  return now < expiresAt
}

/** Whether there is a refresh token that has not expired and that the provider has not refused. */
export function isRenewable(
  { tokens, refused }: Pick<Line, 'tokens' | 'refused'>,
  now: number,
): boolean {
  const { refreshToken, refreshTokenExpiresAt = Infinity } = tokens
  return refreshToken !== undefined && now < refreshTokenExpiresAt && refused === undefined
}

/**
 * Whether the access token is valid for long enough that a request that starts now can use it: for 5 seconds
 * more, or for less with short-lived tokens.
 */
export function outlivesRequest(
  { tokens: { expiresAt }, renewAt = Infinity }: Line,
  now: number,
): boolean {
  if (expiresAt === undefined) return true
  const marginMs = Math.min(IN_FLIGHT_MARGIN_MS, (expiresAt - renewAt) / 6)
  return now < expiresAt - marginMs
}

/**
 * When an access token that has just been received becomes due for renewal, in **milliseconds since the epoch**:
 * `refreshBeforeSeconds` before it expires, but not before half of its lifetime is over. `undefined` if it never does.
 */
export function renewalTime(
  { expiresAt }: TokenSet,
  refreshBeforeSeconds: number,
  now: number,
): number | undefined {
  if (expiresAt === undefined) return undefined
  const lifetimeMs = Math.max(0, expiresAt - now)
  return expiresAt - Math.min(refreshBeforeSeconds * 1000, lifetimeMs / 2)
}
