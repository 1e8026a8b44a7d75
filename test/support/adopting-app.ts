import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { listen } from './http.js'
import type { RunningServer } from './http.js'

/** An application for a strategy that is adopted. */
export interface AdoptingApp extends RunningServer {
  /** What has come to its error handler, oldest first. */
  readonly errors: unknown[]
}

/**
 * Starts an application that keeps whoever has logged in as they are, and says who that is at `/`.
 *
 * @param addRoutes adds the routes of the login, when the address is known; what it returns is `made`
 */
export async function startAdoptingApp<Made>(
  addRoutes: (app: express.Express, origin: string) => Made,
): Promise<AdoptingApp & { readonly made: Made }> {
  const app = express()
  const server = await listen(app)
  const errors: unknown[] = []
  app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
  const made = addRoutes(app, server.origin)
  app.get('/', (req, res) => res.json(req.user ?? null))
  app.use(((error, _req, res, _next) => {
    errors.push(error)
    res.status(500).end()
  }) satisfies express.ErrorRequestHandler)
  return { ...server, errors, made }
}
