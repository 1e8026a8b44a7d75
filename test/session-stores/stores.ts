import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RedisStore } from 'connect-redis'
import session, { MemoryStore } from 'express-session'
import type { Store } from 'express-session'
import { startPostgresProcess } from '../support/postgres-process.js'
import { startRedisServer } from '../support/redis-server.js'

/** A store of npm, and when it drops a session, as it has written it. */
export interface RunningStore {
  readonly store: Store
  /** For how long it keeps the session from now on, in **milliseconds**; `undefined` if it does not say. */
  readonly keptMs?: (id: string) => Promise<number>
  readonly stop: () => unknown
}

type Make<Result = Store> = new (options?: object) => Result
type Maker = (connect: object) => Make
interface Sqlite {
  prepare(sql: string): { get(id: string): Record<string, string> }
  close(): void
}

// Most of these packages have no types, and CommonJS entries that know nothing of `import`.
const require = createRequire(import.meta.url)

/** The stores that need no server. */
export const LOCAL_STORES: Readonly<Record<string, () => Promise<RunningStore>>> = {
  'express-session MemoryStore': () =>
    Promise.resolve({ store: new MemoryStore(), stop: () => undefined }),

  memorystore: () => {
    const Memory = (require('memorystore') as Maker)(session)
    return Promise.resolve({ store: new Memory({}), stop: () => undefined })
  },

  'connect-loki': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loki-'))
    const Loki = (require('connect-loki') as Maker)(session)
    const store = new Loki({ path: join(folder, 'sessions.db'), autosave: false })
    await new Promise((resolve) => store.once('connect', () => resolve(undefined)))
    return { store, stop: () => rm(folder, { recursive: true, force: true }) }
  },

  'session-file-store': async () => {
    const path = await mkdtemp(join(tmpdir(), 'files-'))
    const Files = (require('session-file-store') as Maker)(session)
    const store = new Files({ path, retries: 0, reapInterval: -1, logFn: () => undefined })
    return { store, stop: () => rm(path, { recursive: true, force: true }) }
  },

  'better-sqlite3-session-store': () => {
    const client = new (require('better-sqlite3') as Make<Sqlite>)(':memory:' as unknown as object)
    const SqliteStore = (require('better-sqlite3-session-store') as Maker)(session)
    const store = new SqliteStore({ client, expired: { clear: true, intervalMs: 3_600_000 } })
    const query = 'SELECT expire FROM sessions WHERE sid = ?'
    return Promise.resolve({
      store,
      keptMs: (id: string) =>
        Promise.resolve(Date.parse(client.prepare(query).get(id)['expire'] ?? '') - Date.now()),
      stop: () => client.close(),
    })
  },

  'connect-session-knex': async () => {
    const { knex } = require('knex') as { knex: (options: object) => Knex }
    const { ConnectSessionKnexStore } = require('connect-session-knex') as {
      ConnectSessionKnexStore: Make
    }
    const connection = { filename: ':memory:' }
    const client = knex({ client: 'better-sqlite3', connection, useNullAsDefault: true })
    const store = new ConnectSessionKnexStore({ knex: client, cleanupInterval: 0 })
    await new Promise((resolve) => store.get('nobody', resolve))
    return {
      store,
      async keptMs(id) {
        const [row] = await client('sessions').where({ sid: id }).select('expired')
        return Date.parse(row?.expired ?? '') - Date.now()
      },
      stop: () => client.destroy(),
    }
  },
}

interface Knex {
  (table: string): {
    where(condition: object): { select(column: string): Promise<{ expired: string }[]> }
  }
  destroy(): Promise<void>
}

/** connect-redis, at a Redis server of its own. */
export async function startRedisStore(program: string): Promise<RunningStore> {
  const redis = await startRedisServer(program)
  const store = new RedisStore({ client: redis.client })
  return {
    store,
    keptMs: (id) => redis.client.pTTL(`sess:${id}`),
    stop: () => redis.stop(),
  }
}

/** connect-pg-simple, at a PostgreSQL server of its own. */
export async function startPostgresStore(program: string): Promise<RunningStore> {
  const postgres = await startPostgresProcess(program)
  const pool = postgres.connect()
  const Pg = (require('connect-pg-simple') as Maker)(session)
  const store = new Pg({ pool, createTableIfMissing: true, pruneSessionInterval: false })
  return {
    store,
    async keptMs(id) {
      const { rows } = await pool.query<{ expire: Date }>(
        'SELECT expire FROM session WHERE sid = $1',
        [id],
      )
      return (rows[0]?.expire.getTime() ?? NaN) - Date.now()
    },
    stop: () => postgres.close(),
  }
}
