import type { ClientMetadata } from 'oidc-provider'
import type { TenantName } from './pages.js'
import type { TokenRequest } from './token-requests.js'

/** One value for each of the providers. */
export type PerTenant<Value> = Readonly<Record<TenantName, Value>>

/** What {@link startAuthorizationServer} may be told. Everything has a default. */
export interface AuthorizationServerOptions {
  /**
   * The exact callback URLs of the clients. A provider without one still starts, and refuses every
   * authorization request.
   *
   * @default none
   */
  readonly callbackURLs?: Partial<PerTenant<string | readonly string[]>>

  /**
   * Where the client of the OpenID provider is told of logouts, and where browsers come back to after one.
   *
   * @default neither
   */
  readonly logoutURLs?: LogoutURLs

  /**
   * The ports to listen on, at 127.0.0.1; `0` takes any that is free.
   *
   * @default 0 for all
   */
  readonly ports?: Partial<PerTenant<number>>

  /**
   * How long access tokens live, in whole **seconds**, 1 or more.
   *
   * @default 900 for Jiko, 3600 for the others
   */
  readonly accessTokenSeconds?: Partial<PerTenant<number>>

  /**
   * How long refresh tokens live, in whole **seconds**, 1 or more. Each new one starts anew.
   *
   * @default 7_776_000 (90 days) for all
   */
  readonly refreshTokenSeconds?: Partial<PerTenant<number>>

  /**
   * Whether each refresh brings a new refresh token and uses up the old one. Using an old one again
   * then ends the whole grant.
   *
   * @default true
   */
  readonly rotateRefreshTokens?: boolean

  /** The public keys that Jiko's client is registered with. @default a fresh one, in `tenants.jiko` */
  readonly clientKeys?: NonNullable<ClientMetadata['jwks']>

  /** Called for every request to a token endpoint, before its answer has reached the client. */
  readonly onTokenRequest?: (request: TokenRequest) => void

  /** Called for every request to a revocation endpoint, before its answer has reached the client. */
  readonly onRevocation?: (request: TokenRequest) => void
}

/** The client's own addresses for a logout at the OpenID provider. */
export interface LogoutURLs {
  /** Where the browser comes back to after a logout that the client has asked for. */
  readonly postLogoutRedirectURL: string
  /** Where the provider says who has logged out there. */
  readonly backchannelLogoutURL: string
}
