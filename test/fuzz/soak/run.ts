// Attacks an application for a while: npm run fuzz -- --minutes 10 --connections 8 --mode memory --seed 1
import { parseArgs } from 'node:util'
import { FAULTS, MODES } from './messages.js'
import { reportText } from './report.js'
import { runSoak } from './soak.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    /** Instead of minutes. */
    seconds: { type: 'string' },
    connections: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    mode: { type: 'string', default: 'session' },
    /** Breaks the application on purpose. */
    fault: { type: 'string' },
  },
})

const report = await runSoak({
  seconds: Number(values.seconds ?? Number(values.minutes) * 60),
  connections: Number(values.connections),
  seed: Number(values.seed),
  mode: oneOf(MODES, values.mode),
  fault: values.fault === undefined ? undefined : oneOf(FAULTS, values.fault),
})
console.log(reportText(report))
if (report.findings.violations.length > 0) process.exitCode = 1

function oneOf<Name extends string>(names: readonly Name[], given: string): Name {
  const name = names.find((one) => one === given)
  if (name === undefined) throw new Error(`${given} is none of ${names.join(', ')}`)
  return name
}
