import type { Clock } from './clock.js'
import { doublingPause } from './doubling-pause.js'
import type { Pauses } from './doubling-pause.js'

/** A value that is read when it is first needed. */
export interface LateValue<Value> {
  /**
   * The value. It is read if it is not known yet, once for all who need it meanwhile. If it is old, it is read again, and
   * nobody waits for that.
   *
   * @throws what {@link LateValueParts.failed} makes of the failure, also while no new attempt is made
   */
  readonly get: () => Promise<Value>
  /** The value if it has been read. */
  readonly known: () => Value | undefined
}

/** Attempts that have failed, one after the other. */
export interface Failing {
  /** The error of the last one. */
  readonly error: unknown
  readonly attempts: number
  /** When the first one has failed, in **milliseconds since the epoch**. */
  readonly since: number
  /** How long no further one is made, in **milliseconds**. */
  readonly pauseMs: number
}

/** What {@link createLateValue} needs. */
export interface LateValueParts<Value> {
  readonly read: () => Promise<Value>
  /** The age at which the value is read again, in **milliseconds**. */
  readonly keptMs: number
  /** The pauses between attempts while nothing is known, and while an older value is used. */
  readonly pauses: { readonly unknown: Pauses; readonly known: Pauses }
  /** The error for those who need the value and cannot have it. */
  readonly failed: (failing: Failing) => unknown
  /** The shortest pause after this error, in **milliseconds**. */
  readonly leastPauseMs?: (error: unknown) => number | undefined
  readonly clock: Clock
  /** Draws from 0 to 1. */
  readonly random: () => number
}

/**
 * Creates a {@link LateValue}. There is no timer: it is read only when somebody needs it. After a failure, it is not read
 * again until a pause is over, which doubles from failure to failure.
 */
export function createLateValue<Value extends object>(
  parts: LateValueParts<Value>,
): LateValue<Value> {
  const { read, keptMs, pauses, failed, leastPauseMs, clock, random } = parts
  let value: Value | undefined
  let readAt = -Infinity
  let failing: Failing | undefined
  let pausedUntil = -Infinity
  let underWay: Promise<Value> | undefined

  function noteFailure(error: unknown): unknown {
    const attempts = (failing?.attempts ?? 0) + 1
    const pause = doublingPause(attempts, pauses[value === undefined ? 'unknown' : 'known'], random)
    const pauseMs = Math.max(pause, leastPauseMs?.(error) ?? 0)
    failing = { error, attempts, since: failing?.since ?? clock.now(), pauseMs }
    pausedUntil = clock.monotonic() + pauseMs
    return failed(failing)
  }

  async function readNow(): Promise<Value> {
    const requestedAt = clock.monotonic()
    try {
      value = await read()
    } catch (error) {
      throw noteFailure(error)
    }
    readAt = requestedAt
    failing = undefined
    return value
  }

  function join(): Promise<Value> {
    underWay ??= readNow().finally(() => (underWay = undefined))
    return underWay
  }

  return {
    known: () => value,

    async get() {
      const now = clock.monotonic()
      const pauseMs = pausedUntil - now
      if (value === undefined) {
        if (failing === undefined || pauseMs <= 0 || underWay !== undefined) return join()
        throw failed({ ...failing, pauseMs })
      }
      if (now >= readAt + keptMs && pauseMs <= 0) join().catch(() => undefined)
      return value
    },
  }
}
