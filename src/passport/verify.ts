import type { Request } from 'express'
import type { IdTokenClaims } from '../endpoints/id-token.js'
import { ConfigurationError } from '../errors/errors.js'
import type { Verified } from '../login/accepted-login.js'
import type { Parameters } from '../options/parameters.js'
import type { Profile } from '../options/profile.js'
import type { AuthorizationDetail, TokenSet } from '../options/token-set.js'
import { verifiedBy } from './verified.js'
import type { VerifyDone } from './verified.js'

/** A login that `verify` decides about. */
export interface VerifiedLogin {
  readonly tokens: TokenSet
  /** `undefined` if the provider has neither a `profileURL` nor ID tokens, or no ID tokens and `skipUserProfile` is set. */
  readonly profile: Profile | undefined
  /** The claims of the ID token, validated; `undefined` if there is none. */
  readonly claims: IdTokenClaims | undefined
  /**
   * The members of the token response, without the tokens: what the provider sends beside them, such as Strava's `athlete`
   * or Slack's `team`. It is not validated, and it is not stored.
   */
  readonly tokenResponse: Readonly<Record<string, unknown>>
  /** The application's own data for this login, as they were given to `startLogin`. `undefined` if there are none. */
  readonly appState: unknown
  /**
   * The user who is logged in, to whom this account of theirs will be connected. `undefined` if somebody logs in: then the user
   * that `verify` returns is who is logged in from then on, and `req.user` is nothing but who was logged in before.
   */
  readonly connectTo: (Express.User & object) | undefined
  readonly req: Request
}

/**
 * Decides who has logged in: returns the user for `req.user`, or `false` to refuse. May be async. Errors it
 * throws go to `next(error)`.
 *
 * In JavaScript, it may take `done` as its second parameter and call `done(error, user, info)` instead, as strategies of Passport
 * do: `info` is then in `req.authInfo`, or beside the reason of the refusal. The first call counts.
 *
 * @example With the application's own users
 * ```ts
 * import { AuthorizationCodeStrategy } from 'passport-authorization-code'
 *
 * new AuthorizationCodeStrategy(options, async ({ profile }) => {
 *   if (profile?.id === undefined) return false
 *   return users.findOrCreate(profile.id)
 * })
 * ```
 */
export type Verify<User extends object = object> = (
  login: VerifiedLogin,
) => VerifiedUser<User> | Promise<VerifiedUser<User>>

/** `Express.User` is what `req.user` has, and is empty until the application says what that is. A user must have it all. */
type VerifiedUser<User extends object> =
  (User extends Express.User ? User : Express.User) | false | null

declare module 'passport' {
  // Passport hands its options on to the strategy; with this, TypeScript lets ours through.
  interface AuthenticateOptions {
    acrValues?: readonly string[] | undefined
    appState?: unknown
    authorizationDetails?: readonly AuthorizationDetail[] | undefined
    authorizationParameters?: Parameters | undefined
    loginHint?: string | undefined
    maxAgeSeconds?: number | undefined
    mayConnect?: boolean | undefined
    returnTo?: string | undefined
    step?: 'start' | 'finish' | undefined
  }
}

declare global {
  namespace Express {
    interface AuthInfo {
      /** Where the person wanted to go: a path of this origin, from `/login?return_to=` or the option `returnTo`. */
      returnTo?: string | undefined
      /** The application's own data for this login, as they were given to `startLogin`. */
      appState?: unknown
      /** With `session: false`: the login's tokens, unless `grant` is there. */
      tokens?: TokenSet | undefined
      /**
       * With `session: false` and the option `grants`, for a user with an account: the id of the grant, which has the tokens, for
       * `{ account, grant }`.
       */
      grant?: string | undefined
    }
  }
}

/**
 * @throws {ConfigurationError} if this is not a function of one object, with or without `done`. passport-oauth2's `verify` takes
 *   several.
 */
export function checkVerify(verify: unknown): void {
  if (verify === undefined || (typeof verify === 'function' && verify.length <= 2)) return
  throw new ConfigurationError(
    'verify must be a function of one object, { tokens, profile, claims, tokenResponse, appState, connectTo, req }, that returns the user, or false to refuse the login. With a second parameter, done, it calls done(error, user, info) instead.',
    'verify',
  )
}

/**
 * Calls `verify`, also if it calls `done(error, user, info)` as strategies of Passport do: then what it returns does not count
 * if it declares `done`, or has called it. The class of Nest's `PassportStrategy` calls it without declaring it.
 *
 * @throws what `verify` throws, rejects with, or passes to `done`
 */
export function callVerify(verify: Verify, login: VerifiedLogin): Promise<Verified> {
  const call = verify as (login: VerifiedLogin, done: VerifyDone) => unknown
  return verifiedBy((done) => call(login, done), { decidesByReturn: verify.length < 2 })
}
