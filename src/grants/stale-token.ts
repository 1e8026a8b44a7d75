import type { Cell } from './cell.js'
import { isNewer } from './grant-record.js'
import type { Line, Renewal } from './grant-record.js'
import type { RefreshWays } from './refresh-ways.js'
import { isReplaced, tokenKey } from './uses.js'
import type { UseRequest } from './uses.js'

/** An access token that is to be replaced. */
export interface StaleToken {
  /** The line as the caller has seen it. */
  readonly line: Line
  /** The use whose token it is; `undefined` for the line's own. */
  readonly use?: UseRequest | undefined
}

/**
 * Replaces an access token once over all processes that share the store. It goes on when its callers have left. What else the
 * line is used for is refreshed before or afterwards: each refresh needs the refresh token that the last one has brought.
 *
 * @param urgent whether a person waits
 * @param since when the caller has asked, in monotonic **milliseconds**: no look that was asked for later is repeated
 * @throws {LoginRequiredError} if the grant has ended, or the provider refuses for good
 * @throws {TokenEndpointError} if the provider fails, or has failed a moment ago
 * @throws {StorageError} if the store cannot be reached
 */
export type Renew = (
  cell: Cell,
  stale: StaleToken,
  ways: RefreshWays,
  urgent: boolean,
  since?: number,
) => Promise<Renewal>

/** Identifies it within one process. */
export function keyOf({ line, use }: StaleToken): string {
  return tokenKey(line, use?.key)
}

/** Whether it was replaced since the caller has seen it. A store that has failed over may show an older line. */
export function isRenewed(line: Line, { line: seen, use }: StaleToken): boolean {
  return !isNewer(seen, line) && isReplaced(line, seen, use?.key)
}

/** What else this process renews of the line: when one of these is over, the next may go. They never reject. */
export function otherRenewals({ renewals }: Cell, stale: StaleToken): readonly Promise<unknown>[] {
  const own = keyOf(stale)
  return [...renewals]
    .filter(([key]) => key !== own && key.startsWith(`${stale.line.id} `))
    .map(([, renewal]) => renewal.catch(() => undefined))
}
