import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { partsOf } from '../../src/grants/grants.js'
import { StorageError } from '../../src/index.js'
import { PostgresGrants } from '../../src/postgres.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { createTables, storeThrough } from '../support/postgres-store.js'
import { newRecord } from '../support/redis-store.js'
import { describeWithPostgres } from '../support/requirements.js'
import { until } from '../support/until.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

const MINUTE_MS = 60_000

/** Each method once. */
const callsOf = (store: GrantStore, id = newRecord().version): readonly Promise<unknown>[] => [
  store.get(id),
  store.compareAndSet(id, undefined, newRecord(), MINUTE_MS),
  store.compareAndSet(id, newRecord().version, newRecord(), MINUTE_MS),
  store.link(id, 'one', MINUTE_MS),
  store.linked(id, 10),
  store.unlink(id, ['one']),
]

/** Our own time limit; or that of the pool, which comes first if this process is busy. */
const GAVE_UP =
  /^(PostgreSQL did not answer within 100 ms|Query read timeout|All connections of the pool were in use.*)$/

describeWithPostgres('a grant store in PostgreSQL', (postgres) => {
  let server: PostgresProcess

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    await createTables(server.connect())
  })
  afterAll(() => server.close())

  it('gives up when the server hangs, and goes on when it is back', async () => {
    const pool = server.connect()
    const store = storeThrough(pool, { queryTimeoutMs: 100 })
    const [id, record] = [newRecord().version, newRecord()]
    await store.get(id)
    await server.pause()
    const startedAt = performance.now()
    const attempts = await Promise.allSettled(callsOf(store))
    const tookMs = performance.now() - startedAt
    await server.resume()

    for (const attempt of attempts) {
      expect(attempt).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(GAVE_UP) },
      })
    }
    expect(tookMs).toBeGreaterThan(95)
    expect(tookMs).toBeLessThan(10_000)
    const patient = storeThrough(pool)
    await expect(patient.compareAndSet(id, undefined, record, MINUTE_MS)).resolves.toBe(true)
    await expect(patient.get(id)).resolves.toEqual(record)
  })

  it('uses no connection again that did not answer', async () => {
    const pool = server.connect({ max: 1 })
    const store = storeThrough(pool, { queryTimeoutMs: 100 })
    await store.get('id')
    await server.pause()
    await expect(store.get('id')).rejects.toThrow(GAVE_UP)
    await until(() => pool.totalCount === 0)
    await server.resume()
    await expect(storeThrough(pool).get('id')).resolves.toBeUndefined()
  })

  it('sends nothing that nobody waits for any more, and writes before it reads', async () => {
    const pool = server.connect({ max: 1 })
    const store = storeThrough(pool, { queryTimeoutMs: 100 })
    const patient = storeThrough(pool, { queryTimeoutMs: 20_000 })
    const [id, given, record] = [newRecord().version, newRecord(), newRecord()]
    const order: string[] = []
    // The application keeps the only connection.
    const client = await pool.connect()
    const first = patient.get('another')
    await expect(store.compareAndSet(id, undefined, given, MINUTE_MS)).rejects.toThrow(
      'All connections of the pool were in use for 100 ms',
    )
    const read = patient.get(id).then(() => order.push('read'))
    const written = patient.compareAndSet(id, undefined, record, MINUTE_MS).then((done) => {
      order.push('written')
      return done
    })
    expect(pool.waitingCount).toBe(1)
    client.release()
    await Promise.all([first, read])
    await expect(written).resolves.toBe(true)
    expect(order).toEqual(['written', 'read'])
    await expect(patient.get(id)).resolves.toEqual(record)
  })

  it('reads first what a write has not settled', async () => {
    const pool = server.connect({ max: 1 })
    const store = storeThrough(pool, { queryTimeoutMs: 20_000 })
    const ids = ['ordinary', 'refused', 'settled'].map((name) => `${name} ${newRecord().version}`)
    const [ordinary = '', refused = '', settled = ''] = ids
    for (const id of [refused, settled]) {
      await expect(store.compareAndSet(id, 'another', newRecord(), MINUTE_MS)).resolves.toBe(false)
    }
    await store.get(settled)
    // The application keeps the only connection.
    const client = await pool.connect()
    const first = store.get('first')
    const order: string[] = []
    const reads = [ordinary, settled, refused].map((id) => store.get(id).then(() => order.push(id)))
    client.release()
    await Promise.all([first, ...reads])
    expect(order).toEqual([refused, ordinary, settled])
  })

  it('reads first what a write has left unknown', async () => {
    const pool = server.connect({ max: 1 })
    const hasty = storeThrough(pool, { queryTimeoutMs: 100 })
    const id = newRecord().version
    const client = await pool.connect()
    const first = hasty.get('first').catch(() => undefined)
    await expect(hasty.compareAndSet(id, undefined, newRecord(), MINUTE_MS)).rejects.toThrow(
      GAVE_UP,
    )
    client.release()
    await first
    const again = await pool.connect()
    const waiting = hasty.get('first').catch(() => undefined)
    const order: string[] = []
    const reads = ['ordinary', id].map((one) => hasty.get(one).finally(() => order.push(one)))
    again.release()
    await Promise.all([waiting, ...reads])
    expect(order).toEqual([id, 'ordinary'])
  })

  it('fails while the server is away, also if it dies during the call, and goes on after that', async () => {
    const pool = server.connect()
    const store = storeThrough(pool, { queryTimeoutMs: 20_000 })
    const [id, record] = [newRecord().version, newRecord()]
    await store.compareAndSet(id, undefined, record, MINUTE_MS)

    await server.pause()
    const during = Promise.allSettled(callsOf(store))
    await server.kill()
    const failures = [...(await during), ...(await Promise.allSettled(callsOf(store)))]
    expect(failures.map(({ status }) => status)).toEqual(failures.map(() => 'rejected'))

    await server.restart()
    await expect(store.get(id)).resolves.toEqual(record)
    const next = newRecord()
    await expect(store.compareAndSet(id, record.version, next, MINUTE_MS)).resolves.toBe(true)
  })

  it('lets each caller see a StorageError', async () => {
    const pool = server.connect()
    const { engine } = partsOf(new PostgresGrants({ pool, secret: GRANT_SECRET }))
    await server.kill()
    await expect(engine.read('ada', 'a strategy')).rejects.toBeInstanceOf(StorageError)
    await expect(engine.end('ada')).rejects.toBeInstanceOf(StorageError)
    await server.restart()
    await expect(engine.read('ada', 'a strategy')).resolves.toBeUndefined()
  })

  it('says so if the server only reads', async () => {
    const pool = server.connect({ options: '-c default_transaction_read_only=on' })
    const store = storeThrough(pool)
    await expect(store.get('id')).resolves.toBeUndefined()
    await expect(store.compareAndSet('id', undefined, newRecord(), 1_000)).rejects.toMatchObject({
      code: 'ERR_STORAGE',
      message: expect.stringContaining('connect the pool to the primary server'),
    })
  })
})

describe('a grant store whose statement has failed', () => {
  const failure = (code: string): Error => Object.assign(new Error(code), { code })
  const poolOf = (...outcomes: readonly (Error | object)[]) => {
    let sent = 0
    return {
      sent: () => sent,
      query: () => {
        const outcome = outcomes[Math.min(sent++, outcomes.length - 1)]
        return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome)
      },
    }
  }

  it.each(['40001', '40P01'])('sends it again if it was rolled back: %s', async (code) => {
    const pool = poolOf(failure(code), failure(code), { rows: [{ written: 1 }] })
    const store = storeThrough(pool)
    await expect(store.compareAndSet('id', undefined, newRecord(), 1_000)).resolves.toBe(true)
    expect(pool.sent()).toBe(3)
  })

  it.each(['08006', '57P01', '40003', 'ECONNRESET', '23505'])(
    'never sends it again after anything else: %s',
    async (code) => {
      const pool = poolOf(failure(code), { rows: [{ written: 1 }] })
      const store = storeThrough(pool)
      await expect(store.compareAndSet('id', undefined, newRecord(), 1_000)).rejects.toThrow(code)
      expect(pool.sent()).toBe(1)
    },
  )

  it('gives up when its time is over, and sends nothing later', async () => {
    const pool = poolOf(failure('40001'))
    const store = storeThrough(pool, { queryTimeoutMs: 60 })
    await expect(store.get('id')).rejects.toThrow('did not answer within 60 ms')
    const sent = pool.sent()
    expect(sent).toBeGreaterThan(1)
    // As long as another one keeps trying, which is longer than the longest wait between two attempts.
    const other = storeThrough(poolOf(failure('40001')), { queryTimeoutMs: 200 })
    await expect(other.get('id')).rejects.toThrow('200 ms')
    expect(pool.sent()).toBe(sent)
  })

  it('fails if the pool throws at once', async () => {
    const query = (): never => {
      throw new Error('Cannot use a pool after calling end on the pool')
    }
    await expect(storeThrough({ query }).get('id')).rejects.toThrow('after calling end')
  })
})
