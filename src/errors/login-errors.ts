import { AuthorizationCodeError, helpFor } from './base.js'
import type { CodeOf, Fault, OAuthErrorFacts } from './error-entry.js'
import { authorizationErrorFrom } from './oauth-errors.js'
import { LOGIN_ERRORS, LOGIN_REQUIRED_REASONS } from './table-login.js'

/** The codes of a {@link PendingLoginError}: why a callback has no pending login. */
export type PendingLoginErrorCode = CodeOf<typeof LOGIN_ERRORS, 'PendingLoginError'>

/**
 * A callback arrived for which there is no pending login: a forged link, a login left open too long, a
 * callback loaded twice, or a session cookie that did not come back. The person can start again, and
 * `authRouter` shows a page that says so. `code` says which of these it is.
 *
 * @see [RFC 6749, section 10.12 - Cross-Site Request Forgery](https://www.rfc-editor.org/rfc/rfc6749.html#section-10.12)
 *
 * @example Logging what to check in the set-up
 * ```ts
 * import { authRouter, loginErrorPage, PendingLoginError } from 'passport-authorization-code'
 *
 * const router = authRouter(strategy, {
 *   onError: (error, req, res, next) => {
 *     if (error instanceof PendingLoginError) console.warn(error.code, ...error.hints)
 *     loginErrorPage(error, req, res, next)
 *   },
 * })
 * ```
 */
export class PendingLoginError extends AuthorizationCodeError {
  readonly status: 400
  readonly fault: 'browser'
  readonly retryable: false
  readonly help: string

  constructor(
    readonly code: PendingLoginErrorCode,
    /**
     * What to check in the set-up, a sentence each, and the error that the callback reports, if it does. Empty if the
     * set-up is not the likely cause.
     */
    readonly hints: readonly string[] = [],
  ) {
    const { message, status, fault, retryable } = LOGIN_ERRORS[code]
    super([message, ...hints].join(' '))
    this.status = status
    this.fault = fault
    this.retryable = retryable
    this.help = helpFor(code)
  }
}

/**
 * The provider sent the browser back without a code, and not because the person refused.
 *
 * `status` is 400 if the callback is malformed or from the wrong issuer, or the person took too long (Keycloak's
 * `authentication_expired`), 500 if the client's registration or request is at fault, 503 for
 * `temporarily_unavailable`, and 502 otherwise. `error` and `errorDescription` are
 * the provider's words, `undefined` if the callback itself is at fault.
 *
 * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
 *
 * @example
 * ```ts
 * import { AuthorizationResponseError } from 'passport-authorization-code'
 *
 * function describe(error: unknown): string {
 *   if (!(error instanceof AuthorizationResponseError)) return 'Something else failed.'
 *   return error.retryable ? 'Please try again in a minute.' : `The login failed: ${error.error ?? error.message}`
 * }
 * ```
 */
export class AuthorizationResponseError extends AuthorizationCodeError {
  readonly code = 'ERR_AUTHORIZATION_RESPONSE'
  readonly help = helpFor(this.code)
  readonly status: 400 | 500 | 502 | 503
  readonly fault: Fault
  readonly retryable: boolean
  /** The OAuth `error` code, such as `server_error`. */
  readonly error: string | undefined
  /** The provider's `error_description`. */
  readonly errorDescription: string | undefined

  constructor(message: string, { error, errorDescription }: OAuthErrorFacts = {}) {
    super(message)
    this.error = error
    this.errorDescription = errorDescription
    const known = authorizationErrorFrom({ error, errorDescription })
    const { status = 502, retryable = false } = known ?? {}
    this.status = error === undefined ? 400 : status === 'refused' ? 502 : status
    this.fault = FAULT_BY_STATUS[this.status]
    this.retryable = retryable
  }
}

const FAULT_BY_STATUS = {
  400: 'browser',
  500: 'developer',
  502: 'provider',
  503: 'provider',
} as const

/** How a login has asked for the person to be authenticated. */
export interface RequestedAuthentication {
  /** One of these was wanted as `acr`. `undefined` if any would do. */
  readonly acrValues?: readonly string[] | undefined
  /** How old the authentication might be, in **seconds**. `undefined` if any age would do. */
  readonly maxAgeSeconds?: number | undefined
}

/** How the person was authenticated, as the ID token says. */
export interface GivenAuthentication {
  /** The `acr`. `undefined` if the ID token has none, or the provider has sent an error instead. */
  readonly acr?: string | undefined
  /** The `auth_time`, in **milliseconds since the epoch**. `undefined` as for `acr`. */
  readonly authenticatedAt?: number | undefined
}

/**
 * The person was not authenticated as the login has asked for with `acrValues` or `maxAgeSeconds`: the ID token says so, or
 * the provider has answered `unmet_authentication_requirements`. Nobody was logged in.
 *
 * @see [OpenID Connect Core Error Code unmet_authentication_requirements](https://openid.net/specs/openid-connect-unmet-authentication-requirements-1_0.html)
 *
 * @example Explaining it to the person
 * ```ts
 * import { AuthenticationRequirementsError, authRouter, loginErrorPage } from 'passport-authorization-code'
 *
 * const router = authRouter(strategy, {
 *   onError: (error, req, res, next) => {
 *     if (!(error instanceof AuthenticationRequirementsError)) return loginErrorPage(error, req, res, next)
 *     const wanted = error.requested.acrValues?.join(' or ') ?? 'a recent login'
 *     res.status(error.status).send(`This needs ${wanted}.`)
 *   },
 * })
 * ```
 */
export class AuthenticationRequirementsError extends AuthorizationCodeError {
  readonly code = 'ERR_AUTHENTICATION_REQUIREMENTS'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_AUTHENTICATION_REQUIREMENTS.status
  readonly fault = LOGIN_ERRORS.ERR_AUTHENTICATION_REQUIREMENTS.fault
  readonly retryable = LOGIN_ERRORS.ERR_AUTHENTICATION_REQUIREMENTS.retryable

  constructor(
    readonly requested: RequestedAuthentication,
    readonly got: GivenAuthentication = {},
  ) {
    const { acrValues, maxAgeSeconds } = requested
    const { acr = 'none', authenticatedAt } = got
    const time = new Date(authenticatedAt ?? Number.NaN)
    const at = Number.isNaN(time.getTime()) ? 'an unknown time' : time.toISOString()
    const values = [
      ...(acrValues === undefined
        ? []
        : [`acr ${acrValues.join(' or ')} was requested, got ${acr}`]),
      ...(maxAgeSeconds === undefined
        ? []
        : [`max_age ${maxAgeSeconds} was requested, got an authentication of ${at}`]),
    ]
    const message = LOGIN_ERRORS.ERR_AUTHENTICATION_REQUIREMENTS.message.replace(/\.$/, '')
    super(`${[message, values.join('; ')].filter((part) => part !== '').join(': ')}.`)
  }
}

/**
 * Why there is no usable token:
 *
 * - `no_tokens`: nobody has logged in with this strategy in this session
 * - `expired`: the access token has expired, and there is no refresh token
 * - `grant_ended`: the provider or this application has ended the grant
 * - `unreadable`: the tokens were sealed with a secret that is no longer in `tokenSecret`
 * - `not_logged_in`: a login was meant to connect another provider, but nobody is logged in
 */
export type LoginRequiredReason = keyof typeof LOGIN_REQUIRED_REASONS

/**
 * There is no usable token in this session: the person has to log in (again). `reason` says why.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2), `invalid_grant`
 *
 * @example
 * ```ts
 * import { LoginRequiredError } from 'passport-authorization-code'
 *
 * app.get('/report', async (req, res) => {
 *   try {
 *     res.json(await (await strategy.fetch(req, 'https://api.example.com/report')).json())
 *   } catch (error) {
 *     if (!(error instanceof LoginRequiredError)) throw error
 *     res.redirect('/auth/login?return_to=/report')
 *   }
 * })
 * ```
 */
export class LoginRequiredError extends AuthorizationCodeError {
  readonly code = 'ERR_LOGIN_REQUIRED'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_LOGIN_REQUIRED.status
  readonly fault = LOGIN_ERRORS.ERR_LOGIN_REQUIRED.fault
  readonly retryable = LOGIN_ERRORS.ERR_LOGIN_REQUIRED.retryable

  constructor(
    readonly reason: LoginRequiredReason,
    /** The name of the strategy that was asked for an account's grant; `undefined` if a request was passed. */
    readonly strategy?: string,
  ) {
    const { message } = LOGIN_REQUIRED_REASONS[reason]
    super(strategy === undefined ? message : `${message} ${ofAccount(reason, strategy)}`)
  }
}

/** What a job may have got wrong, which nobody who has to log in can help. */
function ofAccount(reason: LoginRequiredReason, strategy: string): string {
  return reason === 'no_tokens'
    ? `(No grant of this account and the strategy '${strategy}' is stored. Are both as in the web app?)`
    : `(strategy '${strategy}', by account)`
}

/**
 * Another site made the browser send a request to log out, to connect a provider, or to start a login in an image or a
 * frame (`ERR_CROSS_SITE_REQUEST`), or may have planted a second session cookie (`ERR_TWO_SESSIONS`). The request was
 * refused, and nothing was changed.
 *
 * @see [Fetch Metadata Request Headers](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)
 *
 * @example
 * ```ts
 * import { authRouter, CrossSiteRequestError, loginErrorPage } from 'passport-authorization-code'
 *
 * const router = authRouter(strategy, {
 *   onError: (error, req, res, next) => {
 *     if (error instanceof CrossSiteRequestError) console.warn('Refused', req.headers.origin)
 *     loginErrorPage(error, req, res, next)
 *   },
 * })
 * ```
 */
export class CrossSiteRequestError extends AuthorizationCodeError {
  readonly help: string
  readonly status = LOGIN_ERRORS.ERR_CROSS_SITE_REQUEST.status
  readonly fault = LOGIN_ERRORS.ERR_CROSS_SITE_REQUEST.fault
  readonly retryable = LOGIN_ERRORS.ERR_CROSS_SITE_REQUEST.retryable

  constructor(
    readonly code: 'ERR_CROSS_SITE_REQUEST' | 'ERR_TWO_SESSIONS' = 'ERR_CROSS_SITE_REQUEST',
  ) {
    super(LOGIN_ERRORS[code].message)
    this.help = helpFor(code)
  }
}

/**
 * The provider sent the browser back from a logout that was not started in it. Nothing was changed.
 *
 * @see [OpenID Connect RP-Initiated Logout, section 3 - Redirection to RP After Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
 *
 * @example In your own route
 * ```ts
 * import { LogoutResponseError } from 'passport-authorization-code'
 *
 * app.get('/logged-out', (req, res) => {
 *   try {
 *     strategy.finishLogOut(req)
 *   } catch (error) {
 *     if (!(error instanceof LogoutResponseError)) throw error
 *   }
 *   res.redirect('/')
 * })
 * ```
 */
export class LogoutResponseError extends AuthorizationCodeError {
  readonly code = 'ERR_LOGOUT_RESPONSE'
  readonly help = helpFor(this.code)
  readonly status = LOGIN_ERRORS.ERR_LOGOUT_RESPONSE.status
  readonly fault = LOGIN_ERRORS.ERR_LOGOUT_RESPONSE.fault
  readonly retryable = LOGIN_ERRORS.ERR_LOGOUT_RESPONSE.retryable

  constructor() {
    super(LOGIN_ERRORS.ERR_LOGOUT_RESPONSE.message)
  }
}
