import type { TokenSet } from './token-set.js'

/** The tokens of a grant at one point of its life. */
export interface GrantState {
  /** Counts the token sets of the grant: 1 after login, one more with each refresh. */
  readonly version: number
  readonly tokens: TokenSet
  /** From when on the access token is due for renewal, in **milliseconds since the epoch**. */
  readonly renewAt?: number
}

/** How {@link Ledger.renew} ended. */
export type Renewal =
  /** Renewed while the caller waited, by it or by somebody else. */
  | { readonly outcome: 'renewed'; readonly state: GrantState }
  /** Somebody had renewed it before the caller asked: no request was made. */
  | { readonly outcome: 'found'; readonly state: GrantState }
  /** The grant has ended. */
  | { readonly outcome: 'ended' }

/** Durations for {@link Ledger.renew}. */
export interface RenewalLimits {
  /** For how long one caller may keep all others waiting, in **milliseconds**; longer than `refresh` ever takes. */
  readonly leaseMs: number
  /** For how long the outcome is remembered, in **milliseconds**: as long as a session may come back with older tokens. */
  readonly keepMs: number
}

/** A login that its provider can end from its side. */
export interface EnrolledLogin {
  readonly sessionId: string
  /** The `id` of the grant's entry in that session. */
  readonly entryId: string
}

/**
 * What all requests and processes must agree on. Two strategies, requests or processes that share a
 * ledger never send a code twice, never use a refresh token twice, and agree on what has ended.
 */
export interface Ledger {
  /**
   * Claims `id` for the caller. Resolves to `true` for exactly one caller within `ttlMs` **milliseconds**,
   * over everyone who shares the ledger, and to `false` for all others.
   *
   * @throws {StorageError} when the ledger cannot be reached
   */
  claim(id: string, ttlMs: number): Promise<boolean>

  /**
   * Renews the tokens of a grant exactly once, however many ask. If the ledger knows a newer version than
   * `current`, that is the answer. Otherwise one caller runs `refresh`, and everyone who waits gets its
   * result, or its error.
   *
   * @param grant the grant's secret
   * @param refresh gets the next state from the provider; `undefined` says that the provider has ended the grant
   * @throws whatever `refresh` throws
   * @throws {StorageError} when the ledger cannot be reached
   */
  renew(
    grant: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal>

  /**
   * Ends a grant: from now on {@link renew} finds it ended, a renewal under way included. Resolves to the
   * newest state the ledger knows, so that its tokens can be revoked.
   *
   * @param keepMs for how long that is remembered, in **milliseconds**
   * @throws {StorageError} when the ledger cannot be reached
   */
  end(grant: string, keepMs: number): Promise<GrantState | undefined>

  /**
   * Notes that a login belongs to each of `groups`: a session of the provider's, a person there. Resolves to
   * `false`, and the login must not count, when one of them has ended since the person was authenticated.
   *
   * @param grant the grant's secret, of which only the name of its record is kept
   * @param authenticatedAt in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs for how long that is noted, in **milliseconds** from now
   * @throws {StorageError} when the ledger cannot be reached
   */
  enrol(
    login: EnrolledLogin,
    grant: string,
    groups: readonly string[],
    authenticatedAt: number,
    keepMs: number,
  ): Promise<boolean>

  /**
   * Ends the grants of all logins of a group that were authenticated at `endedAt` or before, and hands each
   * of them to `endSession`. If anything fails, the next call begins anew. The tokens stay where they are,
   * in the session: the ledger cannot open a record without its grant.
   *
   * @param endedAt in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs for how long that is remembered, in **milliseconds**
   * @throws whatever `endSession` throws
   * @throws {StorageError} when the ledger cannot be reached
   */
  endGroup(
    group: string,
    endedAt: number,
    keepMs: number,
    endSession: (login: EnrolledLogin) => Promise<void>,
  ): Promise<void>

  /** Remembers for `keepMs` **milliseconds** that a session was destroyed. */
  endSession(sessionId: string, keepMs: number): Promise<void>

  /** Whether a session was destroyed. */
  isSessionEnded(sessionId: string): Promise<boolean>
}
