/** The answer of {@link LedgerStore.begin}. */
export type Turn =
  /** The store has a newer record than the caller. */
  | { readonly turn: 'found'; readonly sealed: string }
  /** The grant has ended. */
  | { readonly turn: 'ended' }
  /** The caller holds the lease now, and must call {@link LedgerStore.commit} or {@link LedgerStore.releaseLease}. */
  | { readonly turn: 'acquired' }
  /** Another caller, `owner`, holds the lease. */
  | { readonly turn: 'held'; readonly owner: string }
  /** The owner that the caller has waited for has failed. */
  | { readonly turn: 'failed'; readonly failure: string }

/** The answer of {@link LedgerStore.commit}. */
export type Commit =
  /** The record was written. */
  | { readonly commit: 'written' }
  /** The grant has ended, and nothing was written. */
  | { readonly commit: 'ended' }
  /** The store already had a record of this version or a newer one, and nothing was written. */
  | { readonly commit: 'found'; readonly sealed: string }

/**
 * Where a ledger keeps its records. Each method is atomic: no other call sees it half done.
 *
 * Ids, members and records arrive here hashed or sealed, so that the store cannot read them.
 */
export interface LedgerStore {
  /** Stores `key` for `ttlMs` **milliseconds**. Resolves to `false` if it is already stored. */
  claim(key: string, ttlMs: number): Promise<boolean>

  /** Whether `key` is stored. */
  isClaimed(key: string): Promise<boolean>

  /**
   * Looks for a record newer than `version`. If there is none, gives the lease to `owner` for at most
   * `leaseMs` **milliseconds**, unless another owner holds it.
   *
   * @param waitedFor the owner that the caller was told before, or `''`; its failure, if any, is the answer
   */
  begin(
    id: string,
    version: number,
    owner: string,
    leaseMs: number,
    waitedFor: string,
  ): Promise<Turn>

  /**
   * Writes the record and releases the owner's lease. An ended grant, or a record of the same or a newer version,
   * is never overwritten.
   *
   * @param sealed the record; `undefined` ends the grant
   * @param keepMs how long the record is kept, in **milliseconds**
   */
  commit(
    id: string,
    owner: string,
    version: number,
    sealed: string | undefined,
    keepMs: number,
  ): Promise<Commit>

  /** Releases the owner's lease. A `failure` is kept for a moment, for the callers that wait for this owner. */
  releaseLease(id: string, owner: string, failure: string | undefined): Promise<void>

  /** Ends the grant, and resolves to its last record. */
  end(id: string, keepMs: number): Promise<string | undefined>

  /**
   * Adds a member to a group. Resolves to `false`, and adds nothing, if the group has ended at `since` or later.
   *
   * @param member unique over all groups
   * @param since in **milliseconds since the epoch**
   * @param keepMs how long the member is kept, in **milliseconds**
   */
  enrol(group: string, member: string, since: number, keepMs: number): Promise<boolean>

  /** Stores that the group has ended at `at`, unless a later end is stored. Resolves to all members. */
  endGroup(group: string, at: number, keepMs: number): Promise<readonly string[]>

  /** Removes members from their group. */
  forgetMembers(group: string, members: readonly string[]): Promise<void>
}

/** Resolves after so many **milliseconds**. */
export type Wait = (milliseconds: number) => Promise<void>
