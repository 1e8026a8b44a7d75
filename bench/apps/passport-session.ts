import passport from 'passport'
import { addHandlers } from './bare.js'
import { sessionMiddleware } from './scene.js'
import type { AddRoutes } from './scene.js'

/** The limit of whatever is used with Passport: the handlers of `bare`, after Passport's own middleware. */
export const addRoutes: AddRoutes = (app, scene) => {
  app.use(sessionMiddleware(scene))
  app.use(passport.session())
  addHandlers(app, scene)
}
