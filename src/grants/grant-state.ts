import type { GrantState } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'

/** How long before it expires an access token is no longer handed out for a new request, at the most. */
const IN_FLIGHT_MARGIN_MS = 5_000

/** Whether the access token is due for renewal. */
export function isDue({ renewAt = Infinity }: GrantState): boolean {
  return renewAt <= Date.now()
}

/** Whether the access token has not expired. */
export function isValid({ tokens: { expiresAt = Infinity } }: GrantState): boolean {
  return Date.now() < expiresAt
}

/** Whether there is a refresh token that has not expired. */
export function isRenewable({ refreshToken, refreshTokenExpiresAt = Infinity }: TokenSet): boolean {
  return refreshToken !== undefined && Date.now() < refreshTokenExpiresAt
}

/**
 * Whether the access token is valid for long enough that a request that starts now can use it: for 5 seconds
 * more, or for less with short-lived tokens.
 */
export function outlivesRequest({
  tokens: { expiresAt = Infinity },
  renewAt = Infinity,
}: GrantState): boolean {
  const marginMs = Math.min(IN_FLIGHT_MARGIN_MS, (expiresAt - renewAt) / 6)
  return Date.now() < expiresAt - marginMs
}
