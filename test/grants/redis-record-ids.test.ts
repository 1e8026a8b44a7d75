import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import type { RedisGrantsClient } from '../../src/grants/redis-clients.js'
import { redisRecordIds } from '../../src/grants/redis-record-ids.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import { CLUSTER_CLIENTS, SENTINEL_CLIENTS, SINGLE_CLIENTS } from '../support/redis-clients.js'
import type { ConnectClient } from '../support/redis-clients.js'
import { startRedisCluster } from '../support/redis-cluster.js'
import type { RedisCluster } from '../support/redis-cluster.js'
import { newRecord } from '../support/redis-store.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithRedis } from '../support/requirements.js'

const ids = Array.from({ length: 1_200 }, (_, number) => `grant ${number}`)

describeWithRedis('the ids of all records in Redis', () => {
  let redis: RedisServer
  let sentinel: RedisServer
  let cluster: RedisCluster

  beforeAll(async () => {
    redis = await startRedis()
    sentinel = await startRedis({ sentinelOf: redis.port })
    cluster = await startRedisCluster()
  })
  afterAll(async () => {
    await cluster.stop()
    await sentinel.stop()
    await redis.stop()
  })

  it.each(Object.entries(SINGLE_CLIENTS))('are listed in batches through %s', (_, connect) =>
    expectIds(connect, redis.port),
  )
  it.each(Object.entries(SENTINEL_CLIENTS))('are listed through %s and a Sentinel', (_, connect) =>
    expectIds(connect, sentinel.port),
  )
  it.each(Object.entries(CLUSTER_CLIENTS))('are listed of all nodes through %s', (_, connect) =>
    expectIds(connect, cluster.nodes[0]?.port ?? 0),
  )

  it('are listed without the prefix that a client has of its own', async () => {
    const client = new Redis({ port: redis.port, host: '127.0.0.1', keyPrefix: '[app]:' })
    await expectIdsThrough(client)
    client.disconnect()
  })
})

async function expectIds(connect: ConnectClient, port: number): Promise<void> {
  const connected = await connect(port)
  try {
    await expectIdsThrough(connected.client)
  } finally {
    // A client that is left open goes on looking for its server, and logs that into other tests.
    await connected.close()
  }
}

async function expectIdsThrough(given: RedisGrantsClient): Promise<void> {
  const client = readRedisClient(given, 'client')
  const settings = { client, prefix: 'all*:', commandTimeoutMs: 20_000 }
  const store = createRedisStore(settings)
  const other = createRedisStore({ ...settings, prefix: 'all others:' })
  await Promise.all(ids.map((id) => store.compareAndSet(id, undefined, newRecord(), 60_000)))
  await other.compareAndSet('another', undefined, newRecord(), 60_000)
  await store.link('name', 'linked', 60_000)

  const listed = new Set<string>()
  let batches = 0
  for await (const batch of redisRecordIds(settings)) {
    batches++
    for (const id of batch) listed.add(id)
  }
  expect([...listed].sort()).toEqual([...ids].sort())
  expect(batches).toBeGreaterThan(1)
}
