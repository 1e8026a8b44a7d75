import type { Request, RequestHandler, Response } from 'express'
import passport from 'passport'
import type { LoginStrategy } from './login-strategy.js'

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
      if (error) reject(asError(error))
      else resolve({ user, info })
    }
    const handle = passport.authenticate(strategy, options, finished) as RequestHandler
    void handle(req, res, reject)
  })
}

/** Passport's `req.logIn` as a promise. */
export function logIn(user: Express.User, req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.logIn(user, (error: unknown) => {
      if (error) reject(asError(error))
      else resolve()
    })
  })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('The login failed', { cause: error })
}
