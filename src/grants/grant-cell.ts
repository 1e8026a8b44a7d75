import type { GrantRecord, RefreshAnswer, Renewal } from './grant-record.js'

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

/** Reads and writes the records of grants, and remembers what this process has seen and written. */
export interface GrantCells {
  readonly cellOf: (id: string) => Cell
  /** The record as it is now. @throws {StorageError} */
  readonly look: (cell: Cell) => Promise<Look>
  /** The record as it was at most `cacheMs` **milliseconds** ago. @throws {StorageError} */
  readonly recentLook: (cell: Cell) => Promise<Look>
  /**
   * Writes `next` if the record is still the one that was seen. Resolves to whether it did.
   *
   * @param limitMs how long one call of the store may take, in **milliseconds**; 5 seconds if left out
   * @throws {StorageError} if it is not known whether the store did
   */
  readonly write: (cell: Cell, was: Look, next: GrantRecord, limitMs?: number) => Promise<boolean>
  /**
   * Treats a record as written that the store has refused or not answered: it counts in this process at once, and is
   * written at the next looks.
   */
  readonly insist: (cell: Cell, was: Look, next: GrantRecord) => void
  /** How many renewals of a strategy are under way, answers that the store does not have yet included. */
  readonly busy: (strategy: string) => number
}
