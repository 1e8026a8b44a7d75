import { ConfigurationError } from '../errors/setup-errors.js'
import { createTurns } from '../lib/turns.js'
import type { Turns } from '../lib/turns.js'

/**
 * What the option `pool` takes: a `Pool` of pg or of Neon, a PGlite, or anything with this method. It runs one statement,
 * with the values of `$1`, `$2` and so on, and resolves to the rows, or to an object that has them as `rows`; each row is
 * an object. It must not repeat a statement that may have been executed.
 *
 * @example With Postgres.js
 * ```ts
 * import type { PostgresPool } from 'passport-authorization-code/postgres'
 *
 * // const sql = postgres(process.env.DATABASE_URL)
 * declare const sql: { unsafe(text: string, values: never[]): Promise<object[]> }
 *
 * const pool: PostgresPool = { query: (text, values) => sql.unsafe(text, values as never[]) }
 * ```
 */
export interface PostgresPool {
  query(text: string, values: unknown[]): Promise<unknown>
}

/** Sends one statement, and resolves to its rows. */
export type SendStatement = (statement: Statement) => Promise<readonly Row[]>

/** A statement, and how it is sent. */
export interface Statement {
  readonly text: string
  readonly values: unknown[]
  /** When nobody waits for it any more, in **milliseconds**. */
  readonly timeoutMs: number
  /** Whether it goes before others if all connections of the pool are in use. */
  readonly urgent: boolean
  /** Called before it is sent: until then, it waits for a connection of the pool. */
  readonly onSend: () => void
  /** Once aborted, it is not sent if it has not been. */
  readonly signal: AbortSignal
}

/** One row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** The properties by which pools are told apart. Any of them may be missing or something else. */
type Seen = Readonly<Record<string, unknown>>

/**
 * Recognises a pool by what it has.
 *
 * A pool of pg emits `error` if an idle connection is lost, which ends a process that does not listen. If nobody does,
 * a listener is added: the pool replaces the connection, and what needs the database fails by itself.
 *
 * @throws {ConfigurationError} naming the option, if it cannot run statements, or is a single connection of pg
 */
export function readPostgresPool(value: PostgresPool, name: string): SendStatement {
  const pool = Object(value) as Seen
  if (typeof pool['query'] !== 'function') {
    throw new ConfigurationError(
      `${name} must have a method query(text, values), as the pools of pg and Neon and PGlite have. Write ` +
        `${name}: new Pool({ connectionString: process.env.DATABASE_URL }). ${ADAPTER_ADVICE}`,
      name,
    )
  }
  const isPgPool = typeof pool['waitingCount'] === 'number'
  if (!isPgPool && typeof pool['escapeIdentifier'] === 'function') {
    throw new ConfigurationError(
      `${name} is a single connection of pg. When that is lost, it never comes back, and a transaction on it would ` +
        `take the grants along when it is rolled back. Write ${name}: new Pool({ connectionString: process.env.DATABASE_URL }).`,
      name,
    )
  }
  listenForErrors(pool)
  return isPgPool
    ? sendInTurn(value as unknown as PgPool)
    : async ({ text, values, onSend }) => {
        onSend()
        return rowsOf(await value.query(text, values))
      }
}

/** Also if several grants use one pool. */
const turnsOf = new WeakMap<PgPool, Turns>()

/**
 * Sends as many statements at once as the pool has connections. The others wait here, and not in the pool, which would
 * send them long after everybody has given up.
 */
function sendInTurn(pool: PgPool): SendStatement {
  const turns = turnsOf.get(pool) ?? createTurns(pool.options?.max ?? Infinity)
  turnsOf.set(pool, turns)
  return async ({ text, values, timeoutMs, urgent, onSend, signal }) => {
    await new Promise<void>((resolve, reject) => {
      const giveUp = turns.request(urgent, () => resolve())
      signal.addEventListener('abort', () => {
        giveUp?.()
        reject(new Error('It was not sent'))
      })
    })
    try {
      onSend()
      // With its own limit, pg closes a connection that does not answer, which otherwise nobody could use again. It is
      // longer than ours, because pg also counts the time in which this process was busy.
      return rowsOf(await pool.query({ text, values, query_timeout: 2 * timeoutMs }))
    } finally {
      turns.done()
    }
  }
}

const ADAPTER_ADVICE = `For Postgres.js, pass an adapter:

  const pool = { query: (text, values) => sql.unsafe(text, values) }
`

/** A pool of pg takes the settings of one statement. */
interface PgPool {
  /** `max`: how many connections it has at the most. */
  readonly options?: { readonly max?: number }
  query(config: {
    readonly text: string
    readonly values: unknown[]
    readonly query_timeout: number
  }): Promise<unknown>
}

function listenForErrors(pool: Seen): void {
  const { on, listenerCount } = pool
  if (typeof on !== 'function' || typeof listenerCount !== 'function') return
  if (listenerCount.call(pool, 'error') === 0) on.call(pool, 'error', () => undefined)
}

/** @throws {Error} if the pool has resolved to something else */
function rowsOf(result: unknown): readonly Row[] {
  const { rows = result } = Object(result) as { readonly rows?: unknown }
  const isUsable = Array.isArray(rows) && rows.every((row) => isRow(row))
  if (isUsable) return rows
  throw new Error('pool.query resolved to no rows: it must resolve to { rows }, each row an object')
}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null && !Array.isArray(row)
}
