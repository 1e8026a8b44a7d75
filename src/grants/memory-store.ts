import { systemClock } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { createSortedTexts } from '../lib/sorted-texts.js'
import type { SortedTexts } from '../lib/sorted-texts.js'
import type { GrantStore, StoredRecord } from '../options/grant-store.js'
import { grantIdIn } from './record-keys.js'

/** What {@link createMemoryStore} can be told. */
export interface MemoryStoreSettings {
  /** A test passes its own. */
  readonly clock?: Clock
  /**
   * How many records are kept at most; the least recently used are dropped first. Without it, a record is kept until
   * its time is over.
   */
  readonly maximumRecords?: number
}

/** How many other entries each write looks at, to remove those whose time is over. */
const SWEPT_AT_ONCE = 4

/** A {@link GrantStore} in memory, for one process. Its methods are atomic because none of them awaits anything. */
export function createMemoryStore(settings: MemoryStoreSettings = {}): GrantStore {
  const { clock = systemClock, maximumRecords = Infinity } = settings
  const indexes = createIndexes(clock, maximumRecords)
  const records = createRecords(clock, maximumRecords, (key) =>
    indexes.forget(grantIdIn(key) ?? key),
  )

  return {
    get: (id) => Promise.resolve(records.get(id)),
    compareAndSet(id, was, record, ttlMs) {
      const isCurrent = records.get(id)?.version === was
      if (isCurrent) records.set(id, { version: record.version, value: record.value }, ttlMs)
      return Promise.resolve(isCurrent)
    },
    link(name, id, ttlMs) {
      indexes.link(name, id, ttlMs)
      return Promise.resolve()
    },
    linked: (name, limit, after) => Promise.resolve(indexes.linked(name, limit, after)),
    unlink(name, ids) {
      indexes.unlink(name, ids)
      return Promise.resolve()
    },
  }
}

interface Expiring {
  readonly endsAt: number
}

function createRecords(clock: Clock, maximum: number, onDropped: (id: string) => void) {
  const entries = new Map<string, Expiring & { readonly record: StoredRecord }>()
  const sweep = createSweep(entries, clock)

  return {
    get(id: string): StoredRecord | undefined {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      entries.delete(id)
      if (entry.endsAt <= clock.monotonic()) return undefined
      // The last one of the map is the one that was used last.
      entries.set(id, entry)
      return entry.record
    },

    set(id: string, record: StoredRecord, ttlMs: number): void {
      entries.delete(id)
      entries.set(id, { record, endsAt: clock.monotonic() + ttlMs })
      sweep()
      while (entries.size > maximum) {
        const first = firstKey(entries)
        entries.delete(first)
        onDropped(first)
      }
    },
  }
}

function firstKey(entries: ReadonlyMap<string, unknown>): string {
  for (const key of entries.keys()) return key
  return ''
}

/** Removes what has expired, a few entries at each call, from where the last call ended. */
function createSweep(entries: Map<string, Expiring>, clock: Clock): () => void {
  let rest = entries.entries()
  return () => {
    for (let looks = 0; looks < SWEPT_AT_ONCE; looks++) {
      const next = rest.next()
      if (next.done) {
        rest = entries.entries()
        return
      }
      const [key, { endsAt }] = next.value
      if (endsAt <= clock.monotonic()) entries.delete(key)
    }
  }
}

/** The ids of one name. */
interface Index {
  /** Sorted, so that a page can begin after an id that is no longer there. */
  readonly ids: SortedTexts
  readonly idsEndAt: Map<string, number>
  /** When the last of them expires. */
  endsAt: number
}

/** @param maximum how many ids are listed at most; those that were linked first are dropped first */
function createIndexes(clock: Clock, maximum: number) {
  /** The names of each id, if there is a limit. */
  const namesOf = new Map<string, readonly string[]>()
  const indexes = new Map<string, Index>()
  const sweepNames = createSweep(indexes, clock)

  const lives = (index: Index, id: string): boolean =>
    (index.idsEndAt.get(id) ?? -Infinity) > clock.monotonic()

  /** Removes what has expired among the next few ids, so that an index that nobody reads does not grow. */
  function sweepAfter(index: Index, id: string): void {
    const near = first(SWEPT_AT_ONCE, index.ids.after(id))
    if (near.length < SWEPT_AT_ONCE) near.push(...first(SWEPT_AT_ONCE, index.ids.after()))
    for (const other of near) {
      if (!lives(index, other)) removeFrom(index, other)
    }
  }

  function indexOf(name: string, endsAt: number): Index {
    const known = indexes.get(name)
    if (known !== undefined) return known
    const index = { ids: createSortedTexts(), idsEndAt: new Map<string, number>(), endsAt }
    indexes.set(name, index)
    return index
  }

  function unlink(name: string, ids: readonly string[]): void {
    const index = indexes.get(name)
    if (index === undefined) return
    for (const id of ids) removeFrom(index, id)
    if (index.idsEndAt.size === 0) indexes.delete(name)
  }

  /** Drops all links of an id. */
  function forget(id: string): void {
    const names = namesOf.get(id)
    if (names === undefined) return
    namesOf.delete(id)
    for (const name of names) unlink(name, [id])
  }

  function noteName(id: string, name: string): void {
    if (maximum === Infinity) return
    const names = namesOf.get(id) ?? []
    namesOf.delete(id)
    namesOf.set(id, names.includes(name) ? names : [...names, name])
    while (namesOf.size > maximum) forget(firstKey(namesOf))
  }

  return {
    forget,
    unlink,

    link(name: string, id: string, ttlMs: number): void {
      noteName(id, name)
      const endsAt = clock.monotonic() + ttlMs
      const index = indexOf(name, endsAt)
      const known = index.idsEndAt.get(id)
      if (known === undefined) index.ids.add(id)
      index.idsEndAt.set(id, Math.max(endsAt, known ?? endsAt))
      index.endsAt = Math.max(endsAt, index.endsAt)
      sweepAfter(index, id)
      sweepNames()
    },

    linked(name: string, limit: number, after: string | undefined): readonly string[] {
      const index = indexes.get(name)
      if (index === undefined) return []
      const ids: string[] = []
      for (const id of index.ids.after(after)) {
        if (ids.length >= limit) break
        if (lives(index, id)) ids.push(id)
      }
      return ids
    },
  }
}

function removeFrom(index: Index, id: string): void {
  if (index.idsEndAt.delete(id)) index.ids.remove(id)
}

function first(count: number, texts: Iterable<string>): string[] {
  const found: string[] = []
  for (const text of texts) {
    if (found.push(text) >= count) break
  }
  return found
}
