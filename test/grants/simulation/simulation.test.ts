import { describe, expect, it } from '@jest/globals'
import * as engine from './engine.js'
import { MUTANTS, buildMutant } from './mutants.js'
import { runWorlds } from './run-worlds.js'
import { THEMES } from './themes.js'
import type { WorldReport } from './world.js'

/** How many worlds with faults it takes at the most to find out that a rule is missing. */
const MAXIMUM_WORLDS = 1_000

describe('the simulation', () => {
  it('finds no login lost, no refresh token used twice and no grant revived without a cause', async () => {
    const faulty: WorldReport[] = []
    const { worlds, tokens } = await runWorlds(engine, 1, 200, (report) => {
      faulty.push(report)
      return false
    })
    expect(faulty.map(({ seed, faults }) => ({ seed, faults }))).toEqual([])
    expect(worlds).toBe(200)
    expect(tokens).toBeGreaterThan(worlds)
  })

  it.each(THEMES)('finds none in worlds with %s', async (theme) => {
    const faulty: WorldReport[] = []
    await runWorlds(
      engine,
      1,
      25,
      (report) => {
        faulty.push(report)
        return false
      },
      theme,
    )
    expect(faulty.map(({ seed, faults }) => ({ seed, faults }))).toEqual([])
  })

  it.each(MUTANTS)(
    'finds out an engine that violates rule $rule: it $name',
    async (mutant) => {
      const mutated = await buildMutant(mutant)
      const { seed = 1, theme } = mutant
      const { faulty } = await runWorlds(mutated, seed, MAXIMUM_WORLDS, () => true, theme)
      expect(faulty).toBeGreaterThan(0)
    },
    120_000,
  )
})
