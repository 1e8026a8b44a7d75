import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { forEachAtOnce } from '../../src/lib/for-each-at-once.js'
import { createGate } from '../support/gate.js'

describe('work for each of many', () => {
  it('is done for so many at once as it may be, and a slow one holds up no other', async () => {
    const slow = createGate()
    const done: number[] = []
    let running = 0
    let most = 0
    const all = forEachAtOnce([1, 2, 3, 4, 5, 6], 3, async (item) => {
      most = Math.max(most, ++running)
      await (item === 1 ? slow.pass() : setImmediate())
      running -= 1
      done.push(item)
      if (done.length === 5) slow.open()
    })
    await all
    expect(done).toEqual([2, 3, 4, 5, 6, 1])
    expect(most).toBe(3)
  })

  it('begins with nothing after a failure, and ends with what it has begun', async () => {
    const begun: number[] = []
    const done: number[] = []
    const all = forEachAtOnce([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item)
      await Promise.resolve()
      if (item === 1) throw new Error('the first one')
      await Promise.resolve()
      done.push(item)
    })
    await expect(all).rejects.toThrow('the first one')
    expect(done).toEqual(begun.slice(1))
    expect(begun).not.toContain(5)
  })

  it('ends with what it has begun if there are no further items', async () => {
    const done: number[] = []
    function* items(): Generator<number> {
      yield 1
      throw new Error('cannot be read')
    }
    const all = forEachAtOnce(items(), 2, async (item) => {
      await Promise.resolve()
      done.push(item)
    })
    await expect(all).rejects.toThrow('cannot be read')
    expect(done).toEqual([1])
  })
})
