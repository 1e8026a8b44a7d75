import type { IdTokenClaims } from '../endpoints/id-token.js'
import type { TokenSet } from '../options/token-set.js'
import type { LoginNote } from './login-note.js'
import type { BegunLogin, ExtendedGrant } from './stored-login.js'

/** A login whose tokens have come. */
export interface NewTokens {
  readonly tokens: TokenSet
  /** The claims of its ID token. */
  readonly claims: IdTokenClaims | undefined
  /** The application's own id of the person. */
  readonly account: string | undefined
  /** When its code was sent to the provider, in **milliseconds since the epoch**. */
  readonly exchangedAt: number
  /** The person's id at the provider. */
  readonly subject: string | undefined
  /** The session that will hold it; `undefined` if that is not known yet. */
  readonly sessionId: string | undefined
  /** Whether the provider is connected to a person who is already logged in by another way. */
  readonly connected: boolean
  /** How long the login lives without being used, in **milliseconds**. */
  readonly lifetimeMs: number
  readonly note: LoginNote
  /** A login for more: the grant that the same person has in the session already. */
  readonly extended?: ExtendedGrant | undefined
}

/**
 * Stores the tokens of a login as a grant. The order matters: the record, then the names it is listed under, then a look
 * whether the provider has ended one of them. So either the provider's logout finds the login, or this finds the logout.
 *
 * @throws {LoginRequiredError} if the person has logged out at the provider meanwhile
 * @throws {StorageError} if the store fails
 */
export type BeginLogin = (login: NewTokens) => Promise<BegunLogin>
