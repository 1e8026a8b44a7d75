import type { Clock } from '../lib/clock.js'
import { limited } from './call-store.js'

/** One piece of work in a {@link SessionQueue}. */
export interface Turn {
  /** Whether the time limit is over. The caller has got an error by then, and the work after this one may have begun. */
  readonly isOver: boolean
}

/** Does the work on each session one after the other. The work on different sessions is done at the same time. */
export interface SessionQueue {
  /**
   * Resolves to the outcome of `work`. It begins when all earlier work on this session is done, or is over its limit.
   * Both waiting and working count towards the limit, so that a store that never answers makes nobody wait for longer.
   *
   * Work that is over its limit is begun and continued all the same: `work` must look at `turn` before it writes
   * anything that is no longer wanted then.
   *
   * @param what for the error's message, such as "Writing the session"
   * @throws {StorageError} if `work` is not done within the limit
   */
  run<Value>(id: string, what: string, work: (turn: Turn) => Promise<Value>): Promise<Value>
}

/**
 * Creates a queue for each session. Memory is used only while work is waiting or being done.
 *
 * @param limits.timeoutMs how long one piece of work may wait and take, in **milliseconds**
 */
export function createSessionQueue(limits: {
  readonly timeoutMs: number
  readonly clock: Clock
}): SessionQueue {
  /** For each session that has work: resolves when the last of it is done or over. */
  const ends = new Map<string, Promise<void>>()

  return {
    async run(id, what, work) {
      const turn = { isOver: false }
      const before = ends.get(id)
      // Without earlier work, it begins now, as a store's own method would.
      const done = before === undefined ? work(turn) : before.then(() => work(turn))
      const outcome = limited(what, done, limits).finally(() => {
        turn.isOver = true
      })
      // Earlier work is over its limit before this is: nothing later can overtake it.
      const end = Promise.allSettled([outcome]).then(() => {
        if (ends.get(id) === end) ends.delete(id)
      })
      ends.set(id, end)
      return outcome
    },
  }
}
