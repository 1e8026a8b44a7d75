import { AuthorizationCodeError, helpFor } from './base.js'
import { SERVER_ERRORS } from './table-server.js'

/**
 * The set-up is wrong. The message says what to do. It is thrown at start if the fault can be found there, and
 * otherwise goes to `next(error)`.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, ConfigurationError, github } from 'passport-authorization-code'
 *
 * try {
 *   new AuthorizationCodeStrategy({ ...github, clientID: undefined, callbackURL: 'https://your-app.com/callback' })
 * } catch (error) {
 *   if (error instanceof ConfigurationError) console.error(error.option, error.message) // 'clientID' …
 * }
 * ```
 */
export class ConfigurationError extends AuthorizationCodeError {
  readonly code = 'ERR_CONFIGURATION'
  readonly help = helpFor(this.code)
  readonly status = SERVER_ERRORS.ERR_CONFIGURATION.status
  readonly fault = SERVER_ERRORS.ERR_CONFIGURATION.fault
  readonly retryable = SERVER_ERRORS.ERR_CONFIGURATION.retryable

  constructor(
    message: string,
    /** The name of the wrong option. `undefined` if the fault is not in an option. */
    readonly option?: string,
  ) {
    super(message)
  }
}

/**
 * The session store, or the store of the grants, could not be read or written. `cause` is the store's own error. The same
 * request may succeed later, unless `fault` is `developer`: then the message says what to change, and `retryable` is `false`.
 *
 * @example
 * ```ts
 * import { StorageError } from 'passport-authorization-code'
 *
 * function reasonOf(error: unknown): unknown {
 *   return error instanceof StorageError ? error.cause : error
 * }
 * ```
 */
export class StorageError extends AuthorizationCodeError {
  readonly code = 'ERR_STORAGE'
  readonly help = helpFor(this.code)
  readonly status = SERVER_ERRORS.ERR_STORAGE.status
  readonly fault: 'developer' | 'storage'
  readonly retryable: boolean

  /**
   * @param what what has failed, for the message, such as "Reading the session"
   * @param cause the store's own error
   * @param reason why, if this package knows
   * @param fault `developer` if it fails until somebody changes the set-up
   */
  constructor(
    what: string,
    cause: unknown,
    reason?: string,
    fault: 'developer' | 'storage' = 'storage',
  ) {
    super(reason === undefined ? `${what} failed.` : `${what} failed: ${reason}.`, { cause })
    this.fault = fault
    this.retryable = fault === 'storage'
  }
}
