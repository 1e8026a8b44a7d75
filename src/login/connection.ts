import { hash } from 'node:crypto'
import { CrossSiteRequestError, LoginRequiredError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { requireSession } from '../session/request-session.js'
import { hasTwoSessions } from '../session/session-cookies.js'

/**
 * Refuses to connect a provider if it is not certain whose session this is. Otherwise, the tokens could go into the
 * session of somebody who has planted a second session cookie.
 *
 * @throws {CrossSiteRequestError} if the browser has sent cookies of two sessions
 * @throws {StorageError} if it has sent two cookies and the session store fails
 */
export async function refuseTwoSessions(request: LoginRequest): Promise<void> {
  if (await hasTwoSessions(request)) throw new CrossSiteRequestError('ERR_TWO_SESSIONS')
}

/**
 * Identifies the session that another provider is being connected to. It changes as soon as somebody logs in.
 *
 * @throws {LoginRequiredError} if nobody is logged in
 */
export function connectionOf(request: LoginRequest): string {
  if (isAuthenticated(request) !== true) throw new LoginRequiredError('not_logged_in')
  return hash('sha256', requireSession(request).id, 'base64url')
}

/** Whether Passport knows who this is; `undefined` if none of its middleware has run. */
export function isAuthenticated(
  request: LoginRequest & { isAuthenticated?: () => boolean },
): boolean | undefined {
  return request.isAuthenticated?.()
}
