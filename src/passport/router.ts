import express from 'express'
import type { RequestHandler, Router } from 'express'
import passport from 'passport'
import { missing, readTable } from '../options/option-table.js'
import { onlyVisits } from './answer-unseen.js'
import { errorHandler } from './async-handler.js'
import { connectNeedsLogin } from './connect-needs-login.js'
import { askBeforeConnecting } from './connect-page.js'
import { noteRouter } from './next-login.js'
import { noteForLogins } from './strategy-marks.js'
import { refuseNameOf } from './refuse-shared-name.js'
import { registerStrategy } from './registered-strategies.js'
import {
  backchannelLogoutHandler,
  frontchannelLogoutHandler,
  loggedOutHandler,
  logoutHandler,
} from './logout-handlers.js'
import {
  callbackHandler,
  checkCallbackUrl,
  jwksHandler,
  loginOptions,
  notCached,
  readForm,
} from './route-handlers.js'
import { AUTH_ROUTER_OPTIONS } from './router-options.js'
import type { AuthRouterOptions } from './router-options.js'
import { sessionHandler } from './session-info.js'
import { readStrategy } from './strategy-reader.js'
import type { LoginStrategy } from './login-strategy.js'

/**
 * An Express router with the routes of one strategy. Mount it where `callbackURL` leads: for
 * `https://your-app.com/auth/callback` under `/auth`. It needs express-session before it, and Passport's
 * `passport.session()` for `req.user` on later requests. Passport then knows the strategy by its name; an application
 * that drops strategies while it runs calls `passport.unuse(strategy.name)`.
 *
 * | route | what it does |
 * |---|---|
 * | `GET /login` | starts a login; `?return_to=/path` comes back to that path of this origin |
 * | `POST /login` | with `connect: true`, starts connecting; only from a page of this origin |
 * | `GET /connect`, `POST /connect` | with `connect: 'also'`, starts connecting, as `/login` does with `connect: true` |
 * | `GET /callback`, `POST /callback` | finishes it |
 * | `POST /logout` | ends grants and session; `?return_to=/path` goes to that path of this origin afterwards; only from a page of this origin |
 * | `GET /logged-out` | where the provider sends the browser after its own logout |
 * | `GET /session` | JSON for scripts: who is logged in, until when, and where to log in ({@link SessionInfo}); not with `connect: true` |
 * | `POST /backchannel-logout` | the provider says who has logged out there |
 * | `GET /frontchannel-logout` | the same from a page of the provider's, with the option `frontchannelLogout` |
 * | `GET /jwks.json` | the client's public keys, if it has any |
 *
 * @example
 * ```ts
 * import { authRouter } from 'passport-authorization-code'
 *
 * app.use('/auth', authRouter(strategy, { successRedirect: '/dashboard' }))
 * ```
 *
 * @throws {ConfigurationError} if `strategy` is not an `AuthorizationCodeStrategy`, Passport has another provider's
 *   strategy of its name, or an option is unknown or cannot be used
 */
export function authRouter(strategy: LoginStrategy, options: AuthRouterOptions = {}): Router {
  readStrategy(strategy, 'strategy')
  const sample = "authRouter(strategy, { successRedirect: '/welcome' })"
  const settings = readTable(AUTH_ROUTER_OPTIONS, options, sample)
  const { connect, loginPath } = settings
  if (loginPath !== undefined && connect === false) missing('connect', 'loginPath needs it.')
  refuseNameOf(strategy)
  registerStrategy(strategy)
  const start = (what: 'login' | 'connect'): RequestHandler =>
    passport.authenticate(strategy, loginOptions(what, settings)) as RequestHandler
  const callback = callbackHandler(strategy, settings)
  const router = express.Router()

  const before = [notCached, onlyVisits, checkCallbackUrl(strategy)]
  if (connect !== false) {
    const path = connect === 'also' ? '/connect' : '/login'
    router.use(noteRouter(settings))
    const asked = [...before, connectNeedsLogin(settings)]
    router.get(path, asked, askBeforeConnecting(strategy, settings), start('connect'))
    router.post(path, asked, start('connect'))
  }
  if (connect !== true) {
    router.get('/login', before, start('login'))
    router.get('/session', sessionHandler(strategy, settings))
  }
  // Whoever is logged in another way can connect it: what they are asked for later, too.
  if (connect === false) noteForLogins(strategy)
  router.get('/callback', notCached, onlyVisits, callback)
  router.post('/callback', notCached, readForm(), callback)
  router.post('/logout', notCached, onlyVisits, logoutHandler(strategy, settings))
  router.get('/logged-out', notCached, onlyVisits, loggedOutHandler(strategy, settings))
  router.post('/backchannel-logout', notCached, readForm(), backchannelLogoutHandler(strategy))
  if (strategy.takesFrontchannelLogout) {
    router.get('/frontchannel-logout', notCached, onlyVisits, frontchannelLogoutHandler(strategy))
  }
  router.get('/jwks.json', jwksHandler(strategy))
  router.use(errorHandler(settings.onError))
  return router
}
