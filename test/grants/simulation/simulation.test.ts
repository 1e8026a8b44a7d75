import { describe, expect, it, jest } from '@jest/globals'
import * as engine from './engine.js'
import { MUTANTS, buildMutant } from './mutants.js'
import { runWorlds } from './run-worlds.js'
import { THEMES } from './themes.js'
import type { WorldReport } from './world.js'

// Half a minute is not enough for a hundred worlds on a busy machine.
jest.setTimeout(120_000)

/** The mutants whose world is known. */
const SHOWN = MUTANTS.flatMap((mutant) =>
  mutant.seed === undefined ? [] : [{ ...mutant, seed: mutant.seed }],
)

describe('the simulation', () => {
  it('finds no login lost, no refresh token used twice and no grant revived without a cause', async () => {
    const faulty: WorldReport[] = []
    const { worlds, tokens } = await runWorlds(engine, 1, 100, (report) => {
      faulty.push(report)
      return false
    })
    expect(faulty.map(({ seed, faults }) => ({ seed, faults }))).toEqual([])
    expect(worlds).toBe(100)
    expect(tokens).toBeGreaterThan(worlds)
  })

  it.each(THEMES)('finds none in worlds with %s', async (theme) => {
    const faulty: WorldReport[] = []
    await runWorlds(
      engine,
      1,
      5,
      (report) => {
        faulty.push(report)
        return false
      },
      theme,
    )
    expect(faulty.map(({ seed, faults }) => ({ seed, faults }))).toEqual([])
  })

  it('has a mutant for each of the nine rules', () => {
    const rules = new Set(SHOWN.map(({ rule }) => rule))
    expect([...rules].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it.each(SHOWN)('finds out an engine that violates rule $rule: it $name', async (mutant) => {
    const { seed, theme } = mutant
    const mutated = await buildMutant(mutant)
    const { faulty } = await runWorlds(mutated, seed, 1, () => true, theme)
    expect(faulty).toBeGreaterThan(0)
    // The engine as it is passes in the same worlds.
    const honest = await runWorlds(engine, seed, 1, () => true, theme)
    expect(honest.faulty).toBe(0)
  })
})
