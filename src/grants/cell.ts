import type { GrantRecord, Line, RefreshAnswer } from './grant-record.js'

/** How a renewal has ended. */
export interface Renewal {
  /** The line afterwards. */
  readonly line: Line
  /** `refreshed`: by this process. `shared`: by another. `busy`: another is at it, and the present token is usable. */
  readonly source: 'refreshed' | 'shared' | 'busy'
  /** Whether the process that had begun it did not answer for the whole lease. */
  readonly tookOver: boolean
}

/** What a process has last seen of a grant's record. */
export interface Look {
  /** `undefined` if there is no record. */
  readonly version: string | undefined
  readonly record: GrantRecord | undefined
  /** When it was asked for, in monotonic **milliseconds**. */
  readonly at: number
}

/** What one process remembers of one grant. */
export interface Cell {
  readonly id: string
  seen?: Look
  /** The last record that the store has accepted from this process, and when. */
  accepted?: { readonly record: GrantRecord; readonly at: number }
  /** Answers of the provider that the store does not have yet. */
  readonly answers: Set<RefreshAnswer>
  /** Another process's mark, and since when it has not changed. Times are monotonic **milliseconds**. */
  watched?: { mark: string; since: number; countedAt: number; looks: number } | undefined
  /** When this process has first seen the record's failure, in monotonic **milliseconds**. */
  failure?: { readonly id: string; readonly since: number } | undefined
  /** Renewals under way in this process, by line and generation. */
  readonly renewals: Map<string, Promise<Renewal>>
  /** When a renewal in the background was last begun, in monotonic **milliseconds**. */
  triedAt?: number
  /** A refresh that never reached the provider. */
  trouble?: Trouble | undefined
  /** The generation that an API has refused: its access token is no longer usable. */
  refused?: { readonly line: string; readonly generation: number } | undefined
}

/** A refresh that never reached the provider, remembered by the process that met it. */
export interface Trouble {
  readonly line: string
  readonly attempts: number
  /** Until when no other refresh is sent, in monotonic **milliseconds**. */
  readonly until: number
  readonly error: unknown
}

/** How far apart two looks at the same mark must be to count as two. */
const LOOKS_APART_MS = 1_000

/** Takes note of what the store has, unless something was seen that was asked for later. */
export function note(cell: Cell, seen: Look): Look {
  if ((cell.seen?.at ?? -Infinity) > seen.at) return seen
  cell.seen = seen
  const { mark, failure } = seen.record ?? {}
  if (mark === undefined) cell.watched = undefined
  else if (cell.watched?.mark !== mark.id) {
    cell.watched = { mark: mark.id, since: seen.at, countedAt: seen.at, looks: 1 }
  } else if (seen.at >= cell.watched.countedAt + LOOKS_APART_MS) {
    cell.watched.countedAt = seen.at
    cell.watched.looks += 1
  }
  if (failure === undefined) cell.failure = undefined
  else if (cell.failure?.id !== failure.id) cell.failure = { id: failure.id, since: seen.at }
  return seen
}

/** Takes note of a write. A look that was asked for later may have been answered before the write was done. */
export function noteWritten(cell: Cell, was: Look, written: Look): void {
  const { seen } = cell
  const isOlder = seen !== undefined && seen.at > written.at && seen.version === was.version
  note(cell, isOlder ? { ...written, at: seen.at } : written)
}
