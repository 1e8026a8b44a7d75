/** A process of the application. Arguments: the provider's origin, the kind of store, its address. */
import { Pool } from 'pg'
import { createClient } from 'redis'
import { PostgresGrants } from '../../src/postgres.js'
import { RedisGrants } from '../../src/redis.js'
import { serve } from '../processes.js'
import { createStrategy, SECRET } from '../scale/scene.js'
import { accountAt } from './accounts.js'
import type { Accounts } from './accounts.js'

export type WorkerCommands = typeof commands

/** Which accounts need a token: those at the places `from` to before `to`. */
export interface Wanted {
  readonly accounts: Accounts
  readonly from: number
  readonly to: number
}

/** What the process has in memory, in **bytes**. */
export interface Memory {
  readonly heap: number
  readonly resident: number
}

/** How many tokens are wanted at once. */
const AT_ONCE = 32

const [origin = '', kind = '', address = ''] = process.argv.slice(2)
const grants = kind === 'Redis' ? await inRedis() : inPostgres()
const strategy = createStrategy(origin, grants)

async function inRedis(): Promise<RedisGrants> {
  const client = createClient({ url: address })
  client.on('error', (error) => console.error(error))
  await client.connect()
  return new RedisGrants({ client, secret: SECRET })
}

function inPostgres(): PostgresGrants {
  const pool = new Pool({ connectionString: address })
  return new PostgresGrants({ pool, secret: SECRET })
}

const commands = {
  /** Gets a token for each account. Resolves to how long each took, in **milliseconds**. */
  async getTokens({ accounts, from, to }: Wanted): Promise<readonly number[]> {
    const latenciesMs: number[] = []
    let next = from
    const caller = async (): Promise<void> => {
      while (next < to) {
        const account = accountAt(accounts, next++)
        const startedAt = performance.now()
        await strategy.accessToken({ account })
        latenciesMs.push(performance.now() - startedAt)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, caller))
    return latenciesMs
  },

  renewIdle: () => grants.renewIdle({ olderThanDays: 60 }),

  memory(): Memory {
    globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    return { heap: heapUsed, resident: rss }
  },

  cpuMs(): number {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
}

serve(commands)
