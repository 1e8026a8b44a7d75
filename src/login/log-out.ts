import type { LoginRequest } from '../lib/login-request.js'
import type { EndedLogin } from '../grants/engine.js'
import { replaceSession } from '../session/replace-session.js'

/** Ends what one strategy has in the session; `undefined` if it has nothing there. */
export type EndLoginHere = (request: LoginRequest) => Promise<EndedLogin | undefined>

/** What logging out needs. */
export interface LogOutParts {
  /** The strategy whose `logOut` was called. */
  readonly self: EndLoginHere
  /** The strategies of the application. `self` may be among them. */
  readonly strategies: readonly EndLoginHere[]
  /** The fields of the session that survive. */
  readonly keepSession: readonly string[]
  /** The address where the browser can log out at the provider as well, for the login of this ID token. */
  readonly providerLogout: (
    request: LoginRequest,
    idToken: string | undefined,
  ) => string | undefined
}

/**
 * Logs out: ends the grants of all providers in this session, then the session. It asks the
 * providers to revoke the tokens, but does not wait for them.
 *
 * @returns the address at the provider where the browser must go to be logged out there as well
 * @throws {StorageError} if the session store fails
 * @see [OpenID Connect RP-Initiated Logout, section 2 - RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export async function logOut(
  request: LoginRequest,
  { self, strategies, keepSession, providerLogout }: LogOutParts,
): Promise<string | undefined> {
  const ended = await endAndRevoke(request, self)
  for (const strategy of strategies) {
    if (strategy !== self) await endAndRevoke(request, strategy)
  }
  const url = ended === undefined ? undefined : providerLogout(request, ended.idToken)
  await replaceSession(request, keepSession)
  return url
}

async function endAndRevoke(
  request: LoginRequest,
  endLogin: EndLoginHere,
): Promise<EndedLogin | undefined> {
  const ended = await endLogin(request)
  void ended?.revoke()
  return ended
}
