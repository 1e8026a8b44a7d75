import { RedisStore } from 'connect-redis'
import { MemoryStore, type Store } from 'express-session'
import { guardSessionStore, MemoryGrants, type Grants } from 'passport-authorization-code'
import { PostgresGrants } from 'passport-authorization-code/postgres'
import { RedisGrants } from 'passport-authorization-code/redis'
import { Pool } from 'pg'
import { memoryNotes, postgresNotes, redisNotes, type Notes } from './notes.js'
import type { ExampleAppOptions } from './options.js'
import { openRedis, type RedisConnection } from './redis.js'

/** Where everything is stored, and how to close the connections. */
export interface Storage {
  readonly sessionStore: Store
  readonly grants: Grants
  readonly notes: Notes
  close(): Promise<void>
}

/** How long a connection to PostgreSQL may take, in **milliseconds**. */
const CONNECTION_TIMEOUT_MS = 2_000

/**
 * Opens the storage: sessions in Redis or in memory; grants and notes in PostgreSQL, in Redis or in memory.
 *
 * @param grantSecret encrypts the grants: at least 32 characters
 * @throws if a server cannot be reached at the start; later losses are reported and mended
 */
export async function openStorage(
  { redisURL, databaseURL }: Pick<ExampleAppOptions, 'redisURL' | 'databaseURL'>,
  grantSecret: string,
  onError: (error: unknown) => void,
): Promise<Storage> {
  const redis = redisURL === undefined ? undefined : await openRedis(redisURL, onError)
  const pool = databaseURL === undefined ? undefined : createPool(databaseURL, onError)
  async function close(): Promise<void> {
    redis?.close()
    await pool?.end()
  }
  try {
    const { grants, notes } = await openGrants(redis, pool, grantSecret)
    const store =
      redis === undefined
        ? new MemoryStore()
        : new RedisStore({ client: redis.client, prefix: 'example-app:session:' })
    return { sessionStore: guardSessionStore(store, { grants }), grants, notes, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openGrants(
  redis: RedisConnection | undefined,
  pool: Pool | undefined,
  secret: string,
): Promise<Pick<Storage, 'grants' | 'notes'>> {
  if (pool !== undefined) {
    const grants = new PostgresGrants({ pool, secret })
    await grants.setUp()
    return { grants, notes: await postgresNotes(pool) }
  }
  if (redis === undefined) return { grants: new MemoryGrants(), notes: memoryNotes() }
  const { client } = redis
  return {
    grants: new RedisGrants({ client, secret, prefix: 'example-app:oauth2:' }),
    notes: redisNotes(client, 'example-app:'),
  }
}

function createPool(databaseURL: string, onError: (error: unknown) => void): Pool {
  const pool = new Pool({
    connectionString: databaseURL,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
  })
  // Without a listener, an idle connection that is lost would end the process.
  pool.on('error', onError)
  return pool
}
