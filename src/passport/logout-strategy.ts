import OAuth2Strategy from 'passport-oauth2'
import { ConfigurationError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { finishProviderLogout } from '../login/provider-logout.js'
import { stopAttempts } from '../login/silent-attempts.js'
import type { LogOutOptions } from '../options/log-out-options.js'
import { allowFrames } from './allow-frames.js'
import { silentStrategyNames } from './strategy-marks.js'

/** What {@link LogoutStrategy} needs. */
interface LogoutUseCases {
  readonly noteRequest: (request: LoginRequest) => void
  readonly logOut: (request: LoginRequest, options: LogOutOptions) => Promise<string | undefined>
  readonly backchannelLogout: (request: LoginRequest) => Promise<void>
  /** `undefined` without the option of this name. */
  readonly frontchannelLogout: ((request: LoginRequest) => Promise<boolean>) | undefined
  /** The provider's origins, whose pages may show the response in a frame. */
  readonly logoutOrigins: () => Promise<readonly string[]>
}

/** What a strategy does when people log out: here, at the provider, or because the provider says so. */
export abstract class LogoutStrategy extends OAuth2Strategy {
  protected abstract readonly useCases: LogoutUseCases

  /**
   * Logs out: ends the grants of all providers in this session, then the session. Only the fields named in
   * `keepSession` survive, under a new session id. Does not wait for the providers to revoke the tokens. With
   * `grantLifetime: 'account'`, the grant survives and is not revoked: see `endGrant`. Other strategies take part if Passport knows them: by `passport.use`, or because `authRouter` has mounted them.
   *
   * @example
   * ```ts
   * app.post('/logout', async (req, res) => {
   *   res.redirect(303, (await strategy.logOut(req)) ?? '/')
   * })
   * ```
   *
   * @param options.returnTo where the person wants to go in the end: a path of this origin, which `finishLogOut` returns
   * @returns the address at the provider where the browser must go to be logged out there as well, also if the session
   *   had ended before; `undefined` without an `endSessionURL`, or if somebody is logged in who did not log in by this
   *   strategy
   * @throws {StorageError} if the session store fails
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  logOut(req: LoginRequest, options: LogOutOptions = {}): Promise<string | undefined> {
    stopAttempts(req, silentStrategyNames(this))
    return this.useCases.logOut(req, options)
  }

  /**
   * For the route of `postLogoutRedirectURL`: checks that the logout from which the browser comes back was started
   * in this browser.
   *
   * @example
   * ```ts
   * app.get('/logged-out', (req, res) => {
   *   res.redirect(strategy.finishLogOut(req) ?? '/')
   * })
   * ```
   *
   * @returns the `returnTo` of `logOut`: a path of this origin; `undefined` if there was none
   * @throws {LogoutResponseError} if it was not, or too long ago. Nothing is wrong then: the person may have reloaded the page
   */
  finishLogOut(req: LoginRequest): string | undefined {
    return finishProviderLogout(req)
  }

  /**
   * For the route that the provider posts logout tokens to: ends the sessions of the person who has logged
   * out there, in all processes. Needs the form in `req.body`, and express-session before it.
   *
   * @example
   * ```ts
   * app.post('/backchannel-logout', express.urlencoded({ extended: false }), async (req, res) => {
   *   await strategy.backchannelLogout(req)
   *   res.end()
   * })
   * ```
   *
   * @throws {LogoutTokenError} if there is no valid logout token, or it was used before
   * @throws {DiscoveryError} if the provider's keys cannot be loaded
   * @throws {StorageError} if the store of the grants or the session store fails
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backchannelLogout(req: LoginRequest): Promise<void> {
    this.useCases.noteRequest(req)
    return this.useCases.backchannelLogout(req)
  }

  /** Whether the option `frontchannelLogout` is set. */
  get takesFrontchannelLogout(): boolean {
    return this.useCases.frontchannelLogout !== undefined
  }

  /**
   * For the route that the provider loads in a frame when a person logs out there: ends what was logged in through the
   * session at the provider that the query names, in all processes. Needs express-session before it. Lets the provider, and
   * nobody else, show the response in a frame.
   *
   * @example
   * ```ts
   * app.get('/frontchannel-logout', async (req, res) => {
   *   res.status((await strategy.frontchannelLogout(req)) ? 200 : 400).end()
   * })
   * ```
   *
   * @returns whether the query has the provider's `iss` and a `sid`. If not, nothing has ended
   * @throws {ConfigurationError} without the option `frontchannelLogout`
   * @throws {StorageError} if the store of the grants or the session store fails
   * @see [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html)
   */
  async frontchannelLogout(req: LoginRequest): Promise<boolean> {
    const { noteRequest, frontchannelLogout, logoutOrigins } = this.useCases
    if (frontchannelLogout === undefined) {
      throw new ConfigurationError(
        'This needs the option frontchannelLogout.',
        'frontchannelLogout',
      )
    }
    noteRequest(req)
    allowFrames(req, await logoutOrigins())
    return frontchannelLogout(req)
  }
}
