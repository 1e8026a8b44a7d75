import { StorageError } from '../errors/setup-errors.js'
import { randomId } from '../lib/random-id.js'
import type { Seal } from '../lib/sealing.js'
import type { GrantStore, StoredRecord } from '../options/grant-store.js'
import { storeCall } from './claims.js'
import { NOTE_LIFE_MS } from './note-life.js'
import { noteKey } from './record-keys.js'

/** A note as it was read. */
export interface Note<Value> {
  readonly value: Value
  /** Identifies this content, for {@link SealedNotes.write}. */
  readonly version: string
}

/** A note of which it is not known whether a secret opens it. */
export interface SeenNote<Value> extends Note<Value | undefined> {
  /** Whether another process has sealed it, with a secret that this one does not have: there, it can be read. */
  readonly isForeign: boolean
}

/** JSON that is kept in the store of the grants: sealed, and bound to its name. */
export interface SealedNotes {
  /** @throws {StorageError} if the store fails, or none of the secrets opens the note */
  readonly read: <Value>(name: string) => Promise<Note<Value> | undefined>
  /**
   * The same, but a note that none of the secrets opens has no value: it counts as absent, and can be replaced.
   *
   * @throws {StorageError} if the store fails
   */
  readonly look: <Value>(name: string) => Promise<SeenNote<Value> | undefined>
  /**
   * Writes a note if the present one still has the version `was`. Resolves to its new version, or to `undefined` if another one
   * has been written meanwhile.
   *
   * @param was `undefined`: only if there is no note
   * @param ttlMs how long it is kept at least, in **milliseconds**
   * @throws {StorageError} if the store fails
   */
  readonly write: (
    name: string,
    was: string | undefined,
    value: unknown,
    ttlMs: number,
  ) => Promise<string | undefined>
  /** Adds an id to a list. @throws {StorageError} */
  readonly link: (list: string, id: string, ttlMs: number) => Promise<void>
  /** The ids in a list, in an order of the store's own: some may be gone. @throws {StorageError} */
  readonly linked: (list: string, limit: number, after?: string) => Promise<readonly string[]>
  /** All ids in a list. Iterating throws a {@link StorageError} if the store fails. */
  readonly each: (list: string) => AsyncIterable<string>
  /** Takes ids from a list. @throws {StorageError} */
  readonly unlink: (list: string, ids: readonly string[]) => Promise<void>
  /** Seals a note anew if it was not sealed with the first secret. `undefined` if nothing was to be done. @throws {StorageError} */
  readonly reseal: (name: string) => Promise<'resealed' | 'unreadable' | undefined>
}

/** How many ids one look at a list asks for. */
const PAGE = 100

/** Creates {@link SealedNotes}. */
export function createSealedNotes(store: GrantStore, seal: Seal): SealedNotes {
  async function write(
    name: string,
    was: string | undefined,
    value: unknown,
    ttlMs: number,
  ): Promise<string | undefined> {
    const key = noteKey(name)
    const record: StoredRecord = { version: randomId(), value: seal.seal(value, key) }
    try {
      const isDone = await storeCall(() => store.compareAndSet(key, was, record, ttlMs))
      return isDone ? record.version : undefined
    } catch (error) {
      // It may have been done although it failed. Who reads its own version has done it.
      const stored = await storeCall(() => store.get(key))
      if (stored?.version === record.version) return record.version
      throw error
    }
  }

  return {
    write,

    async look<Value>(name: string): Promise<SeenNote<Value> | undefined> {
      const key = noteKey(name)
      const stored = await storeCall(() => store.get(key))
      if (stored === undefined) return undefined
      const value = seal.open(stored.value, key) as Value | undefined
      const isForeign = value === undefined && seal.isForeign(stored.value)
      return { value, version: stored.version, isForeign }
    },

    async read<Value>(name: string): Promise<Note<Value> | undefined> {
      const key = noteKey(name)
      const stored = await storeCall(() => store.get(key))
      if (stored === undefined) return undefined
      const value = seal.open(stored.value, key)
      if (value !== undefined) return { value: value as Value, version: stored.version }
      throw new StorageError('Opening a note', undefined, reasonOf(stored, seal), 'developer')
    },

    link: (list, id, ttlMs) => storeCall(() => store.link(list, id, ttlMs)),
    linked: (list, limit, after) => storeCall(() => store.linked(list, limit, after)),
    async *each(list) {
      for (let after: string | undefined; ;) {
        const ids = await storeCall(() => store.linked(list, PAGE, after))
        yield* ids
        after = ids.at(-1)
        if (ids.length < PAGE) return
      }
    },

    unlink: (list, ids) => storeCall(() => store.unlink(list, ids)),

    async reseal(name) {
      const key = noteKey(name)
      const stored = await storeCall(() => store.get(key))
      if (stored === undefined || seal.isCurrent(stored.value)) return undefined
      const value = seal.open(stored.value, key)
      if (value === undefined) return 'unreadable'
      // Whoever has written it meanwhile has sealed it with the first secret. For how much longer the old one was to be kept is not
      // known: as long as any.
      const version = await write(name, stored.version, value, NOTE_LIFE_MS)
      return version === undefined ? undefined : 'resealed'
    },
  }
}

function reasonOf({ value }: StoredRecord, seal: Seal): string {
  return seal.isForeign(value)
    ? 'it was sealed with a secret that is not among the secrets of this process'
    : 'it was changed, or belongs to another name'
}
