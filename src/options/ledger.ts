import type { TokenSet } from './token-set.js'

/** The tokens of a grant at one point in its life: after the login, or after one of its refreshes. */
export interface GrantState {
  /** Counts the token sets of the grant: 1 after the login, one more with each refresh. */
  readonly version: number
  /** The token set of this version. */
  readonly tokens: TokenSet
  /**
   * When the access token becomes due for renewal, in **milliseconds since the epoch**; left out if it never does.
   */
  readonly renewAt?: number
}

/** The outcome of {@link Ledger.renew}. */
export type Renewal =
  /** The tokens were renewed while the caller waited, by this caller or by another one. */
  | { readonly outcome: 'renewed'; readonly state: GrantState }
  /** The ledger already had newer tokens than the caller's, so no request was made. */
  | { readonly outcome: 'found'; readonly state: GrantState }
  /** The grant has ended: the person has to log in again. */
  | { readonly outcome: 'ended' }

/** The durations that {@link Ledger.renew} needs. */
export interface RenewalLimits {
  /** For how long one caller may keep the others waiting, in **milliseconds**. Must be longer than `refresh` can take. */
  readonly leaseMs: number
  /** For how long the outcome is remembered, in **milliseconds**: as long as a session with older tokens may be used. */
  readonly keepMs: number
}

/** A login that the provider can end by a back-channel logout. */
export interface EnrolledLogin {
  /** The id of the session that holds the grant. */
  readonly sessionId: string
  /** The `id` of the grant's entry in that session. */
  readonly entryId: string
}

/**
 * Keeps what all requests and processes must agree on: which codes and refresh tokens have been used, and which
 * grants and sessions have ended. Strategies, requests and processes that share a ledger never send a code twice
 * and never use a refresh token twice.
 *
 * `MemoryLedger` serves one process, and `RedisLedger` several. Implement this interface to use another store.
 */
export interface Ledger {
  /**
   * Claims `id` for the caller. Of all callers that share the ledger, exactly one gets `true` within `ttlMs`
   * **milliseconds**; all others get `false`.
   *
   * @throws {StorageError} if the ledger cannot be reached
   */
  claim(id: string, ttlMs: number): Promise<boolean>

  /**
   * Renews the tokens of a grant exactly once, however many callers ask at the same time. If the ledger has a
   * newer version than `current`, it returns that one. Otherwise one caller runs `refresh`, and all callers that
   * wait get its result or its error.
   *
   * @param grant the grant's secret
   * @param refresh gets the next state from the provider; resolves to `undefined` if the provider has ended the grant
   * @throws the error of `refresh`, if it fails
   * @throws {StorageError} if the ledger cannot be reached
   */
  renew(
    grant: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal>

  /**
   * Ends a grant. From now on {@link renew} resolves to `ended`, also for a renewal that is running already.
   * Resolves to the newest state that the ledger has, so that its tokens can be revoked.
   *
   * @param keepMs for how long the end is remembered, in **milliseconds**
   * @throws {StorageError} if the ledger cannot be reached
   */
  end(grant: string, keepMs: number): Promise<GrantState | undefined>

  /**
   * Records that a login belongs to `groups`, so that {@link endGroup} can find it. A group is a session at the
   * provider, or a person there. Resolves to `false` if one of the groups has ended since the person was
   * authenticated: the caller must then refuse the login.
   *
   * @param grant the grant's secret; the ledger stores only the name of the record that belongs to it
   * @param authenticatedAt when the person was authenticated, in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs for how long the record is kept, in **milliseconds** from now
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
   * Ends the grants of all logins of a group that were authenticated at `endedAt` or before, and calls
   * `endSession` for each of these logins. If anything fails, the next call starts again from the beginning. The
   * tokens are not returned, because the ledger cannot decrypt them without the grant's secret.
   *
   * @param endedAt when the group ended, in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs for how long the end is remembered, in **milliseconds**
   * @throws the error of `endSession`, if it fails
   * @throws {StorageError} if the ledger cannot be reached
   */
  endGroup(
    group: string,
    endedAt: number,
    keepMs: number,
    endSession: (login: EnrolledLogin) => Promise<void>,
  ): Promise<void>

  /**
   * Remembers for `keepMs` **milliseconds** that a session was destroyed, so that a slow request cannot store it again.
   *
   * @throws {StorageError} if the ledger cannot be reached
   */
  endSession(sessionId: string, keepMs: number): Promise<void>

  /**
   * Whether {@link endSession} was called for this session.
   *
   * @throws {StorageError} if the ledger cannot be reached
   */
  isSessionEnded(sessionId: string): Promise<boolean>
}
