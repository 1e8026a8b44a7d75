import { hash } from 'node:crypto'
import { LoginRequiredError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { requireSession } from '../session/request-session.js'

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
