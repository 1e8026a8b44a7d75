import type {
  AuthenticationRequirementsError,
  AuthorizationResponseError,
  CrossSiteRequestError,
  LoginRequiredError,
  LogoutResponseError,
  PendingLoginError,
} from './login-errors.js'
import type {
  DiscoveryError,
  LogoutTokenError,
  ProfileError,
  PushedAuthorizationRequestError,
  ResourceError,
  TokenEndpointError,
} from './provider-errors.js'
import type { ConfigurationError, StorageError } from './setup-errors.js'
import type { ConnectionRequiredError, NotConnectableError } from './connection-errors.js'
import type { AnotherPersonError, StepUpRequiredError } from './step-up-errors.js'

export { AuthorizationCodeError } from './base.js'
export type { Fault, OAuthErrorFacts } from './error-entry.js'
export {
  AuthenticationRequirementsError,
  AuthorizationResponseError,
  CrossSiteRequestError,
  LoginRequiredError,
  LogoutResponseError,
  PendingLoginError,
} from './login-errors.js'
export type {
  GivenAuthentication,
  LoginRequiredReason,
  PendingLoginErrorCode,
  RequestedAuthentication,
} from './login-errors.js'
export {
  DiscoveryError,
  LogoutTokenError,
  ProfileError,
  ProviderError,
  PushedAuthorizationRequestError,
  ResourceError,
  TokenEndpointError,
} from './provider-errors.js'
export type { ProviderErrorFacts } from './http-statuses.js'
export { ConfigurationError, StorageError } from './setup-errors.js'
export { ConnectionRequiredError, NotConnectableError } from './connection-errors.js'
export type { ConnectionRequiredReason, NotConnectableReason } from './connection-errors.js'
export { AnotherPersonError, StepUpRequiredError } from './step-up-errors.js'
export type { MissingFromLogin } from './step-up-errors.js'
export type { ErrorCode } from './table.js'

/**
 * Every error of this library. `switch (error.code)` narrows it to one class and its fields.
 *
 * @example
 * ```ts
 * import type { AuthorizationCodeFlowError } from 'passport-authorization-code'
 *
 * function summary(error: AuthorizationCodeFlowError): string {
 *   switch (error.code) {
 *     case 'ERR_CONFIGURATION':
 *       return `Correct ${error.option ?? 'the set-up'}`
 *     case 'ERR_TOKEN_ENDPOINT':
 *       return `${error.phase}: ${error.error ?? error.networkCode ?? error.httpStatus}`
 *     default:
 *       return error.message
 *   }
 * }
 * ```
 */
export type AuthorizationCodeFlowError =
  | ConfigurationError
  | PendingLoginError
  | AuthenticationRequirementsError
  | AuthorizationResponseError
  | TokenEndpointError
  | PushedAuthorizationRequestError
  | ProfileError
  | ResourceError
  | DiscoveryError
  | LoginRequiredError
  | StepUpRequiredError
  | AnotherPersonError
  | ConnectionRequiredError
  | NotConnectableError
  | CrossSiteRequestError
  | LogoutResponseError
  | LogoutTokenError
  | StorageError
