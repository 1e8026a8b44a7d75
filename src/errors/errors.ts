/** Where an error comes from, and so who can mend it. */
export type Fault = 'developer' | 'browser' | 'provider' | 'storage'

/**
 * The base of all errors of this library: `error instanceof AuthorizationCodeError` finds them all,
 * `switch (error.code)` on {@link AuthorizationCodeFlowError} tells them apart.
 *
 * No message, field or cause ever holds a token, code, verifier, state or secret.
 */
export abstract class AuthorizationCodeError extends Error {
  /** Stable and literal; the message may change, this does not. */
  abstract readonly code: string
  /** The HTTP status that fits; Express's own error handler uses it. */
  abstract readonly status: number
  /** Who can mend it. */
  abstract readonly fault: Fault
  /** Whether the same attempt may succeed later without anybody changing anything. */
  abstract readonly retryable: boolean
  /** Where cause and cure are written down: a file that comes with this package, and the heading in it. */
  abstract readonly help: string

  override get name(): string {
    return this.constructor.name
  }
}

/** A field of its own in each class, after `code`: Node's inspect and loggers show nothing else. */
function helpOn(code: string): string {
  return `passport-authorization-code/docs/errors.md#${code.toLowerCase()}`
}

/** The set-up is wrong. Thrown at start wherever it can be seen there, and names the option. */
export class ConfigurationError extends AuthorizationCodeError {
  readonly code = 'ERR_CONFIGURATION'
  readonly help = helpOn(this.code)
  readonly status = 500
  readonly fault = 'developer'
  readonly retryable = false

  constructor(
    message: string,
    /** The name of the option at fault, when it is one. */
    readonly option?: string,
  ) {
    super(message)
  }
}

/** Which way the browser's pending login was lost. */
export type PendingLoginErrorCode =
  | 'ERR_SESSION_COOKIE_MISSING'
  | 'ERR_SESSION_LOST'
  | 'ERR_PENDING_LOGIN_UNKNOWN'
  | 'ERR_PENDING_LOGIN_EXPIRED'
  | 'ERR_PENDING_LOGIN_USED'

const PENDING_LOGIN_MESSAGES: Readonly<Record<PendingLoginErrorCode, string>> = {
  ERR_SESSION_COOKIE_MISSING: 'No session cookie came back with the callback.',
  ERR_SESSION_LOST: 'The session in which this login was started is gone.',
  ERR_PENDING_LOGIN_UNKNOWN: 'This session has no pending login with the callback’s state.',
  ERR_PENDING_LOGIN_EXPIRED: 'The pending login has expired.',
  ERR_PENDING_LOGIN_USED: 'The pending login was already used.',
}

/**
 * A callback arrived for which there is no pending login: a forged link, a login left open too long,
 * a callback loaded twice, or a session cookie that did not come back. The person can start again.
 *
 * @see [RFC 6749, section 10.12 - Cross-Site Request Forgery](https://www.rfc-editor.org/rfc/rfc6749.html#section-10.12)
 */
export class PendingLoginError extends AuthorizationCodeError {
  readonly status = 400
  readonly fault = 'browser'
  readonly retryable = false
  readonly help: string

  constructor(
    readonly code: PendingLoginErrorCode,
    /** What to check in the set-up, a sentence each; empty when the set-up is not the likely cause. */
    readonly hints: readonly string[] = [],
  ) {
    super([PENDING_LOGIN_MESSAGES[code], ...hints].join(' '))
    this.help = helpOn(code)
  }
}

/** The facts of an OAuth error message, as the provider sent them, cut short and freed of control characters. */
export interface OAuthErrorFacts {
  /** The OAuth `error` code, such as `invalid_grant`; `undefined` when there was none. */
  readonly error?: string | undefined
  /** The provider's `error_description`. */
  readonly errorDescription?: string | undefined
}

/**
 * The provider sent the browser back with something else than a code or a refusal by the person.
 *
 * `status` is 400 when the message itself is malformed or from the wrong issuer, 500 when the client's
 * registration or request is at fault, 503 for `temporarily_unavailable`, and 502 otherwise.
 *
 * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
 */
export class AuthorizationResponseError extends AuthorizationCodeError {
  readonly code = 'ERR_AUTHORIZATION_RESPONSE'
  readonly help = helpOn(this.code)
  readonly status: 400 | 500 | 502 | 503
  readonly fault: Fault
  readonly retryable: boolean
  readonly error: string | undefined
  readonly errorDescription: string | undefined

  constructor(message: string, { error, errorDescription }: OAuthErrorFacts = {}) {
    super(message)
    this.error = error
    this.errorDescription = errorDescription
    this.status = authorizationResponseStatus(error)
    this.fault = FAULT_BY_STATUS[this.status]
    this.retryable = error === 'temporarily_unavailable' || error === 'server_error'
  }
}

const FAULT_BY_STATUS = {
  400: 'browser',
  500: 'developer',
  502: 'provider',
  503: 'provider',
} as const

function authorizationResponseStatus(error: string | undefined): 400 | 500 | 502 | 503 {
  switch (error) {
    case undefined:
      return 400
    case 'temporarily_unavailable':
      return 503
    case 'invalid_request':
    case 'unauthorized_client':
    case 'unsupported_response_type':
    case 'invalid_scope':
      return 500
    default:
      return 502
  }
}

/** What is known about a request to the provider that failed. */
export interface ProviderErrorFacts extends OAuthErrorFacts {
  /** What was being done: `exchange`, `refresh`, `push`, `profile`, `resource`, `discovery` or `keys`. */
  readonly phase: string
  /** The HTTP status of the provider's answer; `undefined` when none came. */
  readonly httpStatus?: number | undefined
  /** The network's own code, such as `ECONNREFUSED`; `timeout` when the time was up, `too_large` past the size limit. */
  readonly networkCode?: string | undefined
  readonly cause?: unknown
}

const CLIENT_FAULTS: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_request',
])

/**
 * A request to the provider failed. `status` is 504 when time was up, 503 when the provider asked for
 * patience (429, 503), 500 when it refused the client itself (`invalid_client` and its kin), 400 when it
 * refused what the browser brought (`invalid_grant`), and 502 otherwise.
 */
export abstract class ProviderError extends AuthorizationCodeError implements ProviderErrorFacts {
  readonly status: 400 | 500 | 502 | 503 | 504
  readonly fault: Fault
  /** True for timeouts, network faults, 408, 429 and 5xx; false for an answer that will not change by itself. */
  readonly retryable: boolean
  readonly phase: string
  readonly httpStatus: number | undefined
  readonly networkCode: string | undefined
  readonly error: string | undefined
  readonly errorDescription: string | undefined

  constructor(message: string, facts: ProviderErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.phase = facts.phase
    this.httpStatus = facts.httpStatus
    this.networkCode = facts.networkCode
    this.error = facts.error
    this.errorDescription = facts.errorDescription
    this.status = providerStatus(facts)
    this.fault = this.status === 500 ? 'developer' : this.status === 400 ? 'browser' : 'provider'
    this.retryable = isPassing(facts)
  }
}

function providerStatus({ networkCode, httpStatus, error }: ProviderErrorFacts) {
  if (networkCode === 'timeout') return 504
  if (httpStatus === 429 || httpStatus === 503) return 503
  if (httpStatus !== undefined && httpStatus >= 500) return 502
  if (error === 'invalid_grant') return 400
  return error !== undefined && CLIENT_FAULTS.has(error) ? 500 : 502
}

function isPassing({ networkCode, httpStatus }: ProviderErrorFacts): boolean {
  if (networkCode !== undefined) return networkCode !== 'too_large'
  return httpStatus === 408 || httpStatus === 429 || (httpStatus !== undefined && httpStatus >= 500)
}

/**
 * The token endpoint said no, said something that is not a token response, or could not be reached.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export class TokenEndpointError extends ProviderError {
  readonly code = 'ERR_TOKEN_ENDPOINT'
  readonly help = helpOn(this.code)
}

/**
 * The provider did not take a pushed authorization request, or could not be reached with it.
 *
 * @see [RFC 9126, section 2.3 - Error Response](https://www.rfc-editor.org/rfc/rfc9126.html#section-2.3)
 */
export class PushedAuthorizationRequestError extends ProviderError {
  readonly code = 'ERR_PUSHED_AUTHORIZATION_REQUEST'
  readonly help = helpOn(this.code)
}

/** The profile could not be loaded, is not a JSON object, or is about another person than the ID token. */
export class ProfileError extends ProviderError {
  readonly code = 'ERR_PROFILE'
  readonly help = helpOn(this.code)
}

/** A request of `strategy.fetch` got no answer. An answer of any status is not an error. */
export class ResourceError extends ProviderError {
  readonly code = 'ERR_RESOURCE'
  readonly help = helpOn(this.code)
}

/**
 * The provider's metadata or keys could not be read, or are not what they should be.
 *
 * @see [RFC 8414, section 3 - Obtaining Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-3)
 */
export class DiscoveryError extends ProviderError {
  readonly code = 'ERR_DISCOVERY'
  readonly help = helpOn(this.code)
}

/** Why a token was asked for that this session cannot give. */
export type LoginRequiredReason =
  /** This session holds no tokens of this strategy. */
  | 'no_tokens'
  /** The access token has expired, and there is no refresh token. */
  | 'expired'
  /** The provider has ended the grant, or it was ended here. */
  | 'grant_ended'
  /** The tokens were sealed with a secret that is no longer among `tokenSecret`. */
  | 'unreadable'
  /** Nobody is logged in to whom a further provider could be connected. */
  | 'not_logged_in'

const LOGIN_REQUIRED_MESSAGES: Readonly<Record<LoginRequiredReason, string>> = {
  no_tokens: 'This session holds no tokens: the person has to log in.',
  expired: 'The access token cannot be renewed: the person has to log in again.',
  grant_ended: 'The grant has ended: the person has to log in again.',
  unreadable:
    'The tokens in this session open with no tokenSecret: the person has to log in again.',
  not_logged_in: 'Nobody is logged in to connect this provider to.',
}

/** There is no usable token in this session: the person has to log in (again). */
export class LoginRequiredError extends AuthorizationCodeError {
  readonly code = 'ERR_LOGIN_REQUIRED'
  readonly help = helpOn(this.code)
  readonly status = 401
  readonly fault = 'browser'
  readonly retryable = false

  constructor(readonly reason: LoginRequiredReason) {
    super(LOGIN_REQUIRED_MESSAGES[reason])
  }
}

/** Another site made this browser log out, or start a login that nobody sees. */
export class CrossSiteRequestError extends AuthorizationCodeError {
  readonly code = 'ERR_CROSS_SITE_REQUEST'
  readonly help = helpOn(this.code)
  readonly status = 403
  readonly fault = 'browser'
  readonly retryable = false

  constructor() {
    super('This request came from another site and was refused.')
  }
}

/**
 * The provider sent the browser back from a logout that was not started in it.
 *
 * @see [OpenID Connect RP-Initiated Logout, section 3 - Redirection to RP After Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
 */
export class LogoutResponseError extends AuthorizationCodeError {
  readonly code = 'ERR_LOGOUT_RESPONSE'
  readonly help = helpOn(this.code)
  readonly status = 400
  readonly fault = 'browser'
  readonly retryable = false

  constructor() {
    super('The provider came back from a logout that was not started in this browser.')
  }
}

/**
 * A request to log somebody out that does not come from the provider, or comes a second time.
 *
 * @see [OpenID Connect Back-Channel Logout, section 2.6 - Logout Token Validation](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
 */
export class LogoutTokenError extends AuthorizationCodeError {
  readonly code = 'ERR_LOGOUT_TOKEN'
  readonly help = helpOn(this.code)
  readonly status = 400
  readonly fault = 'provider'
  readonly retryable = false

  constructor(reason: string) {
    super(`The logout token is not valid: ${reason}.`)
  }
}

/** The session store or the ledger could not be read or written; `cause` is its own error. */
export class StorageError extends AuthorizationCodeError {
  readonly code = 'ERR_STORAGE'
  readonly help = helpOn(this.code)
  readonly status = 503
  readonly fault = 'storage'
  readonly retryable = true

  constructor(what: string, cause: unknown) {
    super(`${what} failed.`, { cause })
  }
}

/** Every error this library makes; `switch (error.code)` narrows it. */
export type AuthorizationCodeFlowError =
  | ConfigurationError
  | PendingLoginError
  | AuthorizationResponseError
  | TokenEndpointError
  | PushedAuthorizationRequestError
  | ProfileError
  | ResourceError
  | DiscoveryError
  | LoginRequiredError
  | CrossSiteRequestError
  | LogoutResponseError
  | LogoutTokenError
  | StorageError

/** The literal `code` of every error this library makes. */
export type ErrorCode = AuthorizationCodeFlowError['code']
