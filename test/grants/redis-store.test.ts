import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RedisClientType } from 'redis'
import type { GrantStore } from '../../src/options/grant-store.js'
import { newRecord, scriptedRedis, storeThrough } from '../support/redis-store.js'
import { startRedis } from '../support/redis.js'
import type { RedisServer } from '../support/redis.js'
import { describeWithRedis } from '../support/requirements.js'
import { until } from '../support/until.js'

/** Of errors that a request which comes again later meets as well. */
const ONLY_A_DEVELOPER = { code: 'ERR_STORAGE', status: 503, fault: 'developer', retryable: false }

describeWithRedis('a grant store in Redis', () => {
  let redis: RedisServer
  let client: RedisClientType
  let store: GrantStore

  beforeAll(async () => {
    redis = await startRedis()
    client = await redis.connect()
    store = storeThrough(client)
    // Redis has the scripts from now on.
    const [first, second] = [newRecord(), newRecord()]
    await store.compareAndSet('warm', undefined, first, 60_000)
    await store.compareAndSet('warm', first.version, second, 60_000)
    await store.link('warm', 'id', 60_000)
    await store.linked('warm', 10)
    await store.unlink('warm', ['id'])
  })
  afterAll(() => redis.stop())

  it('costs one command for each step: GET, SET or a script that Redis has', async () => {
    const [first, second] = [newRecord(), newRecord()]
    const sent = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
      const { get = 0, set = 0, evalsha = 0, ...others } = await redis.commandsDuring(work)
      expect(Object.keys(others).filter((name) => /^(eval|script|exists)/.test(name))).toEqual([])
      return { get, set, evalsha }
    }
    const only = { get: 0, set: 0, evalsha: 0 }
    await expect(sent(() => store.get('id'))).resolves.toEqual({ ...only, get: 1 })
    await expect(sent(() => store.compareAndSet('id', undefined, first, 60_000))).resolves.toEqual({
      ...only,
      set: 1,
    })
    await expect(
      sent(() => store.compareAndSet('id', first.version, second, 60_000)),
    ).resolves.toEqual({ ...only, evalsha: 1, set: 1 })
    await expect(
      sent(() => store.compareAndSet('id', first.version, first, 60_000)),
    ).resolves.toEqual({ ...only, evalsha: 1 })
    const script = { ...only, evalsha: 1 }
    await expect(sent(() => store.link('name', 'id', 60_000))).resolves.toEqual(script)
    await expect(sent(() => store.linked('name', 10))).resolves.toEqual(script)
    await expect(sent(() => store.unlink('name', ['id', 'other']))).resolves.toEqual(script)
    await expect(sent(() => store.unlink('name', []))).resolves.toEqual(only)
  })

  it('keeps everything under its prefix, readable, and nothing for ever', async () => {
    const known = new Set((await redis.dump()).keys())
    const [first, second] = [newRecord('first'), newRecord('second')]
    await store.compareAndSet('a grant', undefined, first, 60_000)
    await store.compareAndSet('a grant', first.version, second, 60_000)
    await store.link('account/company/7', 'a grant', 60_000)
    const added = [...(await redis.dump())].filter(([key]) => !known.has(key))
    const entries = new Map(added)
    const [record, index] = ['oauth2:record:a grant', 'oauth2:index:account/company/7']
    expect([...entries.keys()].sort()).toEqual([index, record])
    expect(entries.get(record)).toBe(`${second.version}\nsecond`)
    expect(Object.keys(entries.get(index) ?? {})).toEqual([
      expect.stringMatching(/^a%20grant \d{13}$/),
    ])
    for (const [key] of added) {
      const lifetimeMs = await client.pTTL(key)
      expect(lifetimeMs).toBeGreaterThan(50_000)
      expect(lifetimeMs).toBeLessThanOrEqual(60_000)
    }
  })

  it('sends a script again by its text when Redis has lost it, once', async () => {
    const [first, second] = [newRecord(), newRecord()]
    await store.compareAndSet('flushed', undefined, first, 60_000)
    await client.scriptFlush()
    const { evalsha, eval: evals } = await redis.commandsDuring(async () => {
      await expect(store.compareAndSet('flushed', first.version, second, 60_000)).resolves.toBe(
        true,
      )
      await expect(store.compareAndSet('flushed', first.version, second, 60_000)).resolves.toBe(
        true,
      )
      await expect(
        store.compareAndSet('flushed', first.version, newRecord(), 60_000),
      ).resolves.toBe(false)
    })
    expect({ evalsha, evals }).toEqual({ evalsha: 3, evals: 1 })
  })

  it('skips links that have expired, and removes them although nobody reads the index', async () => {
    const key = 'oauth2:index:growing'
    await store.link('growing', 'lasting', 60_000)
    // At once, so that none of them expires before the last is written.
    const passing = Array.from({ length: 40 }, (_, id) => `passing ${id}`)
    await Promise.all(passing.map((id) => store.link('growing', id, 700)))
    await until(async () => (await store.linked('growing', 100)).length === 1)
    await expect(store.linked('growing', 1)).resolves.toEqual(['lasting'])
    const before = await client.zCard(key)
    for (let id = 0; id < 20; id++) await store.link('growing', `new ${id}`, 60_000)
    expect(before).toBeGreaterThan(20)
    await expect(client.zCard(key)).resolves.toBe(21)
    expect(await client.pTTL(key)).toBeGreaterThan(50_000)
  })

  it('says so when a record is not one of its own', async () => {
    await client.set('oauth2:record:foreign', 'something')
    await expect(store.get('foreign')).rejects.toThrow('not written by this library')
    await client.hSet('oauth2:record:hash', 'a', 'b')
    const others = {
      message: expect.stringMatching(/other data .* give them a `prefix` of their own\.$/),
      cause: expect.objectContaining({ message: expect.stringContaining('WRONGTYPE') }),
      ...ONLY_A_DEVELOPER,
    }
    await expect(store.get('hash')).rejects.toMatchObject(others)
    const written = store.compareAndSet('hash', 'v', newRecord(), 1_000)
    await expect(written).rejects.toMatchObject(others)
  })

  it('reads text through a client that is set to reply with buffers', async () => {
    const { RESP_TYPES } = await import('redis')
    const mapped = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    const record = newRecord()
    const throughMapped = storeThrough(mapped)
    await throughMapped.compareAndSet('mapped', undefined, record, 60_000)
    await expect(throughMapped.get('mapped')).resolves.toEqual(record)
  })
})

describeWithRedis('a grant store in a Redis that is out of memory', () => {
  let redis: RedisServer
  let client: RedisClientType
  let store: GrantStore
  const [kept, long] = [newRecord(), newRecord('x'.repeat(10_000))]

  beforeAll(async () => {
    redis = await startRedis()
    client = await redis.connect()
    store = storeThrough(client)
    await store.compareAndSet('kept', undefined, kept, 60_000)
    await store.compareAndSet('long', undefined, long, 60_000)
    for (const id of ['one', 'two', 'three']) await store.link('name', id, 60_000)
    await client.configSet({ maxmemory: '1', 'maxmemory-policy': 'noeviction' })
  })
  afterAll(() => redis.stop())

  it('reads records and indexes, and unlinks', async () => {
    await expect(store.get('kept')).resolves.toEqual(kept)
    await expect(store.linked('name', 10)).resolves.toEqual(['one', 'three', 'two'])
    await store.unlink('name', ['three'])
    await expect(store.linked('name', 10)).resolves.toEqual(['one', 'two'])
  })

  it('refuses to write, says why, and leaves everything as it was', async () => {
    const before = await redis.dump()
    const error = {
      message: 'Redis is out of memory and refused to write. Raise its maxmemory.',
      cause: expect.objectContaining({ message: expect.stringMatching(/^OOM /) }),
    }
    const longer = newRecord(`${kept.value} and more`)
    await expect(store.compareAndSet('new', undefined, kept, 60_000)).rejects.toMatchObject(error)
    await expect(store.compareAndSet('kept', kept.version, longer, 60_000)).rejects.toMatchObject(
      error,
    )
    await expect(store.link('name', 'four', 60_000)).rejects.toMatchObject(error)
    expect(await redis.dump()).toEqual(before)
  })

  it('writes what needs no more memory than before, such as the end of a grant', async () => {
    const end = newRecord('ended')
    await expect(store.compareAndSet('long', 'other', end, 90_000)).resolves.toBe(false)
    await expect(store.compareAndSet('long', long.version, end, 90_000)).resolves.toBe(true)
    await expect(store.get('long')).resolves.toEqual(end)
    expect(await client.pTTL('oauth2:record:long')).toBeGreaterThan(60_000)
  })
})

describe('a grant store whose command was answered', () => {
  const record = newRecord()
  const set = (store: GrantStore) => store.compareAndSet('id', undefined, record, 60_000)

  it.each([
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'CLUSTERDOWN The cluster is down',
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'ERR Error running script (call to f_1): @user_script:3: @user_script: 3: -READONLY You cannot write',
  ])('sends it again after an answer that it was not executed: %s', async (refusal) => {
    const redis = scriptedRedis(new Error(refusal), new Error(refusal), 'OK')
    await expect(set(storeThrough(redis))).resolves.toBe(true)
    expect(redis.commands).toHaveLength(3)
    expect(redis.commands[2]).toEqual(redis.commands[0])
  })

  it.each([
    'Socket closed unexpectedly',
    'Connection is closed.',
    'ERR unknown command',
    'The value TRYAGAIN is wrong',
  ])('never sends it again after anything else: %s', async (failure) => {
    const redis = scriptedRedis(new Error(failure), 'OK')
    await expect(set(storeThrough(redis))).rejects.toThrow(failure)
    expect(redis.commands).toHaveLength(1)
  })

  it.each([
    ['NOAUTH Authentication required.', 'give it the user name and the password'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'the password'],
    ['NOPERM User app has no permissions to run the ‘get’ command', 'allow it all commands'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'a `prefix` of their'],
    ['MOVED 3999 127.0.0.1:6381', 'create the client for a Cluster'],
  ])('never sends it again after %s, and says what to change', async (failure, advice) => {
    const redis = scriptedRedis(new Error(failure), 'OK')
    await expect(set(storeThrough(redis))).rejects.toMatchObject({
      message: expect.stringContaining(advice),
      cause: expect.objectContaining({ message: failure }),
      ...ONLY_A_DEVELOPER,
    })
    expect(redis.commands).toHaveLength(1)
  })

  it('gives up when its time is over, with the last answer, and sends nothing later', async () => {
    const refusal = new Error('CLUSTERDOWN The cluster is down')
    const redis = scriptedRedis(refusal)
    await expect(set(storeThrough(redis, 60))).rejects.toMatchObject({
      message: 'Redis did not accept a command within 60 ms',
      cause: refusal,
    })
    const attempts = redis.commands.length
    expect(attempts).toBeGreaterThan(1)
    expect(attempts).toBeLessThan(10)
    // As long as another one keeps trying, which is longer than the longest wait between two attempts.
    await expect(set(storeThrough(scriptedRedis(refusal), 200))).rejects.toThrow('200 ms')
    expect(redis.commands).toHaveLength(attempts)
  })

  it('says what to do if the client does not know that it is connected to a Cluster', async () => {
    const redis = scriptedRedis(new Error('MOVED 866 127.0.0.1:7001'))
    await expect(set(storeThrough(redis))).rejects.toThrow('create the client for a Cluster')
    expect(redis.commands).toHaveLength(1)
  })

  it('knows its own record when the client has repeated the command', async () => {
    const repeated = scriptedRedis(null, `${record.version}\n${record.value}`)
    await expect(set(storeThrough(repeated))).resolves.toBe(true)
    const another = scriptedRedis(null, `another\n${record.value}`)
    await expect(set(storeThrough(another))).resolves.toBe(false)
    expect(another.commands.map(([name]) => name)).toEqual(['SET', 'GET'])
  })

  it('says so when it does not understand the reply', async () => {
    await expect(storeThrough(scriptedRedis(7)).get('id')).rejects.toThrow('replied with number')
  })
})
