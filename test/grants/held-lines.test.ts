import { describe, expect, it } from '@jest/globals'
import type { HeldLine } from '../../src/grants/grant-record.js'
import { hasHeldLines, heldRecord } from '../../src/grants/new-record.js'
import { restored } from '../../src/grants/restored-record.js'

const GRANT = { strategy: 's', of: { names: [] }, lifetimeMs: 1000 }
const GENERATIONS = [1, 2]
const NUMBERS = [[1], [2], [2, 1]]

/** Every way to hold one or two lines, refused or not. */
function* allLines(): Generator<readonly HeldLine[]> {
  const tokens = { accessToken: 'a', tokenType: 'bearer' }
  for (const numbers of NUMBERS) {
    for (const generation of GENERATIONS) {
      for (const refused of [undefined, 'invalid_grant']) {
        yield numbers.map((number) => ({ number, generation, tokens, refused }))
      }
    }
  }
}

describe('lines that a session holds', () => {
  it('are left alone exactly if the record has all of them, and would be the same with them', () => {
    let leftAlone = 0
    for (const known of allLines()) {
      const record = heldRecord('id', { ...GRANT, lines: known }, undefined, 0)
      for (const held of allLines()) {
        const next = restored(record, heldRecord('id', { ...GRANT, lines: held }, record, 0))
        const hasAll = held.every(({ number }) => known.some((line) => line.number === number))
        expect(hasHeldLines(record, held)).toBe(hasAll && next === record)
        if (hasHeldLines(record, held)) leftAlone++
      }
    }
    expect(leftAlone).toBeGreaterThan(20)
  })
})
