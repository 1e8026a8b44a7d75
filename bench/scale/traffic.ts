/** Somebody else who uses the same tables all the time, in a process and with a connection of their own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { readPostgresPool } from '../../src/grants/postgres-pool.js'
import { createPostgresStore } from '../../src/grants/postgres-store.js'
import { randomId } from '../../src/lib/random-id.js'
import { serve } from '../processes.js'

export type TrafficCommands = typeof commands

/** How long calls of the store took, in milliseconds. */
export interface Latencies {
  readonly calls: number
  readonly median: number
  readonly worst: number
}

/** Between two calls, in milliseconds. */
const PAUSE_MS = 2

const DAY_MS = 24 * 60 * 60 * 1000

const commands = {
  /** What was seen since the last time this was asked. */
  latencies(): Latencies {
    const sorted = seen.splice(0).sort((one, other) => one - other)
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
    return { calls: sorted.length, median: at(0.5), worst: at(1) }
  },
}

const seen: number[] = []
const [databaseURL] = process.argv.slice(2)
const store = createPostgresStore({
  pool: readPostgresPool(new Pool({ connectionString: databaseURL, max: 1 }), 'pool'),
  schema: undefined,
  queryTimeoutMs: 30_000,
})

async function timed<Value>(work: () => Promise<Value>): Promise<Value> {
  const startedAt = performance.now()
  const value = await work()
  seen.push(performance.now() - startedAt)
  await sleep(PAUSE_MS)
  return value
}

/** Reads a record and changes it, again and again, as a renewal does. */
async function run(): Promise<never> {
  for (;;) {
    const id = `grant/traffic-${Math.floor(Math.random() * 100)}`
    const found = await timed(() => store.get(id))
    const record = { version: randomId(), value: found?.value ?? 'a sealed record'.repeat(80) }
    await timed(() => store.compareAndSet(id, found?.version, record, DAY_MS))
  }
}

serve(commands)
await run()
