import { checkPositive } from '../checks.js'
import { ConfigurationError, StorageError } from '../errors.js'
import { CoordinatedLedger } from './ledger.js'
import type { Commit, LedgerStore, Turn } from './ledger.js'

/** What the ledger needs of a client: `createClient`, `createSentinel` and `createCluster` of node-redis all have it. */
export interface RedisLedgerClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What {@link RedisLedger} is told. */
export interface RedisLedgerOptions {
  /** A connected node-redis client: single server, Sentinel or Cluster. The ledger neither opens nor closes it. */
  readonly client: RedisLedgerClient

  /** What all keys begin with. Strategies and processes that shall agree need the same. @default 'oauth2:' */
  readonly prefix?: string | undefined

  /**
   * How long one command may take, in **milliseconds**, before the ledger counts as unreachable. A client
   * that has lost its server keeps commands waiting until it is back, and people with them.
   *
   * @default 2_000 (2 seconds)
   */
  readonly commandTimeoutMs?: number | undefined
}

/**
 * A ledger in Redis, for any number of processes. All keys of one grant share a hash slot, and each step
 * is one script, so that it works on a Cluster and never half.
 *
 * Redis has to keep what it is told: with `maxmemory-policy noeviction`, and with persistence if logins
 * are to survive its restart.
 *
 * @see [Redis, Scripting with Lua](https://redis.io/docs/latest/develop/programmability/eval-intro/)
 */
export class RedisLedger extends CoordinatedLedger {
  /** @throws {ConfigurationError} when `client` is not a node-redis client, or an option cannot be used */
  constructor({ client, prefix = 'oauth2:', commandTimeoutMs = 2_000 }: RedisLedgerOptions) {
    if (typeof (client as Partial<RedisLedgerClient> | undefined)?.eval !== 'function') {
      throw new ConfigurationError(
        'client must be a client of the package redis (node-redis).',
        'client',
      )
    }
    super(
      createRedisLedgerStore(client, prefix, checkPositive(commandTimeoutMs, 'commandTimeoutMs')),
    )
  }
}

/** How long a failure is kept for those who wait, in milliseconds. */
const FAILURE_MS = '2000'

const CLAIM = `return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1])`

const IS_CLAIMED = `return redis.call('EXISTS', KEYS[1])`

/** KEYS: record, lock. ARGV: version, owner, lease, the owner waited for. */
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

/** KEYS: record, lock. ARGV: owner, version, sealed or nothing, for how long. */
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

/** KEYS: record, lock. ARGV: owner, failure or nothing, for how long. */
const LET_GO = `
if redis.call('HGET', KEYS[2], 'owner') ~= ARGV[1] then return end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[2])
else
  redis.call('HSET', KEYS[2], 'failure', ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end`

/** KEYS: record. ARGV: for how long. */
const END = `
local sealed = redis.call('HGET', KEYS[1], 'sealed')
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'ended', '1')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return sealed`

function createRedisLedgerStore(
  client: RedisLedgerClient,
  prefix: string,
  commandTimeoutMs: number,
): LedgerStore {
  // Redis takes whole numbers only, and what a script has done before it fails stays done.
  const text = (arg: string | number): string =>
    String(typeof arg === 'number' ? Math.ceil(arg) : arg)
  const run = (script: string, keys: string[], args: (string | number)[]): Promise<unknown> =>
    withTimeout(client.eval(script, { keys, arguments: args.map(text) }), commandTimeoutMs)
  // The part in braces is what Redis Cluster chooses the slot by.
  const keysOf = (id: string): string[] => [`${prefix}{${id}}:record`, `${prefix}{${id}}:lock`]

  return {
    async claim(key, ttlMs) {
      return (await run(CLAIM, [prefix + key], [ttlMs])) !== null
    },

    async isClaimed(key) {
      return (await run(IS_CLAIMED, [prefix + key], [])) === 1
    },

    async begin(id, version, owner, leaseMs, waitedFor): Promise<Turn> {
      const [turn, value] = await words(
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
      const [commit, value] = await words(
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

    async letGo(id, owner, failure) {
      await run(LET_GO, keysOf(id), [owner, failure ?? '', FAILURE_MS])
    },

    async end(id, keepMs) {
      const sealed = await run(END, keysOf(id).slice(0, 1), [keepMs])
      return typeof sealed === 'string' ? sealed : undefined
    },
  }
}

async function words(reply: Promise<unknown>): Promise<readonly [string, string]> {
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
