import type { Pool } from 'pg'
import type { createClient } from 'redis'

/**
 * What the app itself stores beside the grants: short texts, by kind and name. An application of your own has tables
 * of its own for that.
 */
export interface Notes {
  /** Adds a text unless there is one of this name. Resolves to whether it did: of several processes, one does. */
  add(kind: string, name: string, text: string): Promise<boolean>
  /** Writes a text, over one of this name if there is one. */
  put(kind: string, name: string, text: string): Promise<void>
  remove(kind: string, name: string): Promise<void>
  /** All texts of a kind, by name. */
  all(kind: string): Promise<ReadonlyMap<string, string>>
}

/** Notes in memory, which end with the process. */
export function memoryNotes(): Notes {
  const kinds = new Map<string, Map<string, string>>()
  function of(kind: string): Map<string, string> {
    const texts = kinds.get(kind) ?? new Map<string, string>()
    kinds.set(kind, texts)
    return texts
  }
  return {
    add(kind, name, text) {
      const isNew = !of(kind).has(name)
      if (isNew) of(kind).set(name, text)
      return Promise.resolve(isNew)
    },
    put(kind, name, text) {
      of(kind).set(name, text)
      return Promise.resolve()
    },
    remove(kind, name) {
      of(kind).delete(name)
      return Promise.resolve()
    },
    all: (kind) => Promise.resolve(new Map(of(kind))),
  }
}

type RedisClient = Pick<ReturnType<typeof createClient>, 'hSet' | 'hSetNX' | 'hDel' | 'hGetAll'>

/** Notes in Redis: a hash for each kind. */
export function redisNotes(client: RedisClient, prefix: string): Notes {
  const key = (kind: string): string => `${prefix}${kind}`
  return {
    add: async (kind, name, text) => (await client.hSetNX(key(kind), name, text)) === 1,
    async put(kind, name, text) {
      await client.hSet(key(kind), name, text)
    },
    async remove(kind, name) {
      await client.hDel(key(kind), name)
    },
    all: async (kind) => new Map(Object.entries(await client.hGetAll(key(kind)))),
  }
}

interface Row {
  readonly name: string
  readonly text: string
}

/** Notes in PostgreSQL. Creates their table if it is not there; all processes may do so at start. */
export async function postgresNotes(pool: Pool): Promise<Notes> {
  await createTable(pool)
  const insert = 'INSERT INTO example_app_notes (kind, name, text) VALUES ($1, $2, $3)'
  return {
    async add(kind, name, text) {
      const added = await pool.query(`${insert} ON CONFLICT DO NOTHING`, [kind, name, text])
      return added.rowCount === 1
    },
    async put(kind, name, text) {
      const change = 'ON CONFLICT (kind, name) DO UPDATE SET text = excluded.text'
      await pool.query(`${insert} ${change}`, [kind, name, text])
    },
    async remove(kind, name) {
      await pool.query('DELETE FROM example_app_notes WHERE kind = $1 AND name = $2', [kind, name])
    },
    async all(kind) {
      const { rows } = await pool.query<Row>(
        'SELECT name, text FROM example_app_notes WHERE kind = $1',
        [kind],
      )
      return new Map(rows.map(({ name, text }) => [name, text]))
    },
  }
}

async function createTable(pool: Pool): Promise<void> {
  const found = await pool.query<{ table: unknown }>(
    `SELECT to_regclass('example_app_notes') AS table`,
  )
  if (found.rows[0]?.table) return
  try {
    await pool.query(
      'CREATE TABLE example_app_notes (kind text, name text, text text NOT NULL, PRIMARY KEY (kind, name))',
    )
  } catch (error) {
    // Another process has created it meanwhile: its table, or the type that goes with it.
    if (!['42P07', '23505'].includes(String((error as { code?: unknown }).code))) throw error
  }
}
