import type { Request, RequestHandler } from 'express'
import { readQuery } from '../endpoints/authorization-response.js'
import {
  AuthorizationCodeError,
  CrossSiteRequestError,
  LogoutTokenError,
} from '../errors/errors.js'
import { isFromOtherOrigin } from '../lib/other-origin.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { asyncHandler } from './async-handler.js'
import { htmlPage } from './html-page.js'
import type { LoginStrategy } from './login-strategy.js'
import type { RouterSettings } from './router-options.js'

/**
 * `POST /logout`: only from a page of this origin. Leads to the provider's logout page, or else to where the person wants
 * to go. A script that asks for JSON gets the address of the provider's logout page, because it could not follow a redirect
 * there.
 */
export function logoutHandler(
  strategy: LoginStrategy,
  { logoutRedirect }: RouterSettings,
): RequestHandler {
  return asyncHandler(async (req, res) => {
    if (isFromOtherOrigin(req)) throw new CrossSiteRequestError()
    const returnTo = sameOriginPath(readQuery(req).get('return_to'))
    const logoutURL = await strategy.logOut(req, { returnTo })
    if (asksForJson(req)) return () => res.json({ logoutURL: logoutURL ?? null })
    const next = logoutURL ?? returnTo ?? logoutRedirect
    if (isPage(req) && leadsElsewhere(next, strategy)) {
      return () => res.send(onwardPage(next, logoutURL !== undefined))
    }
    return () => res.redirect(303, next)
  })
}

function asksForJson({ headers: { accept = '' } }: Request): boolean {
  return accept.includes('application/json') && !accept.includes('text/html')
}

/** Whether the browser shows the answer as a page. Old browsers say so only by what they accept. */
function isPage({ headers }: Request): boolean {
  const { 'sec-fetch-mode': mode, accept = '' } = headers
  return mode === undefined ? accept.includes('text/html') : mode === 'navigate'
}

/** Whether an address is on another origin than the application. */
function leadsElsewhere(address: string, { callbackURL }: LoginStrategy): boolean {
  const { origin } = new URL(callbackURL)
  return URL.canParse(address, origin) && new URL(address, origin).origin !== origin
}

/**
 * A page that continues by itself. Chromium applies the Content-Security-Policy directive `form-action` to the redirects that
 * follow a form: with `'self'`, which helmet sets, a redirect to the provider would be blocked, and nothing would happen.
 */
function onwardPage(address: string, toProvider: boolean): string {
  const others = toProvider ? ' You are being logged out at the login service as well.' : ''
  return htmlPage('Logging out', [`You are logged out here.${others}`], { continueTo: address })
}

/**
 * `GET /logged-out`: the provider sends the browser here after its own logout. Never an error: whoever comes without a
 * logout of theirs has reloaded the page, or was slow.
 */
export function loggedOutHandler(
  strategy: LoginStrategy,
  { logoutRedirect }: RouterSettings,
): RequestHandler {
  return (req, res) => {
    let returnTo: string | undefined
    try {
      returnTo = strategy.finishLogOut(req)
    } catch (error) {
      const isExpected =
        error instanceof AuthorizationCodeError && error.code === 'ERR_LOGOUT_RESPONSE'
      if (!isExpected) throw error
    }
    res.redirect(returnTo ?? logoutRedirect)
  }
}

/**
 * `POST /backchannel-logout`: the provider says who has logged out there.
 *
 * @see [OpenID Connect Back-Channel Logout, section 2.8 - Back-Channel Logout Response](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse)
 */
export function backchannelLogoutHandler(strategy: LoginStrategy): RequestHandler {
  return asyncHandler(async (req, res) => {
    try {
      await strategy.backchannelLogout(req)
      return () => res.end()
    } catch (error) {
      if (!(error instanceof LogoutTokenError)) throw error
      const { status, message } = error
      return () => res.status(status).json({ error: 'invalid_request', error_description: message })
    }
  })
}

/**
 * `GET /frontchannel-logout`: a page of the provider's loads this in a frame when a person logs out there. The answer does
 * not say whether the session was known here.
 *
 * @see [OpenID Connect Front-Channel Logout, section 3 - OP Logout Functionality](https://openid.net/specs/openid-connect-frontchannel-1_0.html#OPLogout)
 */
export function frontchannelLogoutHandler(strategy: LoginStrategy): RequestHandler {
  return asyncHandler(async (req, res) => {
    const isOfProvider = await strategy.frontchannelLogout(req)
    return () =>
      isOfProvider
        ? res.send(htmlPage('Logged out', []))
        : res
            .status(400)
            .send(htmlPage('Not logged out', ['This needs the iss and the sid of the provider.']))
  })
}
