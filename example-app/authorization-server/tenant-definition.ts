import type { Router } from 'express'
import type { ClientMetadata } from 'oidc-provider'
import type { TenantName } from './pages.js'
import type { TokenRequest, TokenRequestFormat } from './token-requests.js'

/** Everything in which one provider differs from another. Lifetimes are in **seconds**. */
export interface TenantDefinition {
  readonly tenant: TenantName
  readonly displayName: string
  /** `0` lets the operating system choose. */
  readonly port: number
  readonly paths: {
    readonly authorization: string
    readonly token: string
    readonly revocation: string
    readonly resource: string
  }
  /** The client that is registered beforehand; `undefined` where clients register themselves. */
  readonly client: (ClientMetadata & { readonly redirect_uris: readonly string[] }) | undefined
  readonly tokenRequestFormat: TokenRequestFormat
  /** Whether `redirect_uri` has to come with the code, as RFC 6749 wants it. */
  readonly isRedirectURIRequired: boolean
  readonly isPkceRequired: boolean
  /** The scopes there are, with what they allow in words for the consent page. */
  readonly scopes: Readonly<Record<string, string>>
  /**
   * What a person's claims are, beside `sub`, where the provider is one of OpenID Connect; `undefined` for OAuth 2.0 alone.
   * An OpenID provider also remembers who is logged in there and what they have allowed.
   */
  readonly openIdClaims?: (account: string) => { readonly name: string; readonly email: string }
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly rotateRefreshTokens: boolean
  readonly onTokenRequest: ((request: TokenRequest) => void) | undefined
  readonly onRevocation: ((request: TokenRequest) => void) | undefined
  readonly resource: TenantResource | ResourceServer
}

/** An API that is one address. */
export interface TenantResource {
  /** The scope without which the resource is closed. */
  readonly scope: string
  /** What the account sees there. */
  readonly read: (account: string, scopes: ReadonlySet<string>) => unknown
}

/** An API that clients name in each request for a token (RFC 8707), and that says itself where the tokens come from (RFC 9728). */
export interface ResourceServer {
  readonly createRouter: (parts: ResourceServerParts) => Router
}

/** What a {@link ResourceServer} builds on. */
export interface ResourceServerParts {
  /** Where the provider is. */
  readonly issuer: string
  /** The identifier of the resource, which is its address. */
  readonly resource: string
  /** What an access token stands for; `undefined` if it is none, or is not valid any more. */
  readonly findToken: (value: string) => Promise<TokenFacts | undefined>
}

/** What an access token stands for. */
export interface TokenFacts {
  readonly account: string
  readonly clientID: string
  readonly scopes: readonly string[]
  /** The resource that it is for. */
  readonly audience: string
  /** In **seconds since the epoch**. */
  readonly expiresAt: number
}
