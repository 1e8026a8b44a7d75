/** A process that needs tokens which have expired. Arguments: the provider's origin, the kind of store, its address. */
import { Pool } from 'pg'
import { PostgresGrants } from '../../src/postgres.js'
import { RedisGrants } from '../../src/redis.js'
import { connectRedis } from '../../test/support/redis-server.js'
import { serve } from '../processes.js'
import { createStrategy, SECRET } from '../scale/scene.js'

export type WorkerCommands = typeof commands

/** The accounts from one number to before another. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** What one worker has done: how long each renewal took, in milliseconds, and the heap after it, in bytes. */
export interface Renewed {
  readonly latenciesMs: readonly number[]
  readonly heap: number
}

/** How many tokens are wanted at once. */
const AT_ONCE = 32

const [origin = '', kind = '', address = ''] = process.argv.slice(2)
const grants =
  kind === 'Redis'
    ? new RedisGrants({ client: await connectRedis(address), secret: SECRET })
    : new PostgresGrants({ pool: new Pool({ connectionString: address, max: 10 }), secret: SECRET })
const strategy = createStrategy(origin, grants)

const commands = {
  async renew({ from, to }: Range): Promise<Renewed> {
    const latenciesMs: number[] = []
    let next = from
    const caller = async (): Promise<void> => {
      while (next < to) {
        const account = `account-${next++}`
        const startedAt = performance.now()
        await strategy.accessToken({ account })
        latenciesMs.push(performance.now() - startedAt)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, caller))
    globalThis.gc?.()
    return { latenciesMs, heap: process.memoryUsage().heapUsed }
  },
}

serve(commands)
