import type { Request } from 'express'
import type { IdTokenClaims } from '../endpoints/id-token.js'
import type { AuthorizationDetail } from '../options/authorization-details.js'
import type { Parameters } from '../options/parameters.js'
import type { Profile } from '../options/profile.js'
import type { TokenSet } from '../options/token-set.js'

/** What `verify` gets to see of a login. */
export interface VerifiedLogin {
  readonly tokens: TokenSet
  /** `undefined` when the provider has neither a `profileURL` nor ID tokens, or `skipUserProfile` says so. */
  readonly profile: Profile | undefined
  /** What the ID token says, validated; `undefined` when there is none. */
  readonly claims: IdTokenClaims | undefined
  readonly req: Request
}

/**
 * Decides who has logged in: returns the user for `req.user`, or `false` to refuse. May be async; what it
 * throws goes to `next(error)`.
 */
export type Verify = (login: VerifiedLogin) => MaybeUser | Promise<MaybeUser>

/** `Express.User` is empty until the application says what is in it; `object` keeps `true` and texts out. */
type MaybeUser = (Express.User & object) | false | null | undefined

/** What `passport.authenticate(name, options)` may be told, beside Passport's own options. */
export interface LoginOptions {
  /** The scope of this login, instead of the strategy's. */
  readonly scope?: string | readonly string[] | undefined
  /** The callback URL of this login, instead of the strategy's; absolute. */
  readonly callbackURL?: string | undefined
  /** Further parameters of this authorization request. */
  readonly authorizationParameters?: Parameters | undefined
  /** For this login, instead of the strategy's: how long ago the person may have been authenticated, in **seconds**. */
  readonly maxAgeSeconds?: number | undefined
  /** For this login, instead of the strategy's: the ways of authentication that will do. */
  readonly acrValues?: readonly string[] | undefined
  /** For this login, instead of the strategy's: what exactly is asked for (RFC 9396). */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /**
   * Which half of the login this route is for.
   *
   * @default 'finish' for a request with `state`, `code` or `error` among its parameters, else 'start'
   */
  readonly step?: 'start' | 'finish' | undefined
  /** Passport's own: where a callback that is loaded again after success goes. */
  readonly successRedirect?: string | undefined
  /** Passport's own: `false` keeps login and tokens out of the session. */
  readonly session?: boolean | undefined
  /** Passport's own, set by `passport.authorize`: the person stays who they are. */
  readonly assignProperty?: string | undefined
}

declare module 'passport' {
  // Passport hands its options on to the strategy; with this, TypeScript lets ours through.
  interface AuthenticateOptions {
    acrValues?: readonly string[] | undefined
    authorizationDetails?: readonly AuthorizationDetail[] | undefined
    authorizationParameters?: Parameters | undefined
    maxAgeSeconds?: number | undefined
    step?: 'start' | 'finish' | undefined
  }
}

declare global {
  namespace Express {
    interface AuthInfo {
      /** Where the person wanted to go: a path of this origin, from `/login?return_to=`. */
      returnTo?: string | undefined
    }
  }
}

/** What Passport makes `req.authInfo` of. */
export interface LoginInfo {
  /** Where the person wanted to go: a path of this origin, from `/login?return_to=`. */
  readonly returnTo?: string
}

/** Why a login was refused; Passport hands it to a custom callback as `info`. */
export interface FailureInfo {
  /** The OAuth `error` code of the provider; `undefined` when `verify` refused. */
  readonly error?: string | undefined
  /** Fit to be shown to the person, once escaped. */
  readonly message: string
}
