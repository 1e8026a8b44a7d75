import { setTimeout } from 'node:timers/promises'
import type { RedisClientType } from 'redis'
import { failed, ok, skipped, warning } from './finding.js'
import type { StoreVerdicts, Verdict } from './finding.js'
import { SAMPLED_GRANTS, checkSecret } from './secret-check.js'
import type { SealedRecord } from './secret-check.js'
import { readRedisClient } from '../grants/redis-clients.js'
import { redisRecordIds } from '../grants/redis-record-ids.js'
import { REDIS_GRANTS_OPTIONS, createRedisStore } from '../grants/redis-store.js'
import { grantIdIn } from '../grants/record-keys.js'

/** How long the whole check of Redis may take, in **milliseconds**. */
const TIMEOUT_MS = 3000

/** How many batches of keys are looked at: the database may have millions that are not grants. */
const MAXIMUM_BATCHES = 50

/** The Redis to check. */
export interface CheckedRedis {
  /** `redis:` or `rediss:`; it may contain a password, which no finding shows. */
  readonly url?: string | undefined
  /** The prefix of all keys, if `RedisGrants` has the option. */
  readonly prefix?: string | undefined
  /** The secret of the grants: see {@link checkSecret}. */
  readonly secret?: string | undefined
}

/**
 * Checks that Redis can be reached, that it does not delete records if its memory is full, and that the secret opens its
 * grants. Never throws.
 */
export async function checkRedis(checked: CheckedRedis): Promise<StoreVerdicts> {
  const { url, prefix, secret } = checked
  if (url === undefined) {
    return {
      store: skipped(
        'REDIS_URL is not set: several processes need the option grants, such as RedisGrants',
      ),
    }
  }
  let sealed: Verdict | undefined
  const store = await checkServer(url, async (client) => {
    if (secret !== undefined) sealed = checkSecret(secret, await sample(client, prefix))
  })
  return { store, ...(sealed !== undefined && { secret: sealed }) }
}

/** Some of the grants in Redis. */
async function sample(
  client: RedisClientType,
  prefix: string = REDIS_GRANTS_OPTIONS.prefix.default,
): Promise<readonly SealedRecord[]> {
  const settings = {
    client: readRedisClient(client, 'client'),
    prefix,
    commandTimeoutMs: TIMEOUT_MS,
  }
  const store = createRedisStore(settings)
  const found: SealedRecord[] = []
  let batches = 0
  for await (const ids of redisRecordIds(settings)) {
    for (const id of ids.filter((one) => grantIdIn(one) !== undefined)) {
      const record = await store.get(id)
      if (record !== undefined) found.push({ id, value: record.value })
      if (found.length === SAMPLED_GRANTS) return found
    }
    batches += 1
    if (batches === MAXIMUM_BATCHES) break
  }
  return found
}

/** @param whileConnected called once Redis has answered, before the connection is closed */
async function checkServer(
  url: string,
  whileConnected: (client: RedisClientType) => Promise<void>,
): Promise<Verdict> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    return failed('the address is not one of Redis', 'Use redis://host:6379.')
  }
  const { host } = new URL(url)
  const redis = await import('redis').catch(() => undefined)
  if (redis === undefined) {
    return failed('the package redis is not installed', 'Run npm install redis connect-redis.')
  }
  const client: RedisClientType = redis.createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: TIMEOUT_MS, reconnectStrategy: false },
  })
  // Without a listener, an error would end the process. The calls below reject as well, so nothing is lost.
  client.on('error', () => undefined)
  const ask = async (): Promise<Verdict> => {
    await client.connect()
    await client.ping()
    await whileConnected(client)
    // Hosted Redis often forbids reading the configuration.
    const config: Readonly<Record<string, string>> = await client
      .configGet('maxmemory-policy')
      .catch(() => ({}))
    const { 'maxmemory-policy': policy = 'noeviction' } = config
    return policy === 'noeviction'
      ? ok(`${host} answers`)
      : warning(
          `${host} answers, but deletes records if its memory is full (${policy})`,
          'Set maxmemory-policy to noeviction: without its record, a grant is lost, and a callback counts twice.',
        )
  }
  const answered = new AbortController()
  // The client has no timeout for a server that accepts connections and does not answer.
  const silence = setTimeout(TIMEOUT_MS, undefined, { signal: answered.signal }).then(() =>
    failed(`${host} does not answer`, 'Check REDIS_URL, and which program listens there.'),
  )
  try {
    return await Promise.race([ask(), silence])
  } catch (error) {
    const { code, name } = error as { readonly code?: string; readonly name?: string }
    return failed(`${host} cannot be used (${code ?? name ?? 'unknown'})`, 'Check REDIS_URL.')
  } finally {
    answered.abort()
    client.destroy()
  }
}
