import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * The tokens of one login, as the application sees them.
 *
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export interface TokenSet {
  /** The access token, as it goes into the `Authorization` header. */
  readonly accessToken: string
  /** `bearer`, or `dpop` with a `dpopKey`. */
  readonly tokenType: string
  /** When the access token ends, in **milliseconds since the epoch**; left out when the provider did not say. */
  readonly expiresAt?: number
  /** The refresh token, if the provider gave one. */
  readonly refreshToken?: string
  /** When the refresh token ends, in **milliseconds since the epoch**; left out when neither provider nor options say. */
  readonly refreshTokenExpiresAt?: number
  /** The granted scope, space separated; left out when the provider did not name it (it then equals the requested one). */
  readonly scope?: string
  /** The ID token, present only when it was validated against the configured `issuer`. */
  readonly idToken?: string
  /** What was granted of the `authorizationDetails` asked for, if the provider says so (RFC 9396, section 7). */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}

/**
 * One thing that is asked for or granted, in the words of the provider's API.
 *
 * @see [RFC 9396, section 2 - Request Parameter "authorization_details"](https://www.rfc-editor.org/rfc/rfc9396.html#section-2)
 */
export interface AuthorizationDetail {
  /** Says what the other members mean. */
  readonly type: string
  readonly [member: string]: unknown
}

/** What the ID token of one login has to say. */
export interface ExpectedIdToken {
  /** The `nonce` that went with the authorization request. */
  readonly nonce: string
  /** How long ago the person may have been authenticated, in **seconds**. */
  readonly maxAgeSeconds?: number
  /** The `acr` is one of these. */
  readonly acrValues?: readonly string[]
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
  reload(callback: (error?: unknown) => void): unknown
  regenerate(callback: (error?: unknown) => void): unknown
  destroy(callback: (error?: unknown) => void): unknown
}

/** What the strategy needs of a request: Node's own, with express-session's and Express's additions. */
export type LoginRequest = IncomingMessage & {
  session?: LoginSession | undefined
  sessionID?: string | undefined
  sessionStore?: object | undefined
  originalUrl?: string | undefined
  body?: unknown
  res?: ServerResponse | undefined
  /** Express's own: hands an error to the error handlers of the router that the request is in. */
  next?: ((error?: unknown) => void) | undefined
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
  | { readonly found: 'pending'; readonly login: PendingLogin }
  | { readonly found: 'used'; readonly returnTo?: string | undefined }
  | { readonly found: 'expired' }
  | {
      readonly found: 'unknown'
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

/** The tokens of a grant at one point of its life. */
export interface GrantState {
  /** Counts the token sets of the grant: 1 after login, one more with each refresh. */
  readonly version: number
  readonly tokens: TokenSet
  /** From when on the access token is due for renewal, in **milliseconds since the epoch**. */
  readonly renewAt?: number
}

/** How {@link Ledger.renew} ended. */
export type Renewal =
  /** Renewed while the caller waited, by it or by somebody else. */
  | { readonly outcome: 'renewed'; readonly state: GrantState }
  /** Somebody had renewed it before the caller asked: no request was made. */
  | { readonly outcome: 'found'; readonly state: GrantState }
  /** The grant has ended. */
  | { readonly outcome: 'ended' }

/** Durations for {@link Ledger.renew}. */
export interface RenewalLimits {
  /** For how long one caller may keep all others waiting, in **milliseconds**; longer than `refresh` ever takes. */
  readonly leaseMs: number
  /** For how long the outcome is remembered, in **milliseconds**: as long as a session may come back with older tokens. */
  readonly keepMs: number
}

/** A login that its provider can end from its side. */
export interface EnrolledLogin {
  readonly sessionId: string
  /** The `id` of the grant's entry in that session. */
  readonly entryId: string
}

/**
 * What all requests and processes must agree on. Two strategies, requests or processes that share a
 * ledger never send a code twice, never use a refresh token twice, and agree on what has ended.
 */
export interface Ledger {
  /**
   * Claims `id` for the caller. Resolves to `true` for exactly one caller within `ttlMs` **milliseconds**,
   * over everyone who shares the ledger, and to `false` for all others.
   *
   * @throws {StorageError} when the ledger cannot be reached
   */
  claim(id: string, ttlMs: number): Promise<boolean>

  /**
   * Renews the tokens of a grant exactly once, however many ask. If the ledger knows a newer version than
   * `current`, that is the answer. Otherwise one caller runs `refresh`, and everyone who waits gets its
   * result, or its error.
   *
   * @param grant the grant's secret
   * @param refresh gets the next state from the provider; `undefined` says that the provider has ended the grant
   * @throws whatever `refresh` throws
   * @throws {StorageError} when the ledger cannot be reached
   */
  renew(
    grant: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal>

  /**
   * Ends a grant: from now on {@link renew} finds it ended, a renewal under way included. Resolves to the
   * newest state the ledger knows, so that its tokens can be revoked.
   *
   * @param keepMs for how long that is remembered, in **milliseconds**
   * @throws {StorageError} when the ledger cannot be reached
   */
  end(grant: string, keepMs: number): Promise<GrantState | undefined>

  /**
   * Notes that a login belongs to each of `groups`: a session of the provider's, a person there. Resolves to
   * `false`, and the login must not count, when one of them has ended since the person was authenticated.
   *
   * @param grant the grant's secret, of which only the name of its record is kept
   * @param authenticatedAt in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs for how long that is noted, in **milliseconds** from now
   * @throws {StorageError} when the ledger cannot be reached
   */
  enrol(
    login: EnrolledLogin,
    grant: string,
    groups: readonly string[],
    authenticatedAt: number,
    keepMs: number,
  ): Promise<boolean>

  /**
   * Ends the grants of all logins of a group that were authenticated at `endedAt` or before, and hands each
   * of them to `endSession`. If anything fails, the next call begins anew. The tokens stay where they are,
   * in the session: the ledger cannot open a record without its grant.
   *
   * @param endedAt in **milliseconds since the epoch**, by the provider's clock
   * @param keepMs for how long that is remembered, in **milliseconds**
   * @throws whatever `endSession` throws
   * @throws {StorageError} when the ledger cannot be reached
   */
  endGroup(
    group: string,
    endedAt: number,
    keepMs: number,
    endSession: (login: EnrolledLogin) => Promise<void>,
  ): Promise<void>

  /** Remembers for `keepMs` **milliseconds** that a session was destroyed. */
  endSession(sessionId: string, keepMs: number): Promise<void>

  /** Whether a session was destroyed. */
  isSessionEnded(sessionId: string): Promise<boolean>
}
