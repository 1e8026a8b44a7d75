import type { Clock } from '../../../src/lib/clock.js'
import type { Timeline } from './timeline.js'

/** When all worlds begin, in **milliseconds since the epoch**. */
const BEGINNING = Date.UTC(2026, 0, 1)

/** A process: it has clocks of its own, and can be frozen or killed. */
export interface VirtualProcess {
  readonly name: string
  readonly clock: Clock
  /** Runs `run` when the process can: at once, after it has thawed, or never if it was killed. */
  readonly deliver: (run: () => void) => void
  /** Stops the process. Its timers and what arrives have to wait. */
  readonly freeze: (monotonicStandsStill: boolean) => void
  /** Goes on: what has arrived meanwhile comes first, then the timers that are due. */
  readonly thaw: () => void
  readonly kill: () => void
  /** Changes the time of day by so many **milliseconds**. */
  readonly jump: (ms: number) => void
  readonly isAlive: () => boolean
  readonly isFrozen: () => boolean
}

/** Creates a process. `skewMs` is how far its time of day is ahead. */
export function createProcess(timeline: Timeline, name: string, skewMs = 0): VirtualProcess {
  let state: 'running' | 'frozen' | 'dead' = 'running'
  let skew = skewMs
  let stoodStillSince: number | undefined
  let stoodStillMs = 0
  let arrived: (() => void)[] = []
  let due: (() => void)[] = []

  const monotonic = (): number => (stoodStillSince ?? timeline.time()) - stoodStillMs

  function timer(ms: number, run: () => void): () => void {
    const dueAt = monotonic() + ms
    let isCancelled = false
    const fire = (): void => {
      if (isCancelled || state === 'dead') return
      if (state === 'frozen') due.push(fire)
      else if (monotonic() < dueAt - 0.0005) wait()
      else run()
    }
    const wait = (): void => {
      timeline.after(dueAt - monotonic(), fire)
    }
    wait()
    return () => {
      isCancelled = true
    }
  }

  const process: VirtualProcess = {
    name,
    clock: { now: () => Math.round(BEGINNING + timeline.time() + skew), monotonic, timer },
    isAlive: () => state !== 'dead',
    isFrozen: () => state === 'frozen',

    deliver(run) {
      if (state === 'running') run()
      else if (state === 'frozen') arrived.push(run)
    },

    freeze(standsStill) {
      if (state !== 'running') return
      state = 'frozen'
      if (standsStill) stoodStillSince = timeline.time()
    },

    thaw() {
      if (state !== 'frozen') return
      state = 'running'
      if (stoodStillSince !== undefined) stoodStillMs += timeline.time() - stoodStillSince
      stoodStillSince = undefined
      const all = [...arrived, ...due]
      arrived = []
      due = []
      // Each in an event of its own: the process may be frozen or killed between them.
      for (const run of all) timeline.after(0, () => process.deliver(run))
    },

    kill() {
      state = 'dead'
      arrived = []
      due = []
    },

    jump(ms) {
      skew += ms
    },
  }
  return process
}
