import { postgresNames } from './postgres-schema.js'
import { createPostgresRunner } from './postgres-statements.js'
import type { PostgresStoreSettings } from './postgres-store.js'
import { fromPostgresText } from './postgres-text.js'

/** How many ids are read at once. */
const BATCH = 500

/** The ids of all records in PostgreSQL, in batches. A record that is there all the time is among them, once. */
export async function* postgresRecordIds({
  pool,
  schema,
  queryTimeoutMs,
}: PostgresStoreSettings): AsyncGenerator<readonly string[], void, undefined> {
  const run = createPostgresRunner(pool, { timeoutMs: queryTimeoutMs })
  const statement = recordIdsStatement(schema)
  for (let after = ''; ;) {
    const rows = await run(statement, after, BATCH)
    const ids = rows.map((row) => String(row['id']))
    if (ids.length > 0) yield ids.map(fromPostgresText)
    if (ids.length < BATCH) return
    after = ids.at(-1) ?? ''
  }
}

/** The next ids after one. */
export function recordIdsStatement(schema: string | undefined): string {
  return `SELECT id FROM ${postgresNames(schema).records} WHERE id > $1 ORDER BY id LIMIT $2`
}
