export {
  AuthorizationCodeError,
  AuthorizationResponseError,
  ConfigurationError,
  CrossSiteRequestError,
  DiscoveryError,
  LoginRequiredError,
  LogoutResponseError,
  LogoutTokenError,
  PendingLoginError,
  ProfileError,
  ProviderError,
  PushedAuthorizationRequestError,
  ResourceError,
  StorageError,
  TokenEndpointError,
} from './errors.js'
export { guardSessionStore } from './guard-session-store.js'
export { MemoryLedger } from './ledger/memory.js'
export { cookiePendingLogins } from './pending-logins/cookie.js'
export { apple } from './providers/apple.js'
export { askara } from './providers/askara.js'
export { auth0 } from './providers/auth0.js'
export { discord } from './providers/discord.js'
export { discover } from './providers/discover.js'
export { github } from './providers/github.js'
export { gitlab } from './providers/gitlab.js'
export { google } from './providers/google.js'
export { jiko } from './providers/jiko.js'
export { keycloak } from './providers/keycloak.js'
export { linkedin } from './providers/linkedin.js'
export { microsoft } from './providers/microsoft.js'
export { okta } from './providers/okta.js'
export { salesforce } from './providers/salesforce.js'
export { slack } from './providers/slack.js'
export { requireLogin } from './require-login.js'
export { authRouter, loginErrorPage } from './router.js'
export { AuthorizationCodeStrategy } from './strategy.js'

export type {
  ClientAssertionAudience,
  ClientAuthenticationMethod,
  ClientSecret,
} from './client-authentication.js'
export type {
  ClientAssertionAlgorithm,
  NamedPrivateKey,
  PrivateKey,
  PrivateKeys,
} from './client-keys.js'
export type { DiagnosticError, DiagnosticEvent, DiagnosticStep } from './diagnostics.js'
export type {
  AuthorizationCodeFlowError,
  ErrorCode,
  Fault,
  LoginRequiredReason,
  OAuthErrorFacts,
  PendingLoginErrorCode,
  ProviderErrorFacts,
} from './errors.js'
export type {
  FailureInfo,
  LoginInfo,
  LoginOptions,
  VerifiedLogin,
  Verify,
} from './login-options.js'
export type { IdTokenClaims } from './id-token.js'
export type { GuardableStore, GuardOptions } from './guard-session-store.js'
export type { MemoryLedgerOptions } from './ledger/memory.js'
export type { AuthorizationCodeOptions, Parameters, ProviderOptions } from './options.js'
export type { CookiePendingLoginsOptions } from './pending-logins/cookie.js'
export type { SignatureAlgorithm } from './provider-jwt.js'
export type { AppleClient } from './providers/apple.js'
export type { DiscoveredProvider, DiscoverOptions } from './providers/discover.js'
export type { MicrosoftProvider } from './providers/microsoft.js'
export type { RequireLoginOptions } from './require-login.js'
export type { AuthRouterOptions } from './router.js'

export type {
  AuthorizationDetail,
  DefaultUser,
  EnrolledLogin,
  ExpectedIdToken,
  GrantState,
  Ledger,
  LoginRequest,
  LoginSession,
  ParsedProfile,
  PendingLogin,
  PendingLoginStore,
  Profile,
  Renewal,
  RenewalLimits,
  TakenLogin,
  TokenSet,
} from './types.js'
