import { strategyName } from '../../src/grants/index-names.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import { ACCOUNT_LIFE_MS } from '../../src/grants/account-grant-id.js'
import { startRedis } from '../../test/support/redis.js'
import { until } from '../../test/support/until.js'
import { each } from './each.js'
import type { StoreServer } from './store-server.js'

/** How many grants are written at once. */
const AT_ONCE = 100

const PREFIX = 'oauth2:'

/** A Redis that writes each command into its append-only file, and that onto the disk once a second. */
export async function startRedisServer(strategy: string): Promise<StoreServer> {
  const server = await startRedis()
  const client = await server.connect()
  const store = createRedisStore({
    // Without the limit of time that each command of the library has: a million grants are four million commands.
    client: readRedisClient({ runCommand: (args) => client.sendCommand([...args]) }, 'client'),
    prefix: PREFIX,
    commandTimeoutMs: 60_000,
  })

  async function figures(section: string): Promise<(name: string) => number> {
    const info = await client.info(section)
    return (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
  }

  /** A file that has been written anew has what is there, and not how it came about. */
  async function rewriteFile(): Promise<void> {
    const isIdle = async (): Promise<boolean> => {
      const figure = await figures('persistence')
      return figure('aof_rewrite_in_progress') + figure('aof_rewrite_scheduled') === 0
    }
    await until(isIdle)
    await client.sendCommand(['BGREWRITEAOF'])
    await until(isIdle)
  }

  async function listSize(): Promise<number> {
    const key = `${PREFIX}index:${strategyName(strategy)}`
    return (await client.memoryUsage(key, { SAMPLES: 0 })) ?? 0
  }

  return {
    kind: 'Redis',
    address: server.url,
    async fill(batches) {
      const rows = each(batches)
      const writeNext = async (): Promise<void> => {
        for (const { key, version, value, id, names } of rows) {
          await store.compareAndSet(key, undefined, { version, value }, ACCOUNT_LIFE_MS)
          await Promise.all(names.map((name) => store.link(name, id, 2 * ACCOUNT_LIFE_MS)))
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, writeNext))
      await rewriteFile()
    },
    async sizes() {
      const memory = await figures('memory')
      const persistence = await figures('persistence')
      return [
        { what: 'memory (`used_memory`)', bytes: memory('used_memory') },
        { what: 'of that, the list of all grants', bytes: await listSize() },
        { what: 'memory of the process (`used_memory_rss`)', bytes: memory('used_memory_rss') },
        { what: 'append-only file, rewritten', bytes: persistence('aof_current_size') },
      ]
    },
    async cpuMs() {
      const cpu = await figures('cpu')
      return 1000 * (cpu('used_cpu_user') + cpu('used_cpu_sys'))
    },
    stop: () => server.stop(),
  }
}
