import { systemClock } from '../lib/clock.js'
import type { Seal } from '../lib/sealing.js'
import type { GrantStore } from '../options/grant-store.js'
import { createClaims } from './claims.js'
import type { Claims } from './claims.js'
import type { GrantEngine } from './engine.js'
import { createGrantEngine } from './grant-engine.js'
import { createGrantIndex } from './grant-index.js'
import type { GrantIndex } from './grant-index.js'
import { hasEnded } from './grant-record.js'
import { createMemoryStore } from './memory-store.js'
import { clearRecords } from './record-codec.js'
import type { RecordCodec } from './record-codec.js'
import { createRememberedLinks } from './remembered-links.js'
import type { SealedNotes } from './sealed-notes.js'
import { createStrategiesOfGrants } from './strategy-jobs.js'
import type { StrategiesOfGrants } from './strategy-jobs.js'
import { watchStore } from './watch-store.js'
import type { StoreFailureListener } from './watch-store.js'

/** What works on one store: shared by all strategies that are given it. */
export interface GrantParts {
  readonly engine: GrantEngine
  readonly claims: Claims
  readonly index: GrantIndex
  /** What each strategy that was created with these grants does for all of them. */
  readonly strategies: StrategiesOfGrants
  /** Seals what a session holds of pending logins; `undefined` without a secret. */
  readonly pendingSeal: Seal | undefined
  /** The store, whose failures the parts hear of. */
  readonly store: GrantStore
  /** What else is kept in the store, sealed; `undefined` without a secret. */
  readonly notes: SealedNotes | undefined
  /** Calls the listener, instead of any earlier one, with each method of the store that has failed. */
  readonly onStoreFailure: (listener: StoreFailureListener) => void
  /** Calls the listener, instead of any earlier one, with each record that another secret has sealed. */
  readonly onForeignSecret: (listener: () => void) => void
}

/** Builds the parts that work on a store. */
export function createGrantParts(
  store: GrantStore,
  makeCodec: (onForeign: () => void) => RecordCodec,
  cacheSeconds: number,
): GrantParts {
  let tell: StoreFailureListener | undefined
  const watched = watchStore(store, (method, hasFailed) => {
    if (hasFailed) tell?.(method)
    links.noteCall(hasFailed)
  })
  let tellForeign: (() => void) | undefined
  const codec = makeCodec(() => tellForeign?.())
  const engine = createGrantEngine({
    store: watched,
    codec,
    clock: systemClock,
    cacheMs: cacheSeconds * 1000,
  })
  const links = createRememberedLinks({
    store: watched,
    clock: systemClock,
    async isAlive(id) {
      const record = await engine.look(id)
      return record !== undefined && !hasEnded(record)
    },
  })
  // The engine hears of all calls: a process that only does jobs meets an outage while it looks for grants.
  const shared = watchStore(links.store, (_, hasFailed) => engine.noteStoreCall(hasFailed))
  return {
    engine,
    claims: createClaims(shared),
    index: createGrantIndex(shared),
    strategies: createStrategiesOfGrants(),
    pendingSeal: undefined,
    store: shared,
    notes: undefined,
    onStoreFailure: (listener) => void (tell = listener),
    onForeignSecret: (listener) => void (tellForeign = listener),
  }
}

/**
 * How many grants, claims and tombstones a process remembers whose tokens are in the sessions: each takes about as much
 * memory as a session.
 */
const MAXIMUM_RECORDS = 100_000

/** Records are in this process: a look costs next to nothing. */
const CACHE_SECONDS = 10

/** The parts for strategies whose tokens are in the sessions. Strangers' claims, logins' and grants have a limit each. */
export function createProcessParts(): GrantParts {
  const limited = (): GrantStore => createMemoryStore({ maximumRecords: MAXIMUM_RECORDS })
  const store = limited()
  const claims = createClaims(limited(), limited())
  return { ...createGrantParts(store, () => clearRecords, CACHE_SECONDS), claims }
}
