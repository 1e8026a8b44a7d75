import type { Request } from 'express'
import type { JSONWebKeySet } from 'jose'
import OAuth2Strategy from 'passport-oauth2'
import { isRepeatable, refusesToken } from '../client/resource-request.js'
import type { Conclusion } from '../diagnostics/diagnostics.js'
import { makeObservable } from '../diagnostics/observation.js'
import { redirectEvent, visitEvent } from '../diagnostics/observed-browser.js'
import { isResponse, readResponseParameters } from '../endpoints/authorization-response.js'
import { loadProfile } from '../endpoints/profile.js'
import { ConfigurationError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { backchannelLogout } from '../login/backchannel-logout.js'
import { finishLogin } from '../login/finish-login.js'
import type { LoginHooks } from '../login/finish-login.js'
import type { LoginOptions, Verify } from '../login/login-options.js'
import { finishProviderLogout, startProviderLogout } from '../login/provider-logout.js'
import { startLogin } from '../login/start-login.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import type { Parameters } from '../options/parameters.js'
import type { Profile } from '../options/profile.js'
import { readOptions } from '../options/read-options.js'
import type { TokenSet } from '../options/token-set.js'
import { defaultUser, serializeDefaultUsers } from './default-user.js'
import { joinFamily, membersWithGrants } from './families.js'
import { sendThrough } from './inherited-oauth2.js'
import type { InheritedOAuth2 } from './inherited-oauth2.js'
import { createParts } from './parts.js'
import type { Parts } from './parts.js'
import { passportActions } from './passport-actions.js'
import type { Outcome } from './passport-actions.js'
import { passToErrorHandlers, replaceSession } from '../session/replace-session.js'
import { requireSession } from '../session/session-part.js'

/**
 * Logs people in through the OAuth 2.0 Authorization Code Flow and keeps their tokens in the session.
 *
 * As a Passport strategy it does both halves: on a request without an authorization response it redirects
 * to the provider, on one with it validates, exchanges the code, loads the profile, asks `verify` and hands
 * the user to Passport. The hooks of passport-oauth2, `authorizationParams`, `tokenParams` and
 * `userProfile`, work in subclasses as they always did.
 *
 * @see [RFC 6749, section 4.1 - Authorization Code Grant](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1)
 * @see [RFC 9700 - Best Current Practice for OAuth 2.0 Security](https://www.rfc-editor.org/rfc/rfc9700.html)
 */
export class AuthorizationCodeStrategy extends OAuth2Strategy {
  declare private readonly parts: Parts

  /**
   * @param verify who has logged in; left out, the user is `{ provider, id, profile }` ({@link DefaultUser})
   * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used
   */
  constructor(options: AuthorizationCodeOptions, verify?: Verify) {
    if (verify !== undefined && (typeof verify !== 'function' || verify.length > 1)) {
      throw new ConfigurationError(
        'verify must be a function of one object, { tokens, profile, req }, that returns the user, or false to refuse the login.',
        'verify',
      )
    }
    const settings = readOptions(options)
    const { authorizationURL, tokenURL, clientID, callbackURL } = settings
    // The base class gets no secret: it would keep it in a property that a log of the strategy shows.
    super(
      { authorizationURL, tokenURL, clientID, callbackURL, clientSecret: '', state: true },
      () => undefined,
    )
    this.name = settings.name

    if (verify === undefined) serializeDefaultUsers()
    const parts = createParts(
      settings,
      verify ?? (({ profile }) => defaultUser(settings.name, profile)),
    )
    sendThrough(parts.transport, parts.resources, this._oauth2 as unknown as InheritedOAuth2)
    // Not enumerable, so that a log of the strategy does not show the client's credentials.
    Object.defineProperty(this, 'parts', { value: parts })
    makeObservable(this, parts.observation)
    joinFamily(parts.ledger, parts)
  }

  /** The token set of this request's session, or `undefined` when it holds none that can be read. */
  tokens(req: LoginRequest): Promise<TokenSet | undefined> {
    return this.parts.sessionTokens.read(req)
  }

  /**
   * An access token that is valid now. When it is due, it is renewed: in the background while it still
   * has time, else before this resolves; once, however many requests and processes ask.
   *
   * @param options.renew renews in any case
   * @throws {LoginRequiredError} when there is no token, and none to be had without the person
   * @throws {TokenEndpointError} when the token has expired and the provider fails for the moment
   * @throws {StorageError} when the token has expired and the ledger is out of reach
   * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
   */
  accessToken(req: LoginRequest, options: { readonly renew?: boolean } = {}): Promise<string> {
    return this.parts.sessionTokens.accessToken(req, options)
  }

  /**
   * `fetch` with the session's access token, under the limits of all our requests: `timeoutMs`,
   * `responseLimitBytes`, HTTPS, and redirects not followed unless `init.redirect` says so.
   *
   * On a 401 the token is renewed, if it is still the one that was refused, and the request sent once
   * more. A body that is a stream can be sent only once; then the 401 is the answer.
   *
   * @param url absolute
   * @throws what {@link accessToken} throws
   * @throws {ResourceError} when no answer came
   * @see [RFC 6750, section 3 - The WWW-Authenticate Response Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
   */
  async fetch(req: LoginRequest, url: string | URL, init: RequestInit = {}): Promise<Response> {
    const { sessionTokens, resources } = this.parts
    const accessToken = await sessionTokens.accessToken(req)
    const answer = await resources.fetch(url, init, accessToken)
    if (!refusesToken(answer)) return answer
    if (!isRepeatable(init.body)) {
      // Nobody waits for the new token but the next request.
      sessionTokens.replacementFor(req, accessToken).catch(() => undefined)
      return answer
    }
    const replacement = await sessionTokens.replacementFor(req, accessToken)
    if (replacement === undefined) return answer
    await answer.body?.cancel().catch(() => undefined)
    return resources.fetch(url, init, replacement)
  }

  /**
   * Ends this session's grant: nobody can renew it any more, requests under way included; then revokes it at
   * the provider, where it has a `revocationURL` (3 seconds at most; if it fails, nobody is told). The
   * session itself stays.
   *
   * @see [RFC 7009 - OAuth 2.0 Token Revocation](https://www.rfc-editor.org/rfc/rfc7009.html)
   */
  async endGrant(req: LoginRequest): Promise<void> {
    const { observation, sessionTokens, revoke } = this.parts
    await observation.within('end_grant', async () => {
      const tokens = await sessionTokens.end(req, 'end_grant')
      await sessionTokens.forget(req)
      if (tokens !== undefined) await revoke(tokens)
    })
  }

  /**
   * Logs out: ends the grants of all providers in this session, then the session. Its id is worth nothing
   * afterwards; only the fields named in `keepSession` live on, under a new id. Does not wait for the
   * providers to revoke.
   *
   * Resolves to the address at the provider where the browser has to go for the person to be logged out
   * there as well; `undefined` without an `endSessionURL`, or when nobody was logged in by this strategy.
   *
   * @throws {StorageError} when the session store fails
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  async logOut(req: LoginRequest): Promise<string | undefined> {
    return this.parts.observation.within('logout', () => this.endAllGrants(req))
  }

  /**
   * For the route of `postLogoutRedirectURL`: makes sure that the browser comes back from a logout that was
   * started in it.
   *
   * @throws {LogoutResponseError} when it does not
   */
  finishLogOut(req: LoginRequest): void {
    finishProviderLogout(req)
  }

  /**
   * For the route that the provider posts logout tokens to: ends the sessions of whoever has logged out
   * there, in all processes. Needs the form in `req.body`, and express-session before it.
   *
   * @throws {LogoutTokenError} when there is no valid logout token, or it came before
   * @throws {DiscoveryError} when the provider's keys cannot be had
   * @throws {StorageError} when ledger or session store fail
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backchannelLogout(req: LoginRequest): Promise<void> {
    const { parts } = this
    return parts.diagnostics.watch('backchannel_logout', backchannelLogout)(req, parts)
  }

  /**
   * The public halves of the client's keys, for the provider to fetch; `undefined` without a `privateKey`.
   *
   * @throws {ConfigurationError} when what a key function gives cannot be used
   * @see [RFC 7517, section 5 - JWK Set Format](https://www.rfc-editor.org/rfc/rfc7517.html#section-5)
   */
  async jwks(): Promise<JSONWebKeySet | undefined> {
    return this.parts.keys?.publicKeys()
  }

  /** For Passport: starts a login or finishes one, by one of Passport's actions. */
  override authenticate(req: Request, options: LoginOptions = {}): void {
    const act = passportActions(this)
    this.decide(req, options)
      .catch((error: unknown): Outcome => ({ action: 'error', error }))
      .then((outcome) => {
        // The application may have answered by itself meanwhile, for example after a time-out of its own.
        if (req.res?.writableEnded !== true) act(outcome)
      })
      // Actions run the application's code, and what that throws must not end the process.
      .catch((error: unknown) => passToErrorHandlers(req, error))
  }

  /**
   * passport-oauth2's hook: the profile that belongs to an access token. Reads `profileURL`; overridden,
   * anything else.
   */
  override userProfile(
    accessToken: string,
    done: (error?: unknown, profile?: Profile) => void,
  ): void {
    const { settings, resources } = this.parts
    if (settings.profileURL === undefined) {
      done(null, undefined)
      return
    }
    loadProfile(settings.profileURL, accessToken, settings, resources).then(
      (profile) => done(null, profile),
      (error: unknown) => done(error),
    )
  }

  private async endAllGrants(req: LoginRequest): Promise<string | undefined> {
    const { settings, ledger, observation } = this.parts
    observation.tell(() => visitEvent(req))
    const members = membersWithGrants(ledger, this.parts, requireSession(req))
    let providerLogout: string | undefined
    for (const { owner, sessionTokens, revoke } of members) {
      const tokens = await sessionTokens.end(req, 'logout')
      if (tokens === undefined) continue
      void revoke(tokens)
      if (owner === this.parts.owner) {
        providerLogout = startProviderLogout(req, tokens, settings)
      }
    }
    await replaceSession(req, settings.keepSession)
    const url = providerLogout
    if (url !== undefined) observation.tell(() => redirectEvent(url))
    return providerLogout
  }

  private async decide(req: Request, options: LoginOptions): Promise<Outcome> {
    requireSession(req)
    if (options.step === 'start') return this.start(req, options)
    const parameters = readResponseParameters(req)
    return options.step === 'finish' || isResponse(parameters)
      ? this.finish(req, parameters, options)
      : this.start(req, options)
  }

  private async start(req: Request, options: LoginOptions): Promise<Outcome> {
    const { parts } = this
    const { diagnostics, observation } = parts
    const hooked = this.authorizationParams(options) as Parameters
    const start = diagnostics.watch('login', startLogin)
    return observation.within('login', async () => {
      observation.tell(() => visitEvent(req))
      const url = await start(req, options, parts, hooked)
      observation.tell(() => redirectEvent(url))
      return { action: 'redirect', url }
    })
  }

  private finish(
    req: Request,
    parameters: URLSearchParams,
    options: LoginOptions,
  ): Promise<Outcome> {
    const { parts } = this
    const { diagnostics, observation } = parts
    const finish = diagnostics.watch('callback', finishLogin, conclusionOf)
    const hooks: LoginHooks = {
      tokenParameters: () => this.tokenParams(options) as Parameters,
      loadProfile: diagnostics.watch('profile', (accessToken) => this.hookedProfile(accessToken)),
    }
    return observation.within('callback', () => {
      observation.tell(() => visitEvent(req, parameters))
      return finish(req, parameters, options, parts, hooks)
    })
  }

  /** The hook `userProfile`, as a promise. */
  private hookedProfile(accessToken: string): Promise<Profile | undefined> {
    return new Promise((resolve, reject) => {
      const done = (error?: unknown, profile?: Profile): void => {
        if (error)
          reject(error instanceof Error ? error : new Error('userProfile failed', { cause: error }))
        else resolve(profile)
      }
      // A subclass may make it an async function, and what that throws would reach nobody.
      const load = (): unknown => this.userProfile(accessToken, done)
      Promise.resolve(load()).catch(reject)
    })
  }
}

/** How a callback has ended, for the diagnostics. */
function conclusionOf(outcome: Outcome): Conclusion {
  switch (outcome.action) {
    case 'fail':
      return { outcome: 'refused', reason: outcome.info.error ?? 'verify' }
    case 'redirect':
      return { outcome: 'ok', reason: 'repeated' }
    default:
      return { outcome: 'ok' }
  }
}
