import type { TokenSet } from '../options/token-set.js'
import type { Line } from './grant-record.js'
import type { RefreshWays } from './refresh-ways.js'
import type { WantedUse } from './uses.js'

/**
 * How an API has refused an access token: the `first` one of a call, or `again` the one that has replaced it. Such a one is not
 * replaced for a minute: see `mayReplace`.
 */
export type Refusal = 'first' | 'again'

/** Which access token is wanted of a grant. */
export interface Wanted {
  /** An access token that an API has refused: a different one is wanted. */
  readonly refused?: string | undefined
  /** See {@link Refusal}; left out if it must be replaced in any case. */
  readonly refusal?: Refusal | undefined
  /** What the access token must be allowed to do. */
  readonly scope?: readonly string[] | undefined
  /** For what it is wanted, if not for what the grant allows. */
  readonly use?: WantedUse | undefined
}

/** Who asks for an access token, and which one will not do. */
export interface Ask {
  /** An access token that an API has refused. */
  readonly refused?: string | undefined
  /** See {@link Refusal}; left out if it must be replaced in any case. */
  readonly refusal?: Refusal | undefined
  /** What the access token must be allowed to do: chooses the line. */
  readonly scope?: readonly string[] | undefined
  /** The only line that will do. */
  readonly line?: string | undefined
  /**
   * Renews the line if its refresh token was obtained before this moment, in **milliseconds since the epoch**, even if the
   * access token is still valid.
   */
  readonly idleSince?: number | undefined
  /**
   * Asks for an access token for another API, or for less scope: see `servingUse`. It is obtained with the refresh token of the
   * line. If there is none, and no such access token is stored and valid, the person has to log in again: the reason is
   * `expired`, although the line's own access token may still be valid.
   */
  readonly use?: WantedUse | undefined
  /** Whether no request waits. Jobs wait longer, and do not prolong the grant. */
  readonly isJob?: boolean
  /** Called after each renewal of this process, with the line as it is then, before the token is handed out. */
  readonly afterRenewal?: ((line: Line) => Promise<void>) | undefined
}

/** A line, and the token of it that was asked for. */
export interface ServedLine extends Line {
  /**
   * The tokens for the caller: those of the line, or for a use its access token with the refresh token of the line. `tokens` are
   * always those of the line.
   */
  readonly served: TokenSet
}

/**
 * Resolves to the line with an access token that is valid now, and refreshes it first if necessary.
 *
 * @throws {LoginRequiredError} if the person has to log in again
 * @throws {TokenEndpointError} if a refresh is necessary and the provider fails
 * @throws {StorageError} if the store cannot be reached
 */
export type FreshLine = (id: string, ways: RefreshWays, ask?: Ask) => Promise<ServedLine>
