import { readAppState } from '../options/app-state.js'
import { checkAuthorizationDetails } from '../options/authorization-details.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import { checkParameters } from '../options/parameters.js'
import {
  checkedWhenUsed,
  ownPath,
  scopeNames,
  text,
  texts,
  zeroOrMore,
} from '../options/readers.js'

/** The options of one login that `requireLogin` has too. */
export const STEP_UP_OPTIONS = {
  /** The scope of this login, instead of the strategy's: one string, or a list. */
  scope: { read: scopeNames },

  /** The accepted ways of authentication (`acr`), instead of the strategy's. Needs the scope `openid`, and `issuer`. */
  acrValues: { read: texts },

  /** How old the person's authentication may be, in **seconds**, instead of the strategy's. Needs the scope `openid`, and `issuer`. */
  maxAgeSeconds: { read: zeroOrMore },

  /**
   * What the provider shows the person: `none` nothing at all, so that only somebody who is logged in there already comes
   * back logged in; `login`, `consent` and `select_account` that page in any case. Several are separated by spaces.
   *
   * @default what the provider finds necessary
   * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
   */
  prompt: { read: text },

  /** Who will probably log in, such as an e-mail address: providers fill in their login page with it. */
  loginHint: { read: text },

  /** Further parameters of this authorization request. They replace those of the strategy. */
  authorizationParameters: { read: checkParameters },

  /**
   * The application's own data for this login: anything that JSON can hold, of at most 1 KB. It is kept with the pending login
   * and is in no URL. It comes back as `appState` in `verify` and in `req.authInfo`.
   */
  appState: { read: readAppState },
} as const satisfies OptionTable

/** The table of {@link LoginOptions}. */
export const LOGIN_OPTIONS = {
  ...STEP_UP_OPTIONS,

  /**
   * Where the person goes after the login: a path of this origin.
   *
   * @default the parameter `return_to` of the request, if it has one that is such a path
   */
  returnTo: { read: ownPath },

  /** The details of the request (RFC 9396), instead of the strategy's. */
  authorizationDetails: { read: checkAuthorizationDetails },

  /** The callback URL of this login, instead of the strategy's; absolute. */
  callbackURL: { read: checkedWhenUsed<string>() },
} as const satisfies OptionTable

/** The options of one login: of `strategy.startLogin`, and of `passport.authenticate` in addition to Passport's own. */
export type StartLoginOptions = OptionsOf<typeof LOGIN_OPTIONS>

/** The options of one login once they are read. */
export type LoginSettings = SettingsOf<typeof LOGIN_OPTIONS>

/** Options of `passport.authenticate(name, options)`, in addition to Passport's own. */
export interface LoginOptions extends StartLoginOptions {
  /**
   * Which half of the login this route is for.
   *
   * @default 'finish' for a request with `state`, `code`, `error` or `response` among its parameters, otherwise 'start'
   */
  readonly step?: 'start' | 'finish' | undefined
  /** Passport's own: where the browser goes if the callback is loaded again after it has succeeded. */
  readonly successRedirect?: string | undefined
  /** Passport's own: `false` keeps login and tokens out of the session. */
  readonly session?: boolean | undefined
  /** Passport's own, set by `passport.authorize`: `req.user` does not change. */
  readonly assignProperty?: string | undefined
  /** Of callbacks: they finish logins and connections, whichever was started. */
  readonly mayConnect?: boolean | undefined
}

/**
 * Reads the options of one login. Other names are Passport's own options, or the application's.
 *
 * @throws {ConfigurationError} naming the option that cannot be used
 */
export function readLoginOptions(options: LoginOptions): LoginSettings {
  const own = Object.entries(options).filter(([name]) => Object.hasOwn(LOGIN_OPTIONS, name))
  return readTable(LOGIN_OPTIONS, Object.fromEntries(own), START_LOGIN_SAMPLE)
}

/** Whether a `prompt` wants the provider to show nothing. */
export function isSilent(prompt: string | undefined): boolean {
  return prompt?.split(' ').includes('none') === true
}

/** A correct call, for error messages. */
export const START_LOGIN_SAMPLE = "strategy.startLogin(req, res, { returnTo: '/account' })"
