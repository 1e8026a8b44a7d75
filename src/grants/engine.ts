import type { TokenSet } from '../options/token-set.js'
import type { Adoption } from './adoption.js'
import type { FreshLine } from './ask.js'
import type { GrantOwner, GrantRecord } from './grant-record.js'
import type { ImportOutcome } from './import-grant.js'
import type { AddedLogin, NewGrant, NewLogin } from './new-record.js'

/** A grant that has just ended. */
export interface EndedGrant {
  /** The tokens that it had, to be revoked: the newest first, and those of a line before those of its uses. */
  readonly tokens: readonly TokenSet[]
  readonly of: GrantOwner
  /** Identifies the strategy: no other provider must receive these tokens. */
  readonly strategy: string
}

/** A login that has ended. */
export interface EndedLogin {
  /** The tokens that ended with it, the newest first. Empty if the grant survives logging out. */
  readonly tokens: readonly TokenSet[]
  /** For the provider's logout. */
  readonly idToken: string | undefined
  /** Asks the provider to revoke what may be revoked. Never rejects. */
  readonly revoke: () => Promise<void>
  /** The same if the person has not logged out, but another login has replaced this one: only what ends nothing else. */
  readonly revokeReplaced: () => Promise<void>
}

/** Keeps grants in a store: begins, reads, renews and ends them. One engine per store and process. */
export interface GrantEngine extends Adoption {
  /**
   * Starts a line with the tokens of a login.
   *
   * @param onPushedOut called with the tokens of lines that had to make room for it
   * @throws {StorageError}
   */
  readonly begin: (
    id: string,
    grant: NewGrant,
    onPushedOut?: (tokens: readonly TokenSet[]) => void,
  ) => Promise<GrantRecord>
  /**
   * Adds the tokens of a login for more to a grant that is alive, and loses nothing of it. `undefined` if the grant has ended, or
   * `login.of` says that it is not meant: then nothing is written.
   *
   * @throws {StorageError}
   */
  readonly extend: (id: string, login: AddedLogin) => Promise<GrantRecord | undefined>
  /**
   * Takes over tokens that the application has: as a new grant, or as a new line of one in which no line can be refreshed any
   * more. Every other grant is left as it is, and so is one that has ended, for as long as its tombstone is to be kept.
   *
   * @throws {StorageError}
   */
  readonly import: (id: string, grant: NewGrant) => Promise<ImportOutcome>
  /** Writes the record of a login that uses another grant. @throws {StorageError} */
  readonly beginLogin: (id: string, login: NewLogin) => Promise<GrantRecord>
  /** Notes which session has got a login that was stored before it. @throws {StorageError} */
  readonly noteSession: (id: string, sessionId: string) => Promise<void>
  /** The record; `undefined` if there is none of this strategy. Not older than the cache allows. @throws {StorageError} */
  readonly read: (id: string, strategy: string) => Promise<GrantRecord | undefined>
  /** The record as the store has it now, of any strategy. @throws {StorageError} */
  readonly look: (id: string) => Promise<GrantRecord | undefined>
  /**
   * The record as it is in the store, which is not remembered: for whoever looks at all grants, of which few are used.
   *
   * @throws {StorageError}
   */
  readonly glance: (id: string, strategy: string) => Promise<GrantRecord | undefined>
  /**
   * Whether this process knows an access token of the grant, also one for a use, that has not expired, and that can be
   * refreshed or was not refused by any API.
   */
  readonly isUsable: (id: string) => boolean
  /** See {@link FreshLine}. */
  readonly freshLine: FreshLine
  /**
   * Ends the grant in all processes, in this one at once. `undefined` if it had ended before, or never was.
   *
   * @param isMeant looks at the record as the store has it: if it says no, nothing ends
   * @throws {StorageError} if the store cannot be read. If it can be read but not written, the end holds in this process
   *   and is written as soon as possible.
   */
  readonly end: (
    id: string,
    isMeant?: (record: GrantRecord) => boolean,
  ) => Promise<EndedGrant | undefined>
  /**
   * Takes one line out of a grant: the login that has brought it came to nothing. Without another line, the grant ends.
   * Resolves to what was taken out; `undefined` if the line is not there.
   *
   * @throws {StorageError} if the store fails. If it can be read but not written and the grant ends, that holds in this
   *   process and is written as soon as possible.
   */
  readonly dropLine: (id: string, line: string) => Promise<EndedGrant | undefined>
  /**
   * Tells the engine how somebody else's call of the same store has ended. After one that failed, the first that does not
   * lets it look at everything it remembers, because the store may have lost that.
   */
  readonly noteStoreCall: (hasFailed: boolean) => void
  /** Writes the record as it is, sealed anew. @throws {StorageError} */
  readonly rewrite: (id: string) => Promise<void>
  /** Lets the grant live longer if half of its lifetime is over. Never rejects. */
  readonly prolong: (
    id: string,
    renewLinks: (record: GrantRecord) => Promise<void>,
  ) => Promise<void>
  /**
   * Resolves when no renewal of this strategy is under way in this process, and every answer of the provider is stored;
   * or when the time is up. To the number of those that are still under way.
   */
  readonly idle: (strategy: string, timeoutMs: number) => Promise<number>
}
