import type { Dispatcher } from 'undici'
import type { LoginRequest } from '../lib/login-request.js'
import type { AuthorizationDetail } from './authorization-details.js'
import type {
  ClientAssertionAlgorithm,
  ClientAssertionAudience,
  ClientAuthenticationMethod,
  ClientSecret,
  PrivateKey,
  PrivateKeys,
} from './client-credentials.js'
import type { Ledger } from './ledger.js'
import type { Parameters } from './parameters.js'
import type { PendingLoginStore } from './pending-login-store.js'
import type { ParsedProfile } from './profile.js'
import type { SignatureAlgorithm } from './signature-algorithms.js'

/**
 * Where a provider is and how it wants to be spoken to: plain data. `askara` and `jiko` are such
 * objects, and so is what `discover` returns.
 */
export interface ProviderOptions {
  /** The strategy's name for Passport, for the profile and for the session. @default 'oauth2' */
  readonly name?: string | undefined

  /** The authorization endpoint, where the browser is sent. */
  readonly authorizationURL: string

  /** The token endpoint, where the code is exchanged. */
  readonly tokenURL: string

  /**
   * The provider's issuer identifier. When it is known, an `iss` in the callback is compared with it
   * (RFC 9207), ID tokens are validated against it, and it is the audience of client assertions and
   * signed requests.
   */
  readonly issuer?: string | undefined

  /** Where the profile of the logged-in person is: a JSON document, read with the access token. */
  readonly profileURL?: string | undefined

  /**
   * Finds id, name and email in the profile document.
   *
   * @default reads `sub` (or `id`), `name`, and `email`
   */
  readonly parseProfile?: ((body: Record<string, unknown>) => ParsedProfile) | undefined

  /** The revocation endpoint (RFC 7009), called when a grant is ended. @default tokens are only forgotten */
  readonly revocationURL?: string | undefined

  /**
   * The provider's pushed authorization request endpoint. Where it is given, authorization requests go
   * there, and the browser carries only a reference to them.
   *
   * @see [RFC 9126 - OAuth 2.0 Pushed Authorization Requests](https://www.rfc-editor.org/rfc/rfc9126.html)
   */
  readonly pushedAuthorizationRequestURL?: string | undefined

  /**
   * Where the provider publishes its keys. With it, the signatures of ID tokens are checked; it needs an
   * `issuer`.
   */
  readonly jwksURL?: string | undefined

  /**
   * What the provider signs with, as agreed on when the client was registered (`id_token_signed_response_alg`,
   * `authorization_signed_response_alg`): ID tokens, logout tokens and signed responses by another algorithm
   * are refused. Needs `issuer`. FAPI 2.0 allows PS256, ES256 and EdDSA.
   *
   * @default every asymmetric algorithm that the published key allows
   * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
   */
  readonly providerSignatureAlgorithms?: readonly SignatureAlgorithm[] | undefined

  /**
   * The provider's logout page. With it, `POST /logout` ends the login there as well.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  readonly endSessionURL?: string | undefined

  /**
   * How long refresh tokens live where the token response does not say, in **seconds**. Also for how long
   * the ledger remembers a grant.
   *
   * @default unknown; the ledger remembers 90 days
   */
  readonly refreshTokenLifetimeSeconds?: number | undefined

  /** The scope to ask for: a string as it goes on the wire, or a list. */
  readonly scope?: string | readonly string[] | undefined

  /** What joins a list of scopes. @default ' ' (a space, as RFC 6749 says) */
  readonly scopeSeparator?: string | undefined

  /**
   * How the client proves who it is.
   *
   * @default 'private_key_jwt' with a `privateKey`, else 'client_secret_post' with a `clientSecret`
   * ('client_secret_basic' where the provider's metadata offers that alone), else 'none'
   */
  readonly clientAuthentication?: ClientAuthenticationMethod | undefined

  /** The methods the provider's metadata offers; only helps to find the default of `clientAuthentication`. */
  readonly clientAuthenticationMethodsSupported?: readonly string[] | undefined

  /**
   * Whether client id and secret are form-urlencoded before they go into Basic credentials, as RFC 6749
   * section 2.3.1 says (`encoded`), or not, as many servers expect (`raw`).
   *
   * @default 'encoded'
   */
  readonly basicCredentials?: 'encoded' | 'raw' | undefined

  /**
   * The audience of client assertions: one string, or a function of the URL called.
   *
   * @default the `issuer` when it is known, else the token endpoint
   */
  readonly clientAssertionAudience?: ClientAssertionAudience | undefined

  /** The signature algorithm of client assertions. @default what fits the key: PS256, ES256 or EdDSA */
  readonly clientAssertionAlgorithm?: ClientAssertionAlgorithm | undefined

  /** The format of token requests: the standard's form body, or JSON. @default 'form' */
  readonly tokenRequestFormat?: 'form' | 'json' | undefined

  /**
   * Leaves `redirect_uri` out of the token request, for a provider that documents it so. Safe because
   * the code is bound to this client by PKCE; refused when PKCE is off. @default false
   *
   * @see [OAuth 2.1, section 10.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1#section-10.2)
   */
  readonly omitRedirectUriInTokenRequest?: boolean | undefined

  /**
   * Turns an unusual token response into a standard one. Gets the parsed JSON (or the text, where it is
   * not JSON) and returns an object with RFC 6749's names: `access_token`, `token_type`, `expires_in`
   * in **seconds**, `refresh_token`, `scope`, or `error`.
   */
  readonly parseTokenResponse?: ((body: unknown) => Readonly<Record<string, unknown>>) | undefined

  /** Further parameters of the authorization request, the same for all or made for each request. */
  readonly authorizationParameters?:
    Parameters | ((request: LoginRequest) => Parameters) | undefined

  /** Further parameters of every token request. */
  readonly tokenParameters?: Parameters | undefined

  /** Further headers of every request to the provider, such as `User-Agent`. */
  readonly customHeaders?: Readonly<Record<string, string>> | undefined

  /**
   * Signs authorization requests with the `privateKey`, so that nobody can change them on their way
   * through the browser. @default false
   *
   * @see [RFC 9101 - JWT-Secured Authorization Request (JAR)](https://www.rfc-editor.org/rfc/rfc9101.html)
   */
  readonly signedAuthorizationRequests?: boolean | undefined

  /**
   * Asks for signed authorization responses and takes no others. Needs `issuer` and `jwksURL`. @default false
   *
   * @see [JWT Secured Authorization Response Mode for OAuth 2.0 (JARM)](https://openid.net/specs/oauth-v2-jarm-final.html)
   */
  readonly signedAuthorizationResponses?: boolean | undefined

  /**
   * Where the access tokens are to be used: an absolute URI, or a list. Goes with authorization and token
   * requests.
   *
   * @see [RFC 8707 - Resource Indicators for OAuth 2.0](https://www.rfc-editor.org/rfc/rfc8707.html)
   */
  readonly resource?: string | readonly string[] | undefined

  /**
   * What exactly is asked for, in the words of the provider's API.
   *
   * @see [RFC 9396 - OAuth 2.0 Rich Authorization Requests](https://www.rfc-editor.org/rfc/rfc9396.html)
   */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined

  /**
   * How long ago the person may have been authenticated, in **seconds**; 0 asks for it anew. The ID token
   * has to say so. Needs the scope `openid` and an `issuer`.
   */
  readonly maxAgeSeconds?: number | undefined

  /**
   * The ways of authentication that will do, the preferred one first. The ID token has to name one of
   * them (`acr`). Needs the scope `openid` and an `issuer`. For a mere wish, send `acr_values` by
   * `authorizationParameters`.
   */
  readonly acrValues?: readonly string[] | undefined

  /** The provider's metadata says that `iss` always comes with the callback (RFC 9207). @default false */
  readonly authorizationResponseIssParameterSupported?: boolean | undefined

  /**
   * WARNING: sends no PKCE parameters, so that a stolen code is no longer bound to the browser that
   * asked for it. Only for a provider that refuses PKCE, and never without a client secret or key.
   *
   * @default false
   * @see [RFC 9700, section 2.1.1 - Authorization Code Grant](https://www.rfc-editor.org/rfc/rfc9700.html#section-2.1.1)
   */
  readonly dangerouslyOmitPkce?: boolean | undefined
}

/** Everything {@link AuthorizationCodeStrategy} may be told; passport-oauth2's options keep their names. */
export interface AuthorizationCodeOptions extends ProviderOptions {
  /** The client's identifier at the provider. Required; an unset environment variable is reported at start. */
  readonly clientID: string | undefined

  /**
   * The client's secret, for the `client_secret_…` methods; or a function that is asked for it at each
   * request, for one that changes while the process runs.
   */
  readonly clientSecret?: ClientSecret | undefined

  /**
   * The client's private key, for `private_key_jwt` and for signed authorization requests: PEM, JWK,
   * KeyObject or CryptoKey. Or a list: the first one signs, and `GET /jwks.json` of `authRouter` publishes
   * all, so that the provider knows the next one in time. Or a function, asked at each use.
   */
  readonly privateKey?: PrivateKeys | (() => PrivateKeys | Promise<PrivateKeys>) | undefined

  /** The `kid` of a single private key, as registered with the provider. @default the JWK's own */
  readonly keyId?: string | undefined

  /**
   * A private key that the tokens are bound to: whoever steals them cannot use them without it. PEM, JWK,
   * KeyObject or CryptoKey; the same in all processes, and not the `privateKey`.
   *
   * @default bearer tokens
   * @see [RFC 9449 - OAuth 2.0 Demonstrating Proof of Possession (DPoP)](https://www.rfc-editor.org/rfc/rfc9449.html)
   */
  readonly dpopKey?: PrivateKey | undefined

  /**
   * The absolute URL of the callback route, exactly as registered with the provider. Never derived from
   * a request's headers.
   */
  readonly callbackURL: string

  /**
   * Where the provider sends the browser after its own logout: the absolute URL of `GET /logged-out` of
   * `authRouter`, exactly as registered. Needs an `endSessionURL`.
   */
  readonly postLogoutRedirectURL?: string | undefined

  /**
   * Takes part in the provider's logout: `POST /backchannel-logout` of `authRouter` ends the sessions of
   * whoever logs out there. Needs `issuer` and `jwksURL`; costs each login one or two notes in the ledger.
   * @default false
   *
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  readonly backchannelLogout?: boolean | undefined

  /** Under which name this strategy keeps its part in `req.session`. @default `oauth2:` and the name */
  readonly sessionKey?: string | undefined

  /** Fields of the session that survive the change of its id at login and logout. @default [] */
  readonly keepSession?: readonly string[] | undefined

  /**
   * Seals the tokens in the session: a secret of at least 32 characters, or a list. The first seals, all
   * of them open, as with express-session's `secret`.
   *
   * @default tokens lie in the session as they are
   */
  readonly tokenSecret?: string | readonly string[] | undefined

  /**
   * How long before its end an access token is renewed, in **seconds**. Never more than half of the
   * token's lifetime. Until it ends, requests use it and nobody waits.
   *
   * @default 60 (1 minute)
   */
  readonly refreshBeforeSeconds?: number | undefined

  /** Skips loading the profile: always, or decided for each access token. @default false */
  readonly skipUserProfile?:
    boolean | ((accessToken: string) => boolean | Promise<boolean>) | undefined

  /** Where pending logins wait. @default the session */
  readonly pendingLogins?: PendingLoginStore | undefined

  /** How long a started login may take, in **milliseconds**. @default 600_000 (10 minutes) */
  readonly pendingLoginLifetimeMs?: number | undefined

  /** What several requests and processes agree on. @default one `MemoryLedger` for all strategies of this process */
  readonly ledger?: Ledger | undefined

  /**
   * Time for each request to the provider, the whole exchange, in **milliseconds**.
   *
   * @default 10_000 (10 seconds)
   */
  readonly timeoutMs?: number | undefined

  /** The most that is read of any answer, `strategy.fetch` included, in **bytes**. @default 1_048_576 (1 MiB) */
  readonly responseLimitBytes?: number | undefined

  /** An undici `Dispatcher` for all connections: a proxy, a private CA, a client certificate, a `MockAgent`. */
  readonly dispatcher?: Dispatcher | undefined
}
