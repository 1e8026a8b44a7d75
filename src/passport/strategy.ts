import type { Request } from 'express'
import type { JSONWebKeySet } from 'jose'
import { makeObservable } from '../diagnostics/observation.js'
import { isResponse, readResponseParameters } from '../endpoints/authorization-response.js'
import { ConfigurationError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { passToErrorHandlers } from '../lib/pass-to-error-handlers.js'
import type { LoginToVerify } from '../login/finish-login.js'
import type { LoginOutcome } from '../login/login-outcome.js'
import type { LoginOptions } from '../login/login-options.js'
import type { LogOutOptions } from '../options/log-out-options.js'
import { finishProviderLogout } from '../login/provider-logout.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import type { Parameters } from '../options/parameters.js'
import type { Profile } from '../options/profile.js'
import { readOptions } from '../options/read-options.js'
import { composeUseCases } from './compose.js'
import type { UseCases } from './use-cases.js'
import { defaultUser, serializeDefaultUsers } from './default-user.js'
import { GrantStrategy } from './grant-strategy.js'
import { addLoginCheck } from './login-checks.js'
import type { LoginStrategy } from './login-strategy.js'
import { sendThrough } from './inherited-oauth2.js'
import type { InheritedOAuth2 } from './inherited-oauth2.js'
import { answerUnseen } from './answer-unseen.js'
import { allowFrames } from './allow-frames.js'
import { UNCACHED } from './uncached.js'
import { actionsOf } from './passport-actions.js'
import { hookedProfile } from './hooked-profile.js'
import { refuseNameInUse, refuseSharedName } from './refuse-shared-name.js'
import { registeredStrategies } from './registered-strategies.js'
import { checkVerify } from './verify.js'
import type { VerifiedLogin, Verify } from './verify.js'
import { requireSession } from '../session/request-session.js'

/**
 * Logs people in through the OAuth 2.0 Authorization Code Flow and keeps their tokens in the session.
 *
 * As a Passport strategy it does both halves of a login. On a request without an authorization response it
 * redirects to the provider. On a request with one it validates the response, exchanges the code, loads the
 * profile, asks `verify`, and hands the user to Passport. The hooks of passport-oauth2 work in subclasses.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, discover } from 'passport-authorization-code'
 *
 * const strategy = new AuthorizationCodeStrategy({
 *   ...(await discover('https://login.example.com')),
 *   clientID: process.env['CLIENT_ID'],
 *   clientSecret: process.env['CLIENT_SECRET'],
 *   scope: 'openid profile email offline_access',
 *   callbackURL: 'https://your-app.com/auth/callback',
 * })
 * ```
 *
 * @see [RFC 6749, section 4.1 - Authorization Code Grant](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1)
 * @see [RFC 9700 - Best Current Practice for OAuth 2.0 Security](https://www.rfc-editor.org/rfc/rfc9700.html)
 */
export class AuthorizationCodeStrategy extends GrantStrategy implements LoginStrategy {
  /** Where the provider sends the browser back, from the option of that name. */
  readonly callbackURL: string
  declare protected readonly useCases: UseCases

  /**
   * @param options the provider's options (from `discover`, `askara`, `jiko`, …) and the client's
   * @param verify decides who has logged in; without it, the user is a {@link DefaultUser}
   * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used, or `name` if Passport
   *   already has another provider's strategy of this name
   */
  constructor(options: AuthorizationCodeOptions, verify?: Verify) {
    checkVerify(verify)
    const settings = readOptions(options)
    const { authorizationURL, tokenURL, clientID, callbackURL } = settings
    refuseSharedName(settings)
    // The base class gets no secret: it would keep the secret in a property, which a log of the strategy shows.
    super(
      { authorizationURL, tokenURL, clientID, callbackURL, clientSecret: '', state: true },
      () => undefined,
    )
    this.name = settings.name
    this.callbackURL = callbackURL

    if (verify === undefined) serializeDefaultUsers()
    const decide = verify ?? (({ profile }) => defaultUser(settings.name, profile))
    const useCases = composeUseCases(
      settings,
      async (login: LoginToVerify) => decide(login as VerifiedLogin),
      () => AuthorizationCodeStrategy.registered(),
    )
    sendThrough(useCases.transport, useCases.resources, this._oauth2 as unknown as InheritedOAuth2)
    // Not enumerable, so that a log of the strategy does not show the client's credentials.
    Object.defineProperty(this, 'useCases', { value: useCases })
    addLoginCheck(this, useCases.loginCheck)
    makeObservable(this, useCases.diagnostics.observation)
  }

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
    const { noteRequest, frontchannelLogout } = this.useCases
    if (frontchannelLogout === undefined) {
      throw new ConfigurationError(
        'This needs the option frontchannelLogout.',
        'frontchannelLogout',
      )
    }
    noteRequest(req)
    allowFrames(req, this.useCases.logoutOrigins)
    return frontchannelLogout(req)
  }

  /**
   * The public keys of this client, for the provider to load: those of `privateKey` with `use: 'sig'`, and those of
   * `decryptionKeys` with `use: 'enc'`. `undefined` without either.
   *
   * @example
   * ```ts
   * app.get('/jwks.json', async (_req, res) => {
   *   res.json(await strategy.jwks())
   * })
   * ```
   *
   * @throws {ConfigurationError} if a key function returns something that cannot be used
   * @see [RFC 7517, section 5 - JWK Set Format](https://www.rfc-editor.org/rfc/rfc7517.html#section-5)
   */
  async jwks(): Promise<JSONWebKeySet | undefined> {
    return this.useCases.publicKeys?.()
  }

  /** Called by Passport: starts a login or finishes one. A prefetch, `HEAD` or `OPTIONS` request does neither. */
  override authenticate(req: Request, options: LoginOptions = {}): void {
    // The response carries a state or follows a code, also on routes without authRouter.
    if (req.res?.headersSent === false) req.res.set(UNCACHED)
    if (answerUnseen(req, req.res)) return
    const act = actionsOf(this, req)
    this.startOrFinish(req, options)
      .then(act, (failure: unknown) => act({ action: 'error', error: failure }))
      // Actions run the application's code, and what that throws must not end the process.
      .catch((failure: unknown) => passToErrorHandlers(req, failure))
  }

  /** passport-oauth2's hook: loads the profile of an access token. Override it to load it in another way. */
  override userProfile(
    accessToken: string,
    done: (error?: unknown, profile?: Profile) => void,
  ): void {
    this.useCases
      .requestProfile(accessToken)
      .then((profile) => done(null, profile))
      // A subclass's `done` may throw at a profile that it did not expect: that ends the login, not the process.
      .catch((error: unknown) => done(error))
      .catch(() => undefined)
  }

  /** What the strategies of the application can do. */
  private static registered(): readonly UseCases[] {
    return registeredStrategies()
      .filter((one) => one instanceof AuthorizationCodeStrategy)
      .map(({ useCases }) => useCases)
  }

  private async startOrFinish(req: Request, options: LoginOptions): Promise<LoginOutcome> {
    requireSession(req)
    this.useCases.noteRequest(req)
    refuseNameInUse(this, this.useCases, req)
    const start = async (returnTo?: string): Promise<LoginOutcome> => {
      const hooked = this.authorizationParams(options) as Parameters
      const url = await this.useCases.startLogin(req, options, hooked, returnTo)
      return { action: 'redirect', url }
    }
    const parameters = options.step === 'start' ? undefined : readResponseParameters(req)
    if (parameters !== undefined && (options.step === 'finish' || isResponse(parameters))) {
      const outcome = await this.useCases.finishLogin(req, parameters, options, {
        tokenParameters: this.tokenParams(options) as Parameters,
        readProfile: this.useCases.diagnostics.watch('profile', (accessToken) =>
          hookedProfile((done) => this.userProfile(accessToken, done)),
        ),
      })
      return outcome.action === 'restart' ? start(outcome.returnTo) : outcome
    }
    return start()
  }
}
