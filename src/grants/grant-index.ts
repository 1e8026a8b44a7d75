import type { GrantStore, StoredRecord } from '../options/grant-store.js'
import { storeCall } from './claims.js'
import { randomId } from '../lib/random-id.js'
import { TOMBSTONE_MS } from './grant-record.js'
import type { ProviderName } from './index-names.js'
import { endedNameKey } from './record-codec.js'

/** What a provider's logout has ended. */
export interface NamedEnd {
  readonly name: ProviderName
  /** When, in **milliseconds since the epoch**, by the provider's clock. */
  readonly at: number
}

/** Lists grants by name, and remembers which names the provider has ended. */
export interface GrantIndex {
  /** Lists a grant under these names, for twice as long as it lives. @throws {StorageError} */
  readonly link: (id: string, names: readonly string[], lifetimeMs: number) => Promise<void>
  /** Removes a grant from these names. @throws {StorageError} */
  readonly unlink: (id: string, names: readonly string[]) => Promise<void>
  /** The ids in an index, in batches. Some may be gone. Iterating throws a {@link StorageError} if the store fails. */
  readonly list: (name: string) => AsyncIterable<readonly string[]>
  /**
   * Whether the provider has ended a login of these names that was authenticated at this time. Ask after
   * {@link link}: then either the provider's logout finds the login, or this finds the logout.
   *
   * @throws {StorageError}
   */
  readonly hasEnded: (names: readonly ProviderName[], authenticatedAt: number) => Promise<boolean>
  /**
   * Remembers that a name has ended, and calls `endOne` with the id of each grant that is listed under it. If one
   * fails, the others are still ended, and that one stays listed for the next call.
   *
   * @throws whatever `endOne` throws, after the others
   * @throws {StorageError}
   */
  readonly end: (ended: NamedEnd, endOne: (id: string) => Promise<boolean>) => Promise<void>
}

/** How many grants are ended at once. */
const BATCH = 20

/** How many ids one look at an index asks for. */
const PAGE = 100

/** Creates a {@link GrantIndex}. */
export function createGrantIndex(store: GrantStore): GrantIndex {
  const endOf = (record: StoredRecord | undefined): number =>
    record === undefined ? -Infinity : Number(record.value)

  /** Raises the time at which the name has ended. */
  async function noteEnd({ name: { name }, at }: NamedEnd): Promise<void> {
    const key = endedNameKey(name)
    for (;;) {
      const present = await storeCall(() => store.get(key))
      if (endOf(present) >= at) return
      const record = { version: randomId(), value: String(at) }
      const written = storeCall(() =>
        store.compareAndSet(key, present?.version, record, TOMBSTONE_MS),
      )
      if (await written) return
    }
  }

  return {
    async link(id, names, lifetimeMs) {
      await Promise.all(names.map((name) => storeCall(() => store.link(name, id, 2 * lifetimeMs))))
    },

    async unlink(id, names) {
      await Promise.all(names.map((name) => storeCall(() => store.unlink(name, [id]))))
    },

    async *list(name) {
      for (let after: string | undefined; ;) {
        const ids = await storeCall(() => store.linked(name, PAGE, after))
        if (ids.length > 0) yield ids
        after = ids.at(-1)
        if (ids.length < PAGE) return
      }
    },

    async hasEnded(names, authenticatedAt) {
      const ends = await Promise.all(
        names.map(async ({ kind, name }) => {
          const end = endOf(await storeCall(() => store.get(endedNameKey(name))))
          return kind === 'sid' ? end > -Infinity : end >= authenticatedAt
        }),
      )
      return ends.includes(true)
    },

    async end(ended, endOne) {
      await noteEnd(ended)
      const { name } = ended.name
      const over: string[] = []
      let failure: PromiseRejectedResult | undefined
      for (let after: string | undefined; ;) {
        const ids = await storeCall(() => store.linked(name, BATCH, after))
        const done = await Promise.allSettled(ids.map(endOne))
        failure ??= done.find((one) => one.status === 'rejected')
        over.push(...ids.filter((_, index) => isOver(done[index])))
        after = ids.at(-1)
        if (ids.length < BATCH) break
      }
      if (over.length > 0) await storeCall(() => store.unlink(name, over))
      if (failure !== undefined) throw failure.reason
    },
  }
}

function isOver(one: PromiseSettledResult<boolean> | undefined): boolean {
  return one?.status === 'fulfilled' && one.value
}
