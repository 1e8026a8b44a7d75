import { setTimeout } from 'node:timers/promises'

/**
 * For long work in the background, which waits between its parts by calling this: for as long as the event loop was busy since
 * the last time, so that at least half of the time is left for others. A promise that is settled already would not do:
 * Node.js looks at no connection before it.
 *
 * One round of the event loop would not do either. A request needs several rounds until it is answered, and would wait for
 * one part of the work in each of them.
 */
export type LetOthersRun = () => Promise<void>

/** Begins to measure. One for each piece of work. */
export function createLetOthersRun(): LetOthersRun {
  let since = performance.eventLoopUtilization()
  return async () => {
    const { active } = performance.eventLoopUtilization(since)
    await setTimeout(active)
    since = performance.eventLoopUtilization()
  }
}
