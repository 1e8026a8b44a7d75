import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import type { EndedLogin } from '../grants/engine.js'
import { grantIdOf, hasEndedHere } from '../grants/session-entry.js'
import type { LogOutOptions } from '../options/log-out-options.js'
import { replaceSession } from '../session/replace-session.js'
import { isFromCookie, readStrategyData, requireSession } from '../session/request-session.js'
import { readStoredSession } from '../session/stored-session.js'
import type { StrategyData } from '../session/strategy-data.js'
import type { EndLoginHere } from './end-login-here.js'
import { providerSessionOf } from './provider-session.js'
import type { EndedAtProvider } from './provider-session.js'
import { earlierRequest } from './earlier-request.js'

/** What logging out needs. */
export interface LogOutParts {
  /** The strategy whose `logOut` was called. */
  readonly self: EndLoginHere
  /** Where that strategy's data are in a session. */
  readonly sessionKey: string
  /** The strategies of the application that may have something in the session of a request. `self` may be among them. */
  readonly strategies: (request: LoginRequest) => readonly EndLoginHere[]
  /** The fields of the session that survive. */
  readonly keepSession: readonly string[]
  /** The address where the browser can log out at the provider as well. */
  readonly providerLogout: (
    request: LoginRequest,
    ended: EndedAtProvider,
  ) => Promise<string | undefined>
}

/**
 * Logs out: ends the grants of all providers in this session, then the session. It asks the
 * providers to revoke the tokens, but does not wait for them.
 *
 * The browser goes to the provider as well if the grant or the session had ended before: the person may still be logged in
 * there. It does not if somebody is logged in here by other means.
 *
 * @returns the address at the provider where the browser must go to be logged out there as well
 * @throws {StorageError} if the session store fails
 * @see [OpenID Connect RP-Initiated Logout, section 2 - RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export async function logOut(
  request: LoginRequest,
  { returnTo }: LogOutOptions,
  { self, sessionKey, strategies, keepSession, providerLogout }: LogOutParts,
): Promise<string | undefined> {
  const allFor = (one: LoginRequest): Set<EndLoginHere> => new Set([self, ...strategies(one)])
  const { user } = request as LoginRequest & { readonly user?: unknown }
  const data = readStrategyData(requireSession(request), sessionKey)
  const [ended, ...others] = await endEach(request, allFor(request))
  await endAddedMeanwhile(request, allFor)
  const isOfOthers = Boolean(user) || others.some((one) => one !== undefined)
  const isAsked = ended !== undefined || isLogin(data) || !isOfOthers
  const known = { ...providerSessionOf(data), idToken: ended?.idToken }
  await replaceSession(request, keepSession)
  return isAsked
    ? providerLogout(request, { ...known, returnTo: sameOriginPath(returnTo) })
    : undefined
}

/** Whether somebody has logged in to the session by the strategy of these data, even if the grant has ended. */
function isLogin(data: StrategyData): boolean {
  return (
    providerSessionOf(data) !== undefined || grantIdOf(data) !== undefined || hasEndedHere(data)
  )
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
  strategiesFor: (request: LoginRequest) => Iterable<EndLoginHere>,
): Promise<void> {
  const session = requireSession(request)
  if (!isFromCookie(request)) return
  // If the store fails, the session cannot be destroyed either, and that is what the caller gets to know.
  const stored = await readStoredSession(request).catch(() => undefined)
  if (stored === undefined) return
  const earlier = earlierRequest(request, stored)
  await endEach(earlier, strategiesFor(earlier), session)
}
