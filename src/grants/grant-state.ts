import type { GrantState } from '../options/ledger.js'
import type { TokenSet } from '../options/token-set.js'

/** The last moments of an access token are left to the requests that are under way with it. */
const MAXIMUM_HASTE_MS = 5_000

/** Whether it is time to renew the access token. */
export function isDue({ renewAt = Infinity }: GrantState): boolean {
  return renewAt <= Date.now()
}

/** Whether the access token has not ended. */
export function isValid({ tokens: { expiresAt = Infinity } }: GrantState): boolean {
  return Date.now() < expiresAt
}

/** Whether there is a refresh token that has not ended. */
export function isRenewable({ refreshToken, refreshTokenExpiresAt = Infinity }: TokenSet): boolean {
  return refreshToken !== undefined && Date.now() < refreshTokenExpiresAt
}

/** Whether the access token will outlive the request that is about to use it. */
export function hasTime({
  tokens: { expiresAt = Infinity },
  renewAt = Infinity,
}: GrantState): boolean {
  const hasteMs = Math.min(MAXIMUM_HASTE_MS, (expiresAt - renewAt) / 6)
  return Date.now() < expiresAt - hasteMs
}
