import { setNewest } from '../lib/set-newest.js'
import type { Failure } from './failure.js'
import type { GrantRecord, RefreshAnswer, Renewal } from './grant-record.js'
import type { Replacements } from './replacements.js'

/** What a process has last seen of a grant's record. */
export interface Look {
  /** `undefined` if there is no record. */
  readonly version: string | undefined
  readonly record: GrantRecord | undefined
  /** When it was asked for, in monotonic **milliseconds**. */
  readonly at: number
  /** The same by the time of day, in **milliseconds since the epoch**. */
  readonly wall: number
}

/** What one process remembers of one grant. */
export interface Cell {
  readonly id: string
  /** When somebody has last asked for the grant, in monotonic **milliseconds**: they still use this object. */
  usedAt: number
  seen?: Look
  /** The version that this process has last replaced, and when it was told so, in monotonic **milliseconds**. */
  replaced?: { readonly version: string | undefined; readonly at: number }
  /** The last record that the store has accepted from this process, or has to accept, and how long it is remembered. */
  accepted?: { readonly record: GrantRecord; readonly until: number }
  /** Answers of the provider that the store does not have yet. */
  readonly answers: Set<RefreshAnswer>
  /** The mark in the record, and since when it has not changed. */
  watched?: WatchedMark | undefined
  /** When this process was first told of each failure in the record, by its id, in monotonic **milliseconds**. */
  failures: ReadonlyMap<string, { readonly since: number }>
  /** Renewals under way in this process, by the access token that is replaced: see `tokenKey`. */
  readonly renewals: Map<string, Promise<Renewal>>
  /** What is known of the access tokens of the grant, by line and use: see `slotKey`. */
  readonly slots: Map<string, Slot>
  /** A refresh that never reached the provider. */
  trouble?: Trouble | undefined
}

/** Whether an API has refused an access token, as far as this process knows. */
export function isRefusedByApi({ slots }: Cell, key: string, accessToken: string): boolean {
  return slots.get(key)?.refused === accessToken
}

/** A cell of a grant of which nothing is known yet. */
export function newCell(id: string): Cell {
  return {
    id,
    usedAt: 0,
    answers: new Set(),
    renewals: new Map(),
    slots: new Map(),
    failures: new Map(),
  }
}

/** What a process knows of one of a grant's access tokens. */
export interface Slot extends Replacements {
  /** When a renewal in the background was last begun, in monotonic **milliseconds**. */
  triedAt?: number
  /** The access token that an API has refused: it is no longer usable. */
  refused?: string
  /** When a caller has last given up because each renewal brought a token that had expired, in monotonic **milliseconds**. */
  expiredAt?: number
}

/** How many access tokens of a grant are remembered. */
const MAXIMUM_SLOTS = 64

/** What is known of an access token. */
export function slotOf({ slots }: Cell, key: string): Slot {
  const slot = slots.get(key) ?? {}
  setNewest(slots, key, slot, MAXIMUM_SLOTS)
  return slot
}

/** A mark that this process has seen several times. Times are monotonic **milliseconds**. */
export interface WatchedMark {
  readonly mark: string
  /** When the first look at it was answered. */
  readonly since: number
  /** When the last look at it was asked for. */
  readonly seenAt: number
  /** When the last look was asked for that counts. */
  readonly countedAt: number
  /** How many looks count. */
  readonly looks: number
}

/** A refresh that never reached the provider, remembered by the process that met it. */
export interface Trouble {
  readonly line: string
  readonly attempts: number
  /** Until when no other refresh is sent, in monotonic **milliseconds**. */
  readonly until: number
  readonly error: unknown
}

/** Reads and writes the records of grants, and remembers what this process has seen and written. */
export interface GrantCells {
  readonly cellOf: (id: string) => Cell
  /**
   * The record as it is now.
   *
   * @param limitMs how long one call of the store may take, in **milliseconds**; 5 seconds if left out
   * @throws {StorageError}
   */
  readonly look: (cell: Cell, limitMs?: number) => Promise<Look>
  /** The record as it was at most `cacheMs` **milliseconds** ago. @throws {StorageError} */
  readonly recentLook: (cell: Cell) => Promise<Look>
  /** Whether a look was asked for less than `cacheMs` **milliseconds** ago. */
  readonly isRecent: (look: Look) => boolean
  /**
   * Writes `next` if the record is still the one that was seen. Resolves to whether it did.
   *
   * @param limitMs how long one call of the store may take, in **milliseconds**; 5 seconds if left out
   * @throws {StorageError} if it is not known whether the store did
   */
  readonly write: (cell: Cell, was: Look, next: GrantRecord, limitMs?: number) => Promise<boolean>
  /**
   * Treats a tombstone as written that the store has refused or not answered: it counts in this process at once, and
   * is written as soon as possible.
   */
  readonly insist: (cell: Cell, was: Look, next: GrantRecord) => void
  /**
   * Takes note of how a call of the store has ended. After a failure, everything that is remembered is looked at as soon
   * as the store answers.
   */
  readonly noteCall: (hasFailed: boolean) => void
  /** How many renewals of a strategy are under way, answers that the store does not have yet included. */
  readonly busy: (strategy: string) => number
}

/** How far apart two looks at the same mark must be to count as two. */
const LOOKS_APART_MS = 1_000

/**
 * How long a mark may go unseen before looks at it are counted anew, in **milliseconds**. While nobody can reach the
 * store, its owner cannot change it either: it needs time to do so when the store answers again.
 */
const LONGEST_GAP_MS = 4_000

/**
 * Takes note of what the store has, unless something newer was seen. Returns the newest: a slow answer must not show
 * anybody what this process knows to be over.
 *
 * @param now the monotonic time
 */
export function note(cell: Cell, seen: Look, now: number): Look {
  if (cell.seen !== undefined && isOutdated(cell, cell.seen, seen)) return cell.seen
  cell.seen = seen
  const { mark } = seen.record ?? {}
  cell.watched = mark === undefined ? undefined : watch(cell.watched, mark.id, seen.at, now)
  cell.failures = new Map(
    failuresIn(seen.record).map(({ id }) => [id, cell.failures.get(id) ?? { since: now }]),
  )
  return seen
}

/**
 * Whether a look was asked for before another one, or was under way during a write of this process and still shows what
 * that has replaced. Asked for after the write, it would show that the store has lost the write.
 */
function isOutdated({ replaced }: Cell, known: Look, { at, version }: Look): boolean {
  if (known.at > at) return true
  return replaced !== undefined && at < replaced.at && version === replaced.version
}

function failuresIn(record: GrantRecord | undefined): readonly Failure[] {
  if (record === undefined) return []
  const ofUses = record.lines.flatMap(({ refusedUses = [] }) => refusedUses)
  return record.failure === undefined ? ofUses : [record.failure, ...ofUses]
}

function watch(
  watched: WatchedMark | undefined,
  mark: string,
  at: number,
  now: number,
): WatchedMark {
  if (watched?.mark !== mark || at > watched.seenAt + LONGEST_GAP_MS) {
    return { mark, since: now, seenAt: at, countedAt: at, looks: 1 }
  }
  if (at < watched.countedAt + LOOKS_APART_MS) return { ...watched, seenAt: at }
  return { ...watched, seenAt: at, countedAt: at, looks: watched.looks + 1 }
}

/** Takes note of a write. A look that was asked for later may have been answered before the write was done. */
export function noteWritten(cell: Cell, was: Look, written: Look, now: number): void {
  const { seen } = cell
  const isOlder = seen !== undefined && seen.at > written.at && seen.version === was.version
  note(cell, isOlder ? { ...written, at: seen.at, wall: seen.wall } : written, now)
  cell.replaced = { version: was.version, at: now }
}
