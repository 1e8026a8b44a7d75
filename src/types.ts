import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * The tokens of one login, as the application sees them.
 *
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export interface TokenSet {
  /** The access token, as it goes into the `Authorization` header. */
  readonly accessToken: string
  /** Always lower case: `bearer` unless the provider speaks DPoP. */
  readonly tokenType: string
  /** When the access token ends, in **milliseconds since the epoch**; left out when the provider did not say. */
  readonly expiresAt?: number
  /** The refresh token, if the provider gave one. */
  readonly refreshToken?: string
  /** The granted scope, space separated; left out when the provider did not name it (it then equals the requested one). */
  readonly scope?: string
  /** The ID token, present only when it was validated against the configured `issuer`. */
  readonly idToken?: string
}

/**
 * The person at the provider, in the shape Passport's strategies share.
 *
 * @see [Passport, normalized user profile](https://www.passportjs.org/reference/normalized-profile/)
 */
export interface Profile {
  /** The strategy's `name`, such as `askara`. */
  readonly provider: string
  /** The provider's lasting identifier for the person; `undefined` if its answer has none. */
  readonly id: string | undefined
  readonly displayName?: string
  readonly emails?: readonly { readonly value: string }[]
  /** The provider's whole answer. */
  readonly _json: Readonly<Record<string, unknown>>
}

/** What a provider's profile document says of a person; see the option `parseProfile`. */
export interface ParsedProfile {
  /** The provider's lasting identifier for the person. */
  readonly id: string | undefined
  readonly displayName?: string | undefined
  readonly email?: string | undefined
}

/** Who `req.user` is when no `verify` function was given. */
export interface DefaultUser {
  /** The strategy's `name`, such as `askara`. */
  readonly provider: string
  /** {@link Profile.id}; `undefined` with a provider that has no profile. Unique only together with `provider`. */
  readonly id: string | undefined
  readonly profile: Profile | undefined
}

/** What the strategy needs of express-session's `req.session`. */
export interface LoginSession {
  readonly id: string
  readonly cookie: object
  save(callback?: (error?: unknown) => void): unknown
  regenerate(callback: (error?: unknown) => void): unknown
  destroy(callback: (error?: unknown) => void): unknown
}

/** What the strategy needs of a request: Node's own, with express-session's and Express's additions. */
export type LoginRequest = IncomingMessage & {
  session?: LoginSession | undefined
  sessionID?: string | undefined
  originalUrl?: string | undefined
  body?: unknown
  res?: ServerResponse | undefined
}

/** A login that was started and not finished: what must be remembered between redirect and callback. */
export interface PendingLogin {
  /** The PKCE code verifier of this attempt alone; left out when PKCE is off. */
  readonly codeVerifier?: string
  /** The exact `redirect_uri` that was sent. */
  readonly redirectUri: string
  /** Where the person wanted to go: a path on this origin. */
  readonly returnTo?: string
  /** When it was started, in **milliseconds since the epoch**. */
  readonly createdAt: number
}

/** What {@link PendingLoginStore.take} found. */
export type TakenLogin =
  | { readonly found: 'pending'; readonly login: PendingLogin }
  | { readonly found: 'used'; readonly returnTo?: string | undefined }
  | { readonly found: 'expired' }
  | { readonly found: 'unknown' }

/** Where pending logins wait for their callback. */
export interface PendingLoginStore {
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

/** What all requests and processes must agree on. */
export interface Ledger {
  /**
   * Claims `id` for the caller. Resolves to `true` for exactly one caller within `ttlMs` **milliseconds**,
   * over everyone who shares the ledger, and to `false` for all others.
   */
  claim(id: string, ttlMs: number): Promise<boolean>
}
