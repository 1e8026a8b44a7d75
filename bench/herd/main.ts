/**
 * Shows what happens when the tokens of many people are due, or have expired, within a second, at a provider that
 * answers only so many refreshes in that time. Exits with 1 when a promise is broken.
 *
 *     npm run bench:herd -- --grants 10000 --rate 300
 */
import { parseArgs } from 'node:util'
import { killAll } from '../processes.js'
import { runHerd, SCENARIOS, STORES } from './scenario.js'
import type { Outcome } from './scenario.js'

const { values } = parseArgs({
  options: {
    grants: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '300' },
    store: { type: 'string' },
    scenario: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const outcomes: Outcome[] = []
for (const store of STORES.filter((one) => values.store === undefined || one === values.store)) {
  for (const scenario of SCENARIOS) {
    if (values.scenario !== undefined && scenario.name !== values.scenario) continue
    const settings = { people: Number(values.grants), rate: Number(values.rate) }
    const outcome = await runHerd({ ...settings, store, scenario })
    outcomes.push(outcome)
    if (!values.json) print(outcome)
  }
}
if (values.json) console.log(JSON.stringify(outcomes))
process.exit(outcomes.every(({ faults }) => faults.length === 0) ? 0 : 1)

function print({ title, figures, faults }: Outcome): void {
  console.log(`\n${title}`)
  for (const [name, figure] of Object.entries(figures))
    console.log(`  ${name.padEnd(46)} ${figure}`)
  console.log(faults.length === 0 ? '  all promises kept' : `  BROKEN: ${faults.join('; ')}`)
}
