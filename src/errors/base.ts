import type { Fault } from './error-entry.js'

/**
 * The base of all errors of this library: `error instanceof AuthorizationCodeError` is true for each of them, and
 * `switch (error.code)` on an {@link AuthorizationCodeFlowError} narrows to one.
 *
 * `status`, `statusCode` and `expose` have the same meaning as in errors of the package http-errors, so that
 * Express's own error handler and others answer with the right status.
 *
 * No message, field or `cause` holds a token, code, verifier, state or secret.
 *
 * @example
 * ```ts
 * import type { ErrorRequestHandler } from 'express'
 * import { AuthorizationCodeError } from 'passport-authorization-code'
 *
 * export const handleError: ErrorRequestHandler = (error, _req, res, next) => {
 *   if (!(error instanceof AuthorizationCodeError)) return next(error)
 *   if (error.retryable) res.set('Retry-After', '10')
 *   res.status(error.status).send('Logging in does not work right now.')
 * }
 * ```
 */
export abstract class AuthorizationCodeError extends Error {
  /** Identifies the error. It stays the same if the message changes. */
  abstract readonly code: string
  /** The HTTP status to answer with. Express's own error handler sends it. */
  abstract readonly status: number
  /** Who can correct the cause: `developer`, `browser` (the person, by starting again), `provider` or `storage`. */
  abstract readonly fault: Fault
  /** Whether the same attempt may succeed later although nobody has changed anything. */
  abstract readonly retryable: boolean
  /** Where cause and fix are described: a file of this package, and the heading in it. */
  abstract readonly help: string

  /** The name of the class. */
  override get name(): string {
    return this.constructor.name
  }

  /** The same as `status`. */
  get statusCode(): number {
    return this.status
  }

  /** Whether the message may be sent to the client, as http-errors defines it: `true` if `status` is below 500. */
  get expose(): boolean {
    return this.status < 500
  }
}

/**
 * The `help` of an error with this code. Each class sets it as a field of its own and does not inherit a getter,
 * because Node and loggers print only own fields.
 */
export function helpFor(code: string): string {
  return `passport-authorization-code/docs/errors.md#${code.toLowerCase()}`
}
