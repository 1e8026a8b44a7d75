import type { Request, RequestHandler } from 'express'
import { ConfigurationError, LoginRequiredError, StepUpRequiredError } from '../errors/errors.js'
import { scopesOf } from '../grants/scope-set.js'
import { isSilent, STEP_UP_OPTIONS } from '../login/login-options.js'
import { missing, readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf, SettingsOf } from '../options/option-table.js'
import { ownPath } from '../options/readers.js'
import { askForLogin } from './ask-for-login.js'
import { askForMore } from './ask-for-more.js'
import { asyncHandler } from './async-handler.js'
import { readStrategySource, strategyOf } from './chosen-strategy.js'
import { isLoggedIn } from './login-checks.js'
import { loginPathOf } from './login-path.js'
import type { LoginStrategy } from './login-strategy.js'
import { noteSessionStore } from '../session/seen-session-store.js'

type LoginPath = (req: Request) => string

/** The table of {@link RequireLoginOptions}. */
export const REQUIRE_LOGIN_OPTIONS = {
  ...STEP_UP_OPTIONS,

  /**
   * The path of the login route, on this origin, or a function that returns it for a request.
   *
   * @default with `strategy`, the login route of `authRouter` where its `callbackURL` leads; otherwise '/login'
   */
  loginPath: { read: loginPathOption },

  /**
   * Also requires a valid access token of this strategy: refreshes one that has expired, and asks for a login if
   * that is not possible. Without this option, no token is refreshed. It still asks for a login if the grant has ended
   * by which the person is logged in, and lets them pass if the store of grants cannot be reached.
   *
   * A function chooses the strategy of each request, such as that of a tenant: whoever has logged in at another tenant is asked
   * to log in at this one. Where it chooses none, nobody passes, and the request leaves the router (`next('router')`).
   *
   * @default being logged in is enough
   */
  strategy: { read: readStrategySource },

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
 * @example The pages of each tenant
 * ```ts
 * import { requireLogin } from 'passport-authorization-code'
 *
 * app.get('/:tenant/home', requireLogin({ strategy: tenants.strategyFor }), (req, res) => {
 *   res.json(req.user)
 * })
 * ```
 *
 * @throws {ConfigurationError} if `loginPath` is not a path of this origin, or an option is unknown or cannot be used
 * @see [RFC 9470 - OAuth 2.0 Step Up Authentication Challenge Protocol](https://www.rfc-editor.org/rfc/rfc9470.html)
 */
export function requireLogin(options: RequireLoginOptions = {}): RequestHandler {
  const sample = "requireLogin({ loginPath: '/auth/login' })"
  const settings = readTable(REQUIRE_LOGIN_OPTIONS, options, sample)
  const { strategy: source } = settings
  const [given] = Object.entries(settings).flatMap(([name, value]) =>
    name in STEP_UP_OPTIONS && value !== undefined ? [name] : [],
  )
  if (given !== undefined && source === undefined) missing('strategy', `${given} needs it.`)
  refuseSilence(settings)
  return asyncHandler(async (req, res) => {
    noteSessionStore(req)
    const strategy = source && (await strategyOf(source, req, 'strategy'))
    if (strategy === undefined && source !== undefined) return 'router'
    const loginPath = loginPathFor(settings, strategy, req)
    if (!(await isLoggedIn(req, strategy))) return askForLogin(loginPath, req, res)
    if (strategy === undefined) return 'next'
    try {
      await strategy.accessToken(req)
      await strategy.checkLogin(req, wantedBy(settings))
      return 'next'
    } catch (error) {
      if (error instanceof LoginRequiredError) return askForLogin(loginPath, req, res)
      if (!(error instanceof StepUpRequiredError)) throw error
      return askForMore(error, strategy, { ...settings, loginPath }, req, res)
    }
  })
}

function loginPathOption(value: string | LoginPath, name: string): string | LoginPath {
  return typeof value === 'function' ? value : ownPath(value, name)
}

/** Where the person logs in. @throws {ConfigurationError} if the application's function returns no path of this origin */
function loginPathFor(
  { loginPath }: RequireLoginSettings,
  strategy: LoginStrategy | undefined,
  req: Request,
): string {
  if (typeof loginPath === 'function') return ownPath(loginPath(req), 'What loginPath returns')
  if (loginPath !== undefined) return loginPath
  return strategy === undefined ? '/login' : loginPathOf(strategy)
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
