export {
  AnotherPersonError,
  AuthorizationCodeError,
  AuthenticationRequirementsError,
  AuthorizationResponseError,
  ConfigurationError,
  ConnectionRequiredError,
  CrossSiteRequestError,
  DiscoveryError,
  LoginRequiredError,
  LogoutResponseError,
  LogoutTokenError,
  NotConnectableError,
  PendingLoginError,
  ProfileError,
  ProviderError,
  PushedAuthorizationRequestError,
  ResourceError,
  StepUpRequiredError,
  StorageError,
  TokenEndpointError,
} from './errors/errors.js'
export { guardSessionStore } from './session/guard-session-store.js'
export { Grants } from './grants/grants.js'
export { MemoryGrants } from './grants/memory-grants.js'
export { cookiePendingLogins } from './login/cookie-pending-logins.js'
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
export { adopt } from './passport/adopt.js'
export { requireLogin } from './passport/require-login.js'
export { silentLogin } from './passport/silent-login.js'
export { loginErrorPage } from './passport/login-error-page.js'
export { authRouter } from './passport/router.js'
export { strategyPerTenant } from './passport/strategy-per-tenant.js'
export { AuthorizationCodeStrategy } from './passport/strategy.js'

export type {
  ClientAssertionAudience,
  ClientAuthenticationMethod,
  ClientSecret,
} from './options/client-credentials.js'
export type {
  ClientAssertionAlgorithm,
  ClientSecretAlgorithm,
  NamedPrivateKey,
  PrivateKey,
  PrivateKeyAlgorithm,
  PrivateKeys,
} from './options/client-credentials.js'
export type {
  DecryptionAlgorithm,
  DecryptionKeys,
  EncryptedResponse,
  NamedDecryptionKey,
} from './options/decryption.js'
export type { DiagnosticError, DiagnosticEvent, DiagnosticStep } from './diagnostics/events.js'
export type {
  AuthorizationCodeFlowError,
  ConnectionRequiredReason,
  ErrorCode,
  Fault,
  GivenAuthentication,
  LoginRequiredReason,
  MissingFromLogin,
  NotConnectableReason,
  OAuthErrorFacts,
  PendingLoginErrorCode,
  ProviderErrorFacts,
  RequestedAuthentication,
} from './errors/errors.js'
export type { LoginOptions, StartLoginOptions } from './login/login-options.js'
export type { LogOutOptions } from './options/log-out-options.js'
export type { FailureInfo, LoginInfo } from './login/login-outcome.js'
export type { VerifiedLogin, Verify } from './passport/verify.js'
export type { IdTokenClaims } from './endpoints/id-token.js'
export type { GuardableStore, GuardOptions } from './session/guard-session-store.js'
export type { GrantsOptions } from './grants/grants-options.js'
export type { RenewedIdle } from './grants/strategy-jobs.js'
export type { Imported, ImportedGrant } from './grants/imported-grant.js'
export type { ListedGrant } from './grants/list-grants.js'
export type { AccountHolder, Holder } from './options/holder.js'
export type { FetchInit } from './passport/fetch-with-token.js'
export type { AccessTokenOptions, AccessTokenUse } from './passport/token-use.js'
export type { WantedOfLogin } from './login/step-up.js'
export type { IsTokenRefused } from './options/is-token-refused.js'
export type { GrantRefusal, IsGrantRefused } from './options/grant-refusal.js'
export type { GrantStore, StoredRecord } from './options/grant-store.js'
export type { StoredGrants } from './options/grants-option.js'
export type { SessionEnds } from './options/session-ends.js'
export type { ProviderMetadata } from './options/metadata-option.js'
export type {
  AuthorizationCodeOptions,
  LateProviderOptions,
  ProviderOptions,
} from './options/options.js'
export type { Parameters } from './options/parameters.js'
export type { CookiePendingLoginsOptions } from './login/cookie-pending-logins.js'
export type { SignatureAlgorithm } from './options/signature-algorithms.js'
export type { AppleClient } from './providers/apple.js'
export type { DiscoveredProvider, DiscoverOptions, LateProvider } from './providers/discover.js'
export type { MicrosoftProvider } from './providers/microsoft.js'
export type { AdoptOptions } from './passport/adopt.js'
export type { DonorStrategy } from './passport/donor.js'
export type { ChooseStrategy } from './passport/chosen-strategy.js'
export type { StrategyPerTenantOptions, TenantStrategies } from './passport/strategy-per-tenant.js'
export type { TenantVersion } from './passport/tenant-making.js'
export type { RequireLoginOptions } from './passport/require-login.js'
export type { SilentLoginOptions } from './passport/silent-login.js'
export type { AuthRouterOptions } from './passport/router-options.js'
export type { SessionInfo } from './passport/session-info.js'

export type { AuthorizationDetail } from './options/token-set.js'
export type { DefaultUser } from './passport/default-user.js'
export type {
  ExpectedIdToken,
  PendingLogin,
  PendingLoginStore,
  TakenLogin,
} from './options/pending-login-store.js'
export type { LoginRequest, LoginSession } from './lib/login-request.js'
export type { ParsedProfile, Profile } from './options/profile.js'
export type { TokenSet } from './options/token-set.js'
