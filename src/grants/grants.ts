import { systemClock } from '../lib/clock.js'
import { forEachDespiteFailures } from '../lib/for-each-despite-failures.js'
import { createSeal } from '../lib/sealing.js'
import type { Seal } from '../lib/sealing.js'
import type { GrantStore } from '../options/grant-store.js'
import { GRANT_PARTS } from '../options/grants-option.js'
import type { StoredGrants } from '../options/grants-option.js'
import { readTable } from '../options/option-table.js'
import { withMethods, zeroOrMore } from '../options/readers.js'
import { requireAccount } from '../options/holder.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { createClaims } from './claims.js'
import type { Claims } from './claims.js'
import { createGrantEngine } from './grant-engine.js'
import type { GrantEngine } from './engine.js'
import { createGrantIndex } from './grant-index.js'
import type { GrantIndex } from './grant-index.js'
import { hasEnded } from './grant-record.js'
import { GRANTS_OPTIONS } from './grants-options.js'
import type { GrantsOptions } from './grants-options.js'
import { createStrategiesOfGrants } from './strategy-jobs.js'
import type { GrantJobs, RenewedIdle, StrategiesOfGrants } from './strategy-jobs.js'
import { importGrants } from './imported-grant.js'
import type { Imported, ImportedGrant } from './imported-grant.js'
import { createMemoryStore } from './memory-store.js'
import { createRememberedLinks } from './remembered-links.js'
import { clearRecords, sealedRecords } from './record-codec.js'
import { resealAll } from './reseal.js'
import type { Resealed } from './reseal.js'
import { createSealedNotes } from './sealed-notes.js'
import type { SealedNotes } from './sealed-notes.js'
import { watchStore } from './watch-store.js'
import type { StoreFailureListener } from './watch-store.js'
import type { RecordCodec } from './record-codec.js'

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

/** The parts of a value of the option `grants`. */
export function partsOf(grants: StoredGrants): GrantParts {
  return grants[GRANT_PARTS] as GrantParts
}

/**
 * Grants in a store of your own: the option `grants`. Tokens are stored there, sealed, and each session holds only the
 * id of its grant. All processes, requests and jobs that share the store refresh a token exactly once.
 *
 * For Redis there is `RedisGrants`, for PostgreSQL `PostgresGrants`, and for one process `MemoryGrants`. `grantStoreTests` of
 * `passport-authorization-code/testing` tests a store.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, Grants } from 'passport-authorization-code'
 * import type { GrantStore } from 'passport-authorization-code'
 *
 * declare const store: GrantStore // your own five methods
 *
 * const grants = new Grants(store, { secret: process.env['GRANT_SECRET'] ?? '' })
 * passport.use(new AuthorizationCodeStrategy({ ...options, grants }))
 * ```
 */
export class Grants implements StoredGrants {
  /** For this package only. */
  readonly [GRANT_PARTS]: unknown
  readonly #store: GrantStore
  readonly #seal: Seal
  readonly #notes: SealedNotes

  /** @throws {ConfigurationError} if the store lacks a method, the secret is too short, or an option is unknown */
  constructor(store: GrantStore, options: GrantsOptions) {
    const { secret, cacheSeconds } = readTable(
      GRANTS_OPTIONS,
      options,
      'new Grants(store, { secret: process.env.GRANT_SECRET })',
    )
    this.#store = readStore(store, 'store')
    this.#seal = createSeal(secret, 'grants')
    const makeCodec = (onForeign: () => void): RecordCodec => sealedRecords(this.#seal, onForeign)
    const parts = createGrantParts(this.#store, makeCodec, cacheSeconds)
    this.#notes = createSealedNotes(parts.store, createSeal(secret, 'notes'))
    const pendingSeal = createSeal(secret, 'pending logins')
    this[GRANT_PARTS] = { ...parts, pendingSeal, notes: this.#notes }
  }

  /**
   * Ends and removes everything about a person, of all strategies that were created with these grants: grants, logins
   * and the sessions that depend on them. The tokens are revoked at the providers first. What has ended is remembered
   * for two hours, without the person.
   *
   * @example
   * ```ts
   * import type { Grants } from 'passport-authorization-code'
   *
   * declare const grants: Grants
   *
   * await grants.eraseAccount(user.account)
   * ```
   *
   * @param account your own id of the person, as `accountOf` returns it; without `verify`, the user's `account`
   * @returns how many grants have ended
   * @throws {ConfigurationError} if it cannot be an account, or no strategy was created with these grants
   * @throws {StorageError} if the store fails, or something cannot be read, after all that can be erased: then call it again
   */
  async eraseAccount(account: string | number): Promise<number> {
    const person = requireAccount(account)
    let ended = 0
    await forEachDespiteFailures(strategiesOf(this), 1, async (strategy) => {
      const count = await strategy.erase(person)
      ended += count
    })
    return ended
  }

  /**
   * Refreshes the grants that nobody has used for some days, of all strategies that were created with these grants, so
   * that their refresh tokens do not expire from disuse. For a daily job. Several processes may call it: a token is
   * refreshed by one of them.
   *
   * @example
   * ```ts
   * import type { Grants } from 'passport-authorization-code'
   *
   * declare const grants: Grants
   *
   * // Refresh tokens that live 90 days
   * const { renewed, loginRequired, failed } = await grants.renewIdle({ olderThanDays: 60 })
   * console.log(`${renewed} refreshed, ${loginRequired} must log in again, ${failed} tomorrow`)
   * ```
   *
   * @param options.olderThanDays grants are refreshed whose tokens were obtained longer ago than so many days; with 0, all that can be
   * @throws {ConfigurationError} if it is not a whole number from 0, or no strategy was created with these grants
   * @throws {StorageError} if the store fails, or a grant cannot be read; the others are refreshed first
   */
  async renewIdle(options: { readonly olderThanDays: number }): Promise<RenewedIdle> {
    const { olderThanDays } = Object(options) as Partial<typeof options>
    const days = zeroOrMore(olderThanDays, 'olderThanDays')
    const since = Date.now() - days * 24 * 60 * 60 * 1000
    const all = { renewed: 0, loginRequired: 0, failed: 0 }
    // At once: a provider that does not answer must not hold up the others.
    await forEachDespiteFailures(strategiesOf(this), STRATEGIES_AT_ONCE, async (strategy) => {
      const { renewed, loginRequired, failed } = await strategy.renewIdle(since)
      all.renewed += renewed
      all.loginRequired += loginRequired
      all.failed += failed
    })
    return all
  }

  /**
   * Takes over tokens that an application already has, such as from a table of users. They become grants that survive
   * logging out, and nobody has to log in again. A grant that is there already is left as it is, so that it can be called
   * again after a failure, unless it cannot be refreshed any more: then it gets the refresh token that is imported, and
   * counts as `repaired`. Nothing is sent to a provider.
   *
   * @example
   * ```ts
   * import type { Grants } from 'passport-authorization-code'
   *
   * declare const grants: Grants
   * declare const rows: { id: number; jiko_refresh_token: string }[]
   *
   * await grants.import(
   *   rows.map((row) => ({ strategy: 'jiko', account: row.id, refreshToken: row.jiko_refresh_token })),
   * )
   * ```
   *
   * @param given any number of grants; an async iterable can read them from a database
   * @throws {ConfigurationError} naming what cannot be used, and which one it is in
   * @throws {StorageError} if the store fails
   */
  async import(given: Iterable<ImportedGrant> | AsyncIterable<ImportedGrant>): Promise<Imported> {
    return importGrants(given, strategiesOf(this))
  }

  /**
   * Seals the records of these ids anew if they were not sealed with the first secret.
   *
   * @param ids the ids of all records in the store, in batches
   * @throws {StorageError} if the store fails
   */
  protected resealAll(ids: AsyncIterable<readonly string[]>): Promise<Resealed> {
    const { engine } = partsOf(this)
    const grants = { store: this.#store, seal: this.#seal, rewrite: engine.rewrite }
    return resealAll(ids, { ...grants, notes: this.#notes })
  }

  /**
   * Remembers, for all processes, that a session was destroyed. `guardSessionStore` calls it.
   *
   * @param keepMs for how long at least, in **milliseconds**
   * @throws {StorageError} if the store fails
   */
  endSession(sessionId: string, keepMs: number): Promise<void> {
    return partsOf(this).claims.endSession(sessionId, keepMs)
  }

  /**
   * Whether a session was destroyed, by any process. `guardSessionStore` calls it.
   *
   * @throws {StorageError} if the store fails
   */
  isSessionEnded(sessionId: string): Promise<boolean> {
    return partsOf(this).claims.isSessionEnded(sessionId)
  }
}

/** The grants of how many strategies are refreshed at once. */
const STRATEGIES_AT_ONCE = 16

/** @throws {ConfigurationError} if there is none: a job that calls nothing would look as if it had worked */
function strategiesOf(grants: Grants): readonly GrantJobs[] {
  const strategies = [...partsOf(grants).strategies.present().values()]
  if (strategies.length > 0) return strategies
  throw new ConfigurationError(
    'No strategy in this process has these grants. Create the strategies first, and keep them, by passport.use(strategy) or in a variable: they know the providers.',
    'grants',
  )
}

const readStore = withMethods<GrantStore>('get', 'compareAndSet', 'link', 'linked', 'unlink')
