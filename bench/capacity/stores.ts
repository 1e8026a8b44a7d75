import { createRedisStore } from '../../src/grants/redis-store.js'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import { PostgresGrants } from '../../src/postgres.js'
import { startPostgresProcess } from '../../test/support/postgres-process.js'
import { startRedisServer } from '../../test/support/redis-server.js'
import { findPostgres } from '../postgres-program.js'
import { grantRows, populate } from '../scale/population.js'
import type { Population, Whose } from '../scale/population.js'
import { SECRET } from '../scale/scene.js'

/** A store with grants, on a server of its own. */
export interface FilledStore {
  readonly kind: 'Redis' | 'PostgreSQL'
  /** Where a worker finds it. */
  readonly address: string
  fill(population: Population, whose: Whose): Promise<void>
  /** What it takes: of memory in Redis, of disk in PostgreSQL; in bytes. */
  size(): Promise<number>
  stop(): Promise<void>
}

const YEAR_MS = 365 * 24 * 60 * 60 * 1000

export async function startRedisStore(): Promise<FilledStore> {
  const server = await startRedisServer('redis-server')
  const { client, socketPath } = server
  const store = createRedisStore({
    client: readRedisClient(client, 'client'),
    prefix: 'oauth2:',
    commandTimeoutMs: 60_000,
  })
  return {
    kind: 'Redis',
    address: socketPath,
    async fill(population, whose) {
      for (const rows of grantRows(population, whose)) {
        await Promise.all(
          rows.map(async ({ key, version, value, id, names }) => {
            await store.compareAndSet(key, undefined, { version, value }, YEAR_MS)
            for (const name of names) await store.link(name, id, YEAR_MS)
          }),
        )
      }
    },
    async size() {
      const [, bytes] = /^used_memory:(\d+)/m.exec(await client.info('memory')) ?? []
      return Number(bytes)
    },
    stop: () => server.stop(),
  }
}

export async function startPostgresStore(): Promise<FilledStore> {
  const server = await startPostgresProcess(findPostgres())
  const pool = server.connect()
  await new PostgresGrants({ pool, secret: SECRET }).setUp()
  return {
    kind: 'PostgreSQL',
    address: server.url,
    fill: (population, whose) => populate(pool, population, whose),
    async size() {
      const { rows } = await pool.query<{ bytes: string }>(
        "SELECT pg_total_relation_size('oauth2_records') + pg_total_relation_size('oauth2_links') AS bytes",
      )
      return Number(rows[0]?.bytes)
    },
    stop: () => server.close(),
  }
}
