export {
  AuthorizationCodeError,
  AuthorizationResponseError,
  ConfigurationError,
  CrossSiteRequestError,
  DiscoveryError,
  LoginRequiredError,
  PendingLoginError,
  ProfileError,
  ProviderError,
  StorageError,
  TokenEndpointError,
} from './errors.js'
export { MemoryLedger } from './ledger/memory.js'
export { askara } from './providers/askara.js'
export { discover } from './providers/discover.js'
export { jiko } from './providers/jiko.js'
export { requireLogin } from './require-login.js'
export { authRouter } from './router.js'
export { AuthorizationCodeStrategy } from './strategy.js'

export type {
  ClientAssertionAlgorithm,
  ClientAssertionAudience,
  ClientAuthenticationMethod,
  PrivateKey,
} from './client-authentication.js'
export type {
  AuthorizationCodeFlowError,
  ErrorCode,
  Fault,
  LoginRequiredReason,
  OAuthErrorFacts,
  PendingLoginErrorCode,
  ProviderErrorFacts,
} from './errors.js'
export type { AuthorizationCodeOptions, Parameters, ProviderOptions } from './options.js'
export type { DiscoveredProvider, DiscoverOptions } from './providers/discover.js'
export type { RequireLoginOptions } from './require-login.js'
export type { AuthRouterOptions } from './router.js'
export type { FailureInfo, LoginInfo, LoginOptions, VerifiedLogin, Verify } from './strategy.js'
export type {
  DefaultUser,
  Ledger,
  LoginRequest,
  LoginSession,
  ParsedProfile,
  PendingLogin,
  PendingLoginStore,
  Profile,
  TakenLogin,
  TokenSet,
} from './types.js'
