import type { MissingFromLogin } from '../errors/step-up-errors.js'
import type { LoginRequest } from '../lib/login-request.js'

/** What the ID token of one login must contain. */
export interface ExpectedIdToken {
  /** The `nonce` that was sent with the authorization request. */
  readonly nonce: string
  /** How old the person's authentication may be, in **seconds**. Left out if `max_age` was not sent. */
  readonly maxAgeSeconds?: number
  /** The `acr` must be one of these. Left out if any is allowed. */
  readonly acrValues?: readonly string[]
}

/** A login that was started and is not finished: what is stored between the redirect and the callback. */
export interface PendingLogin {
  /** Identifies the strategy that started the login. No other strategy may finish it. */
  readonly strategy: string
  /** The PKCE code verifier of this login. Left out if PKCE is off. */
  readonly codeVerifier?: string
  /** The exact `redirect_uri` that was sent. */
  readonly redirectUri: string
  /** Where the person goes after the login: a path on the application's origin. */
  readonly returnTo?: string
  /** If the login connects another provider: a hash of the session that the tokens are for, and of its user. */
  readonly connectTo?: string
  /** If it is an OpenID Connect login: what its ID token must contain. */
  readonly idToken?: ExpectedIdToken
  /** The application's own data for this login: anything that JSON can hold. They may be secret. */
  readonly appState?: unknown
  /** The scope that was asked for, if it is not the strategy's. */
  readonly scope?: string
  /** Present if the provider may show nothing (`prompt=none`): if it does not log the person in, nobody is told. */
  readonly silent?: true
  /** Present if the login is to add something to the present one: what. */
  readonly asked?: MissingFromLogin
  /** For such logins: a hash of the id, at the provider, of the person who was logged in. Nobody else may come back. */
  readonly person?: string
  /**
   * Present if another site has sent the browser to start the login, as the request's Fetch metadata say. If a browser
   * has too many pending logins, these are dropped first.
   */
  readonly fromOtherSite?: true
  /** When the login was started, in **milliseconds since the epoch**. */
  readonly createdAt: number
}

/** The result of {@link PendingLoginStore.take}. */
export type TakenLogin =
  /** The login is pending, and this callback may finish it. */
  | { readonly status: 'pending'; readonly login: PendingLogin }
  /** Another callback has already taken the login. */
  | {
      readonly status: 'used'
      readonly returnTo?: string | undefined
      /**
       * The login itself, if another request with the same callback takes it at this moment, so that `claim` has resolved to
       * `false`. If that request comes to nothing, the login is started again, and asks for the same.
       */
      readonly login?: PendingLogin | undefined
    }
  /** The login was started too long ago. */
  | { readonly status: 'expired'; readonly returnTo?: string | undefined }
  /** The store has no login with this `state`. */
  | {
      readonly status: 'unknown'
      /** Why, if the store can tell. The strategy fails with this error. */
      readonly reason?: Error | undefined
    }

/**
 * Stores pending logins until their callback comes: the option `pendingLogins`. By default, they are in the
 * session. `cookiePendingLogins` keeps them in cookies.
 *
 * WARNING: an implementation must give a login only to the browser that started it. Otherwise an attacker can log
 * a victim's browser in to the attacker's account.
 *
 * @see [RFC 6749, section 10.12 - Cross-Site Request Forgery](https://www.rfc-editor.org/rfc/rfc6749.html#section-10.12)
 *
 * @example Logging what becomes of each login
 * ```ts
 * import { cookiePendingLogins } from 'passport-authorization-code'
 * import type { PendingLoginStore } from 'passport-authorization-code'
 *
 * const cookies = cookiePendingLogins({ secret: process.env.COOKIE_SECRET ?? '' })
 * export const pendingLogins: PendingLoginStore = {
 *   ...cookies,
 *   async take(...given) {
 *     const taken = await cookies.take(...given)
 *     console.log(taken.status) // 'pending', 'used', 'expired' or 'unknown'
 *     return taken
 *   },
 * }
 * ```
 */
export interface PendingLoginStore {
  /**
   * How long a login may take, in **milliseconds**. For at least that long, it is
   * remembered that it was taken.
   *
   * @default the option `pendingLoginLifetimeMs`
   */
  readonly lifetimeMs?: number | undefined

  /**
   * Stores a login under its `state`. The browser is redirected to the provider after this has resolved.
   *
   * @throws {StorageError} if the login cannot be stored
   */
  put(request: LoginRequest, state: string, login: PendingLogin): Promise<void>

  /**
   * Takes the login with this `state`. No later call gets it again, even if this callback fails.
   *
   * @param claim must be called before a login is taken, and only then. It resolves to `true` for exactly one of all
   * requests that ask for this login, in all processes that share `grants`. If it resolves to `false`, change nothing,
   * and resolve to `used`, with the login. Pass it the login's `returnTo`, for a callback that arrives again.
   * @throws {StorageError} if the store cannot be read or written
   */
  take(
    request: LoginRequest,
    state: string,
    claim: (returnTo?: string) => Promise<boolean>,
  ): Promise<TakenLogin>

  /**
   * Called when a login that was taken has failed, or is kept in no session. A store needs it only if {@link take} leaves it to the session of the
   * login that succeeds to remember what was taken. Must not throw: the login fails with its own error.
   */
  noteFailure?(request: LoginRequest, state: string): Promise<void>
}
