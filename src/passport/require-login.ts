import type { RequestHandler } from 'express'
import { ConfigurationError, LoginRequiredError, StepUpRequiredError } from '../errors/errors.js'
import { scopesOf } from '../grants/scope-set.js'
import { isSilent, STEP_UP_OPTIONS } from '../login/login-options.js'
import { missing, readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import { ownPath } from '../options/readers.js'
import { askForLogin } from './ask-for-login.js'
import { askForMore } from './ask-for-more.js'
import { asyncHandler } from './async-handler.js'
import { isLoggedIn } from './login-checks.js'
import { readStrategy } from './strategy-reader.js'
import { noteSessionStore } from '../session/seen-session-store.js'

/** The table of {@link RequireLoginOptions}. */
export const REQUIRE_LOGIN_OPTIONS = {
  ...STEP_UP_OPTIONS,

  /** The path of the login route, on this origin. @default '/login' */
  loginPath: { read: ownPath, default: '/login' },

  /**
   * Also requires a valid access token of this strategy: refreshes one that has expired, and asks for a login if
   * that is not possible. Without this option, no token is refreshed. It still asks for a login if the grant has ended
   * by which the person is logged in, and lets them pass if the store of grants cannot be reached.
   *
   * @default being logged in is enough
   */
  strategy: { read: readStrategy },

  /**
   * What the person must have granted, as one string or a list, in the provider's own words. Whoever has not is sent to the
   * provider for what is missing. Needs `strategy`.
   */
  scope: STEP_UP_OPTIONS.scope,

  /** The accepted ways of authentication (`acr`). Whoever was authenticated in another way is asked to do it again. Needs `strategy`. */
  acrValues: STEP_UP_OPTIONS.acrValues,

  /** How old the authentication may be, in **seconds**. Whoever was authenticated before is asked to do it again. Needs `strategy`. */
  maxAgeSeconds: STEP_UP_OPTIONS.maxAgeSeconds,
} as const satisfies OptionTable

/** The options of {@link requireLogin}. */
export type RequireLoginOptions = OptionsOf<typeof REQUIRE_LOGIN_OPTIONS>

type RequireLoginSettings = SettingsOf<typeof REQUIRE_LOGIN_OPTIONS>

/**
 * Lets only logged-in people pass. A person who visits a page is redirected to the login and comes back to the
 * page afterwards. Every other request (a script, a form, an API client) gets the status 401 and
 * `{ "error": "login_required", "loginPath": … }`.
 *
 * With `scope`, `acrValues` or `maxAgeSeconds`, a person who visits a page is sent to the provider for what their login lacks;
 * if they come back without it, a `StepUpRequiredError` goes to `next`. Every other request gets the status 403 and
 * `{ "error": "insufficient_scope", "scope": …, "loginPath": … }`, or 401 and `insufficient_user_authentication`.
 *
 * @example
 * ```ts
 * import { requireLogin } from 'passport-authorization-code'
 *
 * app.get('/account', requireLogin({ loginPath: '/auth/login' }), (req, res) => {
 *   res.json(req.user)
 * })
 * ```
 *
 * @example A page that needs a recent login
 * ```ts
 * import { requireLogin } from 'passport-authorization-code'
 *
 * app.get('/payments', requireLogin({ strategy, maxAgeSeconds: 300 }), (req, res) => {
 *   res.json({ payments: [] })
 * })
 * ```
 *
 * @throws {ConfigurationError} if `loginPath` is not a path of this origin, or an option is unknown or cannot be used
 * @see [RFC 9470 - OAuth 2.0 Step Up Authentication Challenge Protocol](https://www.rfc-editor.org/rfc/rfc9470.html)
 */
export function requireLogin(options: RequireLoginOptions = {}): RequestHandler {
  const sample = "requireLogin({ loginPath: '/auth/login' })"
  const settings = readTable(REQUIRE_LOGIN_OPTIONS, options, sample)
  const { loginPath, strategy } = settings
  const [given] = Object.entries(settings).flatMap(([name, value]) =>
    name in STEP_UP_OPTIONS && value !== undefined ? [name] : [],
  )
  if (given !== undefined && strategy === undefined) missing('strategy', `${given} needs it.`)
  refuseSilence(settings)
  return asyncHandler(async (req, res) => {
    noteSessionStore(req)
    if (!(await isLoggedIn(req, strategy))) return askForLogin(loginPath, req, res)
    if (strategy === undefined) return 'next'
    try {
      await strategy.accessToken(req)
      await strategy.checkLogin(req, wantedBy(settings))
      return 'next'
    } catch (error) {
      if (error instanceof LoginRequiredError) return askForLogin(loginPath, req, res)
      if (!(error instanceof StepUpRequiredError)) throw error
      return askForMore(error, strategy, settings, req, res)
    }
  })
}

/**
 * The provider would send the person back to the page without what is missing, and the page them to the provider.
 *
 * @throws {ConfigurationError}
 */
function refuseSilence({ prompt, authorizationParameters }: RequireLoginSettings): void {
  const message = "requireLogin cannot be silent: leave out prompt 'none', or use silentLogin."
  if (isSilent(prompt)) throw new ConfigurationError(message, 'prompt')
  if (prompt === undefined && isSilent(authorizationParameters?.['prompt'])) {
    throw new ConfigurationError(message, 'authorizationParameters')
  }
}

function wantedBy({ scope, acrValues, maxAgeSeconds }: RequireLoginSettings) {
  const names = typeof scope === 'string' ? [...scopesOf(scope)] : scope
  return { scope: names, acrValues, maxAgeSeconds }
}
