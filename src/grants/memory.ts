import { CoordinatedLedger } from './ledger.js'
import type { Commit, LedgerStore, Turn } from './ledger.js'
import { readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable } from '../options/option-table.js'
import { positive } from '../options/readers.js'

export const MEMORY_LEDGER_OPTIONS = {
  /**
   * How many things of a kind are remembered at the most; the oldest are forgotten first. With what is
   * forgotten goes the chance to heal a session that comes back with older tokens, to refuse a callback
   * that comes again, and to keep a destroyed session away: have room for an hour's logins and logouts.
   * Where providers can end logins, these count twice for as long as they last.
   *
   * @default 100_000
   */
  maximumEntries: { read: positive, default: 100_000 },
} as const satisfies OptionTable

/** The options of {@link MemoryLedger}. */
export type MemoryLedgerOptions = OptionsOf<typeof MEMORY_LEDGER_OPTIONS>

/** The ledger of a single process: everything is in memory, and gone when the process ends. */
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

/** How long a failure is kept for those who wait. */
const FAILURE_MS = 2_000

/** Nothing here awaits, so whatever a method does happens at once. */
export function createMemoryLedgerStore(
  maximumEntries: number,
  now: () => number = Date.now,
): LedgerStore {
  const claims = createExpiringMap<true>(maximumEntries, now)
  const records = createExpiringMap<GrantRecord>(maximumEntries, now)
  const locks = createExpiringMap<Lock>(maximumEntries, now)
  /** The group of each member: all together, so that one busy group does not fill the memory. */
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

    letGo(id: string, owner: string, failure: string | undefined): void {
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

    forgetMembers(gone: readonly string[]): void {
      for (const member of gone) members.delete(member)
    },
  }

  return {
    claim: (...args) => Promise.resolve(store.claim(...args)),
    isClaimed: (...args) => Promise.resolve(store.isClaimed(...args)),
    begin: (...args) => Promise.resolve(store.begin(...args)),
    commit: (...args) => Promise.resolve(store.commit(...args)),
    letGo: (...args) => {
      store.letGo(...args)
      return Promise.resolve()
    },
    end: (...args) => Promise.resolve(store.end(...args)),
    enrol: (...args) => Promise.resolve(store.enrol(...args)),
    endGroup: (...args) => Promise.resolve(store.endGroup(...args)),
    forgetMembers: (_group, gone) => {
      store.forgetMembers(gone)
      return Promise.resolve()
    },
  }
}

/** A map whose entries end, and that forgets its oldest ones when there are too many. */
function createExpiringMap<Value>(maximumEntries: number, now: () => number) {
  const entries = new Map<string, { readonly value: Value; readonly endsAt: number }>()

  const forgetOldest = (): void => {
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

    /** All that have this value. It looks through the whole map: for what is rare. */
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
      forgetOldest()
    },

    delete: (key: string): boolean => entries.delete(key),
  }
}
