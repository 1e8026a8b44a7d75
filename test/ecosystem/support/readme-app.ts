import type { RequestHandler } from 'express'
import type {
  AdoptOptions,
  AuthorizationCodeStrategy,
  DonorStrategy,
} from 'passport-authorization-code'
import type { ReadmeApp } from './donor-test.js'

/** What differs between the READMEs: nearly all show one strategy and two routes. */
export interface ReadmeParts {
  /** Makes the strategy as the README does. */
  readonly strategy: (given: ReadmeApp) => DonorStrategy
  /** The strategy's name in `passport.authenticate`. */
  readonly name: string
  /** Where the routes are. @default `/auth/<name>` and `/auth/<name>/callback` */
  readonly paths?: readonly [login: string, callback: string]
  /** The options of `passport.authenticate` in the login route. */
  readonly login?: object
  readonly adopt?: (given: ReadmeApp) => AdoptOptions
}

/** An application with the strategy and the two routes of a README. */
export function readmeApp(parts: ReadmeParts): (given: ReadmeApp) => AuthorizationCodeStrategy {
  const { name, login = {} } = parts
  return (given) => {
    const { app, passport } = given
    const [loginPath, callbackPath] = parts.paths ?? [`/auth/${name}`, `/auth/${name}/callback`]
    const strategy = given.adopt(parts.strategy(given), parts.adopt?.(given))
    passport.use(strategy)
    app.get(loginPath, passport.authenticate(name, login) as RequestHandler)
    app.all(
      callbackPath,
      passport.authenticate(name, { failureRedirect: '/login' }) as RequestHandler,
      (_req, res) => res.redirect('/'),
    )
    return strategy
  }
}

/** What most READMEs do in `verify`: look for the user by the id of the profile. */
export function findUser({ User }: ReadmeApp) {
  return (accessToken: string, refreshToken: string, profile: { id: string }, done: never) => {
    User.findOrCreate({ id: profile.id, accessToken, refreshToken }, done)
  }
}
