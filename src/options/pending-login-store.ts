import type { LoginRequest } from '../lib/login-request.js'

/** What the ID token of one login has to say. */
export interface ExpectedIdToken {
  /** The `nonce` that went with the authorization request. */
  readonly nonce: string
  /** How long ago the person may have been authenticated, in **seconds**. */
  readonly maxAgeSeconds?: number
  /** The `acr` is one of these. */
  readonly acrValues?: readonly string[]
}

/** A login that was started and not finished: what must be remembered between redirect and callback. */
export interface PendingLogin {
  /** A name of the strategy that started it, which alone may finish it. */
  readonly strategy: string
  /** The PKCE code verifier of this attempt alone; left out when PKCE is off. */
  readonly codeVerifier?: string
  /** The exact `redirect_uri` that was sent. */
  readonly redirectUri: string
  /** Where the person wanted to go: a path on this origin. */
  readonly returnTo?: string
  /** For connecting a further provider: a hash of the id of the session that is to get its tokens. */
  readonly connectTo?: string
  /** For an OpenID Connect login: what its ID token has to say. */
  readonly idToken?: ExpectedIdToken
  /** When it was started, in **milliseconds since the epoch**. */
  readonly createdAt: number
}

/** What {@link PendingLoginStore.take} found. */
export type TakenLogin =
  | { readonly status: 'pending'; readonly login: PendingLogin }
  | { readonly status: 'used'; readonly returnTo?: string | undefined }
  | { readonly status: 'expired' }
  | {
      readonly status: 'unknown'
      /** Why, where the store can tell more than that. */
      readonly reason?: Error | undefined
    }

/** Where pending logins wait for their callback. */
export interface PendingLoginStore {
  /** How long a login may take, in **milliseconds**; so long is also remembered that it was taken. */
  readonly lifetimeMs?: number | undefined

  /**
   * Keeps a new entry under its `state`. Resolves when the entry is safely stored, so that the browser
   * may be sent away.
   */
  put(request: LoginRequest, state: string, login: PendingLogin): Promise<void>

  /**
   * Takes the entry of `state` out: whatever comes next, it is not given out a second time.
   *
   * `claim` resolves to `true` for one of all requests that ask for this entry, in all processes. It is
   * called when there is an entry to take; where it resolves to `false`, the entry counts as used, and
   * nothing is changed, so that the request that comes second leaves no trace in the session.
   */
  take(request: LoginRequest, state: string, claim: () => Promise<boolean>): Promise<TakenLogin>
}
