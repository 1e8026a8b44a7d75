import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { GrantStore } from '../../src/options/grant-store.js'
import { CLUSTER_CLIENTS, SINGLE_CLIENTS } from '../support/redis-clients.js'
import type { ConnectClient, ConnectedClient } from '../support/redis-clients.js'
import { startRedisCluster } from '../support/redis-cluster.js'
import type { RedisCluster } from '../support/redis-cluster.js'
import { newRecord, storeThrough } from '../support/redis-store.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithRedis } from '../support/requirements.js'
import { until } from '../support/until.js'

/** Keeps this process from doing anything else. */
function beBusyFor(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describeWithRedis('a grant store in Redis', () => {
  let redis: RedisServer

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  describe.each(Object.entries(SINGLE_CLIENTS))('through %s', (_, connect) => {
    describeFailures(connect, () => redis)
  })
})

function describeFailures(connect: ConnectClient, server: () => RedisServer): void {
  let connected: ConnectedClient
  const storeWithin = (ms: number): GrantStore => storeThrough(connected.client, ms)

  beforeAll(async () => {
    connected = await connect(server().port)
  })
  afterAll(async () => {
    await connected.close()
  })

  it('gives up when the server hangs, and goes on when it is back', async () => {
    const store = storeWithin(100)
    const [id, record] = [newRecord().version, newRecord()]
    server().pause()
    const startedAt = performance.now()
    const attempts = await Promise.allSettled([
      store.get(id),
      store.compareAndSet(id, undefined, record, 60_000),
      store.compareAndSet(id, record.version, newRecord(), 60_000),
      store.link(id, 'one', 60_000),
      store.linked(id, 10),
      store.unlink(id, ['one']),
    ])
    const tookMs = performance.now() - startedAt
    server().resume()

    for (const attempt of attempts) {
      expect(attempt).toMatchObject({
        status: 'rejected',
        reason: { message: 'Redis did not answer within 100 ms' },
      })
    }
    expect(tookMs).toBeGreaterThan(95)
    expect(tookMs).toBeLessThan(5_000)
    const patient = storeWithin(2_000)
    await patient.link(id, 'two', 60_000)
    await expect(patient.linked(id, 10)).resolves.toEqual(['two'])
  })

  it('reads an answer that has arrived while this process was busy', async () => {
    const store = storeWithin(50)
    const [id, record] = [newRecord().version, newRecord()]
    await storeWithin(2_000).compareAndSet(id, undefined, record, 60_000)
    const reading = store.get(id)
    // The command has left.
    await new Promise(setImmediate)
    beBusyFor(200)
    await expect(reading).resolves.toEqual(record)
  })

  it('counts no time in which this process was busy', async () => {
    const [id, record] = [newRecord().version, newRecord()]
    server().pause()
    const writing = storeWithin(200).compareAndSet(id, undefined, record, 60_000)
    beBusyFor(400)
    // Redis has had no chance so far.
    setTimeout(() => server().resume(), 50)
    await expect(writing).resolves.toBe(true)
  })

  it('waits while the server is a replica that is about to be promoted', async () => {
    const admin = await server().connect()
    await admin.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    const [id, record] = [newRecord().version, newRecord()]
    const store = storeWithin(5_000)
    const writing = Promise.all([
      store.compareAndSet(id, undefined, record, 60_000),
      store.link(id, 'one', 60_000),
    ])
    await until(async () => /errorstat_READONLY:count=\d/.test(await admin.info('errorstats')))
    await admin.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await expect(writing).resolves.toEqual([true, undefined])
    await expect(store.get(id)).resolves.toEqual(record)
    await admin.sendCommand(['CONFIG', 'RESETSTAT'])
  })

  it('fails in time while the server is away, does nothing later, and goes on after that', async () => {
    const [id, record] = [newRecord().version, newRecord()]
    await server().kill()
    const store = storeWithin(100)
    // What the loss of the connection ends.
    await until(async () => {
      const failure = await store.get(id).catch((error: unknown) => error)
      return String(failure).includes('not connected')
    })
    const startedAt = performance.now()
    await expect(store.compareAndSet(id, undefined, record, 60_000)).rejects.toThrow(
      'Redis did not answer within 100 ms: the client is not connected',
    )
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    await server().restart()
    const patient = storeWithin(10_000)
    await expect(patient.get(id)).resolves.toBeUndefined()
    await expect(patient.compareAndSet(id, undefined, record, 60_000)).resolves.toBe(true)
  })
}

describeWithRedis('a grant store in a Redis Cluster', () => {
  let cluster: RedisCluster

  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())

  it.each(Object.entries(CLUSTER_CLIENTS))(
    'notices nothing of a slot that migrates, through %s',
    async (name, connect) => {
      const connected = await connect(cluster.nodes[0]?.port ?? 0)
      const store = storeThrough(connected.client)
      // The part in braces decides about the slot.
      const ids = ['old', 'moved', 'new', 'index'].map((id) => `${id}{${name}}`)
      const [old = '', moved = '', added = '', index = ''] = ids
      const record = newRecord()
      for (const id of [old, moved]) await store.compareAndSet(id, undefined, record, 60_000)
      await store.link(index, 'one', 60_000)

      const { slot, owner, other } = await cluster.nodesFor(`oauth2:record:${old}`)
      const [ownerId, otherId] = [
        String(await cluster.ask(owner, 'CLUSTER', 'MYID')),
        String(await cluster.ask(other, 'CLUSTER', 'MYID')),
      ]
      const move = (key: string) =>
        cluster.ask(owner, 'MIGRATE', '127.0.0.1', `${other.port}`, key, '0', '5000')
      await cluster.ask(other, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', ownerId)
      await cluster.ask(owner, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', otherId)
      await move(`oauth2:record:${moved}`)

      // Half of the slot is here, and half is there.
      await changeEach(store, [old, moved], record.version)
      await expect(store.compareAndSet(added, undefined, record, 60_000)).resolves.toBe(true)
      await store.link(index, 'two', 60_000)
      await expect(store.linked(index, 10)).resolves.toEqual(['one', 'two'])

      await move(`oauth2:record:${old}`)
      await move(`oauth2:index:${index}`)
      for (const node of [other, owner]) {
        await cluster.ask(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', otherId)
      }
      for (const id of [old, moved]) {
        await expect(store.get(id)).resolves.toMatchObject({ value: 'changed' })
      }
      await changeEach(store, [added], record.version)
      await store.unlink(index, ['one'])
      await expect(store.linked(index, 10)).resolves.toEqual(['two'])
      await connected.close()
    },
  )
})

async function changeEach(store: GrantStore, ids: readonly string[], was: string): Promise<void> {
  for (const id of ids) {
    await expect(store.compareAndSet(id, was, newRecord('changed'), 60_000)).resolves.toBe(true)
    await expect(store.get(id)).resolves.toMatchObject({ value: 'changed' })
  }
}
