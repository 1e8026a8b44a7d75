import type { GrantStore, StoredRecord } from '../options/grant-store.js'
import { createLetOthersRun } from '../lib/let-others-run.js'
import { randomId } from '../lib/random-id.js'
import { storeCall } from './claims.js'
import { TOMBSTONE_MS } from './grant-record.js'
import type { ProviderName } from './index-names.js'
import { endedNameKey } from './record-keys.js'

/** What a provider's logout has ended. */
export interface NamedEnd {
  readonly name: ProviderName
  /** When, in **milliseconds since the epoch**, by the provider's clock. */
  readonly at: number
}

/** The same, as it was first noted here. */
export interface NotedEnd extends NamedEnd {
  /** When it was first noted, in **milliseconds since the epoch**, by our own clock. */
  readonly notedAt: number
}

/** A login, by both clocks. */
export interface LoginTimes {
  /** When the person was authenticated, in **milliseconds since the epoch**, by the provider's clock. */
  readonly authenticatedAt: number
  /** When the login was under way here, in **milliseconds since the epoch**, by our own clock. */
  readonly here: number
}

/** Providers sign whole seconds, rounded down. */
const WHOLE_SECOND_MS = 1_000

/**
 * Whether a login came after the provider's logout of the person, so that it lives on. The provider's machines may have
 * different clocks, and ours is another one: it is newer only if the provider says so, and if our own clock does, compared
 * with the time of the logout or with the moment when it was first heard of here.
 */
export function isNewerThan(
  { at, notedAt }: Pick<NotedEnd, 'at' | 'notedAt'>,
  { authenticatedAt, here }: LoginTimes,
): boolean {
  return authenticatedAt > at && here > Math.min(at + WHOLE_SECOND_MS, notedAt)
}

/** Lists grants by name, and remembers which names the provider has ended. */
export interface GrantIndex {
  /** Lists a grant under these names, for twice as long as it lives. @throws {StorageError} */
  readonly link: (id: string, names: readonly string[], lifetimeMs: number) => Promise<void>
  /** Removes a grant from these names. @throws {StorageError} */
  readonly unlink: (id: string, names: readonly string[]) => Promise<void>
  /**
   * The ids in an index, in batches, between which others run. Some may be gone. Iterating throws a {@link StorageError} if
   * the store fails.
   */
  readonly list: (name: string) => AsyncIterable<readonly string[]>
  /**
   * Whether the provider has ended a login of these names and times. Ask after
   * {@link link}: then either the provider's logout finds the login, or this finds the logout.
   *
   * @throws {StorageError}
   */
  readonly hasEnded: (names: readonly ProviderName[], login: LoginTimes) => Promise<boolean>
  /**
   * Remembers that a name has ended, and ends all that is listed under it: see {@link endListed}.
   *
   * @throws whatever `endOne` throws first, after the others
   * @throws {StorageError}
   */
  readonly end: (ended: NamedEnd, endOne: EndNamed) => Promise<void>
  /**
   * Calls `endOne` with the id of each grant that is listed under a name, a few at the same time. Others run in between,
   * however many there are. If one fails, the others are still ended, and that one stays listed. So the next call goes on
   * where this one has stopped, also in another process.
   *
   * @throws whatever `endOne` throws first, after the others
   * @throws {StorageError}
   */
  readonly endListed: (ended: NotedEnd, endOne: EndNamed) => Promise<void>
}

/**
 * Ends a grant that is listed under a name. Resolves to the names under which it is not to be listed any more; to
 * `undefined` if it lives on.
 */
export type EndNamed = (id: string, ended: NotedEnd) => Promise<readonly string[] | undefined>

/**
 * How many grants are ended at once. In memory, nothing else runs meanwhile: it must be a few milliseconds. In Redis,
 * another request waits for the commands of so many at most.
 */
const BATCH = 5

/** How many ids one look at an index asks for. */
const PAGE = 100

/** Creates a {@link GrantIndex}. */
export function createGrantIndex(store: GrantStore): GrantIndex {
  /** Raises the time at which the name has ended. */
  async function noteEnd({ name, at }: NamedEnd): Promise<NotedEnd> {
    const key = endedNameKey(name.name)
    for (;;) {
      const present = await storeCall(() => store.get(key))
      const end = endOf(present)
      // This logout comes again, or a later one was faster: what is newer than that one is newer than this one.
      if (end !== undefined && end.at >= at) return { name, at, notedAt: end.notedAt }
      const notedAt = Date.now()
      const record = { version: randomId(), value: `${at} ${notedAt}` }
      const written = storeCall(() =>
        store.compareAndSet(key, present?.version, record, TOMBSTONE_MS),
      )
      if (await written) return { name, at, notedAt }
    }
  }

  async function unlinkEach(idsByName: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const calls = [...idsByName].map(([name, ids]) => storeCall(() => store.unlink(name, ids)))
    await Promise.all(calls)
  }

  const endListed: GrantIndex['endListed'] = async (ended, endOne) => {
    const { name } = ended.name
    const letOthersRun = createLetOthersRun()
    let failure: PromiseRejectedResult | undefined
    for (let after: string | undefined; ;) {
      const ids = await storeCall(() => store.linked(name, BATCH, after))
      const done = await Promise.allSettled(ids.map((id) => endOne(id, ended)))
      failure ??= done.find((one) => one.status === 'rejected')
      await unlinkEach(byName(name, ids, done))
      after = ids.at(-1)
      if (ids.length < BATCH) break
      await letOthersRun()
    }
    if (failure !== undefined) throw failure.reason
  }

  return {
    async link(id, names, lifetimeMs) {
      await Promise.all(names.map((name) => storeCall(() => store.link(name, id, 2 * lifetimeMs))))
    },

    async unlink(id, names) {
      await Promise.all(names.map((name) => storeCall(() => store.unlink(name, [id]))))
    },

    async *list(name) {
      const letOthersRun = createLetOthersRun()
      for (let after: string | undefined; ;) {
        const ids = await storeCall(() => store.linked(name, PAGE, after))
        if (ids.length > 0) yield ids
        after = ids.at(-1)
        if (ids.length < PAGE) return
        await letOthersRun()
      }
    },

    async hasEnded(names, login) {
      const ends = await Promise.all(
        names.map(async ({ kind, name }) => {
          const end = endOf(await storeCall(() => store.get(endedNameKey(name))))
          return end !== undefined && (kind === 'sid' || !isNewerThan(end, login))
        }),
      )
      return ends.includes(true)
    },

    async end(ended, endOne) {
      const noted = await noteEnd(ended)
      await endListed(noted, endOne)
    },

    endListed,
  }
}

/** When a name has ended, as {@link GrantIndex.end} has noted it. */
function endOf(record: StoredRecord | undefined): Omit<NotedEnd, 'name'> | undefined {
  if (record === undefined) return undefined
  const [at = Number.NaN, notedAt = at] = record.value.split(' ').map(Number)
  return { at, notedAt }
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
