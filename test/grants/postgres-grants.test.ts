import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Client, Pool } from 'pg'
import { partsOf } from '../../src/grants/grants.js'
import { postgresScript } from '../../src/grants/postgres-schema.js'
import { StorageError } from '../../src/index.js'
import { PostgresGrants } from '../../src/postgres.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { storeThrough } from '../support/postgres-store.js'
import { newRecord } from '../support/redis-store.js'
import { describeWithPostgres } from '../support/requirements.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

const NEW_SECRET = 'a new secret of 32 characters or more'
const STRATEGY = 'the strategy'

/** Of errors that a request which comes again later meets as well. */
const ONLY_A_DEVELOPER = { code: 'ERR_STORAGE', status: 503, fault: 'developer', retryable: false }

describe('PostgresGrants', () => {
  it.each<[string, unknown]>([
    ['a connection string', 'postgres://localhost/app'],
    ['settings of a pool', { connectionString: 'postgres://localhost/app' }],
    ['nothing', null],
    ['the function of Postgres.js', Object.assign(() => [], { unsafe: () => [] })],
  ])('refuses %s as a pool, and says what to write', (_, pool) => {
    expect(() => new PostgresGrants({ pool: pool as never, secret: GRANT_SECRET })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        option: 'pool',
        message: expect.stringMatching(/pool: new Pool\(.*sql\.unsafe\(text, values\)/s),
      }),
    )
  })

  it('refuses a single connection of pg, which never comes back when it is lost', () => {
    expect(() => new PostgresGrants({ pool: new Client(), secret: GRANT_SECRET })).toThrow(
      expect.objectContaining({ option: 'pool', message: expect.stringContaining('new Pool(') }),
    )
  })

  it.each(['', 'a.b', 'a"b', '1a', 'a b', 'x'.repeat(64), 'ä', 5])(
    'refuses %j as a schema',
    (schema) => {
      const options = { pool: new Pool(), secret: GRANT_SECRET, schema: schema as string }
      expect(() => new PostgresGrants(options)).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'schema' }),
      )
    },
  )

  it('listens for errors of a pool to which nobody listens, so that none ends the process', () => {
    const pool = new Pool()
    const grants = [1, 2].map(() => new PostgresGrants({ pool, secret: GRANT_SECRET }))
    expect(grants).toHaveLength(2)
    expect(pool.listenerCount('error')).toBe(1)
    expect(pool.emit('error', new Error('lost'), new Client())).toBe(true)
    const own = new Pool().on('error', () => undefined)
    expect(new PostgresGrants({ pool: own, secret: GRANT_SECRET })).toBeDefined()
    expect(own.listenerCount('error')).toBe(1)
  })

  it('sends statements without names, each with its values', async () => {
    const configs: Record<string, unknown>[] = []
    const pool = new Pool()
    pool.query = ((config: Record<string, unknown>) => {
      configs.push(config)
      return Promise.resolve({ rows: [] })
    }) as never
    const store = storeThrough(pool)
    await store.get('id')
    await store.compareAndSet('id', undefined, newRecord(), 1_000)
    await store.compareAndSet('id', 'was', newRecord(), 1_000)
    await store.link('name', 'id', 1_000)
    await store.linked('name', 10)
    await store.unlink('name', ['id'])
    await new PostgresGrants({ pool, secret: GRANT_SECRET }).setUp()
    expect(configs).toHaveLength(7)
    for (const { text, values, ...others } of configs) {
      // No text of a caller is in the statement, and it is one.
      expect(text).not.toMatch(/;|\bid'|BEGIN/)
      expect(Array.isArray(values)).toBe(true)
      expect(Object.keys(others)).toEqual(['query_timeout'])
    }
  })

  it('says so if the pool resolves to something else', async () => {
    for (const result of [undefined, 'OK', { rows: 5 }, { rows: [['v', 'value']] }]) {
      const store = storeThrough({ query: () => Promise.resolve(result) })
      await expect(store.get('id')).rejects.toThrow('each row an object')
    }
    const numbers = storeThrough({ query: () => Promise.resolve([{ version: 5, value: 'x' }]) })
    await expect(numbers.get('id')).rejects.toThrow('returned number')
  })
})

describeWithPostgres('PostgresGrants on a server', (postgres) => {
  let server: PostgresProcess
  let admin: Pool
  let pool: Pool
  let databases = 0

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    admin = server.connect()
    await admin.query('CREATE ROLE app LOGIN')
  })
  beforeEach(async () => {
    const name = `db${++databases}`
    await admin.query(`CREATE DATABASE ${name}`)
    pool = connect(name)
  })
  afterAll(() => server.close())

  const connect = (database: string, user = 'test'): Pool =>
    server.connect({
      connectionString: server.url.replace('test@', `${user}@`).replace(/\w+$/, database),
    })
  const grantsOf = (one: Pool, schema?: string): PostgresGrants =>
    new PostgresGrants({ pool: one, secret: GRANT_SECRET, cacheSeconds: 0, schema })

  it.each([undefined, 'auth', 'My-Schema'])(
    'can be set up by twenty processes at once, with the schema %s',
    async (schema) => {
      const pools = Array.from({ length: 20 }, () => connect(`db${databases}`))
      await Promise.all(pools.map((one) => grantsOf(one, schema).setUp()))
      await begin(grantsOf(pool, schema), 'ada')
      expect(await tokenOf(grantsOf(pools[7] ?? pool, schema), 'ada')).toBe('the token of ada')
      const { rows } = await pool.query<{ table_schema: string }>(
        "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name LIKE 'oauth2%'",
      )
      expect(rows).toEqual([{ table_schema: schema ?? 'public' }])
    },
  )

  it.each([undefined, 'auth'])(
    'makes the same tables as the statements for migrations, in the schema %s',
    async (schema) => {
      const inSchema = (text: string): string => text.replaceAll(/^\\.*$/gm, '')
      await admin.query(`CREATE DATABASE migrated${databases}`)
      const migrated = connect(`migrated${databases}`)
      await migrated.query(postgresScript(schema))
      await migrated.query(postgresScript(schema))
      await grantsOf(pool, schema).setUp()
      const dump = async (name: string): Promise<string> => inSchema(await server.dump(name))
      const made = await dump(`db${databases}`)
      expect(made).toContain('oauth2_links_account')
      expect(await dump(`migrated${databases}`)).toBe(made)
    },
  )

  it('can be set up by a user who may not create tables, if they are there', async () => {
    const schema = 'auth'
    await admin.query(`REVOKE CREATE ON DATABASE db${databases} FROM app`)
    const app = connect(`db${databases}`, 'app')
    await expect(grantsOf(app, schema).setUp()).rejects.toMatchObject({
      message: expect.stringMatching(/may not: .*passport-authorization-code sql/),
      cause: expect.objectContaining({ code: '42501' }),
      ...ONLY_A_DEVELOPER,
    })
    await grantsOf(pool, schema).setUp()
    await pool.query('GRANT USAGE ON SCHEMA auth TO app')
    await pool.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA auth TO app')
    await grantsOf(app, schema).setUp()
    await begin(grantsOf(app, schema), 'ada')
    expect(await tokenOf(grantsOf(app, schema), 'ada')).toBe('the token of ada')
  })

  it.each([undefined, 'auth'])('says what to do if there are no tables in %s', async (schema) => {
    const failure = await tokenOf(grantsOf(pool, schema), 'ada').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StorageError)
    expect(failure).toMatchObject({
      message: expect.stringMatching(/do(es)? not exist: call `await grants.setUp\(\)`.* sql/),
      cause: expect.objectContaining({ code: '42P01' }),
      ...ONLY_A_DEVELOPER,
    })
  })

  it('says so if the tables are not those of this version', async () => {
    const grants = grantsOf(pool)
    await grants.setUp()
    await pool.query('ALTER TABLE oauth2_records DROP COLUMN version')
    await expect(tokenOf(grants, 'ada')).rejects.toMatchObject({
      message: expect.stringMatching(/not as this version needs them: .* sql` prints\.$/),
      cause: expect.objectContaining({ code: '42703' }),
      ...ONLY_A_DEVELOPER,
    })
  })

  it('says so if there is no such database', async () => {
    await expect(tokenOf(grantsOf(connect('nowhere')), 'ada')).rejects.toMatchObject({
      message: expect.stringContaining('the database does not exist: check the connection'),
      cause: expect.objectContaining({ code: '3D000' }),
      ...ONLY_A_DEVELOPER,
    })
  })

  it.each([
    ['28P01', 'check the user and the password', ONLY_A_DEVELOPER],
    // A primary server that has become a replica: the pool finds the new one.
    ['25006', 'connect the pool to the primary', { fault: 'storage', retryable: true }],
  ])('says what to do about the error %s', async (code, advice, facts) => {
    const failing = { query: () => Promise.reject(Object.assign(new Error('no'), { code })) }
    await expect(tokenOf(grantsOf(failing as never), 'ada')).rejects.toMatchObject({
      message: expect.stringContaining(advice),
      ...facts,
    })
  })

  it('does not open a record that was copied to another id', async () => {
    const grants = grantsOf(pool)
    await grants.setUp()
    await begin(grants, 'ada')
    await begin(grants, 'eve')
    await pool.query(
      `UPDATE oauth2_records SET value = ada.value FROM oauth2_records ada
       WHERE ada.id = 'grant/ada' AND oauth2_records.id = 'grant/eve'`,
    )
    await expect(tokenOf(grantsOf(pool), 'eve')).rejects.toMatchObject({
      message: 'Opening a grant failed: it was changed, or belongs to another id.',
      ...ONLY_A_DEVELOPER,
    })
    expect(await tokenOf(grantsOf(pool), 'ada')).toBe('the token of ada')
  })

  it('seals all grants anew with the first secret', async () => {
    await grantsOf(pool).setUp()
    const ids = Array.from({ length: 30 }, (_, number) => `grant-${number}`)
    for (const id of ids) await begin(grantsOf(pool), id)
    const secret = [NEW_SECRET, GRANT_SECRET]
    const resealing = new PostgresGrants({ pool, secret })
    await expect(resealing.reseal()).resolves.toEqual({ resealed: 30, unreadable: 0 })
    await expect(resealing.reseal()).resolves.toEqual({ resealed: 0, unreadable: 0 })
    const after = new PostgresGrants({ pool, secret: NEW_SECRET })
    for (const id of ids) expect(await tokenOf(after, id)).toBe(`the token of ${id}`)
  })
})

async function begin(grants: PostgresGrants, id: string): Promise<void> {
  await partsOf(grants).engine.begin(id, {
    strategy: STRATEGY,
    tokens: { accessToken: `the token of ${id}`, refreshToken: 'r', tokenType: 'bearer' },
    lifetimeMs: 1_000_000,
    of: { names: [] },
  })
}

async function tokenOf(grants: PostgresGrants, id: string): Promise<string | undefined> {
  const record = await partsOf(grants).engine.read(id, STRATEGY)
  return record?.lines[0]?.tokens.accessToken
}
