import type { Request, RequestHandler } from 'express'
import { withQuery } from '../lib/with-query.js'
import { aimOf } from '../login/aim.js'
import { isAuthenticated } from '../login/connection.js'
import type { NextStep } from './html-page.js'

/** The options of `authRouter` that matter here. */
interface ConnectSettings {
  readonly connect: boolean | 'also'
  readonly loginPath?: string | undefined
}

/** How the router that a request is in connects its provider. */
const routers = new WeakMap<Request, ConnectSettings>()

/** Notes how the router connects its provider, for the links of the pages. */
export function noteRouter(settings: ConnectSettings): RequestHandler {
  return (req, _res, next) => {
    routers.set(req, settings)
    next()
  }
}

/**
 * A link to start again in the router that a request is in, which comes back to where the login was to lead. Somebody who is
 * logged in wanted to connect the provider: the link must not log them in as somebody else.
 *
 * @param needsLogin whether nobody is logged in who could connect a provider
 * @returns `undefined` if the router connects its provider, and does not know where people log in
 */
export function loginLink(req: Request, needsLogin = false): NextStep | undefined {
  const { connect, loginPath } = routers.get(req) ?? { connect: false }
  if (needsLogin && connect === true && loginPath === undefined) return undefined
  const connects = connect === true || (connect === 'also' && isAuthenticated(req) === true)
  const route = connect === 'also' && connects ? 'connect' : 'login'
  const path = withQuery(`${req.baseUrl}/${route}`, { return_to: aimOf(req) })
  return { path, link: connects ? 'Connect again' : 'Log in again' }
}
