import type { IdTokenClaims } from '../endpoints/id-token.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { Profile } from '../options/profile.js'
import type { TokenSet } from '../options/token-set.js'
import type { LoginProgress } from './login-outcome.js'
import type { LoginNote } from '../grants/login-note.js'

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
  /** What the session is to know of it, besides the tokens. */
  readonly note: LoginNote
  /** Whether the provider is connected to a person who is already logged in. */
  readonly connecting: boolean
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
