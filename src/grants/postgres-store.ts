import { systemClock } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { GrantStore } from '../options/grant-store.js'
import type { OptionTable } from '../options/option-table.js'
import { positive, secretsThat, zeroOrMore } from '../options/readers.js'
import { createCleanUp } from './postgres-clean-up.js'
import { readPostgresPool } from './postgres-pool.js'
import type { SendStatement } from './postgres-pool.js'
import { postgresNames, readSchema } from './postgres-schema.js'
import { createPostgresRunner } from './postgres-statements.js'
import { accountColumns, fromPostgresText, toPostgresText } from './postgres-text.js'

/** The options of {@link PostgresGrants}: how each is read, its default, and its meaning. */
export const POSTGRES_GRANTS_OPTIONS = {
  /**
   * A `Pool` of pg or Neon, a PGlite, or anything with `query(text, values)`, see {@link PostgresPool}. It is connected
   * to the primary server, also through PgBouncer. It is not closed here.
   */
  pool: { read: readPostgresPool, required: true },

  /**
   * Seals the grants: at least 32 characters, such as `openssl rand -base64 32` makes. To replace a secret, pass a
   * list with the new one first; the others are used for reading only.
   */
  secret: {
    read: secretsThat('seals the grants'),
    required: true,
    refuseUnset: true,
    secret: true,
  },

  /**
   * The schema of the tables `oauth2_records` and `oauth2_links`. Without it, they are in the first schema of the
   * connection's `search_path`, which usually is `public`.
   */
  schema: { read: readSchema },

  /**
   * How long PostgreSQL may take for one statement, in **milliseconds**, with the wait for a connection of the pool.
   * After that, it fails with a `StorageError`. Time in which this process was busy does not count.
   *
   * @default 2_000 (2 seconds)
   */
  queryTimeoutMs: { read: positive, default: 2_000 },

  /**
   * How long a process uses a grant that it has read before it reads it again, in **seconds**. For so long, a grant
   * that another process has ended can still be used here.
   *
   * @default 10
   */
  cacheSeconds: { read: zeroOrMore, default: 10 },
} as const satisfies OptionTable

/** What {@link createPostgresStore} needs. */
export interface PostgresStoreSettings {
  /** What {@link readPostgresPool} has made of the pool. */
  readonly pool: SendStatement
  /** The schema of the tables, if they are not in the first one of the `search_path`. */
  readonly schema: string | undefined
  /** How long PostgreSQL may take for one statement, in **milliseconds**. */
  readonly queryTimeoutMs: number
  /** When expired rows are deleted depends on it. A test passes its own. */
  readonly clock?: Clock
}

/** Durations are no longer than this, in **milliseconds**: 300 years. PostgreSQL refuses times that are far away. */
const LONGEST_MS = 300 * 365 * 24 * 60 * 60 * 1000

/** How many records are remembered whose last write has not succeeded. */
const MAXIMUM_UNSETTLED = 10_000

/** No page is longer. */
const LONGEST_PAGE = 1_000_000

/**
 * A {@link GrantStore} in PostgreSQL. Each method is one statement without a name, in a transaction of its own, so that
 * it works through a pooler that gives each transaction another connection. Time is that of the database, because the
 * clocks of processes differ.
 */
export function createPostgresStore(settings: PostgresStoreSettings): GrantStore {
  const names = postgresNames(settings.schema)
  const timeoutMs = settings.queryTimeoutMs
  const run = createPostgresRunner(settings.pool, { timeoutMs })
  // Marks and answers of refreshes: without them in time, others refresh again, or a login is lost.
  const runFirst = createPostgresRunner(settings.pool, { timeoutMs, urgent: true })
  const sql = statements(names)
  const unsettled = createUnsettled()
  const cleanUp = createCleanUp({ run, names, clock: settings.clock ?? systemClock })

  return {
    async get(id) {
      const read = unsettled.has(id) ? runFirst : run
      const [row] = await read(sql.get, toPostgresText(id))
      unsettled.delete(id)
      if (row === undefined) return undefined
      return { version: textOf(row['version']), value: textOf(row['value']) }
    },

    async compareAndSet(id, was, { version, value }, ttlMs) {
      const values = [id, version, value].map(toPostgresText)
      unsettled.add(id)
      const written =
        was === undefined
          ? await runFirst(sql.insert, ...values, duration(ttlMs))
          : await runFirst(sql.update, ...values, duration(ttlMs), toPostgresText(was))
      cleanUp()
      if (written.length === 0) return false
      unsettled.delete(id)
      return true
    },

    async link(name, id, ttlMs) {
      const { strategy, account } = accountColumns(name)
      const values = [toPostgresText(name), toPostgresText(id), strategy, account]
      await run(sql.link, ...values, duration(ttlMs))
      cleanUp()
    },

    async linked(name, limit, after = '') {
      const size = Math.min(Math.ceil(limit), LONGEST_PAGE)
      const rows = await run(sql.linked, toPostgresText(name), toPostgresText(after), size)
      return rows.map((row) => textOf(row['id']))
    },

    async unlink(name, ids) {
      if (ids.length === 0) return
      // As JSON, because not every client knows how to send an array. Sorted, so that two calls never wait for each other.
      const list = JSON.stringify(ids.map(toPostgresText).sort())
      await run(sql.unlink, toPostgresText(name), list)
    },
  }
}

/**
 * The records whose last write has failed, or found something else. What they are is read before others: a mark or an answer
 * cannot be written again before.
 */
function createUnsettled(): Pick<Set<string>, 'add' | 'has' | 'delete'> {
  const ids = new Set<string>()
  return {
    add(id) {
      // Nobody may ask for them again.
      if (ids.size >= MAXIMUM_UNSETTLED) ids.clear()
      return ids.add(id)
    },
    has: (id) => ids.has(id),
    delete: (id) => ids.delete(id),
  }
}

/** The statements of the store. */
export function statements({ records, links }: ReturnType<typeof postgresNames>) {
  const after = (parameter: string): string =>
    `clock_timestamp() + ${parameter}::float8 * interval '1 millisecond'`
  return {
    get: `SELECT version, value FROM ${records} WHERE id = $1 AND expires > clock_timestamp()`,

    // What has expired counts as absent.
    insert: `INSERT INTO ${records} AS present (id, version, value, expires)
VALUES ($1, $2, $3, ${after('$4')})
ON CONFLICT (id) DO UPDATE
SET version = excluded.version, value = excluded.value, expires = excluded.expires
WHERE present.expires <= clock_timestamp()
RETURNING 1 AS written`,

    update: `UPDATE ${records} SET version = $2, value = $3, expires = ${after('$4')}
WHERE id = $1 AND version = $5 AND expires > clock_timestamp()
RETURNING 1 AS written`,

    link: `INSERT INTO ${links} AS present (name, id, strategy, account, expires)
VALUES ($1, $2, $3, $4, ${after('$5')})
ON CONFLICT (name, id) DO UPDATE SET expires = excluded.expires
WHERE present.expires < excluded.expires`,

    linked: `SELECT id FROM ${links}
WHERE name = $1 AND id > $2 AND expires > clock_timestamp()
ORDER BY id LIMIT $3`,

    unlink: `DELETE FROM ${links}
WHERE name = $1 AND id = ANY(ARRAY(SELECT json_array_elements_text($2::json)))`,
  }
}

/** @throws {Error} if the pool returns text as something else */
function textOf(column: unknown): string {
  if (typeof column === 'string') return fromPostgresText(column)
  throw new Error(`PostgreSQL returned ${typeof column} where a text was expected`)
}

/** A duration in **milliseconds**, as PostgreSQL takes it. */
function duration(ttlMs: number): number {
  return Math.min(ttlMs, LONGEST_MS)
}
