import type { LoginRequiredReason } from '../errors/login-errors.js'
import type { LoginRequest } from '../lib/login-request.js'

/** The grant of a session. */
export interface FoundGrant {
  /** Of the record that has the tokens. */
  readonly id: string
  /** Of the record that the session names. It differs if the grant survives logging out. */
  readonly login: string
}

/** Finds the grant that a request's session holds for one strategy, and removes it from there. */
export interface SessionGrant {
  /**
   * The grant, or the reason why there is none.
   *
   * @throws {StorageError} if the store cannot be reached
   */
  readonly find: (request: LoginRequest) => Promise<FoundGrant | LoginRequiredReason>
  /** Removes a grant that has ended from the session, and notes there that it has, for `requireLogin`. */
  readonly noteEnd: (request: LoginRequest, login: string) => Promise<void>
  /**
   * Whether a record is of this strategy. Strategies that were given no names share their place in the session.
   *
   * @throws {StorageError} if the store cannot be reached
   */
  readonly isOurs: (id: string) => Promise<boolean>
  /** Removes the grant from the session. */
  readonly forget: (request: LoginRequest) => Promise<void>
}
