import type { Clock } from '../lib/clock.js'
import type { PostgresNames } from './postgres-schema.js'
import type { RunStatement } from './postgres-statements.js'

/** How many rows one statement deletes. It takes PostgreSQL about a millisecond. */
const BATCH = 100

/** About how often a process deletes what has expired, in **milliseconds**. */
const EVERY_MS = 60_000

/** What {@link createCleanUp} needs. */
export interface CleanUpParts {
  readonly run: RunStatement
  readonly names: PostgresNames
  readonly clock: Clock
}

/**
 * Returns a function that deletes expired rows if it is time for that. It neither waits nor throws: what could not be
 * deleted stays until the next time, and reads as if it were gone.
 *
 * There is no timer. The store calls it at each write, so that a process which writes nothing deletes nothing.
 */
export function createCleanUp({ run, names, clock }: CleanUpParts): () => void {
  const statements = [names.records, names.links].map(deletionStatement)
  // At another moment in each process, although a deployment starts them at the same.
  let dueAt = clock.monotonic() + EVERY_MS * Math.random()
  let isRunning = false

  async function deleteExpired(): Promise<void> {
    for (const statement of statements) {
      while ((await run(statement, BATCH)).length === BATCH);
    }
  }

  return () => {
    if (isRunning || clock.monotonic() < dueAt) return
    isRunning = true
    void deleteExpired()
      .catch(() => undefined)
      .finally(() => {
        isRunning = false
        dueAt = clock.monotonic() + EVERY_MS
      })
  }
}

/**
 * Deletes some expired rows. Rows that anybody else is changing are left out, so that nobody waits for anybody. The list
 * of rows is an array: PostgreSQL may run a subquery more than once, and then deletes more than the limit.
 *
 * `now()`, and not `clock_timestamp()`, so that PostgreSQL can use the index.
 */
export function deletionStatement(table: string): string {
  return `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM ${table} WHERE expires <= now() ORDER BY expires LIMIT $1 FOR UPDATE SKIP LOCKED
)) RETURNING 1 AS deleted`
}
