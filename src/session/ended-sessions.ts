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
 * Creates {@link EndedSessions}. One takes about 150 bytes, all of them about 30 MB at most.
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

function createKind(clock: Clock, maximum: number, onDropped: (id: string) => void) {
  /** Until when each id is kept. They are in the order in which they were added, which is about that of their ends. */
  const kept = new Map<string, number>()
  const oldest = createOldest(kept)

  function remove(id: string): boolean {
    oldest.passes(id)
    return kept.delete(id)
  }

  function drop(id: string): void {
    remove(id)
    onDropped(id)
  }

  return {
    delete: remove,
    has: (id: string) => kept.has(id),
    size: () => kept.size,

    add(id: string, keepMs: number): void {
      remove(id)
      kept.set(id, clock.monotonic() + keepMs)
      const first = kept.size > maximum ? oldest.id() : undefined
      if (first !== undefined) drop(first)
    },

    dropOld(): void {
      const now = clock.monotonic()
      for (let id = oldest.id(); id !== undefined && isOver(id, now); id = oldest.id()) drop(id)
    },
  }

  function isOver(id: string, now: number): boolean {
    return (kept.get(id) ?? -Infinity) <= now
  }
}

/**
 * Finds the first key of a map, to whose end others are added. It goes on from where it was: a new iterator would walk
 * past all places of removed keys each time, up to 0.1 ms with 100,000 keys.
 */
function createOldest(map: ReadonlyMap<string, unknown>) {
  let rest = map.keys()
  let first: string | undefined
  return {
    /** `undefined` if the map is empty. */
    id(): string | undefined {
      if (map.size === 0) return undefined
      first ??= rest.next().value
      if (first === undefined) {
        rest = map.keys()
        first = rest.next().value
      }
      return first
    },
    /** Has to be called before a key is removed, or moved to the end. */
    passes(id: string): void {
      if (id === first) first = undefined
    },
  }
}
