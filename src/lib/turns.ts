/** Lets only so many things be under way at once. The others wait for their turn, and can give up waiting. */
export interface Turns {
  /**
   * Calls `begin` when something may begin: at once, or when it is its turn. Those that are urgent go before others.
   * Whoever has begun calls {@link done} once.
   *
   * @returns gives up waiting, which does nothing after `begin`; `undefined` if it has begun at once
   */
  readonly request: (urgent: boolean, begin: (waited: boolean) => void) => (() => void) | undefined
  /** Gives the turn to the one who has waited longest. */
  readonly done: () => void
}

/** Creates {@link Turns} for `maximum` things at once. */
export function createTurns(maximum: number): Turns {
  const urgentWaiters = new Set<() => void>()
  const otherWaiters = new Set<() => void>()
  let free = maximum

  return {
    request(urgent, begin) {
      if (free > 0) {
        free -= 1
        begin(false)
        return undefined
      }
      const waiters = urgent ? urgentWaiters : otherWaiters
      const waiter = (): void => begin(true)
      waiters.add(waiter)
      return () => void waiters.delete(waiter)
    },

    done() {
      const waiters = urgentWaiters.size > 0 ? urgentWaiters : otherWaiters
      const [next] = waiters
      if (next === undefined) {
        free += 1
        return
      }
      waiters.delete(next)
      next()
    },
  }
}
