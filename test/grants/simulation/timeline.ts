/* eslint-disable @typescript-eslint/no-non-null-assertion -- indexes of a heap */
/** Virtual time: runs events in their order, and lets promises settle between them. */
export interface Timeline {
  /** **Milliseconds** since the world began. */
  readonly time: () => number
  /** Runs `run` after `ms` **milliseconds**. @returns cancels it */
  readonly after: (ms: number, run: () => void) => () => void
  /** Runs everything that is due until then. */
  readonly runUntil: (time: number) => Promise<void>
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

/** Creates a {@link Timeline}. */
export function createTimeline(): Timeline {
  let time = 0
  let order = 0
  /** A binary heap: the earliest first. */
  const heap: Event[] = []

  function isBefore(a: Event, b: Event): boolean {
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  function push(event: Event): void {
    let index = heap.push(event) - 1
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]!
      if (!isBefore(event, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = event
  }

  function pop(): void {
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below]!)) below += 1
      const child = heap[below]!
      if (!isBefore(child, last)) break
      heap[index] = child
      index = below
    }
    heap[index] = last
  }

  return {
    time: () => time,

    after(ms, run) {
      const event: Event = { at: time + Math.max(0, ms), order: order++, run, isCancelled: false }
      push(event)
      return () => {
        event.isCancelled = true
      }
    },

    async runUntil(until) {
      await settled()
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        pop()
        if (next.isCancelled) continue
        time = next.at
        next.run()
        await settled()
      }
      time = until
    },
  }
}

/** Resolves when all promises have settled that can: all waiting in a world is for events of its timeline. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
