import { StorageError } from '../errors/setup-errors.js'
import type { GrantStore, StoredRecord } from '../options/grant-store.js'
import type { OptionTable } from '../options/option-table.js'
import { positive, secretsThat, text, zeroOrMore } from '../options/readers.js'
import { readRedisClient } from './redis-clients.js'
import type { RedisConnection } from './redis-clients.js'
import { createRedisCommander, redisScript, USING_REDIS } from './redis-commands.js'

/** The options of {@link RedisGrants}: how each is read, its default, and its meaning. */
export const REDIS_GRANTS_OPTIONS = {
  /**
   * A client of node-redis (versions 4 to 6) or ioredis (5 and 6): single server, Sentinel or Cluster, reading from
   * masters. It is neither opened nor closed here. For any other client, see {@link RedisCommands}.
   */
  client: { read: readRedisClient, required: true },

  /**
   * Seals the grants: at least 32 characters, such as `openssl rand -base64 32` makes. To replace a secret, pass a
   * list with the new one first; the others are used for reading only.
   */
  secret: {
    read: secretsThat('seals the grants'),
    required: true,
    refuseUnset: true,
    secret: true,
  },

  /** The prefix of all keys in Redis. Strategies and processes that share grants need the same one. @default 'oauth2:' */
  prefix: { read: text, default: 'oauth2:' },

  /**
   * How long Redis may take for one command, in **milliseconds**. After that, it fails with a `StorageError`. Time in
   * which this process was busy does not count.
   *
   * @default 2_000 (2 seconds)
   */
  commandTimeoutMs: { read: positive, default: 2_000 },

  /**
   * How long a process uses a grant that it has read before it reads it again, in **seconds**. For so long, a grant
   * that another process has ended can still be used here.
   *
   * @default 10
   */
  cacheSeconds: { read: zeroOrMore, default: 10 },
} as const satisfies OptionTable

/** What {@link createRedisStore} needs. */
export interface RedisStoreSettings {
  /** What {@link readRedisClient} has made of the client. */
  readonly client: RedisConnection
  /** The prefix of all keys. */
  readonly prefix: string
  /** How long Redis may take for one command, in **milliseconds**. */
  readonly commandTimeoutMs: number
}

/**
 * KEYS: record. ARGV: the version it must have, the new version, the new content, how long to keep it.
 *
 * If the new version is there already, a client has repeated the command after it lost its connection.
 *
 * If Redis is out of memory, it refuses `SET` unless the script has already written something. `PEXPIRE` is not
 * refused, so what does not need more memory than before, such as the end of a grant, is still written.
 */
const COMPARE_AND_SET = redisScript(`
local present = redis.call('GETRANGE', KEYS[1], 0, 64)
local function has(version) return string.sub(present, 1, #version + 1) == version .. '\\n' end
if has(ARGV[2]) then return 1 end
if not has(ARGV[1]) then return 0 end
if #ARGV[3] <= redis.call('STRLEN', KEYS[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1`)

/**
 * An index is a sorted set. All scores are 0, so that it is sorted by its members: `<id> <expiry>`. A page can
 * therefore begin after an id that is no longer there. By the clock of Redis, because those of processes differ.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function expiry(member) return tonumber(string.match(member, ' (%d+)$')) end`

/**
 * KEYS: index. ARGV: id, how long to keep it. Removes what has expired among the next members, so that an index that
 * nobody reads does not grow. First of all it adds: when Redis is out of memory, nothing is half done.
 */
const LINK = redisScript(`${NOW}
local present = redis.call('ZRANGEBYLEX', KEYS[1], '[' .. ARGV[1] .. ' ', '(' .. ARGV[1] .. '!')[1]
local ends = now + ARGV[2]
if not present or expiry(present) < ends then
  redis.call('ZADD', KEYS[1], 0, ARGV[1] .. ' ' .. string.format('%.0f', ends))
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  if present then redis.call('ZREM', KEYS[1], present) end
end
local near = redis.call('ZRANGEBYLEX', KEYS[1], '(' .. ARGV[1] .. '!', '+', 'LIMIT', 0, 8)
if #near < 8 then near = redis.call('ZRANGEBYLEX', KEYS[1], '-', '+', 'LIMIT', 0, 8) end
for _, member in ipairs(near) do
  if expiry(member) < now then redis.call('ZREM', KEYS[1], member) end
end`)

/** KEYS: index. ARGV: where to begin, how many. */
const LINKED = redisScript(`${NOW}
local ids, from, wanted = {}, ARGV[1], tonumber(ARGV[2])
local batch = math.max(wanted, 100)
while true do
  local members = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, batch)
  for _, member in ipairs(members) do
    if expiry(member) >= now then ids[#ids + 1] = string.match(member, '^(.*) ') end
    if #ids == wanted then return ids end
  end
  if #members < batch then return ids end
  from = '(' .. members[#members]
end`)

/** KEYS: index. ARGV: ids. */
const UNLINK = redisScript(`
for _, id in ipairs(ARGV) do
  local members = redis.call('ZRANGEBYLEX', KEYS[1], '[' .. id .. ' ', '(' .. id .. '!')
  for _, member in ipairs(members) do redis.call('ZREM', KEYS[1], member) end
end`)

/** How many ids one script removes. Redis does nothing else meanwhile. */
const UNLINKED_AT_ONCE = 1_000

/**
 * A {@link GrantStore} in Redis. Every command and script uses one key, so that it works on a Cluster, also while a
 * slot migrates. Scripts are sent by their digest.
 *
 * A record is the key `<prefix>record:<id>`, an index `<prefix>index:<name>`.
 */
export function createRedisStore(settings: RedisStoreSettings): GrantStore {
  const { client, prefix, commandTimeoutMs } = settings
  const { run, runScript } = createRedisCommander(client, commandTimeoutMs)
  const recordKey = (id: string): string => recordPrefix(prefix) + id
  const indexKey = (name: string): string => `${prefix}index:${name}`

  async function get(id: string): Promise<StoredRecord | undefined> {
    const reply = await run('GET', recordKey(id))
    return reply === null || reply === undefined ? undefined : parseRecord(replyText(reply))
  }

  return {
    get,

    async compareAndSet(id, was, record, ttlMs) {
      const { version } = record
      const content = `${version}\n${record.value}`
      const ttl = wholeNumber(ttlMs)
      if (was !== undefined) {
        const args = [was, version, content, ttl]
        return Number(await runScript(COMPARE_AND_SET, recordKey(id), ...args)) === 1
      }
      const reply = await run('SET', recordKey(id), content, 'NX', 'PX', ttl)
      if (reply !== null && reply !== undefined) return true
      // Some clients repeat a command after they lost their connection. The first time, it may have been executed.
      return (await get(id))?.version === version
    },

    async link(name, id, ttlMs) {
      await runScript(LINK, indexKey(name), escapeId(id), wholeNumber(ttlMs))
    },

    async linked(name, limit, after) {
      const from = after === undefined ? '-' : `(${escapeId(after)}!`
      const reply = await runScript(LINKED, indexKey(name), from, wholeNumber(limit))
      return (reply as readonly unknown[]).map((id) => unescapeId(replyText(id)))
    },

    async unlink(name, ids) {
      for (let first = 0; first < ids.length; first += UNLINKED_AT_ONCE) {
        const some = ids.slice(first, first + UNLINKED_AT_ONCE)
        await runScript(UNLINK, indexKey(name), ...some.map(escapeId))
      }
    },
  }
}

/** The part of a record's key that precedes its id. */
export function recordPrefix(prefix: string): string {
  return `${prefix}record:`
}

function parseRecord(content: string): StoredRecord {
  const end = content.indexOf('\n')
  if (end < 0) {
    const reason =
      'a record was not written by this library: give the grants a `prefix` of their own'
    throw new StorageError(USING_REDIS, undefined, reason, 'developer')
  }
  return { version: content.slice(0, end), value: content.slice(end + 1) }
}

/** Redis takes only whole numbers. */
function wholeNumber(value: number): string {
  return String(Math.ceil(value))
}

/** A reply as text; some clients can be set to reply with buffers. */
function replyText(reply: unknown): string {
  if (typeof reply === 'string') return reply
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString()
  throw new Error(`Redis replied with ${typeof reply} where a text was expected`)
}

/** A space ends the id in a member. Without one inside, no id is the beginning of another. */
function escapeId(id: string): string {
  return id.replaceAll(/[ %]/g, encodeURIComponent)
}

function unescapeId(escaped: string): string {
  return escaped.replaceAll(/%2[05]/g, decodeURIComponent)
}
