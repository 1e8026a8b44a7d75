import { AuthorizationCodeError, helpFor } from './base.js'
import { LOGIN_ERRORS } from './table-login.js'

/** What the login of a person lacks. */
export interface MissingFromLogin {
  /** What the person would have to grant in addition. Left out if that is enough, or nobody says. */
  readonly scope?: readonly string[] | undefined
  /** One of these is needed as `acr`. Left out if the authentication is strong enough. */
  readonly acrValues?: readonly string[] | undefined
  /** How old the authentication may be, in **seconds**. Left out if it is recent enough. */
  readonly maxAgeSeconds?: number | undefined
}

/**
 * The person is logged in, but a page or an API needs more than that: a scope that they have not granted, or a stronger or more
 * recent authentication. `scope`, `acrValues` and `maxAgeSeconds` say what is missing.
 *
 * `strategy.startLogin(req, res, error)` sends the person to the provider for it, and they come back to the page of the
 * request. If they have just come back without it, `startLogin` throws the error again, so that nobody goes round in circles.
 *
 * @see [RFC 9470, section 3 - Authentication Requirements Challenge](https://www.rfc-editor.org/rfc/rfc9470.html#section-3)
 * @see [RFC 6750, section 3.1 - Error Codes](https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1), `insufficient_scope`
 *
 * @example An error handler that sends people to log in, or to grant more
 * ```ts
 * import type { ErrorRequestHandler } from 'express'
 * import { LoginRequiredError, StepUpRequiredError } from 'passport-authorization-code'
 *
 * const goAndLogIn: ErrorRequestHandler = (error, req, res, next) => {
 *   const helps = error instanceof LoginRequiredError || error instanceof StepUpRequiredError
 *   if (!helps || req.method !== 'GET') return next(error)
 *   strategy.startLogin(req, res, error).catch(next)
 * }
 * app.use(goAndLogIn)
 * ```
 */
export class StepUpRequiredError extends AuthorizationCodeError implements MissingFromLogin {
  readonly code = 'ERR_STEP_UP_REQUIRED'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_STEP_UP_REQUIRED.status
  readonly fault = LOGIN_ERRORS.ERR_STEP_UP_REQUIRED.fault
  readonly retryable = LOGIN_ERRORS.ERR_STEP_UP_REQUIRED.retryable
  readonly scope: readonly string[] | undefined
  readonly acrValues: readonly string[] | undefined
  readonly maxAgeSeconds: number | undefined
  readonly #response: Response | undefined

  constructor(
    { scope, acrValues, maxAgeSeconds }: MissingFromLogin,
    /** What is wrong, in the words of RFC 6750 and RFC 9470. */
    readonly error: 'insufficient_scope' | 'insufficient_user_authentication',
    response?: Response,
  ) {
    const missing = [
      ...(scope === undefined ? [] : [`the scope ${scope.join(' ')}`]),
      ...(acrValues === undefined ? [] : [`acr ${acrValues.join(' or ')}`]),
      ...(maxAgeSeconds === undefined
        ? []
        : [`an authentication of the last ${maxAgeSeconds} seconds`]),
    ]
    const message = LOGIN_ERRORS.ERR_STEP_UP_REQUIRED.message
    super(missing.length === 0 ? message : `${message.replace(/\.$/, '')}: ${missing.join(', ')}.`)
    this.scope = scope
    this.acrValues = acrValues
    this.maxAgeSeconds = maxAgeSeconds
    this.#response = response
  }

  /**
   * The answer of the API, if an API wants more. Its body is still unread. It is in no log of the error. `undefined` if a page
   * wants more.
   */
  get response(): Response | undefined {
    return this.#response
  }
}

/**
 * A login that was to add something to the present one has ended with another account of the provider. The person who was
 * logged in still is, with what they had, and the new tokens are not used.
 *
 * @example Explaining it to the person
 * ```ts
 * import { AnotherPersonError, authRouter, loginErrorPage } from 'passport-authorization-code'
 *
 * const router = authRouter(strategy, {
 *   onError: (error, req, res, next) => {
 *     if (!(error instanceof AnotherPersonError)) return loginErrorPage(error, req, res, next)
 *     res.status(error.status).send('Please use the account that you are logged in with.')
 *   },
 * })
 * ```
 */
export class AnotherPersonError extends AuthorizationCodeError {
  readonly code = 'ERR_ANOTHER_PERSON'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_ANOTHER_PERSON.status
  readonly fault = LOGIN_ERRORS.ERR_ANOTHER_PERSON.fault
  readonly retryable = LOGIN_ERRORS.ERR_ANOTHER_PERSON.retryable

  constructor() {
    super(LOGIN_ERRORS.ERR_ANOTHER_PERSON.message)
  }
}
