/** Runs `work` for `key`, unless a run for that key is under way: then shares its outcome. */
export type SingleFlight<Value> = (key: string, work: () => Promise<Value>) => Promise<Value>

/**
 * Creates an independent single-flight group. Nothing is cached: once a run settles, well or badly, the
 * next call starts a new one, so `work` itself should first look whether it is still needed.
 */
export function createSingleFlight<Value>(): SingleFlight<Value> {
  const running = new Map<string, Promise<Value>>()

  return (key, work) => {
    const joined = running.get(key)
    if (joined !== undefined) return joined

    // `then` postpones `work` until the entry below exists; a `work` that throws at once would otherwise
    // be removed before it is entered, and stay for ever.
    const run = Promise.resolve()
      .then(work)
      .finally(() => running.delete(key))
    running.set(key, run)
    return run
  }
}
