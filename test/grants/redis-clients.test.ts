import { afterAll, describe, expect, it } from '@jest/globals'
import * as ioredis5 from 'ioredis'
import * as ioredis6 from 'ioredis6'
import * as redis6 from 'redis'
import * as redis4 from 'redis4'
import * as redis5 from 'redis5'
import { ConfigurationError } from '../../src/errors/errors.js'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import type { RedisGrantsClient } from '../../src/grants/redis-clients.js'
import { REDIS_GRANTS_OPTIONS } from '../../src/grants/redis-store.js'
import { readTable } from '../../src/options/option-table.js'
import { thrownBy } from '../support/errors.js'

const url = 'redis://127.0.0.1:1'
const address = { host: '127.0.0.1', port: 1 }
const lazyConnect = true
const sentinels = { name: 'grants', sentinels: [address], lazyConnect }

/** Clients that are not connected: they are recognised by what they are. */
const accepted: readonly (readonly [string, RedisGrantsClient])[] = [
  ['node-redis 4', redis4.createClient({ url })],
  ['a Cluster of node-redis 4', redis4.createCluster({ rootNodes: [{ url }] })],
  ['node-redis 5', redis5.createClient({ url })],
  ['a pool of node-redis 5', redis5.createClientPool({ url })],
  ['a Cluster of node-redis 5', redis5.createCluster({ rootNodes: [{ url }] })],
  [
    'a Sentinel of node-redis 5',
    redis5.createSentinel({ name: 'it', sentinelRootNodes: [address] }),
  ],
  ['node-redis 6', redis6.createClient({ url })],
  ['a pool of node-redis 6', redis6.createClientPool({ url })],
  ['node-redis 6 with another mapping of types', redis6.createClient({ url }).withTypeMapping({})],
  ['a Cluster of node-redis 6', redis6.createCluster({ rootNodes: [{ url }] })],
  [
    'a Sentinel of node-redis 6',
    redis6.createSentinel({ name: 'it', sentinelRootNodes: [address] }),
  ],
  ['ioredis 5', new ioredis5.Redis({ lazyConnect })],
  ['ioredis 5 with Sentinels', new ioredis5.Redis(sentinels)],
  ['a Cluster of ioredis 5', new ioredis5.Cluster([address], { lazyConnect })],
  ['ioredis 6', new ioredis6.Redis({ lazyConnect })],
  ['ioredis 6 with Sentinels', new ioredis6.Redis(sentinels)],
  ['a Cluster of ioredis 6', new ioredis6.Cluster([address], { lazyConnect })],
  ['an adapter', { runCommand: () => Promise.resolve(null) }],
]

const readers: readonly (readonly [string, unknown, string])[] = [
  [
    'a Cluster of node-redis 5',
    redis5.createCluster({ rootNodes: [{ url }], useReplicas: true }),
    'useReplicas: false',
  ],
  [
    'a Cluster of node-redis 6',
    redis6.createCluster({ rootNodes: [{ url }], useReplicas: true }),
    'useReplicas: false',
  ],
  ['node-redis 6', redis6.createClient({ url, readonly: true }), 'readonly: false'],
  [
    'a Cluster of ioredis 5',
    new ioredis5.Cluster([address], { lazyConnect, scaleReads: 'slave' }),
    "scaleReads: 'master'",
  ],
  [
    'a Cluster of ioredis 6',
    new ioredis6.Cluster([address], { lazyConnect, scaleReads: 'all' }),
    "scaleReads: 'master'",
  ],
  ['ioredis 5', new ioredis5.Redis({ ...sentinels, role: 'slave' }), "role: 'master'"],
  ['ioredis 6', new ioredis6.Redis({ ...sentinels, role: 'slave' }), "role: 'master'"],
  ['ioredis 6 for a replica', new ioredis6.Redis({ lazyConnect, readOnly: true }), 'readOnly'],
]

const read = (client: unknown) => readRedisClient(client as RedisGrantsClient, 'client')

describe('a client of Redis', () => {
  afterAll(() => {
    for (const [, client] of accepted) {
      if ('call' in client) (client as unknown as { disconnect(): void }).disconnect()
    }
  })

  it.each(accepted)('is accepted: %s', (_, client) => {
    expect(read(client)).toMatchObject({ send: expect.any(Function) })
  })

  it.each(readers)('is refused if it reads from replicas: %s', (_, client, instead) => {
    const error = thrownBy(() => read(client))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({
      option: 'client',
      message: expect.stringMatching(/^client reads from replicas, which lag behind/),
    })
    expect(error).toHaveProperty('message', expect.stringContaining(instead))
  })

  it('is refused in the legacyMode of node-redis 4', () => {
    const error = thrownBy(() => read(redis4.createClient({ url, legacyMode: true })))
    expect(error).toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'client',
      message: expect.stringMatching(/^client is in legacyMode/),
    })
  })

  /** Has the methods that @upstash/redis has. */
  const upstash = { get: () => null, set: () => null, eval: () => null, exec: () => null }
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an address', url],
    ['an object', {}],
    ['a client of another kind', upstash],
    ['the legacy interface of node-redis 6', redis6.createClient({ url }).legacy()],
    ['a pipeline of ioredis', new ioredis6.Redis({ lazyConnect }).pipeline()],
    ['a promise of a client', Promise.resolve(redis6.createClient({ url }))],
  ])('is refused, with an adapter that would do: %s', (_, client) => {
    const error = thrownBy(() => read(client))
    expect(error).toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'client',
      message: expect.stringMatching(
        /^client must be a client of node-redis \(versions 4 to 6\) or ioredis \(5 and 6\)[^]*runCommand: \(args\) =>/,
      ),
    })
  })

  it('is read with the other options, which have defaults', () => {
    const client = redis6.createClient({ url })
    const secret = 'a secret that has at least 32 characters'
    const options = readTable(REDIS_GRANTS_OPTIONS, { client, secret }, 'new RedisGrants(…)')
    expect(options).toEqual({
      client: expect.objectContaining({ isCluster: false }),
      secret: [secret],
      prefix: 'oauth2:',
      commandTimeoutMs: 2_000,
      cacheSeconds: 10,
    })
    const unset = { client, secret: undefined }
    expect(() => readTable(REDIS_GRANTS_OPTIONS, unset, '')).toThrow('secret is missing')
  })
})
