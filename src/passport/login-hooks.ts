import type { LoginRequest } from '../lib/login-request.js'
import type { LoginOptions } from '../login/login-options.js'
import type { Parameters } from '../options/parameters.js'
import type { Profile } from '../options/profile.js'
import type { ProfileDone, ProfileLoads } from './hooked-profile.js'

/** What the hooks of passport-oauth2 bring into one login. */
export interface LoginHooks {
  /** The further parameters of the authorization request, and the options of this login as the hook has left them. */
  authorization(req: LoginRequest, options: LoginOptions): HookedAuthorization
  /** The further parameters of the token request. Called once the response is known to belong to this browser's login. */
  token(req: LoginRequest, options: LoginOptions): Parameters
  /** The person's profile. `tokenResponse` is without the tokens. */
  profile(
    req: LoginRequest,
    accessToken: string,
    tokenResponse: Readonly<Record<string, unknown>>,
  ): Promise<Profile | undefined>
}

/** What `authorizationParams` has brought. */
export interface HookedAuthorization {
  readonly parameters: Parameters
  readonly options: LoginOptions
}

/** The hooks that a subclass may override. */
interface HookMethods {
  authorizationParams(options: LoginOptions): object
  tokenParams(options: LoginOptions): object
  userProfile(accessToken: string, done: ProfileDone): void
}

/** The hooks as methods of the strategy itself, which subclasses override. */
export function methodHooks(strategy: HookMethods, loads: ProfileLoads): LoginHooks {
  return {
    authorization: (_req, options) => ({
      parameters: strategy.authorizationParams(options) as Parameters,
      options,
    }),
    token: (_req, options) => strategy.tokenParams(options) as Parameters,
    profile: (_req, accessToken) =>
      loads.load(accessToken, (done) => strategy.userProfile(accessToken, done)),
  }
}
