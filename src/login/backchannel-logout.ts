import { LONGEST_DELIVERY_MS, logoutTokenOf, readLogoutToken } from '../endpoints/logout-token.js'
import type { Logout, LogoutTokenSettings } from '../endpoints/logout-token.js'
import type { VerifyProviderJwt } from '../endpoints/expected-jwt.js'
import { ConfigurationError, LogoutTokenError } from '../errors/errors.js'
import type { Claims } from '../grants/claims.js'
import { providerNames } from '../grants/index-names.js'
import type { GrantIndex, NamedEnd } from '../grants/grant-index.js'
import { systemClock, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSingleFlight } from '../lib/single-flight.js'
import { LOGOUT_CLOCK_TOLERANCE_MS } from '../options/clock-tolerance.js'
import { ANSWERED_AFTER_MS } from './end-login-by-provider.js'
import type { EndLogin } from './end-login-by-provider.js'

/** What a provider's logout needs. */
export interface BackchannelLogoutParts {
  readonly settings: LogoutTokenSettings
  readonly verifyJwt: VerifyProviderJwt | undefined
  readonly claims: Pick<Claims, 'claim' | 'claimed'>
  readonly index: Pick<GrantIndex, 'end'>
  readonly endLogin: EndLogin
  /** A test passes its own. */
  readonly clock?: Clock
}

/**
 * Ends what a logout token says has ended: all sessions here that were logged in through that session, or by that
 * person, at the provider, in all processes that share the grants. If the provider was only connected to a login, its
 * tokens leave the session, and the login stays.
 *
 * 200 says that all have ended, and nothing less. A person can have tens of thousands of logins, which takes longer than
 * a provider waits, and often somebody waits there for the page after the logout. So the answer comes within two seconds:
 * if something is left then, it is 400, which the specification wants if a logout has failed, and ending them goes on. The
 * provider can post the same logout token again, to any process: it joins what is under way, or goes on where a process
 * has stopped that was killed, because a login that has ended is no longer listed. A logout token counts as used when its
 * 200 is sent.
 *
 * @throws {LogoutTokenError} if the request has no logout token, an invalid one, or one that was used before; or if not
 *   all have ended yet
 * @throws {StorageError} if the store of grants or the session store fails
 * @see [OpenID Connect Back-Channel Logout, section 2.7 - Back-Channel Logout Actions](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions)
 * @see [OpenID Connect Back-Channel Logout, section 2.8 - Back-Channel Logout Response](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse)
 */
export type BackchannelLogout = (request: LoginRequest) => Promise<void>

/** Creates {@link BackchannelLogout}. */
export function createBackchannelLogout(parts: BackchannelLogoutParts): BackchannelLogout {
  const { settings, verifyJwt, claims, index, endLogin, clock = systemClock } = parts
  const ending = createSingleFlight<unknown>()
  const claiming = createSingleFlight<boolean>()
  const inTurn = createTurnsByName()

  async function endAll({ ended: who, at }: Logout, sessionStore: object): Promise<void> {
    for (const name of providerNames(who, settings)) {
      const ended: NamedEnd = { name, at }
      // One after the other: a provider may post a logout token for each of a person's sessions, at once.
      await inTurn(name.name, () =>
        index.end(ended, (id, noted) => endLogin(id, noted, sessionStore)),
      )
    }
  }

  /** Whether the logout token was not used before. All requests that have waited for the same end get the same answer. */
  function claim(logout: Logout): Promise<boolean> {
    const ttlMs = LONGEST_DELIVERY_MS + LOGOUT_CLOCK_TOLERANCE_MS
    return claiming(logout.id, () => claims.claim(claimOf(logout), ttlMs))
  }

  return async (request) => {
    if (verifyJwt === undefined) {
      throw new ConfigurationError('This needs the option backchannelLogout.', 'backchannelLogout')
    }
    const { sessionStore } = request
    if (sessionStore === undefined) {
      throw new ConfigurationError(
        'Back-channel logout needs app.use(session(…)) before it, for the store to end sessions in.',
      )
    }
    const logout = await readLogoutToken(logoutTokenOf(request), settings, verifyJwt, Date.now())
    // Somebody may have seen it, and the person has logged in again since.
    if ((await claims.claimed(claimOf(logout))) !== undefined) {
      throw new LogoutTokenError('it was used before')
    }
    const allEnded = ending(logout.id, () => endAll(logout, sessionStore))
    await within(clock, ANSWERED_AFTER_MS, allEnded, () => {
      const reason = 'they go on ending, and this logout token can be sent again'
      throw new LogoutTokenError(reason, 'ERR_LOGOUT_UNFINISHED')
    })
    // Claimed last, so that the provider can repeat a logout that has failed here, or that it has not waited for. If the
    // same token arrives twice before it is claimed, the second one ends nothing more: no logout ends a login that is
    // newer than the logout.
    if (request.res?.destroyed === true) return
    if (!(await claim(logout))) throw new LogoutTokenError('it was used before')
  }
}

function claimOf({ id }: Logout): string {
  return `logout:${id}`
}

/** Does the work for each name one after the other. */
function createTurnsByName() {
  const last = new Map<string, Promise<void>>()
  return async (name: string, work: () => Promise<void>): Promise<void> => {
    const before = last.get(name) ?? Promise.resolve()
    const done = before.then(work)
    const over = done
      .catch(() => undefined)
      .finally(() => {
        if (last.get(name) === over) last.delete(name)
      })
    last.set(name, over)
    return done
  }
}
