import { readPostgresPool } from '../../src/grants/postgres-pool.js'
import type { PostgresPool } from '../../src/grants/postgres-pool.js'
import { createPostgresStore } from '../../src/grants/postgres-store.js'
import type { PostgresStoreSettings } from '../../src/grants/postgres-store.js'
import { PostgresGrants } from '../../src/postgres.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { GRANT_SECRET } from './grant-modes.js'

/** A grant store over a pool, with the defaults of `PostgresGrants`. */
export function storeThrough(
  pool: PostgresPool,
  settings: Partial<Omit<PostgresStoreSettings, 'pool'>> = {},
): GrantStore {
  const send = readPostgresPool(pool, 'pool')
  return createPostgresStore({ pool: send, schema: undefined, queryTimeoutMs: 2_000, ...settings })
}

/** Creates the tables. */
export async function createTables(pool: PostgresPool, schema?: string): Promise<void> {
  await new PostgresGrants({ pool, secret: GRANT_SECRET, schema }).setUp()
}
