import express from 'express'
import type { RequestHandler, Response } from 'express'
import type { AuthenticateOptions } from 'passport'
import { ConfigurationError } from '../errors/errors.js'
import { comparablePath } from '../lib/comparable-path.js'
import { withQuery } from '../lib/with-query.js'
import type { FailureInfo, LoginInfo } from '../login/login-outcome.js'
import { asyncHandler } from './async-handler.js'
import { authenticate, logIn } from './authenticate.js'
import type { LoginStrategy } from './login-strategy.js'
import { refusedLoginPage } from './refused-login-page.js'
import type { RouterSettings } from './router-options.js'
import { UNCACHED } from './uncached.js'

/** The responses carry states and session cookies, and the URLs carry codes. */
export const notCached: RequestHandler = (_req, res, next) => {
  res.set(UNCACHED)
  next()
}

/** Reads the form of a `form_post` response or a logout token. A body of another type counts as an empty form. */
export function readForm(): RequestHandler {
  const read: RequestHandler = express.urlencoded({ extended: false })
  return (req, res, next) => {
    read(req, res, (error?: unknown) => {
      // body-parser's errors carry the form they could not read, code and state included.
      if (error instanceof Error) Reflect.deleteProperty(error, 'body')
      req.body ??= {}
      next(error)
    })
  }
}

/**
 * Passport's options. With `assignProperty`, which `passport.authorize` sets too, `req.user` does not change.
 *
 * @param what to log in, to connect, or the callback of what the router does
 */
export function loginOptions(
  what: 'login' | 'connect' | 'callback',
  { connect, successRedirect }: RouterSettings,
): AuthenticateOptions {
  const connects = what === 'connect' || (what === 'callback' && connect === true)
  return {
    step: what === 'callback' ? 'finish' : 'start',
    successRedirect,
    ...(connects && { assignProperty: 'account' }),
    ...(what === 'callback' && connect === 'also' && { mayConnect: true }),
  }
}

/** `GET` and `POST /callback`: finishes a login, and sends the person to where they wanted to go. */
export function callbackHandler(strategy: LoginStrategy, settings: RouterSettings): RequestHandler {
  const { successRedirect, failureRedirect } = settings
  const options = loginOptions('callback', settings)
  return asyncHandler(async (req, res) => {
    const { user, info } = await authenticate(strategy, options, req, res)
    if (user) {
      const { connected, returnTo } = info as LoginInfo
      if (connected !== true) await logIn(user, req)
      return () => redirect(res, returnTo ?? successRedirect)
    }
    const failure = info as FailureInfo
    if (failureRedirect === undefined) {
      return () => res.status(403).send(refusedLoginPage(failure, req, successRedirect))
    }
    return () => res.redirect(withQuery(failureRedirect, reasonOf(failure)))
  })
}

/** What the application learns of a refusal by `failureRedirect`: nothing that the provider could have made up. */
function reasonOf({ error, returnTo }: FailureInfo): Record<string, string | undefined> {
  return { error: error ?? 'verify', return_to: returnTo }
}

/** Like Passport's own redirect, without the body that `res.redirect` adds. */
function redirect(res: Response, location: string): void {
  res.status(302).location(location).set('Content-Length', '0').end()
}

/**
 * `GET /jwks.json`: the client's public keys. The provider may cache them for 5 minutes, but shared caches
 * may not: with `rolling` or `saveUninitialized`, express-session sends somebody's cookie with every response.
 *
 * @see [RFC 7517, section 8.5.2 - Registry Contents](https://www.rfc-editor.org/rfc/rfc7517.html#section-8.5.2)
 */
export function jwksHandler(strategy: LoginStrategy): RequestHandler {
  return asyncHandler(async (_req, res) => {
    const keys = await strategy.jwks()
    if (keys === undefined) return 'next'
    return () => {
      res.set('Cache-Control', 'private, max-age=300').type('application/jwk-set+json')
      res.send(JSON.stringify(keys))
    }
  })
}

/** {@link checkCallbackPath} for `authRouter`. */
export function checkCallbackUrl({ callbackURL }: LoginStrategy): RequestHandler {
  return checkCallbackPath(
    callbackURL,
    (path, here) =>
      `callbackURL has the path ${path}, and authRouter takes callbacks at ${here}: mount it where callbackURL leads, or register ${here} at the provider.`,
  )
}

/**
 * Reports a `callbackURL` that leads to no route of the router, before the first login ends in a 404. A proxy
 * may put a prefix in front of the path.
 *
 * @param message says so: its parameters are the path of `callbackURL` and that of the route
 */
export function checkCallbackPath(
  callbackURL: string,
  message: (path: string, here: string) => string,
): RequestHandler {
  const { pathname } = new URL(callbackURL)
  return (req, _res, next) => {
    const here = `${req.baseUrl}/callback`
    if (comparablePath(pathname).endsWith(comparablePath(here))) next()
    else next(new ConfigurationError(message(pathname, here), 'callbackURL'))
  }
}
