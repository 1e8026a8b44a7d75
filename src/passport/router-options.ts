import type { NextFunction, Request, Response } from 'express'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import { aFunction, flag, ownPath, text, withMethods } from '../options/readers.js'
import { loginErrorPage } from './login-error-page.js'
import type { PassportInstance } from './registered-strategies.js'
import { sessionUserByDefault } from './session-user.js'

/** The table of {@link AuthRouterOptions}. */
export const AUTH_ROUTER_OPTIONS = {
  /** Where the browser goes after a login without `?return_to=`. @default '/' */
  successRedirect: { read: text, default: '/' },

  /**
   * Where the browser goes if the person or `verify` refuses the login. Its query gets `error`, the OAuth error code such as
   * `access_denied` or `verify` if `verify` has refused, and `return_to`, where the person wanted to go.
   *
   * @default a plain page that says so
   */
  failureRedirect: { read: text },

  /**
   * Connects this provider to the person who is already logged in: adds its tokens, and leaves `req.user` as
   * it is. `true` is for a provider that nobody logs in with: `/login` connects it. With `'also'`, people log in with it by
   * `/login`, and connect it by `/connect`.
   *
   * @default false
   */
  connect: { read: flagOrAlso, default: false },

  /**
   * Where people log in to the application, a path of this origin: whoever wants to connect this provider and is not logged in
   * is sent there, and connects it afterwards. Only with `connect`.
   *
   * @default they are refused with a {@link LoginRequiredError}
   */
  loginPath: { read: ownPath },

  /** Where the browser goes after logging out. @default '/' */
  logoutRedirect: { read: text, default: '/' },

  /**
   * What `GET /session` tells scripts in the browser about the user: anything that can be JSON, or a promise of it. If it has a
   * `displayName` or `name`, the page that asks before a provider is connected says whose account that will be.
   *
   * @default of a user without `verify`, `provider`, `id`, `displayName` and `emails`; of a user of your own, only `id`
   */
  sessionUser: { read: aFunction<SessionUser>(), default: sessionUserByDefault },

  /**
   * The Passport whose `passport.session()` handles the requests: one that you have made with `new Passport()`, or that of a second
   * copy of the package. It then knows the strategy by its name, and users without `verify`.
   *
   * @default for logins, the one whose `passport.session()` has handled the request, which must know your users; for all else, the
   * one that `import passport from 'passport'` brings
   */
  passport: {
    read: withMethods<PassportInstance>('authenticate', 'deserializeUser', 'serializeUser', 'use'),
  },

  /**
   * Receives every error of these routes. `(error, req, res, next) => next(error)` leaves them all to the
   * application's own error handler.
   *
   * @default {@link loginErrorPage}: a plain page for errors that the person at the browser can correct
   * (`error.fault` is `browser`), and `next(error)` for all others
   */
  onError: { read: aFunction<ErrorHandler>(), default: loginErrorPage },
} as const satisfies OptionTable

function flagOrAlso(value: boolean | 'also', name: string): boolean | 'also' {
  return value === 'also' ? value : flag(value, name)
}

/** The options of `authRouter`. */
export type AuthRouterOptions = OptionsOf<typeof AUTH_ROUTER_OPTIONS>

/** The options once they are read. */
export type RouterSettings = SettingsOf<typeof AUTH_ROUTER_OPTIONS>

type SessionUser = (user: Express.User, req: Request) => unknown

type ErrorHandler = (error: unknown, req: Request, res: Response, next: NextFunction) => void
