import type { Request, Response } from 'express'
import type { JSONWebKeySet } from 'jose'
import { makeObservable } from '../diagnostics/observation.js'
import { isResponse, readResponseParameters } from '../endpoints/authorization-response.js'
import { LoginRequiredError } from '../errors/login-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { passToErrorHandlers } from '../lib/pass-to-error-handlers.js'
import type { LoginToVerify } from '../login/finish-login.js'
import type { LoginOutcome } from '../login/login-outcome.js'
import type { LoginOptions, StartLoginOptions } from '../login/login-options.js'
import type { Addition } from '../login/login-note.js'
import { restartedLogin } from '../login/restarted-login.js'
import type { RestartedLogin } from '../login/restarted-login.js'
import type { WantedOfLogin } from '../login/step-up.js'
import type { AuthorizationCodeOptions, LateProviderOptions } from '../options/options.js'
import type { Profile } from '../options/profile.js'
import { readOptionsAtStart } from '../options/read-options-at-start.js'
import { composeUseCases } from './compose.js'
import type { UseCases } from './use-cases.js'
import { defaultUser, serializeDefaultUsers } from './default-user.js'
import type { DefaultUser } from './default-user.js'
import { isForLogins } from './strategy-marks.js'
import { GrantStrategy } from './grant-strategy.js'
import { startFromRoute } from './start-from-route.js'
import type { GivenToStart, Start } from './start-from-route.js'
import { addLoginCheck } from './login-checks.js'
import type { LoginStrategy } from './login-strategy.js'
import { sendThrough } from './inherited-oauth2.js'
import type { InheritedOAuth2 } from './oauth2-client.js'
import { answerUnseen } from './answer-unseen.js'
import { UNCACHED } from './uncached.js'
import { actionsOf } from './passport-actions.js'
import { createProfileLoads } from './hooked-profile.js'
import type { ProfileLoads } from './hooked-profile.js'
import { methodHooks } from './login-hooks.js'
import type { LoginHooks } from './login-hooks.js'
import { refuseNameInUse, refuseSharedName } from './refuse-shared-name.js'
import { makeRetirable } from './retirement.js'
import { passportOf } from './registered-strategies.js'
import { strategiesOfSession } from './strategies-of-session.js'
import { callVerify, checkVerify } from './verify.js'
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
export class AuthorizationCodeStrategy<User extends object = DefaultUser>
  extends GrantStrategy
  implements LoginStrategy
{
  /** Where the provider sends the browser back: the first URL of the option of that name. */
  readonly callbackURL: string
  declare protected readonly useCases: UseCases
  /** @internal */
  declare protected readonly profileLoads: ProfileLoads

  /**
   * @param options the provider's options (from `discover`, `askara`, `jiko`, …) and the client's
   * @param verify decides who has logged in; without it, the user is a {@link DefaultUser}
   * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used, or `name` if Passport
   *   already has another provider's strategy of this name
   */
  constructor(options: AuthorizationCodeOptions<NoInfer<User>>, verify: Verify<User> | undefined)
  /** Without `verify`, the user is a {@link DefaultUser}. */
  constructor(options: AuthorizationCodeOptions<DefaultUser>)
  /** The same with a provider whose metadata are read later. */
  // Of a union, editors would show no comments and defaults of the options.
  // eslint-disable-next-line @typescript-eslint/unified-signatures
  constructor(options: LateProviderOptions<NoInfer<User>>, verify: Verify<User> | undefined)
  // eslint-disable-next-line @typescript-eslint/unified-signatures
  constructor(options: LateProviderOptions<DefaultUser>)
  constructor(options: AuthorizationCodeOptions | LateProviderOptions, verify?: Verify) {
    checkVerify(verify)
    const read = readOptionsAtStart(options)
    const { settings } = read
    // Before the metadata are read, the issuer stands for the endpoints: it tells providers apart as well.
    const { clientID, issuer = '', authorizationURL = issuer, tokenURL = issuer } = settings
    const [callbackURL] = settings.callbackURL
    refuseSharedName({ name: settings.name, authorizationURL, tokenURL })
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
      read,
      (login: LoginToVerify) => callVerify(decide, login as VerifiedLogin),
      (request) => this.ofApplication(request),
    )
    const loads = createProfileLoads()
    const inherited = this._oauth2 as unknown as InheritedOAuth2
    sendThrough(useCases.transport, useCases.resources, inherited, loads)
    // Not enumerable, so that a log of the strategy does not show the client's credentials.
    Object.defineProperty(this, 'useCases', { value: useCases })
    Object.defineProperty(this, 'profileLoads', { value: loads })
    addLoginCheck(this, useCases.loginCheck)
    makeRetirable(this, useCases)
    makeObservable(this, useCases.diagnostics.observation)
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

  /**
   * Starts a login and redirects the browser to the provider: from any route, with options for this login. A prefetch, `HEAD` or
   * `OPTIONS` request starts none.
   *
   * With a `StepUpRequiredError`, it asks for what is missing and for all that was granted before, and only the person who is
   * logged in may come back. With that error or a `LoginRequiredError`, the person comes back to the page of the request.
   *
   * @example
   * ```ts
   * app.get('/switch', async (req, res) => {
   *   await strategy.startLogin(req, res, { prompt: 'select_account', returnTo: '/account' })
   * })
   * ```
   *
   * @param options of this login, or the error of `fetch`, `accessToken` or `checkLogin`
   * @param further with an error: options that replace those that follow from it, such as `returnTo`
   * @throws whatever error was passed, if a login does not help
   * @throws {ConfigurationError} naming the option that is unknown or cannot be used
   * @throws {StepUpRequiredError} the one that was passed, if the person has just come back without what is missing
   * @throws {CrossSiteRequestError} if another origin starts the login without the person seeing it
   * @throws {PushedAuthorizationRequestError} if the provider does not accept the pushed request
   * @throws {StorageError} if the pending login cannot be stored
   * @see [RFC 9470, section 4 - Authorization Request](https://www.rfc-editor.org/rfc/rfc9470.html#section-4)
   */
  async startLogin(
    req: Request,
    res: Response,
    options: GivenToStart = {},
    further: StartLoginOptions = {},
  ): Promise<void> {
    const logsIn = isForLogins(this)
    const start: Start = (given, asked) => this.start(req, given, asked && { asked, logsIn })
    await startFromRoute({ req, res, options, further }, start, this.useCases.stepUp)
  }

  /**
   * Resolves if the login in the request's session has all of this. For routes that need more than a login;
   * `requireLogin` does it for pages, and sends people to the provider for what is missing.
   *
   * @example
   * ```ts
   * app.post('/payments', async (req, res) => {
   *   await strategy.checkLogin(req, { scope: ['payments'], maxAgeSeconds: 300 })
   *   res.sendStatus(202)
   * })
   * ```
   *
   * @throws {LoginRequiredError} if nobody is logged in by this strategy, or somebody who has logged in at another tenant has only
   *   connected this one
   * @throws {StepUpRequiredError} saying what is missing
   * @throws {StorageError} if the store of the grants cannot be reached
   */
  async checkLogin(req: LoginRequest, wanted: WantedOfLogin): Promise<void> {
    const { loginCheck, stepUp } = this.useCases
    if (loginCheck.isOtherTenants(req)) throw new LoginRequiredError('not_logged_in')
    await stepUp.check(req, wanted)
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

  /**
   * The hooks of one login: this strategy's own methods, unless they are another strategy's.
   *
   * @internal
   */
  protected loginHooks(): LoginHooks {
    return methodHooks(this, this.profileLoads)
  }

  /** What the strategies of the application can do that may have something in the session of a request. */
  private ofApplication(request: LoginRequest): readonly UseCases[] {
    return strategiesOfSession(request, passportOf(this))
      .filter(isAuthorizationCode)
      .map(({ useCases }) => useCases)
  }

  /** Starts a login, and resolves to where the browser goes. */
  private async start(
    req: LoginRequest,
    options: LoginOptions,
    addition?: Addition,
  ): Promise<string> {
    if (options.session !== false) requireSession(req)
    this.useCases.noteRequest(req)
    refuseNameInUse(this, this.useCases, req)
    const hooked = this.loginHooks().authorization(req, options)
    return this.useCases.startLogin(req, hooked.options, hooked.parameters, addition)
  }

  private async startOrFinish(req: Request, options: LoginOptions): Promise<LoginOutcome> {
    // Without one, pending logins are in cookies, or their store asks for it.
    if (options.session !== false) requireSession(req)
    const start = async (again?: RestartedLogin): Promise<LoginOutcome> => {
      const how = again?.connects === true ? { ...options, assignProperty: 'account' } : options
      const url = await this.start(req, { ...how, ...again?.options }, again?.addition)
      return { action: 'redirect', url }
    }
    const parameters = options.step === 'start' ? undefined : readResponseParameters(req)
    if (parameters !== undefined && (options.step === 'finish' || isResponse(parameters))) {
      this.useCases.noteRequest(req)
      refuseNameInUse(this, this.useCases, req)
      const hooks = this.loginHooks()
      const outcome = await this.useCases.finishLogin(req, parameters, options, {
        tokenParameters: () => hooks.token(req, options),
        readProfile: this.useCases.diagnostics.watch('profile', (accessToken, tokenResponse) =>
          hooks.profile(req, accessToken, tokenResponse),
        ),
      })
      if (outcome.action !== 'restart') return outcome
      const { login, returnTo = options.returnTo } = outcome
      return start(login === undefined ? { options: { returnTo } } : restartedLogin(login))
    }
    return start()
  }
}

// Not in the class: the bundle would give the class another name if it named itself.
function isAuthorizationCode(strategy: unknown): strategy is AuthorizationCodeStrategy {
  return strategy instanceof AuthorizationCodeStrategy
}
