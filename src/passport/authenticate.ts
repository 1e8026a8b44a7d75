import type { Request, RequestHandler, Response } from 'express'
import type passport from 'passport'
import { ConfigurationError } from '../errors/errors.js'
import { asError } from '../lib/as-error.js'
import type { LoginStrategy } from './login-strategy.js'
import { managerOf, managerOn, notedPassport, passportOf } from './registered-strategies.js'
import type { PassportInstance } from './registered-strategies.js'

/** What Passport hands to a custom callback. */
export interface Authenticated {
  readonly user: Express.User | false | null | undefined
  readonly info: unknown
}

/** Passport's `authenticate` as a promise. It stays pending if the strategy redirects the browser. */
export function authenticate(
  strategy: LoginStrategy,
  options: passport.AuthenticateOptions,
  req: Request,
  res: Response,
): Promise<Authenticated> {
  return new Promise((resolve, reject) => {
    const finished: passport.AuthenticateCallback = (error: unknown, user, info) => {
      if (error) reject(asError(error, 'The login failed'))
      else resolve({ user, info })
    }
    const instance = passportFor(strategy, req)
    const handle = instance.authenticate(strategy, options, finished) as RequestHandler
    void handle(req, res, reject)
  })
}

/** Starts a login as `passport.authenticate` does. */
export function startHandler(
  strategy: LoginStrategy,
  options: passport.AuthenticateOptions,
): RequestHandler {
  return (req, res, next) => {
    const handle = passportFor(strategy, req).authenticate(strategy, options) as RequestHandler
    void handle(req, res, next)
  }
}

/**
 * The Passport that handles a request. If nobody has said to which one the strategy belongs, the user is kept by the one whose
 * `passport.session()` has handled the request, because that one will read the user again.
 */
function passportFor(strategy: LoginStrategy, req: Request): PassportInstance {
  const instance = passportOf(strategy)
  if (notedPassport(strategy) !== undefined) return instance
  const manager = managerOn(req)
  if (manager === undefined || manager === managerOf(instance)) return instance
  // Passport puts its own session manager on each request that it handles.
  return Object.create(instance, { _sm: { value: manager } }) as PassportInstance
}

/** What Passport says if no function of its takes a user. */
const NOT_SERIALIZED = 'Failed to serialize user into session'

/**
 * Passport's `req.logIn` as a promise.
 *
 * @throws {ConfigurationError} if Passport has no function that takes the user
 */
export function logIn(user: Express.User, req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.logIn(user, (error: unknown) => {
      if (error instanceof Error && error.message === NOT_SERIALIZED) reject(notSerialized())
      else if (error) reject(asError(error, 'The login failed'))
      else resolve()
    })
  })
}

function notSerialized(): ConfigurationError {
  return new ConfigurationError(
    'Passport does not know how to keep this user in the session. Call passport.serializeUser and passport.deserializeUser. Without verify, and with a Passport of your own, give it to the router: authRouter(strategy, { passport }).',
  )
}
