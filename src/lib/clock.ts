/** Time as the library sees it. Tests pass a clock of their own. */
export interface Clock {
  /** The time of day, in **milliseconds since the epoch**. It can jump. */
  readonly now: () => number
  /** Time that only moves forward, in **milliseconds** since any moment. It may stand still while the machine sleeps. */
  readonly monotonic: () => number
  /**
   * Calls `run` once, `ms` **milliseconds** from now, after what has already arrived on connections was handled.
   *
   * @param options.background whether the process may end meanwhile
   * @returns cancels the call
   */
  readonly timer: (
    ms: number,
    run: () => void,
    options?: { readonly background?: boolean },
  ) => () => void
}

/**
 * The clock of this process. When a timer is due in a process that was busy or frozen, answers may lie in its sockets
 * unread: Node.js runs timers before it reads. So `run` is called one round of the event loop later.
 *
 * @see [Node.js, The event loop](https://nodejs.org/en/learn/asynchronous-work/event-loop-timers-and-nexttick)
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, run, { background = false } = {}) {
    let immediate: NodeJS.Immediate | undefined
    const timeout = setTimeout(() => {
      // Twice: what the first round reads may need the second to be complete.
      immediate = setImmediate(() => {
        immediate = setImmediate(run)
      })
    }, ms)
    if (background) timeout.unref()
    return () => {
      clearTimeout(timeout)
      clearImmediate(immediate)
    }
  },
}

/** Resolves after `ms` **milliseconds**. */
export function wait(
  clock: Clock,
  ms: number,
  options?: { readonly background?: boolean },
): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(ms, resolve, options)
  })
}

/**
 * The outcome of `work`, or the outcome of `late` if `work` has none after `ms` **milliseconds**. `work` goes on.
 */
export async function within<Value>(
  clock: Clock,
  ms: number,
  work: Promise<Value>,
  late: () => Value,
): Promise<Value> {
  let cancel: (() => void) | undefined
  const timeIsUp = new Promise<typeof LATE>((resolve) => {
    cancel = clock.timer(ms, () => resolve(LATE))
  })
  try {
    const first = await Promise.race([work, timeIsUp])
    return first === LATE ? late() : first
  } finally {
    cancel?.()
    // What a late `work` throws has no reader any more.
    work.catch(() => undefined)
  }
}

const LATE = Symbol('late')
