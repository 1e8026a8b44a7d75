import {
  AnotherPersonError,
  AuthenticationRequirementsError,
  AuthorizationResponseError,
  ConfigurationError,
  DiscoveryError,
  LoginRequiredError,
  PendingLoginError,
  ProfileError,
  ProviderError,
  TokenEndpointError,
} from '../errors/errors.js'
import type {
  GivenAuthentication,
  LoginRequiredReason,
  PendingLoginErrorCode,
  ProviderErrorFacts,
  RequestedAuthentication,
} from '../errors/errors.js'

/** An error as text for another process: what its page and the application's error handler need. */
export interface CarriedError {
  readonly code: string
  readonly message: string
  readonly facts?: Partial<ProviderErrorFacts>
  /** Of a login that was not authenticated as it had asked for. */
  readonly requested?: RequestedAuthentication
  readonly got?: GivenAuthentication
  /** Of a login that has ended meanwhile. */
  readonly reason?: LoginRequiredReason
  /** Of a login that is not pending. */
  readonly hints?: readonly string[]
}

/** The error for another process; `undefined` if it is the application's own, or a store's, which stay where they are. */
export function carryError(error: unknown): CarriedError | undefined {
  if (error instanceof ProviderError) {
    const { code, message, phase, httpStatus, retryAfterMs, networkCode } =
      error as ProviderError & {
        readonly code: string
      }
    const oauth = { error: error.error, errorDescription: error.errorDescription }
    return { code, message, facts: { phase, httpStatus, retryAfterMs, networkCode, ...oauth } }
  }
  if (error instanceof AuthorizationResponseError) {
    const { code, message, errorDescription } = error
    return { code, message, facts: { error: error.error, errorDescription } }
  }
  if (error instanceof AuthenticationRequirementsError) {
    const { code, message, requested, got } = error
    return { code, message, requested, got }
  }
  if (error instanceof LoginRequiredError) {
    const { code, message, reason } = error
    return { code, message, reason }
  }
  if (error instanceof PendingLoginError) {
    const { code, message, hints } = error
    return { code, message, hints }
  }
  if (error instanceof AnotherPersonError) return { code: error.code, message: error.message }
  if (error instanceof ConfigurationError) return { code: error.code, message: error.message }
  return undefined
}

/** The error that another process has met. */
export function carriedError(carried: CarriedError | undefined): Error {
  const { code, message = '', facts = {}, requested = {}, got, reason, hints } = carried ?? {}
  const provider = { phase: 'exchange', ...facts }
  switch (code) {
    case 'ERR_TOKEN_ENDPOINT':
      return new TokenEndpointError(message, provider)
    case 'ERR_PROFILE':
      return new ProfileError(message, provider)
    case 'ERR_DISCOVERY':
      return new DiscoveryError(message, provider)
    case 'ERR_AUTHORIZATION_RESPONSE':
      return new AuthorizationResponseError(message, facts)
    case 'ERR_CONFIGURATION':
      return new ConfigurationError(message)
    case 'ERR_ANOTHER_PERSON':
      return new AnotherPersonError()
    case 'ERR_AUTHENTICATION_REQUIREMENTS':
      return new AuthenticationRequirementsError(requested, got)
    case 'ERR_LOGIN_REQUIRED':
      return new LoginRequiredError(reason ?? 'no_tokens')
    default:
      return new PendingLoginError(
        hints === undefined ? 'ERR_PENDING_LOGIN_USED' : (code as PendingLoginErrorCode),
        hints,
      )
  }
}
