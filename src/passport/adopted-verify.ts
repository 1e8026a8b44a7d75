import type { Donor } from './donor.js'

/** What passport-oauth2 passes to `verify`. */
export interface DonorLogin {
  readonly req: object
  /** As the donor's `getOAuthAccessToken` returns it: usually a text. */
  readonly accessToken: unknown
  readonly refreshToken: unknown
  /** The token response without the refresh token. */
  readonly parameters: unknown
  readonly profile: unknown
}

/** What `verify` has called back with. */
export interface Verified {
  /** `false` if the login is refused. */
  readonly user: unknown
  /** What the application says beside it: for `req.authInfo`, or the reason of a refusal. */
  readonly info: unknown
}

/**
 * Calls `verify` as passport-oauth2 does: with the request first under `passReqToCallback`, and with the parameters of the
 * token response if it takes one argument more than without them. Only its first call of `done` counts.
 *
 * @param donor the `this` of `verify`
 * @throws what `verify` throws, rejects with, or passes to `done`
 */
export function callVerify(donor: Donor, login: DonorLogin): Promise<Verified> {
  const { req, accessToken, refreshToken, parameters, profile } = login
  const takesRequest = Boolean(donor._passReqToCallback)
  const takesParameters = donor._verify.length === (takesRequest ? 6 : 5)
  return new Promise((resolve, reject) => {
    const done = (error?: unknown, user?: unknown, info?: unknown): void => {
      if (error)
        reject(error instanceof Error ? error : new Error('verify failed', { cause: error }))
      else resolve({ user: Boolean(user) && user, info })
    }
    const returned = donor._verify(
      ...(takesRequest ? [req] : []),
      accessToken,
      refreshToken,
      ...(takesParameters ? [parameters] : []),
      profile,
      done,
    )
    // An async function that rejects has not called `done`: nobody else would answer the browser.
    Promise.resolve(returned).catch(reject)
  })
}
