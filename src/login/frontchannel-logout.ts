import { readQuery } from '../endpoints/authorization-response.js'
import { ConfigurationError } from '../errors/errors.js'
import type { GrantIndex } from '../grants/grant-index.js'
import { providerNames } from '../grants/index-names.js'
import type { EndableClient, ProviderName } from '../grants/index-names.js'
import { systemClock, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createSingleFlight } from '../lib/single-flight.js'
import { isFromCookie, readStrategyData } from '../session/request-session.js'
import { ANSWERED_AFTER_MS } from './end-login-by-provider.js'
import type { EndLogin } from './end-login-by-provider.js'
import { providerSessionOf } from './provider-session.js'

/** What front-channel logout needs. */
export interface FrontchannelLogoutParts {
  readonly settings: EndableClient
  readonly sessionKey: string
  readonly index: Pick<GrantIndex, 'endListed'>
  readonly endLogin: EndLogin
  /** Ends the session of a request, and the grants in it. */
  readonly logOut: (request: LoginRequest) => Promise<unknown>
  /** A test passes its own. */
  readonly clock?: Clock
}

/**
 * Ends what was logged in through one session at the provider: in the session of the request, if it brings one, and
 * everywhere else where the store lists it. The request comes from a frame in a page of the provider, usually without
 * cookies, and nothing proves that: whoever knows the `sid` of a session can end what it has begun here, and nothing else.
 *
 * It is not noted that the session at the provider has ended: that would let anybody fill the store, and keep people from
 * logging in again. So a login that is not stored yet is not found. After two seconds, the request is answered, and what is left goes on ending.
 *
 * @returns whether the request names a session of this provider, known here or not
 * @throws {StorageError} if the store of grants or the session store fails
 * @see [OpenID Connect Front-Channel Logout, section 3 - OP Logout Functionality](https://openid.net/specs/openid-connect-frontchannel-1_0.html#OPLogout)
 */
export type FrontchannelLogout = (request: LoginRequest) => Promise<boolean>

/** The longest `sid` that is looked up, in characters. */
const MAXIMUM_LENGTH = 256

/** Creates {@link FrontchannelLogout}. */
export function createFrontchannelLogout(parts: FrontchannelLogoutParts): FrontchannelLogout {
  const { settings, sessionKey, index, endLogin, logOut, clock = systemClock } = parts
  const ending = createSingleFlight<unknown>()

  function endAll(name: ProviderName, sessionStore: object): Promise<void> {
    const now = Date.now()
    return index.endListed({ name, at: now, notedAt: now }, (id, ended) =>
      endLogin(id, ended, sessionStore),
    )
  }

  /** Whether the request brings a session that was logged in through this one at the provider. */
  function bringsLogin(request: LoginRequest, sid: string): boolean {
    const { session } = request
    if (!session || !isFromCookie(request)) return false
    return providerSessionOf(readStrategyData(session, sessionKey))?.sid === sid
  }

  return async (request) => {
    const { sessionStore } = request
    if (sessionStore === undefined) {
      throw new ConfigurationError(
        'Front-channel logout needs app.use(session(…)) before it, for the store to end sessions in.',
      )
    }
    const sid = sidIn(request, settings.issuer)
    if (sid === undefined) return false
    if (bringsLogin(request, sid)) await logOut(request)
    for (const name of providerNames({ sid }, settings)) {
      const allEnded = ending(sid, () => endAll(name, sessionStore))
      await within(clock, ANSWERED_AFTER_MS, allEnded, () => undefined)
    }
    return true
  }
}

/** The session at the provider that the request names; `undefined` if it is of another provider, or names none. */
function sidIn(request: LoginRequest, issuer: string | undefined): string | undefined {
  const query = readQuery(request)
  const [[iss, ...issuers], [sid = '', ...sids]] = [query.getAll('iss'), query.getAll('sid')]
  const isOne = issuers.length === 0 && sids.length === 0 && issuer !== undefined && iss === issuer
  return isOne && sid !== '' && sid.length <= MAXIMUM_LENGTH ? sid : undefined
}
