import type { Request } from 'express'
import { isAuthenticated } from '../login/connection.js'
import type { FailureInfo } from '../login/login-outcome.js'
import { htmlPage } from './html-page.js'
import { loginLink } from './next-login.js'

/**
 * The page for a login that the person or the application refused. Somebody who was logged in before still is: they wanted
 * to connect another provider, or to grant more.
 *
 * @param home where the person goes who is logged in and did not say where to
 */
export function refusedLoginPage(
  { message, returnTo }: FailureInfo,
  req: Request,
  home: string,
): string {
  return isAuthenticated(req) === true
    ? htmlPage('Nothing was changed', [message, 'You are still logged in.'], {
        path: returnTo ?? home,
        link: 'Go back',
      })
    : htmlPage('You are not logged in', [message], loginLink(req))
}
