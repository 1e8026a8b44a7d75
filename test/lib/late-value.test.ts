import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { createLateValue } from '../../src/lib/late-value.js'
import type { Failing, LateValue } from '../../src/lib/late-value.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'

interface Numbered {
  readonly number: number
}

let clock: ManualClock
let late: LateValue<Numbered>
/** How each reading so far is to end, oldest first. */
let readings: Reading[]

interface Reading {
  readonly resolve: (value: Numbered) => void
  readonly reject: (error: Error) => void
}

beforeEach(() => {
  clock = createManualClock()
  readings = []
  late = createLateValue<Numbered>({
    read: () => new Promise((resolve, reject) => readings.push({ resolve, reject })),
    keptMs: 100_000,
    pauses: {
      unknown: { firstMs: 1_000, longestMs: 4_000 },
      known: { firstMs: 10_000, longestMs: 40_000 },
    },
    failed: ({ error, ...facts }: Failing) => ({ message: (error as Error).message, ...facts }),
    leastPauseMs: (error) => (error as { pauseMs?: number }).pauseMs,
    clock,
    random: () => 1,
  })
})

/** Needs the value, and lets the reading that this begins fail. */
async function fail(message: string, facts: object = {}): Promise<unknown> {
  const count = readings.length
  const outcome = late.get().catch((error: unknown) => error)
  expect(readings).toHaveLength(count + 1)
  readings.at(-1)?.reject(Object.assign(new Error(message), facts))
  await nextTurn()
  return outcome
}

async function succeed(number: number): Promise<void> {
  const value = late.get()
  readings.at(-1)?.resolve({ number })
  await value
  await nextTurn()
}

describe('a value that is read when it is needed', () => {
  it('is not read before, and then once for all who need it', async () => {
    expect([readings.length, late.known()]).toEqual([0, undefined])
    const needs = Promise.all(Array.from({ length: 100 }, () => late.get()))
    readings[0]?.resolve({ number: 1 })
    expect(new Set(await needs).size).toBe(1)
    expect(await late.get()).toEqual({ number: 1 })
    expect([readings.length, late.known()]).toEqual([1, { number: 1 }])
  })

  it('is not read again after a failure until a pause is over, which doubles up to the longest', async () => {
    const since = clock.now()
    for (const pauseMs of [1_000, 2_000, 4_000, 4_000]) {
      const attempts = readings.length + 1
      expect(await fail('down')).toEqual({ message: 'down', attempts, since, pauseMs })
      clock.advance(pauseMs - 1)
      await expect(late.get()).rejects.toEqual({ message: 'down', attempts, since, pauseMs: 1 })
      expect(readings).toHaveLength(attempts)
      clock.advance(1)
    }
    await succeed(1)
    expect(late.known()).toEqual({ number: 1 })
  })

  it('is not read again before the other side wants to be asked', async () => {
    expect(await fail('busy', { pauseMs: 60_000 })).toMatchObject({ pauseMs: 60_000 })
    clock.advance(59_999)
    await expect(late.get()).rejects.toMatchObject({ pauseMs: 1 })
  })

  it('is read again when it is old, and nobody waits for that', async () => {
    await succeed(1)
    clock.advance(99_999)
    expect(await late.get()).toEqual({ number: 1 })
    expect(readings).toHaveLength(1)
    clock.advance(1)
    expect(await Promise.all([late.get(), late.get()])).toEqual([{ number: 1 }, { number: 1 }])
    expect(readings).toHaveLength(2)
    expect(late.known()).toEqual({ number: 1 })
    await succeed(2)
    expect(await late.get()).toEqual({ number: 2 })
  })

  it('is used on while it cannot be read again, and the pauses are longer', async () => {
    await succeed(1)
    clock.advance(100_000)
    expect(await fail('down')).toEqual({ number: 1 })
    clock.advance(9_999)
    expect(await late.get()).toEqual({ number: 1 })
    expect(readings).toHaveLength(2)
    clock.advance(1)
    expect(await fail('down')).toEqual({ number: 1 })
    clock.advance(20_000)
    await late.get()
    await succeed(2)
    expect(await late.get()).toEqual({ number: 2 })
    clock.advance(99_000)
    await late.get()
    expect(readings).toHaveLength(4)
  })

  it('counts failures anew after a success', async () => {
    await fail('down')
    clock.advance(1_000)
    await succeed(1)
    clock.advance(100_000)
    await fail('down')
    clock.advance(10_000)
    await late.get()
    expect(readings).toHaveLength(4)
  })
})
