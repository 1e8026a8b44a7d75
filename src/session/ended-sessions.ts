import type { Clock } from '../lib/clock.js'

/** Sessions that were destroyed. Anybody can cause some, so their number is limited. */
export interface EndedSessions {
  readonly has: (id: string) => boolean
  /** Adds a session, or keeps it for longer. */
  readonly add: (id: string, keepMs: number) => void
  /** Whether so many are kept that {@link sort} has to be called for each one that is added. */
  readonly isToSort: () => boolean
  /**
   * Says whether a person was logged in to the session. Sessions without a login push only each other out.
   *
   * A session that once counted as one with a login stays one: whoever ends it again finds nothing in its store.
   */
  readonly sort: (id: string, hadLogin: boolean, keepMs: number) => void
  /** Drops those whose time is over. */
  readonly dropOld: () => void
}

/** How many are kept before they have to be sorted. More are there only while they are being sorted. */
const UNSORTED = 10_000

/** How many are kept with a login, and how many without. The oldest ones are dropped first. */
const SORTED = 100_000

/**
 * Creates {@link EndedSessions}. One takes about 250 bytes, all of them about 50 MB at most.
 *
 * @param onDropped called with each id that is no longer kept
 */
export function createEndedSessions(clock: Clock, onDropped: (id: string) => void): EndedSessions {
  const unsorted = createKind(clock, Infinity, onDropped)
  const withLogin = createKind(clock, SORTED, onDropped)
  const withoutLogin = createKind(clock, SORTED, onDropped)
  const kinds = [unsorted, withLogin, withoutLogin]

  return {
    has: (id) => kinds.some((kind) => kind.has(id)),
    isToSort: () => unsorted.size() > UNSORTED,

    add(id, keepMs) {
      // Until it is sorted again, it counts as one that nothing pushes out.
      withoutLogin.delete(id)
      const kind = withLogin.has(id) ? withLogin : unsorted
      kind.add(id, keepMs)
    },

    sort(id, hadLogin, keepMs) {
      if (!unsorted.delete(id)) return
      const kind = hadLogin ? withLogin : withoutLogin
      kind.add(id, keepMs)
    },

    dropOld() {
      for (const kind of kinds) kind.dropOld()
    },
  }
}

interface Ended {
  readonly id: string
  /** Until when it is kept. */
  readonly until: number
}

function createKind(clock: Clock, maximum: number, onDropped: (id: string) => void) {
  const kept = new Map<string, Ended>()
  const isKept = (ended: Ended): boolean => kept.get(ended.id) === ended
  /**
   * In the order in which they were added, which is about that of their ends; some are no longer kept. The map has the
   * same order, but a new iterator walks past all places of removed keys, and an iterator that waits holds all of them.
   */
  let order: Ended[] = []
  let head = 0

  function oldest(): Ended | undefined {
    for (; head < order.length; head++) {
      const ended = order[head]
      if (ended !== undefined && isKept(ended)) return ended
    }
    return undefined
  }

  function tidy(): void {
    if (order.length < 2 * kept.size + 100) return
    order = order.filter(isKept)
    head = 0
  }

  function drop(id: string): void {
    kept.delete(id)
    onDropped(id)
  }

  return {
    delete: (id: string) => kept.delete(id),
    has: (id: string) => kept.has(id),
    size: () => kept.size,

    add(id: string, keepMs: number): void {
      const ended = { id, until: clock.monotonic() + keepMs }
      kept.set(id, ended)
      order.push(ended)
      const first = kept.size > maximum ? oldest() : undefined
      if (first !== undefined) drop(first.id)
      tidy()
    },

    dropOld(): void {
      const now = clock.monotonic()
      for (let first = oldest(); first !== undefined && first.until <= now; first = oldest()) {
        drop(first.id)
      }
    },
  }
}
