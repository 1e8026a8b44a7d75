import type { GrantRecord } from './grant-record.js'

/** What a login has stored. */
export interface StoredLogin {
  readonly id: string
  /**
   * The grant that has the tokens, if it survives the login, and the line that the login has started there: `undefined` if
   * its tokens were added to another.
   */
  readonly joined?: { readonly grant: string; readonly line: string | undefined }
  /** A login for more at a connected provider: the session had the grant before, and keeps it whatever becomes of the login. */
  readonly wasHeld?: { readonly line: string | undefined } | undefined
  /** The ids of lines that nobody needs any more as soon as the session is stored. */
  readonly covered?: readonly string[]
}

/** A login that is stored: what the session is given. */
export interface BegunLogin extends StoredLogin {
  readonly record: GrantRecord
}

/** The grant that a login for more adds to. */
export interface ExtendedGrant {
  readonly id: string
  /** The holder that the session before the login has: see `GrantOwner.holder`. */
  readonly holder: string | undefined
  /** The scope of tokens whose answer did not say it, as far as that is known. */
  readonly unsaidScope: string | undefined
}
