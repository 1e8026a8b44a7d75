import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createSortedTexts } from '../../src/lib/sorted-texts.js'

describe('sorted texts', () => {
  it('have the order of a sorted list whatever was added and removed, from any text on', () => {
    const text = fc.integer({ min: 0, max: 3000 }).map(String)
    const changes = fc.array(text, { maxLength: 4000, size: 'max' })
    fc.assert(
      fc.property(changes, fc.option(text, { nil: undefined }), (toggled, from) => {
        const texts = createSortedTexts()
        const model = new Set<string>()
        for (const one of toggled) {
          if (model.delete(one)) texts.remove(one)
          else {
            texts.add(one)
            model.add(one)
          }
        }
        const expected = [...model].sort().filter((one) => from === undefined || one > from)
        expect([...texts.after(from)]).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})
