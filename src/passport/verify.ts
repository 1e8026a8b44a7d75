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
 * Decides who has logged in: returns the user for `req.user`, or `false` to refuse. May be async. Errors it
 * throws go to `next(error)`.
 */
export type Verify = (login: VerifiedLogin) => MaybeUser | Promise<MaybeUser>

/** `Express.User` is empty until the application says what is in it; `object` keeps `true` and texts out. */
type MaybeUser = (Express.User & object) | false | null

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
