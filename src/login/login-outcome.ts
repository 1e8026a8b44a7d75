import type { BegunLogin } from '../grants/stored-login.js'
import type { TokenSet } from '../options/token-set.js'

/** Passport puts this into `req.authInfo`. */
export interface LoginInfo {
  /** Where the person wanted to go: a path of this origin, from `/login?return_to=` or the option `returnTo`. */
  readonly returnTo?: string
  /** The application's own data for this login, as they were given to `startLogin`. */
  readonly appState?: unknown
  /** Present if a provider was connected to the person who was logged in already. */
  readonly connected?: true
  /** With `session: false`: the tokens, unless `grant` is there. */
  readonly tokens?: TokenSet
  /** With `session: false` and the option `grants`: the id of the grant. */
  readonly grant?: string
}

/** Somebody has logged in. */
export interface Success {
  readonly action: 'success'
  readonly user: object
  readonly info: LoginInfo
  /** Called if nobody receives it, because the browser has gone away. */
  readonly onLost?: () => void
}

/** Why a login was refused; Passport hands it to a custom callback as `info`. */
export interface FailureInfo {
  /** The OAuth `error` code of the provider; `undefined` if `verify` refused. */
  readonly error?: string | undefined
  /** The provider's `error_description`, for the log. It is not for the person; `message` is. */
  readonly errorDescription?: string | undefined
  /** What happened, in a sentence for the person. */
  readonly message: string
  /** Where the person wanted to go: a path of this origin. */
  readonly returnTo?: string | undefined
  /** The application's own data for this login. */
  readonly appState?: unknown
}

/** How a login ends: as one of Passport's actions. */
export type LoginOutcome =
  /**
   * The callback came again: go where the login went. Or a login that nobody should notice came to nothing: then `refused` says
   * why.
   */
  | { readonly action: 'redirect'; readonly url: string; readonly refused?: string }
  | Success
  /** The person, the provider or the application refused. */
  | { readonly action: 'fail'; readonly info: FailureInfo; readonly status: number }

/** What becomes of a login in the session that Passport makes for it. */
export interface LoginProgress {
  /** Called when the new session, which has this id, is in its store with the login. */
  readonly onStored: (sessionId: string) => void
  /** Called if Passport cannot log the user in. */
  readonly onFailed: (error: unknown) => void
  /** Whether the browser has got the session by another request with the same callback. */
  readonly isDelivered: () => boolean
}

/** A login that is handed to the application. */
export interface HandedOver {
  /** For `req.authInfo`. */
  readonly info: { readonly tokens: TokenSet } | { readonly grant: string }
  /** The grant that was made; `undefined` if there is none yet. */
  readonly begun: BegunLogin | undefined
  /** Ends what was stored, or revokes the tokens: the application has not got them. */
  readonly undo: () => void
}
