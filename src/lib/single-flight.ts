/**
 * Runs `work` for `key`. If a run for that key is in progress, starts none and returns the outcome of that run.
 */
export type SingleFlight<Value> = (key: string, work: () => Promise<Value>) => Promise<Value>

/**
 * Creates a group of single flights, independent of others. Outcomes are not cached: once a run has succeeded or
 * failed, the next call starts a new one. `work` should therefore check first whether it is still needed.
 */
export function createSingleFlight<Value>(): SingleFlight<Value> {
  const running = new Map<string, Promise<Value>>()

  return (key, work) => {
    const joined = running.get(key)
    if (joined !== undefined) return joined

    // `then` delays `work` until the entry below exists. Otherwise a `work` that throws synchronously would run
    // `finally` first and leave its rejection in the map.
    const run = Promise.resolve()
      .then(work)
      .finally(() => running.delete(key))
    running.set(key, run)
    return run
  }
}
