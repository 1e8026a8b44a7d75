import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import type { Pool } from 'pg'
import { deletionStatement } from '../../src/grants/postgres-clean-up.js'
import { readPostgresPool } from '../../src/grants/postgres-pool.js'
import { postgresRecordIds, recordIdsStatement } from '../../src/grants/postgres-record-ids.js'
import { postgresNames } from '../../src/grants/postgres-schema.js'
import { statements } from '../../src/grants/postgres-store.js'
import { createManualClock } from '../support/manual-clock.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { createTables, storeThrough } from '../support/postgres-store.js'
import { newRecord } from '../support/redis-store.js'
import { describeWithPostgres } from '../support/requirements.js'
import { until } from '../support/until.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

const HOUR_MS = 3_600_000
const GRANTS = 100_000
const EXPIRED = 1_050

describeWithPostgres('a grant store with 100,000 grants of 50,000 accounts', (postgres) => {
  let server: PostgresProcess
  let pool: Pool

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    pool = server.connect()
    await createTables(pool)
    await pool.query(
      `INSERT INTO oauth2_records SELECT 'grant/' || md5(n::text), n, repeat(md5(n::text), 30), now() + interval '1 day'
       FROM generate_series(1, $1) AS n`,
      [GRANTS],
    )
    await pool.query(
      `INSERT INTO oauth2_links SELECT 'account/s/' || n / 2, md5(n::text), 's', n / 2, now() + interval '2 days'
       FROM generate_series(1, $1) AS n`,
      [GRANTS],
    )
    await pool.query('ANALYZE oauth2_records, oauth2_links')
  }, 60_000)
  afterAll(() => server.close())

  const names = postgresNames(undefined)
  const sql = statements(names)
  const list = JSON.stringify(['a', 'b', 'c'])

  it.each<[string, string, unknown[]]>([
    ['get', sql.get, ['grant/a']],
    ['insert', sql.insert, ['grant/a', 'v', 'value', 1000]],
    ['update', sql.update, ['grant/a', 'v', 'value', 1000, 'w']],
    ['link', sql.link, ['account/s/1', 'a', 's', '1', 1000]],
    ['linked', sql.linked, ['account/s/1', '', 20]],
    ['unlink', sql.unlink, ['account/s/1', list]],
    ['the ids of all records', recordIdsStatement(undefined), ['grant/5', 500]],
    ['cleaning records up', deletionStatement(names.records), [100]],
    ['cleaning links up', deletionStatement(names.links), [100]],
    [
      'a join with one user',
      'SELECT name FROM oauth2_links WHERE account = $1 AND expires > now()',
      ['42'],
    ],
  ])('reads no table from its beginning to its end: %s', async (_, statement, values) => {
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`, values)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).not.toContain('Seq Scan on')
    expect(plan).not.toMatch(/Sort Key/)
  })

  it('pages through an account that has many, and unlinks them, in milliseconds', async () => {
    const store = storeThrough(pool)
    await pool.query(
      `INSERT INTO oauth2_links SELECT 'account/s/many', n, 's', 'many', now() + interval '2 days'
       FROM generate_series(1, 1000) AS n`,
    )
    const startedAt = performance.now()
    const ids = await store.linked('account/s/many', 1_000)
    expect(ids).toHaveLength(1_000)
    await store.unlink('account/s/many', ids)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await expect(store.linked('account/s/many', 1_000)).resolves.toEqual([])
  })

  it('lists the ids of all records, each once', async () => {
    const send = readPostgresPool(pool, 'pool')
    const settings = { pool: send, schema: undefined, queryTimeoutMs: 10_000 }
    const ids: string[] = []
    for await (const batch of postgresRecordIds(settings)) ids.push(...batch)
    expect(ids).toHaveLength(GRANTS)
    expect(new Set(ids).size).toBe(GRANTS)
  })
})

describeWithPostgres('expired rows in PostgreSQL', (postgres) => {
  let server: PostgresProcess
  let pool: Pool

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    pool = server.connect()
    await createTables(pool)
  })
  beforeEach(async () => {
    await pool.query('TRUNCATE oauth2_records, oauth2_links')
    await pool.query(
      `INSERT INTO oauth2_records SELECT 'old ' || n, n, 'value', now() - n * interval '1 second'
       FROM generate_series(1, $1) AS n`,
      [EXPIRED],
    )
    await pool.query(
      `INSERT INTO oauth2_links SELECT 'name', n, NULL, NULL, now() - interval '1 hour'
       FROM generate_series(1, $1) AS n`,
      [EXPIRED],
    )
    const living = storeThrough(pool)
    await living.compareAndSet('living', undefined, newRecord(), HOUR_MS)
    await living.link('name', 'living', HOUR_MS)
  })
  afterAll(() => server.close())

  async function left(): Promise<readonly number[]> {
    const tables = ['oauth2_records', 'oauth2_links']
    const counts = await Promise.all(
      tables.map((table) => pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)),
    )
    return counts.map(({ rows }) => rows[0]?.n ?? NaN)
  }

  it('are deleted by a process that writes, in batches, about once a minute', async () => {
    const clock = createManualClock()
    const sent: string[] = []
    const recording = {
      query: (text: string, values: unknown[]) => {
        sent.push(text)
        return pool.query(text, values)
      },
    }
    const store = storeThrough(recording, { clock })
    const deletions = (): number => sent.filter((text) => text.includes('SKIP LOCKED')).length
    clock.advance(60_000)
    await store.get('living')
    expect(deletions()).toBe(0)
    await store.link('name', 'living', 2 * HOUR_MS)
    await until(async () => String(await left()) === '1,1')
    // Eleven batches of a hundred at the most, for each table.
    await until(() => deletions() === 22)

    await store.link('name', 'living', 3 * HOUR_MS)
    clock.advance(59_000)
    await store.link('name', 'living', 4 * HOUR_MS)
    expect(deletions()).toBe(22)
    clock.advance(2_000)
    await store.link('name', 'living', 5 * HOUR_MS)
    await until(() => deletions() === 24)
    await expect(store.get('living')).resolves.toBeDefined()
    await expect(store.linked('name', 10)).resolves.toEqual(['living'])
  })

  it('wait for nobody, and nobody for them', async () => {
    const other = await pool.connect()
    await other.query('BEGIN')
    await other.query("SELECT FROM oauth2_records WHERE id IN ('old 7', 'old 8') FOR UPDATE")
    const clock = createManualClock()
    const store = storeThrough(pool, { clock })
    clock.advance(60_000)
    await store.link('name', 'living', 2 * HOUR_MS)
    await until(async () => String(await left()) === '3,1')
    const { rows } = await pool.query(
      "SELECT id FROM oauth2_records WHERE id LIKE 'old%' ORDER BY id",
    )
    expect(rows).toEqual([{ id: 'old 7' }, { id: 'old 8' }])
    await other.query('COMMIT')
    other.release()
  })

  it('are deleted once by many processes at once, which write over them meanwhile', async () => {
    const clocks = Array.from({ length: 8 }, createManualClock)
    const stores = clocks.map((clock) => storeThrough(pool, { clock }))
    for (const clock of clocks) clock.advance(60_000)
    const written = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        (stores[at % 8] ?? storeThrough(pool)).compareAndSet(
          `old ${at + 1}`,
          undefined,
          newRecord(),
          HOUR_MS,
        ),
      ),
    )
    expect(written).toEqual(Array.from({ length: 200 }, () => true))
    await until(async () => String(await left()) === '201,1')
    const present = await Promise.all(
      written.map((_, at) => storeThrough(pool).get(`old ${at + 1}`)),
    )
    expect(present).not.toContain(undefined)
  })

  it('do not disturb a write if they cannot be deleted', async () => {
    const clock = createManualClock()
    const store = storeThrough(
      {
        query: (text: string, values: unknown[]) =>
          text.startsWith('DELETE')
            ? Promise.reject(new Error('not allowed'))
            : pool.query(text, values),
      },
      { clock },
    )
    clock.advance(60_000)
    await expect(store.compareAndSet('new', undefined, newRecord(), HOUR_MS)).resolves.toBe(true)
    await expect(store.get('new')).resolves.toBeDefined()
  })
})
