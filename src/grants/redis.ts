import { ConfigurationError, StorageError } from '../errors/errors.js'
import type { Commit, LedgerStore, Turn } from './ledger-store.js'
import { CoordinatedLedger } from './ledger.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { positive, text } from '../options/readers.js'

/**
 * The part of a node-redis client that the ledger uses. `createClient`, `createSentinel` and `createCluster`
 * make such clients.
 */
export interface RedisLedgerClient {
  /** Runs a Lua script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** The options of {@link RedisLedger}: how each is read, its default, and its meaning. */
export const REDIS_LEDGER_OPTIONS = {
  /** A connected node-redis client: single server, Sentinel or Cluster. The ledger neither opens nor closes it. */
  client: { read: redisClient, required: true },

  /** The prefix of all keys in Redis. Strategies and processes that share sessions need the same one. @default 'oauth2:' */
  prefix: { read: text, default: 'oauth2:' },

  /**
   * How long one command may take, in **milliseconds**. After that, it fails with a `StorageError`. Without a
   * limit, requests would hang while Redis is away, because node-redis queues commands until it has reconnected.
   *
   * @default 2_000 (2 seconds)
   */
  commandTimeoutMs: { read: positive, default: 2_000 },
} as const satisfies OptionTable

/** The options of {@link RedisLedger}. */
export type RedisLedgerOptions = OptionsOf<typeof REDIS_LEDGER_OPTIONS>

function redisClient(value: unknown, name: string): RedisLedgerClient {
  const client = Object(value) as Partial<RedisLedgerClient>
  if (typeof client.eval === 'function') return value as RedisLedgerClient
  throw new ConfigurationError(`${name} must be a client of the package redis (node-redis).`, name)
}

/**
 * A `Ledger` in Redis, for an application that runs as several processes. Each step is one Lua script, so it
 * is atomic. It works on a Redis Cluster: all keys of one grant are in one hash slot, and so are all keys of one
 * group of logins.
 *
 * Configure Redis with `maxmemory-policy noeviction`, and with persistence if logins are to survive its restart.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy } from 'passport-authorization-code'
 * import { RedisLedger } from 'passport-authorization-code/redis'
 * import { createClient } from 'redis'
 *
 * const client = await createClient({ url: 'redis://localhost:6379' }).connect()
 * const ledger = new RedisLedger({ client })
 * passport.use(new AuthorizationCodeStrategy({ ...options, ledger }))
 * ```
 *
 * @see [Redis, Scripting with Lua](https://redis.io/docs/latest/develop/programmability/eval-intro/)
 */
export class RedisLedger extends CoordinatedLedger {
  /** @throws {ConfigurationError} if `client` is not a node-redis client, or an option is unknown or cannot be used */
  constructor(options: RedisLedgerOptions) {
    const { client, prefix, commandTimeoutMs } = readTable(
      REDIS_LEDGER_OPTIONS,
      options,
      'new RedisLedger({ client: await createClient({ url }).connect() })',
    )
    super(createRedisLedgerStore(client, prefix, commandTimeoutMs))
  }
}

/** How long a failure is kept for the callers that wait for its owner, in **milliseconds**. */
const FAILURE_MS = '2000'

const CLAIM = `return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1])`

const IS_CLAIMED = `return redis.call('EXISTS', KEYS[1])`

/** KEYS: record, lock. ARGV: version, owner, duration of the lease, the owner that the caller has waited for. */
const BEGIN = `
local version, sealed, ended = unpack(redis.call('HMGET', KEYS[1], 'version', 'sealed', 'ended'))
if ended then return {'ended'} end
if version and tonumber(version) > tonumber(ARGV[1]) then return {'found', sealed} end
local owner, failure = unpack(redis.call('HMGET', KEYS[2], 'owner', 'failure'))
if owner and not failure then return {'held', owner} end
if owner == ARGV[4] then return {'failed', failure} end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'owner', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {'acquired'}`

/**
 * KEYS: record, lock. ARGV: owner, version, the sealed record or an empty text to end the grant, how long to
 * keep it.
 */
const COMMIT = `
if redis.call('HGET', KEYS[2], 'owner') == ARGV[1] then redis.call('DEL', KEYS[2]) end
local version, sealed, ended = unpack(redis.call('HMGET', KEYS[1], 'version', 'sealed', 'ended'))
if ended then return {'ended'} end
if version and tonumber(version) >= tonumber(ARGV[2]) then return {'found', sealed} end
if ARGV[3] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'ended', '1')
else
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'sealed', ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'written'}`

/** KEYS: record, lock. ARGV: owner, the failure or an empty text, how long to keep it. */
const RELEASE_LEASE = `
if redis.call('HGET', KEYS[2], 'owner') ~= ARGV[1] then return end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[2])
else
  redis.call('HSET', KEYS[2], 'failure', ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end`

/** KEYS: record. ARGV: how long to keep it. */
const END = `
local sealed = redis.call('HGET', KEYS[1], 'sealed')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'ended', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return sealed`

/** `now` in **milliseconds**, by the clock of Redis: the clocks of the processes that share a key may differ. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** KEYS: the members, each with the time when it expires; the end. ARGV: member, since when, how long to keep it. */
const ENROL = `${NOW}
local ended = redis.call('GET', KEYS[2])
if ended and tonumber(ended) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`

/** KEYS: the members, each with the time when it expires; the end. ARGV: when it ended, how long to keep that. */
const END_GROUP = `${NOW}
local ended = redis.call('GET', KEYS[2])
if not ended or tonumber(ended) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')`

/** KEYS: the members. ARGV: those to remove, one by one, because one ZREM takes a limited number of arguments. */
const FORGET_MEMBERS = `for _, member in ipairs(ARGV) do redis.call('ZREM', KEYS[1], member) end`

function createRedisLedgerStore(
  client: RedisLedgerClient,
  prefix: string,
  commandTimeoutMs: number,
): LedgerStore {
  // PEXPIRE fails for fractions, and Redis does not undo what the script has done before that.
  const text = (arg: string | number): string =>
    String(typeof arg === 'number' ? Math.ceil(arg) : arg)
  const run = (script: string, keys: string[], args: (string | number)[]): Promise<unknown> =>
    withTimeout(client.eval(script, { keys, arguments: args.map(text) }), commandTimeoutMs)
  // Redis Cluster computes the hash slot from the part in braces only.
  const keysOf = (id: string): string[] => [`${prefix}{${id}}:record`, `${prefix}{${id}}:lock`]
  const keysOfGroup = (id: string): string[] => [`${prefix}{${id}}:members`, `${prefix}{${id}}:end`]

  return {
    async claim(key, ttlMs) {
      return (await run(CLAIM, [prefix + key], [ttlMs])) !== null
    },

    async isClaimed(key) {
      return (await run(IS_CLAIMED, [prefix + key], [])) === 1
    },

    async begin(id, version, owner, leaseMs, waitedFor): Promise<Turn> {
      const [turn, value] = await firstTwo(
        run(BEGIN, keysOf(id), [version, owner, leaseMs, waitedFor]),
      )
      switch (turn) {
        case 'found':
          return { turn, sealed: value }
        case 'held':
          return { turn, owner: value }
        case 'failed':
          return { turn, failure: value }
        case 'ended':
        case 'acquired':
          return { turn }
        default:
          throw unexpected(turn)
      }
    },

    async commit(id, owner, version, sealed, keepMs): Promise<Commit> {
      const [commit, value] = await firstTwo(
        run(COMMIT, keysOf(id), [owner, version, sealed ?? '', keepMs]),
      )
      switch (commit) {
        case 'found':
          return { commit, sealed: value }
        case 'ended':
        case 'written':
          return { commit }
        default:
          throw unexpected(commit)
      }
    },

    async releaseLease(id, owner, failure) {
      await run(RELEASE_LEASE, keysOf(id), [owner, failure ?? '', FAILURE_MS])
    },

    async end(id, keepMs) {
      const sealed = await run(END, keysOf(id).slice(0, 1), [keepMs])
      return typeof sealed === 'string' ? sealed : undefined
    },

    async enrol(group, member, since, keepMs) {
      return (await run(ENROL, keysOfGroup(group), [member, since, keepMs])) === 1
    },

    async endGroup(group, at, keepMs) {
      return (await run(END_GROUP, keysOfGroup(group), [at, keepMs])) as string[]
    },

    async forgetMembers(group, members) {
      await run(FORGET_MEMBERS, keysOfGroup(group).slice(0, 1), [...members])
    },
  }
}

/** The first two texts of a script's reply. Missing ones become empty. */
async function firstTwo(reply: Promise<unknown>): Promise<readonly [string, string]> {
  const [first = '', second = ''] = (await reply) as (string | undefined)[]
  return [first, second]
}

function unexpected(reply: string): Error {
  return new StorageError('Reading the ledger', new Error(`unexpected reply ${reply}`))
}

async function withTimeout<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Redis did not answer within ${timeoutMs} ms`))
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
