import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import type { EndedLogin } from '../grants/engine.js'
import { replaceSession } from '../session/replace-session.js'
import { isFromCookie, requireSession } from '../session/request-session.js'
import { readStoredSession } from '../session/stored-session.js'
import type { EndLoginHere } from './end-login-here.js'
import { earlierRequest } from './replaced-logins.js'

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
  const all = new Set([self, ...strategies])
  const [ended] = await endEach(request, all)
  await endAddedMeanwhile(request, all)
  const url = ended === undefined ? undefined : providerLogout(request, ended.idToken)
  await replaceSession(request, keepSession)
  return url
}

/** What each strategy has ended, in their order. The tokens are being revoked. */
async function endEach(
  request: LoginRequest,
  strategies: Iterable<EndLoginHere>,
  unlessIn?: LoginSession,
): Promise<readonly (EndedLogin | undefined)[]> {
  const all: (EndedLogin | undefined)[] = []
  for (const endLogin of strategies) {
    const ended = await endLogin(request, unlessIn)
    void ended?.revoke()
    all.push(ended)
  }
  return all
}

/** Ends what was connected to the session after this request has read it. */
async function endAddedMeanwhile(
  request: LoginRequest,
  strategies: Iterable<EndLoginHere>,
): Promise<void> {
  const session = requireSession(request)
  if (!isFromCookie(request)) return
  // If the store fails, the session cannot be destroyed either, and that is what the caller gets to know.
  const stored = await readStoredSession(request).catch(() => undefined)
  if (stored === undefined) return
  await endEach(earlierRequest(request, stored), strategies, session)
}
