import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { grantStoreTests } from '../../src/testing/grant-store-contract.js'
import { CLUSTER_CLIENTS, SENTINEL_CLIENTS, SINGLE_CLIENTS } from '../support/redis-clients.js'
import type { ConnectClient, ConnectedClient } from '../support/redis-clients.js'
import { startRedisCluster } from '../support/redis-cluster.js'
import type { RedisCluster } from '../support/redis-cluster.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithRedis } from '../support/requirements.js'

describe('a grant store in memory', () => {
  const store = createMemoryStore()
  runContract(() => store)
})

describe('a grant store in memory of limited size', () => {
  const store = createMemoryStore({ maximumRecords: 1_000 })
  runContract(() => store)
})

describeWithRedis('a grant store in Redis', () => {
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

  describe.each(Object.entries(SINGLE_CLIENTS))('through %s', (_, connect) => {
    runContractThrough(connect, () => redis.port)
  })
  describe.each(Object.entries(SENTINEL_CLIENTS))('through %s and a Sentinel', (_, connect) => {
    runContractThrough(connect, () => sentinel.port)
  })
  describe.each(Object.entries(CLUSTER_CLIENTS))('that is a Cluster, through %s', (_, connect) => {
    runContractThrough(connect, () => cluster.nodes[0]?.port ?? 0)
  })
})

function runContractThrough(connect: ConnectClient, port: () => number): void {
  let connected: ConnectedClient
  let store: GrantStore

  beforeAll(async () => {
    connected = await connect(port())
    const client = readRedisClient(connected.client, 'client')
    store = createRedisStore({ client, prefix: 'oauth2:', commandTimeoutMs: 2_000 })
  })
  afterAll(async () => {
    await connected.close()
  })
  runContract(() => store)
}

function runContract(store: () => GrantStore): void {
  // eslint-disable-next-line jest/expect-expect -- the contract asserts without Jest
  it.each(grantStoreTests)('$name', ({ run }) => run(store()))
}
