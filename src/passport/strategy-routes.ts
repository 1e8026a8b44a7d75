import express from 'express'
import type { RequestHandler, Router } from 'express'
import { onlyVisits } from './answer-unseen.js'
import { startHandler } from './authenticate.js'
import { connectNeedsLogin } from './connect-needs-login.js'
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
import { noteRouter } from './next-login.js'
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
  const { connect } = settings
  const start = (what: 'login' | 'connect'): RequestHandler =>
    startHandler(strategy, loginOptions(what, settings))
  const callback = callbackHandler(strategy, settings)
  const router = express.Router({ mergeParams: true })

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
    router.get('/session', sessionHandler(strategy, settings, whose))
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
  return router
}
