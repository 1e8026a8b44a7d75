import type { Clock } from '../lib/clock.js'
import { createSingleFlight } from '../lib/single-flight.js'

/** Reads something, or takes what was read a moment ago. */
export type Remember<Value> = (key: string, read: () => Promise<Value>) => Promise<Value>

/** Creates {@link Remember}: outcomes are kept for `keepMs` **milliseconds**, `maximum` of them, failures not at all. */
export function createRemember<Value>(
  clock: Clock,
  keepMs: number,
  maximum: number,
): Remember<Value> {
  const known = new Map<string, { readonly value: Value; readonly until: number }>()
  const share = createSingleFlight<Value>()

  return async (key, read) => {
    const present = known.get(key)
    if (present !== undefined && clock.monotonic() < present.until) return present.value
    const value = await share(key, read)
    known.delete(key)
    known.set(key, { value, until: clock.monotonic() + keepMs })
    // The oldest come first.
    for (const [oldest, { until }] of known) {
      if (known.size <= maximum && clock.monotonic() < until) break
      known.delete(oldest)
    }
    return value
  }
}
