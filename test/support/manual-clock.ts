import type { Clock } from '../../src/lib/clock.js'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time forward, in **milliseconds**, and runs the timers that are due, in their order. */
  advance(ms: number): void
}

/** Creates a clock that shows 0. */
export function createManualClock(): ManualClock {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => now,
    monotonic: () => now,
    timer(ms, run) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      now += ms
      const due = [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)
      for (const timer of due) {
        timers.delete(timer)
        timer.run()
      }
    },
  }
}
