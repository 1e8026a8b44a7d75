/**
 * What it costs to find, end, erase, renew and clean up when PostgreSQL has many grants, and whether somebody else has to
 * wait meanwhile. Exits with 1 if a statement reads a table from its beginning to its end.
 *
 *     npm run bench:scale -- --accounts 50000 --sample 500
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Pool } from 'pg'
import { createPostgresStore } from '../../src/grants/postgres-store.js'
import { readPostgresPool } from '../../src/grants/postgres-pool.js'
import type { AuthorizationCodeStrategy } from '../../src/index.js'
import { PostgresGrants } from '../../src/postgres.js'
import { createManualClock } from '../../test/support/manual-clock.js'
import { startPostgresProcess } from '../../test/support/postgres-process.js'
import { findPostgres } from '../postgres-program.js'
import { killAll, startProcess } from '../processes.js'
import type { Remote } from '../processes.js'
import { startFastProvider } from './fast-provider.js'
import type { FastProvider } from './fast-provider.js'
import { populate } from './population.js'
import { explainAll, recordStatements } from './recording-pool.js'
import { createStrategy, NAME, ownerOfGrants, SECRET } from './scene.js'
import type { TrafficCommands } from './traffic.js'

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '50000' },
    /** How many accounts are listed, logged out and erased. */
    sample: { type: 'string', default: '500' },
    /** How many grants nobody has used for long. */
    idle: { type: 'string', default: '2000' },
    /** How many rows have expired. */
    expired: { type: 'string', default: '20000' },
  },
})
const accounts = Number(values.accounts)
const sample = Number(values.sample)
const GRANTS_OF_EACH = 2

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exit((await run()) ? 0 : 1)

async function run(): Promise<boolean> {
  const server = await startPostgresProcess(findPostgres())
  const provider = await startFastProvider()
  const pool = server.connect()
  const recording = recordStatements(pool)
  const grants = new PostgresGrants({ pool: recording, secret: SECRET })
  await grants.setUp()
  const strategy = createStrategy(provider.origin, grants)
  await measure('filling the tables', accounts * GRANTS_OF_EACH, 'grant', () =>
    populate(
      pool,
      { accounts, grantsOfEach: GRANTS_OF_EACH, idle: Number(values.idle) },
      ownerOfGrants(provider.origin),
    ),
  )
  const traffic = startProcess<TrafficCommands>('scale/traffic.ts', [server.url])
  await traffic.ask('latencies', undefined)
  await measure('nothing, for five seconds', 1, 'time', () => sleep(5_000), traffic)
  await workOnAccounts(strategy, grants, traffic)
  await renew(grants, provider, traffic)
  await importSome(grants, traffic)
  await cleanUp(pool, recording, traffic)
  await traffic.stop()

  const plans = await explainAll(pool, recording)
  const slow = plans.filter(({ usesIndex }) => !usesIndex)
  console.log(`\n${plans.length} statements, ${slow.length} of them without an index`)
  for (const { statement, usesIndex } of plans)
    console.log(`  ${usesIndex ? 'index' : 'NO INDEX'}  ${statement}`)
  for (const { statement, plan } of slow) console.log(`\n${statement}\n${plan}`)
  await server.close()
  await provider.close()
  return slow.length === 0 && provider.counts.reused === 0
}

/** Each person is somebody else, so that nothing was read before. */
async function workOnAccounts(
  strategy: AuthorizationCodeStrategy,
  grants: PostgresGrants,
  traffic: Remote<TrafficCommands>,
): Promise<void> {
  const step = Math.floor(accounts / (3 * sample))
  const person = (number: number): string => `account-${(number * step) % accounts}`
  const each = async (offset: number, work: (account: string) => Promise<number>) => {
    let grantCount = 0
    for (let number = 0; number < sample; number++)
      grantCount += await work(person(offset * sample + number))
    if (grantCount !== sample * GRANTS_OF_EACH) throw new Error(`${grantCount} grants were found.`)
  }
  await measure(
    'listGrants',
    sample,
    'account',
    () => each(0, async (account) => (await strategy.listGrants(account)).length),
    traffic,
  )
  await measure(
    'log out everywhere: endGrant({ account })',
    sample,
    'account',
    () => each(1, (account) => strategy.endGrant({ account })),
    traffic,
  )
  await measure(
    'eraseAccount',
    sample,
    'account',
    () => each(2, (account) => grants.eraseAccount(account)),
    traffic,
  )
}

async function renew(
  grants: PostgresGrants,
  { counts }: FastProvider,
  traffic: Remote<TrafficCommands>,
): Promise<void> {
  const total = accounts * GRANTS_OF_EACH
  const heapBefore = heap()
  let heapAfter = 0
  await measure(
    `renewIdle: looking at ${total} grants`,
    total,
    'grant',
    async () => {
      const renewed = await grants.renewIdle({ olderThanDays: 60 })
      heapAfter = heap()
      console.log('\n', renewed, `${counts.refreshed} refreshes`)
    },
    traffic,
  )
  console.log(`  heap before ${heapBefore} MiB, after ${heapAfter} MiB`)
}

async function importSome(grants: PostgresGrants, traffic: Remote<TrafficCommands>): Promise<void> {
  const rows = Array.from({ length: 2 * sample }, (_, number) => ({
    strategy: NAME,
    account: `imported-${number}`,
    refreshToken: `imported-${number}.1`,
  }))
  await measure(
    'import',
    rows.length,
    'grant',
    async () => {
      await grants.import(rows)
    },
    traffic,
  )
}

async function cleanUp(
  pool: Pool,
  recording: ReturnType<typeof recordStatements>,
  traffic: Remote<TrafficCommands>,
): Promise<void> {
  const expired = Number(values.expired)
  await pool.query(
    `INSERT INTO oauth2_records SELECT 'old/' || n, n, repeat(md5(n::text), 30), now() - n * interval '1 second'
     FROM generate_series(1, $1) AS n`,
    [expired],
  )
  const clock = createManualClock()
  const store = createPostgresStore({
    pool: readPostgresPool(recording, 'pool'),
    schema: undefined,
    queryTimeoutMs: 30_000,
    clock,
  })
  clock.advance(60_000)
  await measure(
    'deleting expired rows',
    expired,
    'row',
    async () => {
      await store.link('name', 'id', 1_000_000)
      const left = "SELECT 1 FROM oauth2_records WHERE id LIKE 'old/%' LIMIT 1"
      while ((await pool.query(left)).rows.length > 0) await sleep(20)
    },
    traffic,
  )
}

function heap(): number {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().heapUsed / 2 ** 20)
}

/** Prints how long it took, and how long the traffic had to wait meanwhile. */
async function measure(
  what: string,
  count: number,
  unit: string,
  work: () => Promise<void>,
  traffic?: Remote<TrafficCommands>,
): Promise<void> {
  await traffic?.ask('latencies', undefined)
  const startedAt = performance.now()
  await work()
  const ms = performance.now() - startedAt
  console.log(`\n${what}`)
  console.log(`  ${(ms / 1000).toFixed(1)} s, ${(ms / count).toFixed(3)} ms per ${unit}`)
  if (traffic === undefined) return
  const { calls, median, worst } = await traffic.ask('latencies', undefined)
  console.log(
    `  others meanwhile: ${calls} calls, median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`,
  )
}
