import { createRedisCommander } from './redis-commands.js'
import { recordPrefix } from './redis-store.js'
import type { RedisStoreSettings } from './redis-store.js'

/** About how many keys Redis looks at for one batch. */
const BATCH = 500

/**
 * The ids of all records in Redis, in batches. A record that is there all the time is among them, perhaps more than
 * once, unless its slot moves to another node of a Cluster meanwhile.
 *
 * It reads the names of all keys in the database, with commands that each take Redis about a millisecond.
 *
 * @see [Redis, SCAN](https://redis.io/docs/latest/commands/scan/)
 */
export async function* redisRecordIds({
  client,
  prefix,
  commandTimeoutMs,
}: RedisStoreSettings): AsyncGenerator<readonly string[], void, undefined> {
  const start = client.clientPrefix + recordPrefix(prefix)
  const filter = ['MATCH', `${start.replaceAll(/[\\*?[\]]/g, '\\$&')}*`, 'COUNT', `${BATCH}`]
  for (const master of await client.masters()) {
    const { run } = createRedisCommander(master, commandTimeoutMs)
    let cursor = '0'
    do {
      const reply = (await run('SCAN', cursor, ...filter)) as [unknown, readonly unknown[]]
      cursor = String(reply[0])
      const ids = reply[1].map((key) => String(key).slice(start.length))
      if (ids.length > 0) yield ids
    } while (cursor !== '0')
  }
}
