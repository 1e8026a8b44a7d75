import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Pool } from 'pg'
import { accountName } from '../../src/grants/index-names.js'
import { accountColumns } from '../../src/grants/postgres-text.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { grantStoreTests } from '../../src/testing/grant-store-contract.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { createTables, storeThrough } from '../support/postgres-store.js'
import { newRecord } from '../support/redis-store.js'
import { describeWithPostgres } from '../support/requirements.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

const HOUR_MS = 3_600_000

describe('a grant store in PGlite', () => {
  const database = new PGlite()
  const store = storeThrough(database)

  beforeAll(() => createTables(database))
  afterAll(() => database.close())
  runContract(() => store)

  it.each([
    ['a strategy', 'ada'],
    ['with/slash, 50% and %2F', 'ada/of/london'],
    ['s', 'DOMAIN\\ada'],
    ['s', '日本 😀 /%2F'],
    ['', 'ada'],
  ])('has strategy %j and account %j as columns', async (strategy, account) => {
    const name = accountName(strategy, account)
    await store.link(name, 'one', HOUR_MS)
    const { rows } = await database.query(
      'SELECT id FROM oauth2_links WHERE strategy = $1 AND account = $2',
      [strategy, account],
    )
    expect(rows).toEqual([{ id: 'one' }])
    await expect(store.linked(name, 10)).resolves.toEqual(['one'])
  })

  it.each([
    'logins/strategy/ada',
    'sub/abc',
    'account/',
    'account/s',
    'account/s/',
    'x account/s/a',
  ])('has no account for the name %j', (name) => {
    expect(accountColumns(name)).toEqual({ strategy: null, account: null })
  })

  it('stores what PostgreSQL has no text for, and never takes two of them for the same', async () => {
    const odd = ['a\0', 'a\ud800', 'a\udc00', 'a\ufffd', 'a\\0000', 'a\\', 'a\\d800']
    for (const one of odd) {
      const record = newRecord(one)
      await expect(store.compareAndSet(one, undefined, record, HOUR_MS)).resolves.toBe(true)
      await expect(store.get(one)).resolves.toEqual(record)
      await store.link(accountName('odd', one), one, HOUR_MS)
      await store.link('odd', one, HOUR_MS)
    }
    for (const one of odd) {
      await expect(store.linked(accountName('odd', one), 10)).resolves.toEqual([one])
    }
    expect([...(await store.linked('odd', 100))].sort()).toEqual([...odd].sort())
    await store.unlink('odd', odd.slice(1))
    await expect(store.linked('odd', 100)).resolves.toEqual(odd.slice(0, 1))
    const { rows } = await database.query(
      'SELECT account FROM oauth2_links WHERE strategy = \'odd\' ORDER BY account COLLATE "C"',
    )
    expect(rows).toEqual(['a\\', 'a\\0000', 'a\\d800', 'a\ufffd'].map((account) => ({ account })))
  })

  it('lists ids in their order, whatever the language of the database', async () => {
    const ids = ['b', 'B', 'a', 'ä', 'A', 'a-b', 'aB']
    for (const id of ids) await store.link('order', id, HOUR_MS)
    await expect(store.linked('order', 100)).resolves.toEqual([
      'A',
      'B',
      'a',
      'a-b',
      'aB',
      'b',
      'ä',
    ])
    await expect(store.linked('order', 2, 'a')).resolves.toEqual(['a-b', 'aB'])
  })

  it('takes any duration', async () => {
    for (const ttlMs of [Infinity, Number.MAX_SAFE_INTEGER, 1e-9]) {
      await expect(
        store.compareAndSet(`for ${ttlMs}`, undefined, newRecord(), ttlMs),
      ).resolves.toBe(true)
      await store.link(`for ${ttlMs}`, 'one', ttlMs)
    }
    await expect(store.linked('for Infinity', Infinity)).resolves.toEqual(['one'])
  })

  it('takes a record that has expired for absent, and writes over it', async () => {
    const [first, second, third] = [newRecord(), newRecord(), newRecord()]
    await store.compareAndSet('short', undefined, first, 0)
    await expect(store.get('short')).resolves.toBeUndefined()
    await expect(store.compareAndSet('short', first.version, second, HOUR_MS)).resolves.toBe(false)
    await expect(store.compareAndSet('short', undefined, third, HOUR_MS)).resolves.toBe(true)
    await expect(store.get('short')).resolves.toEqual(third)
  })
})

describeWithPostgres('a grant store in PostgreSQL', (postgres) => {
  let server: PostgresProcess
  let pool: Pool

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    pool = server.connect()
    await createTables(pool)
    await createTables(pool, 'My-Schema')
  })
  afterAll(() => server.close())

  describe('with the defaults of pg', () => {
    const stores = makeOnce(() => storeThrough(pool))
    runContract(stores)
  })

  describe('in a schema, with an adapter that only has rows', () => {
    const adapter = {
      async query(text: string, values: unknown[]): Promise<unknown> {
        return (await pool.query<object>(text, values)).rows
      },
    }
    runContract(makeOnce(() => storeThrough(adapter, { schema: 'My-Schema' })))
  })

  describe.each(['repeatable read', 'serializable'])(
    'if the application has set %s for all transactions',
    (isolation) => {
      const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`
      runContract(
        makeOnce(() => storeThrough(server.connect({ options }), { queryTimeoutMs: 10_000 })),
      )
    },
  )

  it('lets one of fifty over five pools write, whatever they start from', async () => {
    const stores = Array.from({ length: 5 }, () => storeThrough(server.connect({ max: 10 })))
    let was: string | undefined
    for (let round = 0; round < 5; round++) {
      const records = Array.from({ length: 50 }, () => newRecord())
      const outcomes = await Promise.all(
        records.map((record, at) =>
          (stores[at % 5] ?? storeThrough(pool)).compareAndSet('race', was, record, HOUR_MS),
        ),
      )
      const winners = records.filter((_, at) => outcomes[at])
      expect(winners).toHaveLength(1)
      await expect(stores[round]?.get('race')).resolves.toEqual(winners[0])
      was = winners[0]?.version
    }
  })

  it('has columns that can be joined with users, also in a database with a language', async () => {
    await pool.query(
      'CREATE TABLE users (id text PRIMARY KEY, number int, email text COLLATE "en-x-icu")',
    )
    await pool.query(
      "INSERT INTO users VALUES ('ada', 1, 'ada@x.example'), ('eve', 2, 'eve@x.example')",
    )
    const store = storeThrough(pool)
    await store.link(accountName('joined', 'ada'), 'one', HOUR_MS)
    await store.link(accountName('joined', '2'), 'two', HOUR_MS)
    await store.link(accountName('joined', 'eve@x.example'), 'three', HOUR_MS)
    for (const column of ['id', 'number::text', 'email']) {
      const { rows } = await pool.query<{ id: string }>(
        `SELECT links.id FROM users JOIN oauth2_links links ON links.account = users.${column}`,
      )
      expect(rows).toHaveLength(1)
    }
  })
})

/** What `make` returns, made when it is first needed: before the tests there is no server. */
function makeOnce(make: () => GrantStore): () => GrantStore {
  let made: GrantStore | undefined
  return () => (made ??= make())
}

function runContract(store: () => GrantStore): void {
  // eslint-disable-next-line jest/expect-expect -- the contract asserts without Jest
  it.each(grantStoreTests)('$name', ({ run }) => run(store()))
}
