import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { createCluster, createSentinel } from 'redis'
import type { RedisClientType } from 'redis'
import { ConfigurationError, StorageError } from '../../src/errors/errors.js'
import { RedisLedger } from '../../src/grants/redis.js'
import type { RedisLedgerClient } from '../../src/grants/redis.js'
import { endGroup, newGrant, newGroup, newLogin, newState } from '../support/grants.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithRedis } from '../support/requirements.js'
import { until } from '../support/until.js'
import { describeLedger } from './contract.js'
import type { LedgerPlace } from './contract.js'

const LIMITS = { leaseMs: 10_000, keepMs: 60_000 }
const refreshTo = (version: number) => jest.fn(() => Promise.resolve(newState(version)))

/** The records in a dump of Redis, each with the name that its key has in braces. */
function recordsIn(dump: Awaited<ReturnType<RedisServer['dump']>>) {
  return [...dump].flatMap(([key, value]) => {
    const [, id] = /\{(.+)\}:record$/.exec(key) ?? []
    const sealed = typeof value === 'object' ? value['sealed'] : undefined
    return id === undefined || sealed === undefined ? [] : [{ id, sealed }]
  })
}

async function createRedisPlace(): Promise<LedgerPlace> {
  const redis = await startRedis()
  const clients = await Promise.all([redis.connect(), redis.connect()])
  let opened = 0
  return {
    open: () => new RedisLedger({ client: clients[opened++ % 2] as RedisClientType }),
    dump: async () => JSON.stringify([...(await redis.dump())]),
    sealedRecords: async () => recordsIn(await redis.dump()),
    close: () => redis.stop(),
  }
}

describeWithRedis('RedisLedger', () => {
  describeLedger(createRedisPlace, [1, 2, 4])
})

describeWithRedis('RedisLedger and its server', () => {
  let redis: RedisServer
  let client: RedisClientType
  let ledger: RedisLedger

  beforeAll(async () => {
    redis = await startRedis()
    client = await redis.connect()
    ledger = new RedisLedger({ client })
  })
  afterAll(() => redis.stop())

  it('costs one command for each step', async () => {
    const grant = newGrant()
    const scripts = async (work: () => Promise<unknown>) => {
      const { eval: evals, ...others } = await redis.commandsDuring(work)
      const internal =
        /^(get|set|exists|del|hget|hmget|hset|pexpire|pttl|time|zadd|zrem|zrangebyscore|zremrangebyscore)$/
      expect(Object.keys(others).filter((command) => !internal.test(command))).toEqual([])
      return evals
    }
    await expect(scripts(() => ledger.claim('once', 60_000))).resolves.toBe(1)
    await expect(
      scripts(() => ledger.renew(grant, newState(1), refreshTo(2), LIMITS)),
    ).resolves.toBe(2)
    await expect(
      scripts(() => ledger.renew(grant, newState(1), refreshTo(2), LIMITS)),
    ).resolves.toBe(1)
    await expect(scripts(() => ledger.end(grant, 60_000))).resolves.toBe(1)
    await expect(scripts(() => ledger.endSession('id', 60_000))).resolves.toBe(1)
    await expect(scripts(() => ledger.isSessionEnded('id'))).resolves.toBe(1)
  })

  it('costs one command for each group of a login, and few for their end', async () => {
    const groups = [newGroup(), newGroup()]
    const [group = ''] = groups
    const evalsDuring = async (work: () => Promise<unknown>) =>
      (await redis.commandsDuring(work))['eval']
    await expect(
      evalsDuring(() => ledger.enrol(newLogin(), newGrant(), groups, 1, 60_000)),
    ).resolves.toBe(2)
    // The group, the grant, and that it was done; nothing but the group when it is empty.
    await expect(evalsDuring(() => endGroup(ledger, group, 1))).resolves.toBe(3)
    await expect(evalsDuring(() => endGroup(ledger, group, 1))).resolves.toBe(1)
  })

  /** Enrols a login, and resolves to the key of the group that it is the first one in. */
  async function keyOfFirstIn(group: string, login = newLogin()): Promise<string> {
    const known = new Set((await redis.dump()).keys())
    await ledger.enrol(login, newGrant(), [group], 1, 60_000)
    const added = [...(await redis.dump()).keys()].filter((key) => !known.has(key))
    expect(added).toEqual([expect.stringMatching(/^oauth2:\{[\w-]{43}\}:members$/)])
    return added[0] ?? ''
  }

  it('keeps no login of a group that has ended, nor one whose time is up', async () => {
    const [ended, living] = [newGroup(), newGroup()]
    const emptied = await keyOfFirstIn(ended)
    await endGroup(ledger, ended, 1)
    await expect(client.exists(emptied)).resolves.toBe(0)

    const key = await keyOfFirstIn(living)
    await ledger.enrol(newLogin(), newGrant(), [living], 1, 1)
    await until(async () => {
      await ledger.enrol(newLogin(), newGrant(), [living], 1, 1)
      // The first one, the one just enrolled, and none of those between.
      return (await client.zCard(key)) === 2
    })
    expect(await client.pTTL(key)).toBeGreaterThan(30_000)
  })

  it('takes no login from another group, and ends those of its own all the same', async () => {
    const [one, another] = [newGroup(), newGroup()]
    const login = newLogin()
    const from = await keyOfFirstIn(one)
    const to = await keyOfFirstIn(another, login)
    await client.zAdd(to, await client.zRangeWithScores(from, 0, -1))
    const handedOut = jest.fn(() => Promise.resolve())
    const ending = ledger.endGroup(another, 1, 60_000, handedOut)
    await expect(ending).rejects.toThrow(StorageError)
    expect(handedOut.mock.calls).toEqual([[login]])
  })

  it('costs two commands for fifty who ask at once in one process', async () => {
    const grant = newGrant()
    const refresh = refreshTo(2)
    const { eval: evals } = await redis.commandsDuring(() =>
      Promise.all(
        Array.from({ length: 50 }, () => ledger.renew(grant, newState(1), refresh, LIMITS)),
      ),
    )
    expect(evals).toBe(2)
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('leaves nothing behind for ever', async () => {
    const [renewed, ended, refused, failed] = [newGrant(), newGrant(), newGrant(), newGrant()]
    await ledger.renew(renewed, newState(1), refreshTo(2), LIMITS)
    await ledger.end(ended, 60_000)
    await ledger.renew(refused, newState(1), () => Promise.resolve(undefined), LIMITS)
    await ledger
      .renew(failed, newState(1), () => Promise.reject(new Error('down')), LIMITS)
      .catch(() => undefined)
    void ledger.renew(newGrant(), newState(1), () => new Promise(() => undefined), LIMITS)
    await ledger.claim('something', 60_000)
    await ledger.endSession('somebody', 60_000)
    await ledger.enrol(newLogin(), newGrant(), [newGroup()], 1, 60_000)
    await endGroup(ledger, newGroup(), 1, 60_000)
    const keys = [...(await redis.dump()).keys()]
    expect(keys.length).toBeGreaterThanOrEqual(9)
    const lifetimes = await Promise.all(keys.map((key) => client.pTTL(key)))
    for (const lifetime of lifetimes) {
      expect(lifetime).toBeGreaterThan(0)
      expect(lifetime).toBeLessThanOrEqual(60_000)
    }
  })

  it('keeps nothing of a grant that has ended but that', async () => {
    const [refused, ended] = [newGrant(), newGrant()]
    for (const grant of [refused, ended]) {
      await ledger.renew(grant, newState(1), refreshTo(2), LIMITS)
    }
    const before = await redis.dump()
    await ledger.renew(refused, newState(2), () => Promise.resolve(undefined), LIMITS)
    await ledger.end(ended, 60_000)
    const changed = [...(await redis.dump())].filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(before.get(key)),
    )
    expect(changed.map(([, value]) => value)).toEqual([{ ended: '1' }, { ended: '1' }])
  })

  it('keeps word of a failure for two seconds, however long the lease', async () => {
    const failing = () => Promise.reject(new Error('down'))
    const renewal = ledger.renew(newGrant(), newState(1), failing, LIMITS)
    await expect(renewal).rejects.toThrow('down')
    const locks = [...(await redis.dump())].filter(
      ([, value]) => typeof value === 'object' && 'failure' in value,
    )
    expect(locks.length).toBeGreaterThan(0)
    for (const [key] of locks) expect(await client.pTTL(key)).toBeLessThanOrEqual(2_000)
  })

  it('keeps everything under its prefix, apart from ledgers with another one', async () => {
    const mine = new RedisLedger({ client, prefix: 'mine:' })
    const yours = new RedisLedger({ client, prefix: 'yours:' })
    const grant = newGrant()
    const keysBefore = new Set((await redis.dump()).keys())
    await mine.renew(grant, newState(1), refreshTo(2), LIMITS)
    await mine.claim('it', 60_000)
    await mine.endSession('it', 60_000)
    await mine.enrol(newLogin(), newGrant(), ['it'], 1, 60_000)
    await endGroup(mine, 'that', 1)
    const keys = [...(await redis.dump()).keys()].filter((key) => !keysBefore.has(key))
    expect(keys).toHaveLength(5)
    expect(keys.filter((key) => !key.startsWith('mine:'))).toEqual([])

    await expect(yours.claim('it', 60_000)).resolves.toBe(true)
    await expect(yours.isSessionEnded('it')).resolves.toBe(false)
    const refresh = refreshTo(2)
    await yours.renew(grant, newState(1), refresh, LIMITS)
    expect(refresh).toHaveBeenCalledTimes(1)
  })

  it('takes no record from another place, and asks nobody when it finds one', async () => {
    const [one, another] = [newGrant(), newGrant()]
    await ledger.renew(one, newState(1), refreshTo(2), LIMITS)
    const [from] = recordsIn(await redis.dump()).slice(-1)
    const known = new Set((await redis.dump()).keys())
    await ledger.renew(another, newState(1), refreshTo(2), LIMITS)
    const to = [...(await redis.dump()).keys()].find((key) => !known.has(key)) ?? ''
    await client.hSet(to, 'sealed', from?.sealed ?? '')

    const refresh = refreshTo(2)
    const renewal = ledger.renew(another, newState(1), refresh, LIMITS)
    await expect(renewal).rejects.toThrow(StorageError)
    expect(refresh).not.toHaveBeenCalled()
  })

  it('says so when it does not understand the server', async () => {
    const strange: RedisLedgerClient = { eval: () => Promise.resolve(['perhaps']) }
    const renewal = new RedisLedger({ client: strange }).renew(
      newGrant(),
      newState(1),
      refreshTo(2),
      LIMITS,
    )
    await expect(renewal).rejects.toMatchObject({ code: 'ERR_STORAGE', status: 503 })
  })

  it('refuses at start what is no client', () => {
    for (const client of [undefined, {}, 'redis://127.0.0.1']) {
      const create = () => new RedisLedger({ client: client as unknown as RedisLedgerClient })
      expect(create).toThrow(ConfigurationError)
    }
  })

  it('fails with a closed client, and says why', async () => {
    const closed = await redis.connect()
    closed.destroy()
    const claim = new RedisLedger({ client: closed }).claim('it', 60_000)
    await expect(claim).rejects.toMatchObject({
      code: 'ERR_STORAGE',
      status: 503,
      cause: expect.objectContaining({ message: 'The client is closed' }),
    })
  })
})

describeWithRedis('RedisLedger on a Redis that does not answer', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('gives up in time, asks nobody, and goes on when Redis is back', async () => {
    const client = await redis.connect()
    const ledger = new RedisLedger({ client, commandTimeoutMs: 100 })
    const grant = newGrant()
    const refresh = refreshTo(2)
    redis.pause()
    const startedAt = performance.now()
    const attempts = await Promise.allSettled([
      ledger.claim('a callback', 60_000),
      ledger.renew(grant, newState(1), refresh, LIMITS),
      ledger.end(newGrant(), 60_000),
      ledger.endSession('a session', 60_000),
      ledger.isSessionEnded('a session'),
      ledger.enrol(newLogin(), newGrant(), ['one', 'another'], 1, 60_000),
      endGroup(ledger, 'one', 1),
    ])
    const tookMs = performance.now() - startedAt
    redis.resume()

    for (const attempt of attempts) {
      expect((attempt as PromiseRejectedResult).reason).toMatchObject({
        name: 'StorageError',
        code: 'ERR_STORAGE',
        status: 503,
        retryable: true,
        cause: expect.objectContaining({ message: 'Redis did not answer within 100 ms' }),
      })
    }
    expect(tookMs).toBeGreaterThan(95)
    expect(tookMs).toBeLessThan(1_000)
    expect(refresh).not.toHaveBeenCalled()

    // What was given up has happened all the same by now, and nobody has to wait for it.
    const another = new RedisLedger({ client: await redis.connect() })
    const resumedAt = performance.now()
    await until(async () => !(await another.claim('a callback', 60_000)))
    const renewal = await another.renew(grant, newState(1), refresh, LIMITS)
    expect(renewal.outcome).toBe('renewed')
    expect(performance.now() - resumedAt).toBeLessThan(2_000)
    expect(refresh).toHaveBeenCalledTimes(1)
  })
})

describeWithRedis('RedisLedger on a Cluster', () => {
  it('keeps all keys of a grant in one slot, and claims wherever they fall', async () => {
    const redis = await startRedis({ isCluster: true })
    const cluster = createCluster({ rootNodes: [{ url: redis.url }] })
    try {
      await cluster.connect()
      const ledger = new RedisLedger({ client: cluster })
      const client = await redis.connect()
      const slots = new Set<number>()
      const byGrant = new Map<string, number[]>()
      for (let grants = 0; grants < 20; grants++) {
        const grant = newGrant()
        const [first, state] = [newState(1), newState(2)]
        const refresh = jest.fn(async () => {
          // Now there is a lock, and in a moment a record.
          await ledger.claim(`callback-${grants}`, 60_000)
          return state
        })
        await expect(ledger.renew(grant, first, refresh, LIMITS)).resolves.toMatchObject({ state })
        const failing = () => Promise.reject(new Error('down'))
        await expect(ledger.renew(grant, state, failing, LIMITS)).rejects.toThrow('down')
        // Read now, because a failure is kept only for a moment.
        const known = new Set(byGrant.keys())
        for (const key of (await redis.dump()).keys()) {
          const [, id] = /\{(.+)\}/.exec(key) ?? []
          if (id === undefined || known.has(id)) continue
          byGrant.set(id, [...(byGrant.get(id) ?? []), await client.clusterKeySlot(key)])
        }
      }
      expect(byGrant.size).toBe(20)
      for (const [record, lock, ...others] of byGrant.values()) {
        expect(lock).toBe(record)
        expect(others).toEqual([])
        slots.add(record ?? 0)
      }
      expect(slots.size).toBeGreaterThan(10)
    } finally {
      cluster.destroy()
      await redis.stop()
    }
  })
})

describeWithRedis('the groups of a RedisLedger on a Cluster', () => {
  it('each have a slot of their own, so that a login belongs to several', async () => {
    const redis = await startRedis({ isCluster: true })
    const cluster = createCluster({ rootNodes: [{ url: redis.url }] })
    try {
      await cluster.connect()
      const ledger = new RedisLedger({ client: cluster })
      const [person, ...sessions] = Array.from({ length: 20 }, newGroup)
      const logins = sessions.map((session) => ({ login: newLogin(), session }))
      for (const { login, session } of logins) {
        const groups = [session, person ?? '']
        await expect(ledger.enrol(login, newGrant(), groups, 1, 60_000)).resolves.toBe(true)
      }
      for (const { login, session } of logins.slice(0, 5)) {
        await expect(endGroup(ledger, session, 1)).resolves.toEqual([login])
      }
      await expect(endGroup(ledger, person ?? '', 1)).resolves.toHaveLength(19)
    } finally {
      cluster.destroy()
      await redis.stop()
    }
  })
})

describeWithRedis('RedisLedger on a Sentinel', () => {
  it('works with the server that the Sentinel names', async () => {
    const redis = await startRedis()
    const watcher = await startRedis({ sentinelOf: redis.port })
    const sentinel = createSentinel({
      name: 'ledger',
      sentinelRootNodes: [{ host: '127.0.0.1', port: watcher.port }],
    })
    try {
      await sentinel.connect()
      const ledger = new RedisLedger({ client: sentinel })
      const grant = newGrant()
      const [first, state] = [newState(1), newState(2)]
      const refresh = jest.fn(() => Promise.resolve(state))
      const renewals = [1, 2, 3].map(() => ledger.renew(grant, first, refresh, LIMITS))
      for (const renewal of await Promise.all(renewals)) expect(renewal).toMatchObject({ state })
      expect(refresh).toHaveBeenCalledTimes(1)
      expect(recordsIn(await redis.dump())).toHaveLength(1)
    } finally {
      await sentinel.destroy()
      await watcher.stop()
      await redis.stop()
    }
  })
})

describe('the clients of the package redis', () => {
  it('are all taken, without a cast', () => {
    const accepts = (client: RedisLedgerClient) => typeof client.eval
    const cluster = createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] })
    const sentinel = createSentinel({
      name: 'ledger',
      sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }],
    })
    expect([accepts(cluster), accepts(sentinel)]).toEqual(['function', 'function'])
  })
})
