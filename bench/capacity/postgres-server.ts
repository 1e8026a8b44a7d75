import { readFile } from 'node:fs/promises'
import { PostgresGrants } from '../../src/postgres.js'
import { startPostgresProcess } from '../../test/support/postgres-process.js'
import { findPostgres } from '../postgres-program.js'
import { insertRows } from '../scale/population.js'
import type { StoreServer } from './store-server.js'

/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10

/** A PostgreSQL with its defaults, which waits until the disk has each commit. */
export async function startPostgresServer(secret: string, strategy: string): Promise<StoreServer> {
  const server = await startPostgresProcess(findPostgres(), { isDurable: true })
  const pool = server.connect({ max: 1 })
  await new PostgresGrants({ pool, secret }).setUp()

  /** Also of processes that have ended meanwhile, such as a worker of autovacuum. */
  const ticksByProcess = new Map<number, number>()

  async function number(expression: string): Promise<number> {
    const { rows } = await pool.query<{ value: string }>(`SELECT ${expression} AS value`)
    return Number(rows[0]?.value)
  }

  return {
    kind: 'PostgreSQL',
    address: server.url,
    async fill(batches) {
      for (const rows of batches) await insertRows(pool, rows, strategy)
      // What autovacuum would do while the figures are taken.
      await pool.query('VACUUM (ANALYZE) oauth2_records, oauth2_links')
      await pool.query('CHECKPOINT')
    },
    async sizes() {
      const records = await number("pg_total_relation_size('oauth2_records')")
      const links = await number("pg_total_relation_size('oauth2_links')")
      return [
        { what: 'tables with their indexes, on disk', bytes: records + links },
        { what: 'of that, `oauth2_records`', bytes: records },
        { what: 'of that, `oauth2_links`', bytes: links },
      ]
    },
    async cpuMs() {
      const { rows } = await pool.query<{ pid: number }>('SELECT pid FROM pg_stat_activity')
      for (const { pid } of rows) {
        const ticks = await ticksOf(pid)
        if (ticks !== undefined) ticksByProcess.set(pid, ticks)
      }
      const all = [...ticksByProcess.values()]
      return all.length === 0 ? undefined : TICK_MS * all.reduce((sum, one) => sum + one, 0)
    },
    stop: () => server.close(),
  }
}

/**
 * How long a process has used a CPU; `undefined` if it has ended, or on other systems than Linux.
 *
 * @see [proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html): `utime` and `stime`
 */
async function ticksOf(pid: number): Promise<number | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (line === undefined) return undefined
  const [user, system] = line.slice(line.lastIndexOf(')')).split(' ').slice(12, 14).map(Number)
  return (user ?? 0) + (system ?? 0)
}
