import type { Clock } from '../../src/lib/clock.js'

/** A clock that stands still until the test moves it. */
export interface ManualClock extends Clock {
  /** Moves it forward by **milliseconds**, and calls whatever is due, in order. */
  advance(ms: number): void
}

/** Creates a clock. Its two times start at different moments, so that one cannot be taken for the other. */
export function createManualClock(): ManualClock {
  let passedMs = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => 1_800_000_000_000 + passedMs,
    monotonic: () => 5_000 + passedMs,
    timer(ms, run) {
      const timer = { at: passedMs + ms, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      const end = passedMs + ms
      const isDue = ({ at }: { readonly at: number }): boolean => at <= end
      for (;;) {
        const [next] = [...timers].filter(isDue).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        timers.delete(next)
        passedMs = Math.max(passedMs, next.at)
        next.run()
      }
      passedMs = end
    },
  }
}
