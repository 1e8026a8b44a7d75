// Shows in how many worlds each mutant is found out: tsx test/grants/simulation/try-mutants.ts [worlds] [part of a name]
import { MUTANTS, buildMutant } from './mutants.js'
import { runWorlds } from './run-worlds.js'

const [, , worlds = '500', part = ''] = process.argv
for (const mutant of MUTANTS.filter(({ name }) => name.includes(part))) {
  const engine = await buildMutant(mutant)
  const startedAt = Date.now()
  let shown = 'SURVIVED'
  const found = await runWorlds(
    engine,
    mutant.seed ?? 1,
    Number(worlds),
    ({ seed, faults }) => {
      shown = `world ${seed}: ${faults[0]}`
      return true
    },
    mutant.theme,
  )
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  console.log(`${mutant.rule} ${mutant.name}: ${found.worlds} worlds, ${seconds} s, ${shown}`)
}
