import type { Request, RequestHandler } from 'express'
import { isFromOtherOrigin } from '../lib/other-origin.js'
import { asyncHandler } from './async-handler.js'
import { htmlPage } from './html-page.js'
import { personOn } from './person-on.js'
import type { LoginStrategy } from './login-strategy.js'
import type { RouterSettings } from './router-options.js'
import { refuseTwoSessions } from '../session/session-cookies.js'

/**
 * The headers of a page that asks before something is connected. No other site may frame it. Browsers that send no `Sec-Fetch-Site` have to send
 * `Origin` with the form, and with `no-referrer` they would send `Origin: null`. There is no `form-action`, because
 * Chromium applies it to redirects too, and the form leads to the provider.
 */
export const ASK_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
} as const

/**
 * Asks the person before a provider is connected, unless a page of this origin sent them here. Its button posts to the
 * address of the page, so that `?return_to=` is kept.
 *
 * Every other visit may have been another site's idea. A redirect of ours after a login counts for the browser as the
 * work of whoever started that login (`cross-site` or `same-site`). `Sec-Fetch-Site: none` says only that no page was
 * left: it also comes with a link in a mail, and with a redirect of another site whose address was opened by hand.
 *
 * @throws {CrossSiteRequestError} if the browser has sent two session cookies
 */
export function askBeforeConnecting(
  { name }: LoginStrategy,
  settings: RouterSettings,
): RequestHandler {
  return asyncHandler(async (req) => {
    if (!mayBeOthersIdea(req)) return 'next'
    await refuseTwoSessions(req)
    const person = await personOn(req, settings.sessionUser)
    return () => {
      req.res?.set(ASK_HEADERS).send(connectPage(name, person))
    }
  })
}

/**
 * Old browsers send none of these headers, for a page as for an image of another site, but say that they are browsers. A
 * client that is none and accepts no page could not show it to anybody.
 */
function mayBeOthersIdea(req: Request): boolean {
  const {
    'sec-fetch-site': site,
    'sec-fetch-mode': mode,
    'sec-fetch-dest': dest = 'document',
    'user-agent': agent,
    accept,
  } = req.headers
  // What is no page is refused, unless a page of this origin has asked for it.
  if (dest !== 'document') return false
  if (site !== undefined) return site !== 'same-origin'
  const isBrowser = agent?.startsWith('Mozilla/') === true || accept?.includes('text/html') === true
  return (mode === undefined && isBrowser) || isFromOtherOrigin(req)
}

function connectPage(name: string, person: string | undefined): string {
  return htmlPage(
    `Connect ${name}?`,
    [
      ...(person === undefined ? [] : [`You are logged in to this application as ${person}.`]),
      `If you go on, this application gets access to an account of yours at ${name}. You may have to allow it there first.`,
      'If you did not expect this question, close this page. Nothing has been changed.',
    ],
    { button: `Connect ${name}` },
  )
}
