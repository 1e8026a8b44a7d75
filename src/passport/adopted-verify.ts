import type { Verified } from '../login/accepted-login.js'
import { endBy } from './adopted-authenticate.js'
import type { Donor } from './donor.js'
import { verifiedBy } from './verified.js'
import type { VerifyDone } from './verified.js'

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
  const call = (done: VerifyDone): unknown => {
    endBy(donor, done)
    return donor._verify(
      ...(takesRequest ? [req] : []),
      accessToken,
      refreshToken,
      ...(takesParameters ? [parameters] : []),
      profile,
      done,
    )
  }
  return verifiedBy(call, { decidesByReturn: false })
}
