import type { GrantStore, StoredRecord } from '../options/grant-store.js'
import { createLetOthersRun } from '../lib/let-others-run.js'
import { randomId } from '../lib/random-id.js'
import { storeCall } from './claims.js'
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
   * Remembers that a name has ended, and calls `endOne` with the id of each grant that is listed under it, a few at the
   * same time. Others run in between, however many there are. If one fails, the others are still ended, and that one
   * stays listed. So the next call goes on where this one has stopped, also in another process.
   *
   * @throws whatever `endOne` throws first, after the others
   * @throws {StorageError}
   */
  readonly end: (ended: NamedEnd, endOne: EndNamed) => Promise<void>
}

/**
 * Ends a grant that is listed under a name. Resolves to the names under which it is not to be listed any more; to
 * `undefined` if it lives on.
 */
export type EndNamed = (id: string) => Promise<readonly string[] | undefined>

/**
 * How many grants are ended at once. In memory, nothing else runs meanwhile: it must be a few milliseconds. In Redis,
 * another request waits for the commands of so many at most.
 */
const BATCH = 5

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

  async function unlinkEach(idsByName: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const calls = [...idsByName].map(([name, ids]) => storeCall(() => store.unlink(name, ids)))
    await Promise.all(calls)
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
      const letOthersRun = createLetOthersRun()
      let failure: PromiseRejectedResult | undefined
      for (let after: string | undefined; ;) {
        const ids = await storeCall(() => store.linked(name, BATCH, after))
        const done = await Promise.allSettled(ids.map(endOne))
        failure ??= done.find((one) => one.status === 'rejected')
        await unlinkEach(byName(name, ids, done))
        after = ids.at(-1)
        if (ids.length < BATCH) break
        await letOthersRun()
      }
      if (failure !== undefined) throw failure.reason
    },
  }
}

/** The ids of grants that are over, by each name under which they are listed: one call of the store for each. */
function byName(
  common: string,
  ids: readonly string[],
  done: readonly PromiseSettledResult<readonly string[] | undefined>[],
): ReadonlyMap<string, readonly string[]> {
  const over = new Map<string, string[]>()
  for (const [index, id] of ids.entries()) {
    const one = done[index]
    if (one?.status !== 'fulfilled' || one.value === undefined) continue
    for (const name of new Set([common, ...one.value])) {
      over.set(name, [...(over.get(name) ?? []), id])
    }
  }
  return over
}
