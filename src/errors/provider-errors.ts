import { AuthorizationCodeError, helpFor } from './base.js'
import type { CodeOf, Fault } from './error-entry.js'
import { fixForNetworkCode } from './network-errors.js'
import { isRetryable, statusFor } from './http-statuses.js'
import type { ProviderErrorFacts } from './http-statuses.js'
import { oauthErrorFrom } from './oauth-errors.js'
import { SERVER_ERRORS } from './table-server.js'

/**
 * A request to the provider failed: the base of {@link TokenEndpointError},
 * {@link PushedAuthorizationRequestError}, {@link ProfileError}, {@link ResourceError} and {@link DiscoveryError}.
 *
 * `status` is 504 after a timeout, 503 if the provider is overloaded (429, 503) or busy, 500 if it refused the
 * client itself (such as `invalid_client`), 400 if it refused what the browser brought (`invalid_grant`), and 502
 * otherwise. `retryable` is `true` after timeouts, network failures, 408, 429 and 5xx.
 *
 * @example
 * ```ts
 * import { ProviderError } from 'passport-authorization-code'
 *
 * function labels(error: unknown): Record<string, unknown> {
 *   if (!(error instanceof ProviderError)) return {}
 *   const { phase, httpStatus, networkCode, error: oauthError } = error
 *   return { phase, httpStatus, networkCode, oauthError }
 * }
 * ```
 */
export abstract class ProviderError extends AuthorizationCodeError implements ProviderErrorFacts {
  readonly status: 400 | 500 | 502 | 503 | 504
  readonly fault: Fault
  readonly retryable: boolean
  readonly phase: string
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
  readonly networkCode: string | undefined
  readonly error: string | undefined
  readonly errorDescription: string | undefined

  constructor(message: string, facts: ProviderErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.phase = facts.phase
    this.httpStatus = facts.httpStatus
    this.retryAfterMs = facts.retryAfterMs
    this.networkCode = facts.networkCode
    this.error = facts.error
    this.errorDescription = facts.errorDescription
    this.status = statusFor(facts, oauthErrorFrom('token', facts.error)?.status)
    this.fault = this.status === 500 ? 'developer' : this.status === 400 ? 'browser' : 'provider'
    this.retryable = isRetryable(facts)
  }
}

/**
 * The token endpoint refused a request, could not be reached, or its answer is not a token response.
 * `phase` is `exchange` (a login) or `refresh`; `error` is the OAuth error, such as `invalid_client`.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 *
 * @example
 * ```ts
 * import type { Request } from 'express'
 * import { TokenEndpointError } from 'passport-authorization-code'
 *
 * async function tokenOrNothing(req: Request): Promise<string | undefined> {
 *   try {
 *     return await strategy.accessToken(req)
 *   } catch (error) {
 *     if (error instanceof TokenEndpointError && error.retryable) return undefined
 *     throw error
 *   }
 * }
 * ```
 */
export class TokenEndpointError extends ProviderError {
  readonly code = 'ERR_TOKEN_ENDPOINT'
  readonly help = helpFor(this.code)
  /** What the option `isGrantRefused` has said of this refresh. `undefined` if nothing. */
  readonly grantRefused: boolean | undefined
  /**
   * Whether an answer without an OAuth `error` may be about the grant: its body is empty, or JSON without a word about the
   * client. `undefined` if no error response came.
   */
  readonly mayConcernGrant: boolean | undefined

  constructor(message: string, facts: ProviderErrorFacts) {
    super(message, facts)
    this.grantRefused = facts.grantRefused
    this.mayConcernGrant = facts.mayConcernGrant
  }
}

/**
 * The provider did not accept a pushed authorization request, or could not be reached. The browser has not been
 * sent to the provider. `phase` is `push`.
 *
 * @see [RFC 9126, section 2.3 - Error Response](https://www.rfc-editor.org/rfc/rfc9126.html#section-2.3)
 *
 * @example
 * ```ts
 * import { PushedAuthorizationRequestError } from 'passport-authorization-code'
 *
 * function isOurMistake(error: unknown): boolean {
 *   return error instanceof PushedAuthorizationRequestError && error.fault === 'developer'
 * }
 * ```
 */
export class PushedAuthorizationRequestError extends ProviderError {
  readonly code = 'ERR_PUSHED_AUTHORIZATION_REQUEST'
  readonly help = helpFor(this.code)
}

/**
 * The profile could not be loaded, is not a JSON object, or is about another person than the ID token.
 * Nobody was logged in; `phase` is `profile`.
 *
 * @see [OpenID Connect Core, section 5.3.3 - UserInfo Error Response](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoError)
 *
 * @example
 * ```ts
 * import { ProfileError } from 'passport-authorization-code'
 *
 * function lacksScope(error: unknown): boolean {
 *   return error instanceof ProfileError && error.httpStatus === 403
 * }
 * ```
 */
export class ProfileError extends ProviderError {
  readonly code = 'ERR_PROFILE'
  readonly help = helpFor(this.code)
}

/**
 * A request of `strategy.fetch` got no answer; `networkCode` says why. An answer with any HTTP status is not an
 * error. After a `timeout`, the API may still have processed the request. `phase` is `resource`.
 *
 * @see [RFC 6750, section 2 - Authenticated Requests](https://www.rfc-editor.org/rfc/rfc6750.html#section-2)
 *
 * @example
 * ```ts
 * import { ResourceError } from 'passport-authorization-code'
 *
 * function isTooSlow(error: unknown): boolean {
 *   return error instanceof ResourceError && error.networkCode === 'timeout'
 * }
 * ```
 */
export class ResourceError extends ProviderError {
  readonly code = 'ERR_RESOURCE'
  readonly help = helpFor(this.code)
}

/**
 * The provider's metadata (`phase` is `discovery`) or keys (`phase` is `keys`) could not be read, or cannot
 * be used.
 *
 * @see [RFC 8414, section 3 - Obtaining Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-3)
 *
 * @example At start
 * ```ts
 * import { discover, DiscoveryError } from 'passport-authorization-code'
 *
 * const provider = await discover('https://login.example.com').catch((error: unknown) => {
 *   if (error instanceof DiscoveryError) console.error(error.message, error.help)
 *   process.exit(1)
 * })
 * ```
 */
export class DiscoveryError extends ProviderError {
  readonly code = 'ERR_DISCOVERY'
  readonly help = helpFor(this.code)
  /** What to do about it, as sentences with which the message ends. `undefined` if that depends on the provider. */
  readonly advice: string | undefined

  constructor(
    message: string,
    facts: ProviderErrorFacts & { readonly advice?: string | undefined },
  ) {
    const { networkCode } = facts
    const known = networkCode === undefined ? undefined : fixForNetworkCode(networkCode)
    const advice = facts.advice ?? known
    super(advice === undefined ? message : `${message} ${advice}`, facts)
    this.advice = advice
  }
}

/**
 * A back-channel logout has not ended everything that it must end. With the code `ERR_LOGOUT_TOKEN`, the request is not
 * from the provider, or was received before: the message says what is wrong with its logout token. With
 * `ERR_LOGOUT_UNFINISHED`, so many logins must end that it takes longer than a provider waits: it goes on, and the
 * provider can ask again. `authRouter` answers with 400 and JSON, as the provider expects.
 *
 * @see [OpenID Connect Back-Channel Logout, section 2.6 - Logout Token Validation](https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation)
 *
 * @example In your own route
 * ```ts
 * import { LogoutTokenError } from 'passport-authorization-code'
 *
 * app.post('/backchannel-logout', async (req, res) => {
 *   try {
 *     await strategy.backchannelLogout(req)
 *     res.end()
 *   } catch (error) {
 *     if (!(error instanceof LogoutTokenError)) throw error
 *     res.status(error.status).json({ error: 'invalid_request', error_description: error.message })
 *   }
 * })
 * ```
 */
export class LogoutTokenError extends AuthorizationCodeError {
  readonly status: 400
  readonly fault: 'provider'
  readonly retryable: boolean
  readonly help: string

  constructor(
    reason: string,
    readonly code: CodeOf<typeof SERVER_ERRORS, 'LogoutTokenError'> = 'ERR_LOGOUT_TOKEN',
  ) {
    const { message, status, fault, retryable } = SERVER_ERRORS[code]
    super(`${message.replace(/\.$/, '')}: ${reason}.`)
    this.status = status
    this.fault = fault
    this.retryable = retryable
    this.help = helpFor(code)
  }
}
