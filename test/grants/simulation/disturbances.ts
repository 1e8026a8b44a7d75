import type { Timeline } from './timeline.js'
import type { VirtualProcess } from './virtual-clock.js'

/** What has kept processes from the store: freezes, partitions, and outages of the store itself. */
export interface Disturbances {
  /** Without a process, all are disturbed. @returns ends it */
  readonly begin: (process?: VirtualProcess, isFreeze?: boolean) => () => void
  /**
   * Whether a process could not keep its mark between two moments, although the store could be reached by others: it
   * had no {@link NECESSARY_MS} without a disturbance.
   */
  readonly excuse: (process: VirtualProcess, from: number, to: number) => boolean
  /** For how many **milliseconds** a process was frozen. */
  readonly frozenMs: (process: VirtualProcess, from: number, to: number) => number
  /** For how many **milliseconds** a process was disturbed. */
  readonly totalMs: (process: VirtualProcess | undefined, from: number, to: number) => number
}

/**
 * What a process needs to show itself again, in **milliseconds**: the wait for the next change of the mark, a lost call,
 * a look and a write.
 */
const NECESSARY_MS = 3_500

/** The shortest disturbance that can be a cause, in **milliseconds**. */
const SHORTEST_MS = 4_000

interface Interval {
  readonly process: VirtualProcess | undefined
  readonly isFreeze: boolean
  readonly from: number
  to: number
}

/** Creates {@link Disturbances}. */
export function createDisturbances(timeline: Timeline): Disturbances {
  const intervals: Interval[] = []

  function within(from: number, to: number): Interval[] {
    return intervals
      .filter((one) => one.to > from && one.from < to)
      .map((one) => ({ ...one, from: Math.max(one.from, from), to: Math.min(one.to, to) }))
      .sort((a, b) => a.from - b.from)
  }

  function totalOf(some: readonly Interval[]): number {
    let total = 0
    let until = -Infinity
    for (const { from, to } of some) {
      total += Math.max(0, to - Math.max(from, until))
      until = Math.max(until, to)
    }
    return total
  }

  function longestGap(some: readonly Interval[], from: number, to: number): number {
    let longest = 0
    let until = from
    for (const one of [...some, { from: to, to }]) {
      longest = Math.max(longest, one.from - until)
      until = Math.max(until, one.to)
    }
    return longest
  }

  return {
    begin(process, isFreeze = false) {
      const interval = { process, isFreeze, from: timeline.time(), to: Infinity }
      intervals.push(interval)
      return () => {
        interval.to = timeline.time()
      }
    },

    excuse(process, from, to) {
      const all = within(from, to).filter(
        (one) => one.process === undefined || one.process === process,
      )
      const own = all.filter((one) => one.process === process)
      return totalOf(own) >= SHORTEST_MS && longestGap(all, from, to) < NECESSARY_MS
    },

    frozenMs: (process, from, to) =>
      totalOf(within(from, to).filter((one) => one.process === process && one.isFreeze)),

    totalMs: (process, from, to) =>
      totalOf(
        within(from, to).filter((one) => one.process === process || one.process === undefined),
      ),
  }
}
