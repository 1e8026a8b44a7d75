import { systemClock, within } from './clock.js'

/** Into how many parts a time limit is divided. */
const PARTS = 10

/**
 * The outcome of `work`, or the error `late` after `ms` **milliseconds**. Time in which this process was busy hardly
 * counts: the limit is divided into parts, and a part that took longer than it should still counts as one. `work` goes on.
 */
export async function withinIdleTime<Value>(
  ms: number,
  work: Promise<Value>,
  late: () => Error,
): Promise<Value> {
  for (let part = 0; part < PARTS; part++) {
    const outcome = await within<Value | typeof LATE>(systemClock, ms / PARTS, work, () => LATE)
    if (outcome !== LATE) return outcome
  }
  throw late()
}

const LATE = Symbol('late')
