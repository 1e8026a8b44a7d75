import express from 'express'
import type { RequestHandler, Router } from 'express'
import passport from 'passport'
import { onlyVisits } from './answer-unseen.js'
import { askBeforeConnecting } from './connect-page.js'
import type { LoginStrategy } from './login-strategy.js'
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
import type { RouterSettings } from './router-options.js'
import { sessionHandler } from './session-info.js'
import type { WhoseLogin } from './session-info.js'
import { noteForLogins } from './strategy-marks.js'

/**
 * The routes of one strategy. Their errors go to `next`.
 *
 * @param whose whose login `GET /session` speaks of
 */
export function strategyRoutes(
  strategy: LoginStrategy,
  settings: RouterSettings,
  whose: WhoseLogin,
): Router {
  const login = passport.authenticate(strategy, loginOptions('start', settings)) as RequestHandler
  const callback = callbackHandler(strategy, settings)
  const router = express.Router({ mergeParams: true })

  const start = [notCached, onlyVisits, checkCallbackUrl(strategy)]
  if (settings.connect) {
    router.get('/login', start, askBeforeConnecting(strategy), login)
    router.post('/login', start, login)
  } else {
    noteForLogins(strategy)
    router.get('/login', start, login)
    router.get('/session', sessionHandler(strategy, settings, whose))
  }
  router.get('/callback', notCached, onlyVisits, callback)
  router.post('/callback', notCached, readForm(), callback)
  router.post('/logout', notCached, onlyVisits, logoutHandler(strategy, settings))
  router.get('/logged-out', notCached, onlyVisits, loggedOutHandler(strategy, settings))
  router.post('/backchannel-logout', notCached, readForm(), backchannelLogoutHandler(strategy))
  if (strategy.takesFrontchannelLogout) {
    router.get('/frontchannel-logout', notCached, onlyVisits, frontchannelLogoutHandler(strategy))
  }
  router.get('/jwks.json', jwksHandler(strategy))
  return router
}
