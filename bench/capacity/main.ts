/**
 * How much room grants take in Redis and in PostgreSQL, and how many of them 1, 2 and 4 processes renew a second. Prints a
 * table, and writes `results.json` beside this file; `--docs` puts the table into docs/capacity.md.
 *
 *     npm run bench:capacity -- --grants 1000000 --renewals 8000 --docs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { REPOSITORY } from '../../test/support/repository.js'
import { killAll } from '../processes.js'
import { capacityTable } from './report.js'
import type { CapacityResults } from './report.js'
import { measureCapacity } from './run.js'

const { values } = parseArgs({
  options: {
    grants: { type: 'string', default: '1000000' },
    renewals: { type: 'string', default: '8000' },
    docs: { type: 'boolean', default: false },
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
const table = capacityTable(results)
console.log(table)
if (values.docs) {
  const folder = dirname(fileURLToPath(import.meta.url))
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, null, 1)}\n`)
  const page = join(REPOSITORY, 'docs', 'capacity.md')
  const [before = '', , after = ''] = readFileSync(page, 'utf8').split(
    /(?<=<!-- bench -->)|(?=<!-- \/bench -->)/,
  )
  writeFileSync(page, `${before}\n\n${table}\n\n${after}`)
}
process.exit(0)
