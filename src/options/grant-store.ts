/** What a store keeps under one id. */
export interface StoredRecord {
  /** Identifies this content. Random, so that no two contents ever share one. At most 40 characters of Base64url. */
  readonly version: string
  /** The content, which the store cannot read. Text without an upper limit of its length; usually 1 to 10 KB. */
  readonly value: string
}

/**
 * Where grants are stored: five methods, each atomic on one key, so that a Redis Cluster, an SQL table, DynamoDB or
 * MongoDB can implement it in about forty lines. Pass it to `new Grants(store, { secret })`.
 *
 * A read sees every write that was answered before the read was asked: no replicas and no index that lags behind.
 * A store never repeats a call that may have been done: it throws instead, and the caller looks what has happened.
 * What it throws becomes the `cause` of a `StorageError`.
 */
export interface GrantStore {
  /** The record of this id; `undefined` if there is none. */
  get(id: string): Promise<StoredRecord | undefined>

  /**
   * Writes the record if the present one still has the version `was`. Resolves to whether it did.
   *
   * @param was `undefined`: only if there is no record
   * @param ttlMs how long the record must be kept at least, in **milliseconds**
   */
  compareAndSet(
    id: string,
    was: string | undefined,
    record: StoredRecord,
    ttlMs: number,
  ): Promise<boolean>

  /**
   * Adds an id to the index `name`, or keeps it there for longer. The index may list ids that are gone. It never
   * misses one whose `link` has resolved, until `ttlMs` **milliseconds** after that, or until it is unlinked.
   */
  link(name: string, id: string, ttlMs: number): Promise<void>

  /**
   * The ids in the index `name`, at most `limit` of them, in an order of the store's own.
   *
   * @param after the last id of the call before; left out for the first call
   */
  linked(name: string, limit: number, after?: string): Promise<readonly string[]>

  /** Removes ids from the index `name`. */
  unlink(name: string, ids: readonly string[]): Promise<void>
}
