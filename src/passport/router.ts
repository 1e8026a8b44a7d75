import express from 'express'
import type { Router } from 'express'
import { missing, readTable } from '../options/option-table.js'
import { asyncHandler, errorHandler } from './async-handler.js'
import { isChoice, noteOnStrategies, readStrategySource, strategyOf } from './chosen-strategy.js'
import type { ChooseStrategy } from './chosen-strategy.js'
import type { LoginStrategy } from './login-strategy.js'
import { refuseNameOf } from './refuse-shared-name.js'
import { serializeDefaultUsers } from './default-user.js'
import { notePassport, registerStrategy } from './registered-strategies.js'
import { AUTH_ROUTER_OPTIONS } from './router-options.js'
import type { AuthRouterOptions, RouterSettings } from './router-options.js'
import { noteForLogins } from './strategy-marks.js'
import { strategyRoutes } from './strategy-routes.js'

/**
 * An Express router with the routes of one strategy. Mount it where `callbackURL` leads: for
 * `https://your-app.com/auth/callback` under `/auth`. It needs express-session before it, and Passport's
 * `passport.session()` for `req.user` on later requests. Passport then knows the strategy by its name; an application
 * that drops strategies while it runs calls `passport.unuse(strategy.name)`, or gives a function.
 *
 * With a function that chooses the strategy, the routes are those of the strategy of each request, such as that of a tenant.
 * Where it chooses none, the router has no routes, and what it throws goes to `onError`. Passport does not know these strategies
 * by their names.
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
 * @example A strategy for each tenant
 * ```ts
 * import { authRouter } from 'passport-authorization-code'
 *
 * app.use('/:tenant/auth', authRouter(tenants.strategyFor))
 * ```
 *
 * @param strategy the strategy, or a function that chooses one for each request
 * @throws {ConfigurationError} if `strategy` is not an `AuthorizationCodeStrategy`, Passport has another provider's
 *   strategy of its name, or an option is unknown or cannot be used
 */
export function authRouter(
  strategy: LoginStrategy | ChooseStrategy,
  options: AuthRouterOptions = {},
): Router {
  const source = readStrategySource(strategy, 'strategy')
  const sample = "authRouter(strategy, { successRedirect: '/welcome' })"
  const settings = readTable(AUTH_ROUTER_OPTIONS, options, sample)
  const { connect, loginPath, passport } = settings
  if (loginPath !== undefined && connect === false) missing('connect', 'loginPath needs it.')
  if (passport !== undefined) {
    // After a restart, people come back before anybody logs in.
    serializeDefaultUsers(passport)
    noteOnStrategies(source, (one) => notePassport(one, passport))
  }
  const router = isChoice(source) ? chosenRoutes(source, settings) : routesOfOne(source, settings)
  router.use(errorHandler(settings.onError))
  return router
}

function routesOfOne(strategy: LoginStrategy, settings: RouterSettings): Router {
  refuseNameOf(strategy)
  registerStrategy(strategy)
  return strategyRoutes(strategy, settings, 'anyone')
}

/** The routes of the strategy that each request has. They go with the strategy when the application drops it. */
function chosenRoutes(choose: ChooseStrategy, settings: RouterSettings): Router {
  // A page may ask for more before the first request to these routes.
  if (settings.connect === false) noteOnStrategies(choose, noteForLogins)
  const known = new WeakMap<LoginStrategy, Router>()
  // The function finds the parameters of the path under which the router is mounted.
  const router = express.Router({ mergeParams: true })

  function routesOf(strategy: LoginStrategy): Router {
    const routes = known.get(strategy) ?? strategyRoutes(strategy, settings, 'own')
    known.set(strategy, routes)
    return routes
  }

  router.use(
    asyncHandler(async (req, res) => {
      const strategy = await strategyOf(choose, req, 'strategy')
      return strategy === undefined ? 'router' : (next) => void routesOf(strategy)(req, res, next)
    }),
  )
  return router
}
