/**
 * How much room grants take in Redis and in PostgreSQL, and how many of them 1, 2 and 4 processes renew a second. Prints a
 * table.
 *
 *     npm run bench:capacity -- --grants 1000000 --renewals 8000
 */
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { killAll } from '../processes.js'
import { capacityTable } from './report.js'
import type { CapacityResults } from './report.js'
import { measureCapacity } from './run.js'

const { values } = parseArgs({
  options: {
    grants: { type: 'string', default: '1000000' },
    renewals: { type: 'string', default: '8000' },
  },
})

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const [load = 0] = loadavg()
const results: CapacityResults = {
  date: new Date().toISOString(),
  node: process.version,
  cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  load,
  stores: await measureCapacity({
    grants: Number(values.grants),
    renewals: Number(values.renewals),
  }),
}
console.log(capacityTable(results))
process.exit(0)
