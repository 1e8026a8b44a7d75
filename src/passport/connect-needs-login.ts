import type { Request, RequestHandler } from 'express'
import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import { comparablePath } from '../lib/comparable-path.js'
import { askForLogin } from './ask-for-login.js'
import { asyncHandler } from './async-handler.js'
import { isLoggedIn } from './login-checks.js'
import { isPageVisit } from './page-visit.js'
import type { RouterSettings } from './router-options.js'

/**
 * Lets only logged-in people start to connect a provider, before the browser leaves. Somebody who is not goes to `loginPath`, and
 * comes back to the address of this request, where the person is asked once more.
 *
 * A login that has ended counts as none: Passport still knows the person, but no page with `requireLogin` lets them pass. They
 * would go from such a page to the provider and back for ever.
 *
 * @throws {LoginRequiredError} if nobody is logged in, and there is no `loginPath`
 * @throws {ConfigurationError} if `loginPath` leads to the route itself
 */
export function connectNeedsLogin({ loginPath }: RouterSettings): RequestHandler {
  return asyncHandler(async (req, res) => {
    if (await isLoggedIn(req, undefined, 'authRouter with connect')) return 'next'
    if (loginPath === undefined) throw new LoginRequiredError('not_logged_in')
    refuseCircle(loginPath, req)
    return askForLogin(loginPath, req, res, isPageVisit(req) || isSentForm(req))
  })
}

/** Whether a form was sent by a person, such as the button of the page that asks: the browser shows the response. */
function isSentForm({ method, headers }: Request): boolean {
  const mode = headers['sec-fetch-mode']
  if (method !== 'POST') return false
  return mode === undefined ? headers.accept?.includes('text/html') === true : mode === 'navigate'
}

function refuseCircle(loginPath: string, { baseUrl, path }: Request): void {
  const [target = ''] = loginPath.split(/[?#]/)
  if (comparablePath(target) !== comparablePath(baseUrl + path)) return
  throw new ConfigurationError(
    `loginPath is ${loginPath}, the route that connects a provider to somebody who is logged in. Set it to the path where people log in.`,
    'loginPath',
  )
}
