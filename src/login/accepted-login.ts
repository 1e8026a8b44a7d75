import type { IdTokenClaims } from '../endpoints/id-token.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import type { Profile } from '../options/profile.js'
import type { TokenSet } from '../options/token-set.js'
import type { HandedOver, LoginProgress } from './login-outcome.js'
import type { BegunLogin } from '../grants/stored-login.js'
import type { LoginNote } from '../grants/login-note.js'

/** What `verify` has decided. */
export interface Verified {
  /** The user; `false` or `null` if the login is refused. */
  readonly user: unknown
  /** What the application says beside it: for `req.authInfo`, or the reason of a refusal. */
  readonly info: object
}

/** A login that was accepted. */
export interface AcceptedLogin extends LoginProgress {
  readonly tokens: TokenSet
  /** The claims of its ID token. */
  readonly claims: IdTokenClaims | undefined
  /** When its code was sent to the provider, in **milliseconds since the epoch**. */
  readonly exchangedAt: number
  readonly profile: Profile | undefined
  /** What `verify` has returned. */
  readonly user: object
  /** What `verify` says beside the user. */
  readonly said: object
  /** What the session is to know of it, besides the tokens. */
  readonly note: LoginNote
  /** Whether the provider is connected to a person who is already logged in. */
  readonly connecting: boolean
  /** The grant, if it exists before there is a session: see {@link HandOver}. */
  readonly begun?: BegunLogin | undefined
}

/** The person's id at the provider; `undefined` if the provider names nobody. */
export function subjectOf(
  claims: IdTokenClaims | undefined,
  profile: Profile | undefined,
): string | undefined {
  return claims?.sub ?? profile?.id
}

/**
 * Stores the tokens of a login as a grant, and puts the grant into the session: the current one if another provider is
 * `connecting`, otherwise the new one that Passport makes next.
 *
 * @throws {LoginRequiredError} if the person has logged out meanwhile, here or at the provider
 * @throws {ConfigurationError} if the grant must be found by an account, and the user has none
 * @throws {StorageError} if the session store or the store of grants fails
 */
export type StoreTokens = (request: LoginRequest, login: AcceptedLogin) => Promise<void>

/**
 * Hands a login to the application, which does without a session: its tokens, or the id of its grant where grants are in a store
 * and found by an account. A login for more changes a grant that a session has, so that no other is made. If the application
 * calls `req.logIn`, the session has the login as usual.
 *
 * @throws {LoginRequiredError} if the person has logged out at the provider meanwhile
 * @throws {ConfigurationError} if the grant must be found by an account, and the user has none
 * @throws {StorageError} if the store of grants fails
 */
export type HandOver = (request: LoginRequest, login: AcceptedLogin) => Promise<HandedOver>

/** Where a login goes: the session that will hold it, and the request as it was before. */
export interface NextPlace {
  readonly session: LoginSession
  readonly earlier: LoginRequest
}

/** One login, until it is clear whether somebody receives it. */
export interface LoginAttempt {
  /** Stores the grant, and writes it into the session that begins. @throws {StorageError} */
  readonly hold: (place: NextPlace, account: string | undefined) => Promise<void>
  /** To be called when the session is stored. @throws {LoginRequiredError} if the grant has ended before */
  readonly stored: () => Promise<void>
  /** Ends what has been stored. */
  readonly undo: () => void
  /** Nothing is sent to the browser any more. */
  readonly responseIsOver: (wasAnswered: boolean) => void
}
