import type { Request, Response } from 'express'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { withQuery } from '../lib/with-query.js'
import type { Reply } from './async-handler.js'
import { isPageVisit } from './page-visit.js'
import { UNCACHED } from './uncached.js'

/**
 * Sends a person who visits a page to log in, and back to the page afterwards. Every other request gets 401 and JSON.
 *
 * @param isVisit whether the response is shown in a window
 */
export function askForLogin(
  loginPath: string,
  req: Request,
  res: Response,
  isVisit = isPageVisit(req),
): Reply {
  return () => {
    // The address of the page that was asked for may be private, and is part of the next address.
    res.set(UNCACHED)
    if (!isVisit) res.status(401).json({ error: 'login_required', loginPath })
    else res.redirect(req.method === 'POST' ? 303 : 302, loginLocation(loginPath, req.originalUrl))
  }
}

function loginLocation(loginPath: string, here: string): string {
  const returnTo = sameOriginPath(here)
  return returnTo === undefined ? loginPath : withQuery(loginPath, { return_to: returnTo })
}
