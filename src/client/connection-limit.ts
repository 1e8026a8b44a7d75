import { systemClock } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { createTurns } from '../lib/turns.js'
import { TransportError } from './transport-error.js'

/** One of the provider's connections, which nobody else uses until it is released. */
export interface Connection {
  /** Gives it back. Calling it again does nothing. */
  readonly release: () => void
  /** Whether all connections were in use, so that this one had to be waited for. */
  readonly waited: boolean
}

/** Limits how many requests of a strategy are under way at the provider. The others wait in a queue. */
export interface ConnectionLimit {
  /**
   * Resolves when a connection is free. `urgent` requests (logins, and people who wait) go before others. Whoever
   * calls it releases the connection.
   *
   * @param limitMs how long to wait, in **milliseconds**; without it, as long as it takes
   * @throws {TransportError} `timeout`, if none was free within `limitMs`
   */
  acquire(urgent: boolean, limitMs?: number): Promise<Connection>
  /**
   * No refresh is sent for this long, in **milliseconds**, at most 15 minutes: the provider has asked for it. A pause
   * never shortens an earlier one. It does not hold up `acquire`: whoever refreshes looks at `pausedForMs` once more when it has
   * a connection.
   *
   * @param person whose refresh was too much. Nobody else has to wait for the limit of one person: the pause begins
   *   when the provider has answered a second one so. If left out, it begins at once
   */
  pause(ms: number, person?: string): void
  /** How long refreshes must still wait, in whole **milliseconds**; 0 if not at all. */
  pausedForMs(): number
}

/** The longest pause that a provider can ask for, in **milliseconds**. */
export const MAXIMUM_PAUSE_MS = 15 * 60 * 1000

/** Creates a limit of `maximum` connections. */
export function createConnectionLimit(
  maximum: number,
  clock: Clock = systemClock,
): ConnectionLimit {
  const turns = createTurns(maximum)
  let pausedUntil = -Infinity
  /** The last person whose refresh was too much, and until when. */
  let limited: { readonly person: string; readonly until: number } | undefined

  function connection(waited: boolean): Connection {
    let released = false
    return {
      waited,
      release() {
        if (released) return
        released = true
        // undici uses a connection again one round of the event loop after its answer. Before that, it would open another.
        setImmediate(() => setImmediate(turns.done))
      },
    }
  }

  return {
    acquire(urgent, limitMs) {
      return new Promise((resolve, reject) => {
        let stopTimer = (): void => undefined
        const giveUp = turns.request(urgent, (waited) => {
          stopTimer()
          resolve(connection(waited))
        })
        if (giveUp === undefined || limitMs === undefined) return
        stopTimer = clock.timer(limitMs, () => {
          giveUp()
          reject(allInUse(maximum, limitMs))
        })
      })
    },

    pause(ms, person) {
      const now = clock.monotonic()
      const until = now + Math.min(ms, MAXIMUM_PAUSE_MS)
      const isOfOne =
        person !== undefined &&
        (limited === undefined || limited.until <= now || limited.person === person)
      if (person !== undefined) limited = { person, until }
      if (!isOfOne) pausedUntil = Math.max(pausedUntil, until)
    },

    pausedForMs: () => Math.max(0, Math.ceil(pausedUntil - clock.monotonic())),
  }
}

function allInUse(maximum: number, limitMs: number): TransportError {
  return new TransportError(
    `All ${maximum} connections to the provider are in use (maximumConnections), and none was free within ${limitMs} ms`,
    'timeout',
  )
}
