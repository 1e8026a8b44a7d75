import { CoordinatedLedger } from './ledger.js'
import type { Commit, LedgerStore, Turn } from './ledger-store.js'
import { readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable } from '../options/option-table.js'
import { positive } from '../options/readers.js'

/** The options of {@link MemoryLedger}: how each is read, its default, and its meaning. */
export const MEMORY_LEDGER_OPTIONS = {
  /**
   * How many entries each of the ledger's maps can hold: one has the renewed grants, another the used callbacks
   * and the destroyed sessions. The oldest are dropped first. Once its entry is dropped, a session that was
   * saved with older tokens does not get the newer ones, a callback that is sent twice is not stopped, and a
   * destroyed session can come back. Allow for the logins and logouts of one hour. With `backchannelLogout`, each
   * login also takes one or two entries for as long as it lasts.
   *
   * @default 100_000
   */
  maximumEntries: { read: positive, default: 100_000 },
} as const satisfies OptionTable

/** The options of {@link MemoryLedger}. */
export type MemoryLedgerOptions = OptionsOf<typeof MEMORY_LEDGER_OPTIONS>

/**
 * A {@link Ledger} in memory, for an application that runs as one process. It is the default of the option
 * `ledger`. Construct one to share it with {@link guardSessionStore}, between strategies, or to change its size.
 *
 * Its entries are lost when the process ends. For several processes, use `RedisLedger`.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, MemoryLedger } from 'passport-authorization-code'
 *
 * const ledger = new MemoryLedger({ maximumEntries: 10_000 })
 * passport.use(new AuthorizationCodeStrategy({ ...options, ledger }))
 * ```
 */
export class MemoryLedger extends CoordinatedLedger {
  /** @throws {ConfigurationError} if an option is unknown or cannot be used */
  constructor(options: MemoryLedgerOptions = {}) {
    const { maximumEntries } = readTable(
      MEMORY_LEDGER_OPTIONS,
      options,
      'new MemoryLedger({ maximumEntries: 10_000 })',
    )
    super(createMemoryLedgerStore(maximumEntries))
  }
}

type GrantRecord =
  | { readonly version: number; readonly sealed: string }
  | { readonly version: number; readonly ended: true }

interface Lock {
  readonly owner: string
  readonly failure?: string
}

/** How long a failure is kept for the callers that wait for its owner. */
const FAILURE_MS = 2_000

/**
 * A {@link LedgerStore} in memory. Its methods are atomic because none of them awaits anything.
 *
 * @param now the clock, in **milliseconds since the epoch**; a test passes its own
 */
export function createMemoryLedgerStore(
  maximumEntries: number,
  now: () => number = Date.now,
): LedgerStore {
  const claims = createExpiringMap<true>(maximumEntries, now)
  const records = createExpiringMap<GrantRecord>(maximumEntries, now)
  const locks = createExpiringMap<Lock>(maximumEntries, now)
  /** The group of each member. One map for all groups, so that `maximumEntries` limits them together. */
  const members = createExpiringMap<string>(maximumEntries, now)
  const groupEnds = createExpiringMap<number>(maximumEntries, now)

  const store = {
    claim(key: string, ttlMs: number): boolean {
      if (claims.get(key)) return false
      claims.set(key, true, ttlMs)
      return true
    },

    isClaimed: (key: string): boolean => claims.get(key) === true,

    begin(id: string, version: number, owner: string, leaseMs: number, waitedFor: string): Turn {
      const record = records.get(id)
      if (record && 'ended' in record) return { turn: 'ended' }
      if (record && record.version > version) return { turn: 'found', sealed: record.sealed }

      const lock = locks.get(id)
      if (lock && lock.failure === undefined) return { turn: 'held', owner: lock.owner }
      if (lock?.failure !== undefined && lock.owner === waitedFor) {
        return { turn: 'failed', failure: lock.failure }
      }
      locks.set(id, { owner }, leaseMs)
      return { turn: 'acquired' }
    },

    commit(
      id: string,
      owner: string,
      version: number,
      sealed: string | undefined,
      keepMs: number,
    ): Commit {
      if (locks.get(id)?.owner === owner) locks.delete(id)
      const record = records.get(id)
      if (record && 'ended' in record) return { commit: 'ended' }
      if (record && record.version >= version) return { commit: 'found', sealed: record.sealed }
      records.set(id, sealed === undefined ? { version, ended: true } : { version, sealed }, keepMs)
      return { commit: 'written' }
    },

    releaseLease(id: string, owner: string, failure: string | undefined): void {
      if (locks.get(id)?.owner !== owner) return
      if (failure === undefined) locks.delete(id)
      else locks.set(id, { owner, failure }, FAILURE_MS)
    },

    end(id: string, keepMs: number): string | undefined {
      const record = records.get(id)
      records.set(id, { version: (record?.version ?? 0) + 1, ended: true }, keepMs)
      return record && 'sealed' in record ? record.sealed : undefined
    },

    enrol(group: string, member: string, since: number, keepMs: number): boolean {
      if ((groupEnds.get(group) ?? -Infinity) >= since) return false
      members.set(member, group, keepMs)
      return true
    },

    endGroup(group: string, at: number, keepMs: number): readonly string[] {
      if ((groupEnds.get(group) ?? -Infinity) < at) groupEnds.set(group, at, keepMs)
      return members.keysOf(group)
    },

    forgetMembers(former: readonly string[]): void {
      for (const member of former) members.delete(member)
    },
  }

  return {
    claim: (...args) => Promise.resolve(store.claim(...args)),
    isClaimed: (...args) => Promise.resolve(store.isClaimed(...args)),
    begin: (...args) => Promise.resolve(store.begin(...args)),
    commit: (...args) => Promise.resolve(store.commit(...args)),
    releaseLease: (...args) => {
      store.releaseLease(...args)
      return Promise.resolve()
    },
    end: (...args) => Promise.resolve(store.end(...args)),
    enrol: (...args) => Promise.resolve(store.enrol(...args)),
    endGroup: (...args) => Promise.resolve(store.endGroup(...args)),
    forgetMembers: (_group, former) => {
      store.forgetMembers(former)
      return Promise.resolve()
    },
  }
}

/** A map whose entries expire, and that drops its oldest entries if there are more than `maximumEntries`. */
function createExpiringMap<Value>(maximumEntries: number, now: () => number) {
  const entries = new Map<string, { readonly value: Value; readonly endsAt: number }>()

  const dropOldest = (): void => {
    for (const [key, { endsAt }] of entries) {
      if (endsAt > now() && entries.size <= maximumEntries) return
      entries.delete(key)
    }
  }

  return {
    get(key: string): Value | undefined {
      const entry = entries.get(key)
      if (entry === undefined || entry.endsAt > now()) return entry?.value
      entries.delete(key)
      return undefined
    },

    /** The keys of all entries with this value. It reads the whole map, so it is for rare operations only. */
    keysOf(value: Value): string[] {
      const keys: string[] = []
      for (const [key, entry] of entries) {
        if (entry.value === value && entry.endsAt > now()) keys.push(key)
      }
      return keys
    },

    set(key: string, value: Value, ttlMs: number): void {
      entries.delete(key)
      entries.set(key, { value, endsAt: now() + ttlMs })
      dropOldest()
    },

    delete: (key: string): boolean => entries.delete(key),
  }
}
