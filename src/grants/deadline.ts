import type { Clock } from '../lib/clock.js'

/** A moment at which something is done, unless it is put off or cancelled. */
export interface Deadline {
  readonly restart: () => void
  readonly cancel: () => void
}

/** Calls `run` once, `ms` **milliseconds** after the last restart. */
export function createDeadline(clock: Clock, ms: number, run: () => void): Deadline {
  const start = (): (() => void) => clock.timer(ms, run, { background: true })
  let cancel = start()
  return {
    restart() {
      cancel()
      cancel = start()
    },
    cancel: () => cancel(),
  }
}
