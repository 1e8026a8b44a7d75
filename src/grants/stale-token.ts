import type { Cell } from './cell.js'
import { isNewer } from './grant-record.js'
import type { Line } from './grant-record.js'
import { isReplaced, tokenKey } from './uses.js'
import type { UseRequest } from './uses.js'

/** An access token that is to be replaced. */
export interface StaleToken {
  /** The line as the caller has seen it. */
  readonly line: Line
  /** The use whose token it is; `undefined` for the line's own. */
  readonly use?: UseRequest | undefined
}

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
