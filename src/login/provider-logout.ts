import { hash, randomBytes } from 'node:crypto'
import { readQuery } from '../endpoints/authorization-response.js'
import { authorizationUrl } from '../endpoints/authorization.js'
import { LogoutResponseError } from '../errors/errors.js'
import { readCookies, setCookie } from '../lib/cookies.js'
import type { LoginRequest } from '../lib/login-request.js'
import { requireResponse } from '../session/request-session.js'

/** With `__Host-`, only this host can set the cookie, over HTTPS (or on localhost). */
const PREFIX = '__Host-logout.'

const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** How long the logout at the provider may take, in **seconds**. */
const LIFETIME_SECONDS = 600

/** Where the provider's logout page is, and where it sends the browser afterwards. */
export interface ProviderLogoutSettings {
  readonly clientID: string
  readonly endSessionURL?: string | undefined
  readonly postLogoutRedirectURL?: string | undefined
}

/**
 * The address where the browser logs out at the provider; `undefined` if the provider has none. The logout is
 * remembered in a cookie, because the session has ended.
 *
 * @see [OpenID Connect RP-Initiated Logout, section 2 - RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export function startProviderLogout(
  req: LoginRequest,
  idToken: string | undefined,
  { clientID, endSessionURL, postLogoutRedirectURL }: ProviderLogoutSettings,
): string | undefined {
  if (endSessionURL === undefined) return undefined
  const parameters = new URLSearchParams({ client_id: clientID })
  if (idToken !== undefined) parameters.set('id_token_hint', idToken)
  if (postLogoutRedirectURL !== undefined) {
    const state = randomBytes(32).toString('base64url')
    parameters.set('post_logout_redirect_uri', postLogoutRedirectURL)
    parameters.set('state', state)
    const name = cookieNameOf(state)
    const remembered = { name, value: '1', ...ATTRIBUTES, maxAgeSeconds: LIFETIME_SECONDS }
    setCookie(requireResponse(req), remembered)
  }
  return authorizationUrl(endSessionURL, parameters)
}

/**
 * Checks that the logout from which the browser comes back was started in this browser.
 *
 * @throws {LogoutResponseError} if it was not
 * @see [OpenID Connect RP-Initiated Logout, section 3 - Redirection to RP After Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
 */
export function finishProviderLogout(req: LoginRequest): void {
  const [state, ...others] = readQuery(req).getAll('state')
  if (state === undefined || others.length > 0) throw new LogoutResponseError()
  const name = cookieNameOf(state)
  if (!readCookies(req, PREFIX).has(name)) throw new LogoutResponseError()
  setCookie(requireResponse(req), { name, value: '', ...ATTRIBUTES, maxAgeSeconds: 0 })
}

/** The name of a logout's cookie: a hash of its `state`. */
function cookieNameOf(state: string): string {
  return PREFIX + hash('sha256', state, 'base64url').slice(0, 22)
}
