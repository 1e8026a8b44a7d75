// Runs many worlds: tsx test/grants/simulation/run.ts --worlds 100000 --seed 1. With --world 17, one that tells all.
import { parseArgs } from 'node:util'
import * as engine from './engine.js'
import { runWorlds } from './run-worlds.js'
import { THEMES } from './themes.js'
import { runWorld } from './world.js'

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    world: { type: 'string' },
    theme: { type: 'string' },
  },
})

const theme = THEMES.find((one) => one === values.theme)
if (values.world !== undefined) {
  const report = await runWorld(engine, Number(values.world), theme, true)
  console.log(report.trace.join('\n'))
  console.log(report.faults)
} else {
  const startedAt = Date.now()
  const found = await runWorlds(
    engine,
    Number(values.seed),
    Number(values.worlds),
    (report) => {
      console.log(`World ${report.seed}:\n  ${report.faults.join('\n  ')}`)
      return false
    },
    theme,
  )
  console.log(
    `${found.worlds} worlds, ${found.faulty} with faults, ${Math.round((Date.now() - startedAt) / 1000)} s`,
  )
  console.log(
    `${found.requests} refreshes, ${found.tokens} tokens handed out; lost or used twice because`,
  )
  for (const [cause, count] of found.causes) console.log(`  ${count} ${cause}`)
  if (found.faulty > 0) process.exitCode = 1
}
