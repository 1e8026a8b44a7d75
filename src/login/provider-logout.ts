import { randomBytes } from 'node:crypto'
import { readQuery } from '../endpoints/authorization-response.js'
import { authorizationUrl } from '../endpoints/authorization.js'
import { claimsIn } from '../endpoints/id-token.js'
import { LogoutResponseError } from '../errors/errors.js'
import { readCookies, setCookie } from '../lib/cookies.js'
import type { LoginRequest } from '../lib/login-request.js'
import { urlForHost } from '../lib/url-for-host.js'
import type { HostURLs } from '../lib/url-for-host.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { shortDigest } from '../lib/short-digest.js'
import type { IdTokenHint } from '../options/client-options.js'
import { requireResponse } from '../session/request-session.js'
import type { EndedAtProvider } from './provider-session.js'

/** With `__Host-`, only this host can set the cookie, over HTTPS (or on localhost). */
const PREFIX = '__Host-logout.'

const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** How long the logout at the provider may take, in **seconds**. */
const LIFETIME_SECONDS = 600

/** How many logouts of a browser may be under way. Of more, the oldest are forgotten: their cookies come with every request. */
const MAXIMUM_LOGOUTS = 3

/** The value of a logout's cookie if the person comes back to no certain path. No path is written like this. */
const NO_PATH = '1'

/** The longest ID token that is sent, in characters: with a longer one, servers refuse the address. */
const MAXIMUM_HINT_LENGTH = 2048

/** Where the provider's logout page is, and where it sends the browser afterwards. */
export interface ProviderLogoutSettings {
  readonly clientID: string
  readonly endSessionURL?: string | undefined
  readonly postLogoutRedirectURL?: HostURLs | undefined
  readonly postLogoutRedirectParameter: string
  readonly idTokenHint: IdTokenHint
}

/** The name that {@link ProviderLogoutSettings.postLogoutRedirectParameter} has in the standard. */
const STANDARD_PARAMETER = 'post_logout_redirect_uri'

/**
 * The address where the browser logs out at the provider; `undefined` if the provider has none. The logout is
 * remembered in a cookie, because the session has ended.
 *
 * @see [OpenID Connect RP-Initiated Logout, section 2 - RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export function startProviderLogout(
  req: LoginRequest,
  ended: EndedAtProvider,
  settings: ProviderLogoutSettings,
): string | undefined {
  const { clientID, endSessionURL, postLogoutRedirectURL, postLogoutRedirectParameter } = settings
  if (endSessionURL === undefined) return undefined
  const isStandard = postLogoutRedirectParameter === STANDARD_PARAMETER
  const parameters = new URLSearchParams({ client_id: clientID })
  if (isStandard) addHint(parameters, ended, settings.idTokenHint)
  if (postLogoutRedirectURL !== undefined) {
    parameters.set(postLogoutRedirectParameter, urlForHost(postLogoutRedirectURL, req))
    // A provider with a logout of its own gives no state back.
    const state = isStandard ? randomBytes(32).toString('base64url') : ''
    if (isStandard) parameters.set('state', state)
    rememberLogout(req, state, ended.returnTo)
  }
  return authorizationUrl(endSessionURL, parameters)
}

/** Says who logs out: by the ID token, or by what is known without it. */
function addHint(
  parameters: URLSearchParams,
  { idToken, loginHint, sid }: EndedAtProvider,
  mode: IdTokenHint,
): void {
  const logoutHint = loginHint ?? sid
  if (idToken !== undefined && maySend(idToken, mode)) parameters.set('id_token_hint', idToken)
  else if (logoutHint !== undefined) parameters.set('logout_hint', logoutHint)
}

/** Providers refuse the whole logout if they cannot read the hint. */
function maySend(idToken: string, mode: IdTokenHint): boolean {
  if (mode === 'never' || idToken.length > MAXIMUM_HINT_LENGTH) return false
  const claims = claimsIn(idToken)
  if (claims === undefined) return false
  const { exp = 0 } = claims
  return mode === 'always' || exp * 1000 > Date.now()
}

function rememberLogout(req: LoginRequest, state: string, returnTo: string | undefined): void {
  const name = cookieNameOf(state)
  const others = [...readCookies(req, PREFIX).keys()].filter((one) => one !== name)
  // Browsers send the oldest first.
  for (const one of others.slice(0, 1 - MAXIMUM_LOGOUTS)) forgetLogout(req, one)
  const value = returnTo === undefined ? NO_PATH : Buffer.from(returnTo).toString('base64url')
  setCookie(requireResponse(req), { name, value, ...ATTRIBUTES, maxAgeSeconds: LIFETIME_SECONDS })
}

/**
 * Checks that the logout from which the browser comes back was started in this browser.
 *
 * @returns where the person wanted to go: a path of this origin
 * @throws {LogoutResponseError} if it was not
 * @see [OpenID Connect RP-Initiated Logout, section 3 - Redirection to RP After Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
 */
export function finishProviderLogout(req: LoginRequest): string | undefined {
  // Without a state, only the cookie of a logout fits that had none.
  const [state = '', ...others] = readQuery(req).getAll('state')
  if (others.length > 0) throw new LogoutResponseError()
  const name = cookieNameOf(state)
  const remembered = readCookies(req, PREFIX).get(name)
  if (remembered === undefined) throw new LogoutResponseError()
  forgetLogout(req, name)
  return sameOriginPath(Buffer.from(remembered, 'base64url').toString())
}

function forgetLogout(req: LoginRequest, name: string): void {
  setCookie(requireResponse(req), { name, value: '', ...ATTRIBUTES, maxAgeSeconds: 0 })
}

/** The name of a logout's cookie: a hash of its `state`. */
function cookieNameOf(state: string): string {
  return PREFIX + shortDigest(state)
}
