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
  readonly client: ClientMetadata & { readonly redirect_uris: readonly string[] }
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
  readonly resource: {
    /** The scope without which the resource is closed. */
    readonly scope: string
    /** What the account sees there. */
    readonly read: (account: string, scopes: ReadonlySet<string>) => unknown
  }
}
