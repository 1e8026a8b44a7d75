import type { TokenSet } from './token-set.js'

/** One token set of a grant. A new one takes its place with each refresh. */
export interface GrantState {
  /** The number of the token set: 1 after the login, one more with each refresh. */
  readonly version: number
  /** The tokens themselves. */
  readonly tokens: TokenSet
  /** When the access token becomes due for renewal, in **milliseconds since the epoch**. Left out if it never does. */
  readonly renewAt?: number
}

/** The result of {@link Ledger.renew}. */
export type Renewal =
  /** The grant was renewed during the call, by this caller or another. */
  | { readonly outcome: 'renewed'; readonly state: GrantState }
  /** The grant had been renewed before the call. No request was sent. */
  | { readonly outcome: 'found'; readonly state: GrantState }
  /** The grant has ended. */
  | { readonly outcome: 'ended' }

/** Durations for {@link Ledger.renew}. */
export interface RenewalLimits {
  /**
   * How long the other callers wait for the one that runs `refresh`, in **milliseconds**. It must be longer than
   * `refresh` ever takes.
   */
  readonly leaseMs: number
  /**
   * How long the ledger keeps the result, in **milliseconds**: as long as a session may still have the older
   * tokens.
   */
  readonly keepMs: number
}

/** A login that the provider can end by a back-channel logout. */
export interface EnrolledLogin {
  /** The id of the session that holds the login. */
  readonly sessionId: string
  /** The `id` of the grant's entry in that session. */
  readonly entryId: string
}

/**
 * Coordinates all requests, strategies and processes that share it, so that no code and no refresh token is sent
 * twice, and a login that has ended in one process has ended in all.
 *
 * `MemoryLedger` and `RedisLedger` implement it. To use another database, implement it yourself, and throw a
 * {@link StorageError} if the database cannot be reached.
 *
 * @example Counting renewals
 * ```ts
 * import { MemoryLedger } from 'passport-authorization-code'
 * import type { Ledger } from 'passport-authorization-code'
 *
 * class CountingLedger extends MemoryLedger implements Ledger {
 *   renewals = 0
 *
 *   override async renew(...given: Parameters<Ledger['renew']>) {
 *     this.renewals += 1
 *     return super.renew(...given)
 *   }
 * }
 * ```
 */
export interface Ledger {
  /**
   * Claims `id`, such as a login's callback. Within `ttlMs` **milliseconds**, it resolves to `true` for exactly one
   * of all callers that share the ledger, and to `false` for the others.
   *
   * @throws {StorageError} if the ledger cannot be reached
   */
  claim(id: string, ttlMs: number): Promise<boolean>

  /**
   * Renews the tokens of a grant once, however many callers ask at the same time. If the ledger has a newer version
   * than `current`, it resolves to that. Otherwise one caller runs `refresh`, and all callers get its result or
   * its error.
   *
   * @param grant the grant's secret
   * @param current the state that the caller has
   * @param refresh resolves to the next state, or to `undefined` if the provider has ended the grant
   * @throws whatever `refresh` throws
   * @throws {StorageError} if the ledger cannot be reached
   */
  renew(
    grant: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal>

  /**
   * Ends a grant: from now on {@link renew} resolves to `ended`, even for a renewal that is running. Resolves to
   * the newest state that the ledger has, so that its tokens can be revoked; `undefined` if it has none.
   *
   * @param grant the grant's secret
   * @param keepMs how long the ledger remembers that the grant has ended, in **milliseconds**
   * @throws {StorageError} if the ledger cannot be reached
   */
  end(grant: string, keepMs: number): Promise<GrantState | undefined>

  /**
   * Adds a login to groups that the provider can end: a session at the provider, or a person. Resolves to `false`
   * if one of the groups has ended since the person was authenticated. The login must then be refused.
   *
   * @param grant the grant's secret. The ledger must not store it, only what {@link endGroup} needs to end it.
   * @param groups the names of the groups
   * @param authenticatedAt when the person was authenticated, in **milliseconds since the epoch**, by the
   * provider's clock
   * @param keepMs how long the login stays in the groups, in **milliseconds**
   * @throws {StorageError} if the ledger cannot be reached
   */
  enrol(
    login: EnrolledLogin,
    grant: string,
    groups: readonly string[],
    authenticatedAt: number,
    keepMs: number,
  ): Promise<boolean>

  /**
   * Ends the grants of all logins in a group whose person was authenticated at `endedAt` or before, and calls
   * `endSession` with each of them. If one fails, the others are still ended, and the failed one stays in
   * the group for the next call.
   *
   * @param group the name of the group
   * @param endedAt when the group ended, in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs how long the ledger remembers that the group has ended, in **milliseconds**
   * @param endSession ends the login in the application's session
   * @throws whatever `endSession` throws
   * @throws {StorageError} if the ledger cannot be reached
   */
  endGroup(
    group: string,
    endedAt: number,
    keepMs: number,
    endSession: (login: EnrolledLogin) => Promise<void>,
  ): Promise<void>

  /**
   * Remembers for `keepMs` **milliseconds** that a session was destroyed.
   *
   * @throws {StorageError} if the ledger cannot be reached
   */
  endSession(sessionId: string, keepMs: number): Promise<void>

  /**
   * Whether {@link endSession} was called for a session.
   *
   * @throws {StorageError} if the ledger cannot be reached
   */
  isSessionEnded(sessionId: string): Promise<boolean>
}
