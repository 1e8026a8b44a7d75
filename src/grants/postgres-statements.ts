import { StorageError } from '../errors/setup-errors.js'
import { systemClock, wait } from '../lib/clock.js'
import { withinIdleTime } from '../lib/within-idle-time.js'
import type { Row, SendStatement } from './postgres-pool.js'

/** Runs one statement, and resolves to its rows. */
export type RunStatement = (text: string, ...values: unknown[]) => Promise<readonly Row[]>

/** How {@link createPostgresRunner} runs statements. */
export interface RunnerOptions {
  /** How long one may take, with the wait for a connection of the pool, in **milliseconds**. */
  readonly timeoutMs: number
  /** Whether they go before others if all connections are in use. @default false */
  readonly urgent?: boolean
}

/**
 * Runs statements, each in a transaction of its own. One fails if PostgreSQL takes longer than the time limit.
 *
 * A statement is sent again only after PostgreSQL has answered that it was rolled back because of another one. That
 * happens if the application has set another isolation than `read committed` for all transactions.
 */
export function createPostgresRunner(
  send: SendStatement,
  { timeoutMs, urgent = false }: RunnerOptions,
): RunStatement {
  return async (text, ...values) => {
    const late = new AbortController()
    const { signal } = late
    let isSent = false
    const onSend = (): void => void (isSent = true)

    async function untilDone(): Promise<readonly Row[]> {
      for (let waitMs = 1; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
        try {
          return await send({ text, values, timeoutMs, urgent, onSend, signal })
        } catch (error) {
          if (!ROLLED_BACK.has(sqlStateOf(error))) throw explained(error)
        }
        await wait(systemClock, waitMs * Math.random())
        if (signal.aborted) throw new Error('Time was up')
      }
    }

    return withinIdleTime(timeoutMs, untilDone(), () => {
      late.abort()
      return new Error(
        isSent
          ? `PostgreSQL did not answer within ${timeoutMs} ms`
          : `All connections of the pool were in use for ${timeoutMs} ms. Give it more (max), or find out who keeps them`,
      )
    })
  }
}

const LONGEST_WAIT_MS = 64

/** Failures to serialize, and deadlocks: the statement was rolled back. */
const ROLLED_BACK: ReadonlySet<string | undefined> = new Set(['40001', '40P01'])

const NOT_AS_NEEDED =
  'they are not as this version needs them: compare them with what `npx passport-authorization-code sql` prints'

const NO_ENTRY =
  'PostgreSQL refuses this user: check the user and the password that the pool is made with'

/** After a failover, the pool may be connected to the old primary server for a while, and then to the new one. */
const READ_ONLY = '25006'

/** What to do about errors for which PostgreSQL's own words do not say it. */
const REASONS: Readonly<Record<string, string>> = {
  '42P01':
    'they do not exist: call `await grants.setUp()` at start, or run what `npx passport-authorization-code sql` prints',
  '3F000':
    'their schema does not exist: call `await grants.setUp()` at start, or run what `npx passport-authorization-code sql --schema …` prints',
  '42501':
    'this user of the database may not: as one who may, run what `npx passport-authorization-code sql` prints, and grant SELECT, INSERT, UPDATE and DELETE on the tables',
  '42703': NOT_AS_NEEDED,
  '42P10': NOT_AS_NEEDED,
  '42804': NOT_AS_NEEDED,
  '28P01': NO_ENTRY,
  '28000': NO_ENTRY,
  '3D000': 'the database does not exist: check the connection that the pool is made with',
  [READ_ONLY]: 'this server only reads: connect the pool to the primary server',
}

/** @see [PostgreSQL, Error Codes](https://www.postgresql.org/docs/current/errcodes-appendix.html) */
function explained(error: unknown): unknown {
  const state = sqlStateOf(error)
  const reason = REASONS[state ?? '']
  if (reason === undefined) return error
  const fault = state === READ_ONLY ? 'storage' : 'developer'
  return new StorageError('Using the tables of the grants', error, reason, fault)
}

function sqlStateOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}
