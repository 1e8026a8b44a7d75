import type { LoginRequest } from '../lib/login-request.js'

/**
 * What the ID token of a login is checked against, besides the options of the strategy.
 *
 * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
export interface ExpectedIdToken {
  /** The `nonce` that was sent with the authorization request. */
  readonly nonce: string
  /** How long ago the person may have been authenticated, in **seconds**; left out if any time is accepted. */
  readonly maxAgeSeconds?: number
  /** The accepted values of `acr`; left out if any is accepted. */
  readonly acrValues?: readonly string[]
}

/** A login that was started and is not finished: the data that is kept from the redirect to the callback. */
export interface PendingLogin {
  /** Identifies the strategy that started the login. Another strategy must not finish it. */
  readonly strategy: string
  /** The PKCE code verifier of this login; left out if PKCE is off. */
  readonly codeVerifier?: string
  /** The exact `redirect_uri` that was sent. */
  readonly redirectUri: string
  /** Where the person goes after the login: a path on this origin. */
  readonly returnTo?: string
  /** If the login connects a further provider: a hash of the id of the session that gets the tokens. */
  readonly connectTo?: string
  /** If the login uses OpenID Connect: what its ID token is checked against. */
  readonly idToken?: ExpectedIdToken
  /** When the login was started, in **milliseconds since the epoch**. */
  readonly createdAt: number
}

/**
 * The outcome of {@link PendingLoginStore.take}.
 *
 * - `pending`: the login, which the caller now finishes
 * - `used`: another request has taken it before; the browser can be sent to the same page
 * - `expired`: it was started longer ago than the lifetime
 * - `unknown`: there is none with this `state` in this browser
 */
export type TakenLogin =
  | { readonly status: 'pending'; readonly login: PendingLogin }
  | { readonly status: 'used'; readonly returnTo?: string | undefined }
  | { readonly status: 'expired' }
  | {
      readonly status: 'unknown'
      /** The reason, if the store knows it, such as a cookie that cannot be decrypted. */
      readonly reason?: Error | undefined
    }

/**
 * Keeps pending logins from the redirect to the callback. The session is the default store; `cookiePendingLogins`
 * creates one that uses a cookie. Implement this interface to keep them elsewhere.
 *
 * @see [RFC 6749, section 10.12 - Cross-Site Request Forgery](https://www.rfc-editor.org/rfc/rfc6749.html#section-10.12)
 */
export interface PendingLoginStore {
  /**
   * How long a login may take, in **milliseconds**. A taken login is remembered for the same time.
   *
   * @default the option `pendingLoginLifetimeMs`
   */
  readonly lifetimeMs?: number | undefined

  /**
   * Stores a pending login under its `state`. Resolves once it is stored, so that the browser can be redirected.
   *
   * @param state the `state` parameter of the authorization request
   */
  put(request: LoginRequest, state: string, login: PendingLogin): Promise<void>

  /**
   * Removes the pending login of `state` and returns it. No later call may return it again.
   *
   * @param state the `state` parameter of the callback, which anybody can have written
   * @param claim resolves to `true` for exactly one of all requests with this `state`, in all processes. Call it
   * only if there is a login to take. If it resolves to `false`, return `used` and change nothing, so that the
   * second request does not overwrite the session of the first.
   */
  take(request: LoginRequest, state: string, claim: () => Promise<boolean>): Promise<TakenLogin>
}
