/**
 * How much room grants take in Redis and in PostgreSQL, and how many of them 1, 2 and 4 processes renew and read a second.
 * Prints tables, and writes `results.json` beside this file. Fails if a grant was refreshed twice.
 *
 *     npm run bench:capacity -- [--grants 1000000] [--calls 8000] [--processes 1,2,4] [--out folder] [--docs]
 *
 * `--docs` puts the tables into docs/capacity.md (then run Prettier on it).
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fillPage } from '../fill-page.js'
import { killAll } from '../processes.js'
import { capacityTables } from './report.js'
import type { CapacityResults } from './report.js'
import { measureCapacity } from './run.js'

const { values } = parseArgs({
  options: {
    grants: { type: 'string', default: '1000000' },
    /** How many calls are measured for each row. */
    calls: { type: 'string', default: '8000' },
    /** With how many processes, one after the other. */
    processes: { type: 'string', default: '1,2,4' },
    out: { type: 'string', default: dirname(fileURLToPath(import.meta.url)) },
    docs: { type: 'boolean', default: false },
  },
})

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const startedAt = Date.now()
const [load = 0] = loadavg()
const stores = await measureCapacity({
  grants: Number(values.grants),
  calls: Number(values.calls),
  processes: values.processes.split(',').map(Number),
})
const results: CapacityResults = {
  date: new Date(startedAt).toISOString(),
  node: process.version,
  cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  load,
  seconds: (Date.now() - startedAt) / 1000,
  stores,
}
writeFileSync(join(values.out, 'results.json'), `${JSON.stringify(results, null, 1)}\n`)
console.log(capacityTables(results))
if (values.docs) fillPage('docs/capacity.md', capacityTables(results))
process.exit(0)
