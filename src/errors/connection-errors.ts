import { AuthorizationCodeError, helpFor } from './base.js'
import { LOGIN_ERRORS } from './table-login.js'

/** Why a request needs a connection that a person has not made, or has to make again. */
export type ConnectionRequiredReason =
  /** The person has not connected the resource. */
  | 'not_connected'
  /** The connection gives no access any more: it has expired, or was refused or ended. */
  | 'refused'
  /** The person has granted less than the resource wants: see `scope`. */
  | 'insufficient_scope'
  /** The resource trusts another authorization server than it did when it was connected. */
  | 'other_authorization_server'
  /** The authorization server has forgotten this application's registration. */
  | 'client_forgotten'

const MESSAGES: Readonly<Record<ConnectionRequiredReason, string>> = {
  not_connected: 'The person has not connected this resource',
  refused: 'The connection to this resource gives no access any more',
  insufficient_scope: 'The resource wants more than the person has granted',
  other_authorization_server: 'The resource trusts another authorization server now',
  client_forgotten: 'The authorization server no longer knows this application',
}

/**
 * A request of `connections.fetchFor` needs the person, who can approve it at `connectURL`. In a job, nobody is there: the
 * connection is then listed as waiting.
 *
 * @see [RFC 9728, section 5 - Use of WWW-Authenticate for Protected Resource Metadata](https://www.rfc-editor.org/rfc/rfc9728.html#section-5)
 *
 * @example
 * ```ts
 * import { ConnectionRequiredError } from 'passport-authorization-code'
 *
 * app.get('/report', async (req, res, next) => {
 *   try {
 *     const answer = await connections.fetchFor(req)('https://api.partner.example/report')
 *     res.json(await answer.json())
 *   } catch (error) {
 *     if (!(error instanceof ConnectionRequiredError)) return next(error)
 *     res.redirect(error.connectURL)
 *   }
 * })
 * ```
 */
export class ConnectionRequiredError extends AuthorizationCodeError {
  readonly code = 'ERR_CONNECTION_REQUIRED'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_CONNECTION_REQUIRED.status
  readonly fault = LOGIN_ERRORS.ERR_CONNECTION_REQUIRED.fault
  readonly retryable = LOGIN_ERRORS.ERR_CONNECTION_REQUIRED.retryable
  /** The address of the resource. */
  readonly resource: string
  /** Where the person can approve it: an absolute URL of this application. */
  readonly connectURL: string
  /** What the resource wants in addition. `undefined` if it does not say, or that is not the reason. */
  readonly scope: readonly string[] | undefined

  constructor(
    readonly reason: ConnectionRequiredReason,
    about: {
      readonly resource: string
      readonly connectURL: string
      readonly scope?: readonly string[] | undefined
    },
  ) {
    const { resource, connectURL, scope } = about
    super(`${MESSAGES[reason]} (${resource}). It can be approved at ${connectURL}.`)
    this.resource = resource
    this.connectURL = connectURL
    this.scope = scope
  }
}

/** What is wrong with an address that cannot be connected: see the guide to this error. */
export type NotConnectableReason =
  | 'address'
  | 'no_metadata'
  | 'other_resource'
  | 'other_issuer'
  | 'no_pkce'
  | 'client_needed'
  | 'registration_refused'
  | 'too_many'

/**
 * A person has entered an address that cannot be connected. The message says why; what a server has written in it was cut and
 * cleaned.
 *
 * @example
 * ```ts
 * import type { ErrorRequestHandler } from 'express'
 * import { loginErrorPage, NotConnectableError } from 'passport-authorization-code'
 *
 * const onError: ErrorRequestHandler = (error, req, res, next) => {
 *   if (!(error instanceof NotConnectableError)) return loginErrorPage(error, req, res, next)
 *   res.status(error.status).render('not-connectable', { reason: error.reason })
 * }
 * ```
 */
export class NotConnectableError extends AuthorizationCodeError {
  readonly code = 'ERR_NOT_CONNECTABLE'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_NOT_CONNECTABLE.status
  readonly fault = LOGIN_ERRORS.ERR_NOT_CONNECTABLE.fault
  readonly retryable = LOGIN_ERRORS.ERR_NOT_CONNECTABLE.retryable

  constructor(
    readonly reason: NotConnectableReason,
    message: string,
  ) {
    super(message)
  }
}
