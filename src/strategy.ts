import type { Request } from 'express'
import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomState,
} from 'oauth4webapi'
import OAuth2Strategy from 'passport-oauth2'
import { authorizationUrl } from './authorization-request.js'
import {
  isResponse,
  readQuery,
  readResponse,
  readResponseParameters,
  stateOf,
} from './authorization-response.js'
import { serializeDefaultUsers, defaultUser } from './default-user.js'
import { digest } from './digest.js'
import { ConfigurationError, LoginRequiredError, PendingLoginError } from './errors.js'
import { fetchResource, isRepeatable, refusesToken } from './resource.js'
import { joinFamily, membersWithGrants } from './families.js'
import type { Member } from './families.js'
import { sendThrough } from './inherited-oauth2.js'
import type { InheritedOAuth2 } from './inherited-oauth2.js'
import { MemoryLedger } from './ledger/memory.js'
import type { AuthorizationCodeOptions, Parameters } from './options.js'
import { carryPendingLogins, sessionPendingLogins } from './pending-logins/session.js'
import type { FailureInfo, LoginOptions, Verify } from './login-options.js'
import {
  connectionOf,
  isConnecting,
  redirectUriOf,
  refuseOtherSites,
  scopeOf,
} from './login-request.js'
import { passportActions } from './passport-actions.js'
import type { Outcome } from './passport-actions.js'
import { loadProfile } from './profile.js'
import { sameOriginPath } from './return-to.js'
import { createSessionTokens } from './session-tokens.js'
import { holdsGrant, withEntry } from './token-entry.js'
import {
  clearFields,
  fillWhenRegenerated,
  keepFields,
  readPart,
  reloadSession,
  replaceSession,
  requireSession,
  saveSession,
  writePart,
} from './session.js'
import { checkParameters, readOptions } from './settings.js'
import type { Settings } from './settings.js'
import { createTokenEndpoint } from './token-endpoint.js'
import { createTransport } from './transport.js'
import type { Transport } from './transport.js'
import type {
  Ledger,
  LoginRequest,
  PendingLoginStore,
  Profile,
  TakenLogin,
  TokenSet,
} from './types.js'

/** What the strategy is made of. */
interface Parts extends Member {
  readonly settings: Settings
  readonly transport: Transport
  readonly pendingLogins: PendingLoginStore
  readonly ledger: Ledger
  readonly verify: Verify
}

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

    const transport = createTransport(settings)
    sendThrough(transport, this._oauth2 as unknown as InheritedOAuth2)
    const tokenEndpoint = createTokenEndpoint(settings, transport)
    const ledger = settings.ledger ?? (processLedger ??= new MemoryLedger())
    if (verify === undefined) serializeDefaultUsers()
    const parts: Parts = {
      settings,
      sessionKey: settings.sessionKey,
      transport,
      tokenEndpoint,
      pendingLogins: settings.pendingLogins ?? sessionPendingLogins(settings),
      ledger,
      sessionTokens: createSessionTokens(settings, ledger, tokenEndpoint),
      verify: verify ?? (({ profile }) => defaultUser(settings.name, profile)),
    }
    // Not enumerable, so that a log of the strategy does not show the client's credentials.
    Object.defineProperty(this, 'parts', { value: parts })
    joinFamily(ledger, parts)
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
    const { sessionTokens, transport } = this.parts
    const accessToken = await sessionTokens.accessToken(req)
    const answer = await fetchResource(transport, url, init, accessToken)
    if (!refusesToken(answer)) return answer
    if (!isRepeatable(init.body)) {
      // Nobody waits for the new token but the next request.
      sessionTokens.replacementFor(req, accessToken).catch(() => undefined)
      return answer
    }
    const replacement = await sessionTokens.replacementFor(req, accessToken)
    if (replacement === undefined) return answer
    await answer.body?.cancel().catch(() => undefined)
    return fetchResource(transport, url, init, replacement)
  }

  /**
   * Ends this session's grant: nobody can renew it any more, requests under way included; then revokes it at
   * the provider, where it has a `revocationURL` (3 seconds at most; if it fails, nobody is told). The
   * session itself stays.
   *
   * @see [RFC 7009 - OAuth 2.0 Token Revocation](https://www.rfc-editor.org/rfc/rfc7009.html)
   */
  async endGrant(req: LoginRequest): Promise<void> {
    const { sessionTokens, tokenEndpoint } = this.parts
    const tokens = await sessionTokens.end(req)
    await sessionTokens.forget(req)
    if (tokens !== undefined) await tokenEndpoint.revoke(tokens)
  }

  /**
   * Logs out: ends the grants of all providers in this session, then the session. Its id is worth nothing
   * afterwards; only the fields named in `keepSession` live on, under a new id. Does not wait for the
   * providers to revoke.
   *
   * @throws {StorageError} when the session store fails
   */
  async logOut(req: LoginRequest): Promise<void> {
    const { settings, ledger } = this.parts
    const members = membersWithGrants(ledger, this.parts, requireSession(req))
    for (const { sessionTokens, tokenEndpoint } of members) {
      const tokens = await sessionTokens.end(req)
      if (tokens !== undefined) void tokenEndpoint.revoke(tokens)
    }
    await replaceSession(req, settings.keepSession)
  }

  /** For Passport: starts a login or finishes one, by one of Passport's actions. */
  override authenticate(req: Request, options: LoginOptions = {}): void {
    const act = passportActions(this)
    this.decide(req, options)
      .then(act, (error: unknown) => act({ action: 'error', error }))
      // What follows an action is the application's; what it throws, such as for headers that were sent
      // already, must not end the process.
      .catch((error: unknown) => act({ action: 'error', error }))
  }

  /**
   * passport-oauth2's hook: the profile that belongs to an access token. Reads `profileURL`; overridden,
   * anything else.
   */
  override userProfile(
    accessToken: string,
    done: (error?: unknown, profile?: Profile) => void,
  ): void {
    const { settings, transport } = this.parts
    if (settings.profileURL === undefined) {
      done(null, undefined)
      return
    }
    loadProfile(settings.profileURL, accessToken, settings, transport).then(
      (profile) => done(null, profile),
      (error: unknown) => done(error),
    )
  }

  private async decide(req: Request, options: LoginOptions): Promise<Outcome> {
    requireSession(req)
    if (options.step === 'start') return this.startLogin(req, options)
    const parameters = readResponseParameters(req)
    return options.step === 'finish' || isResponse(parameters)
      ? this.finishLogin(req, parameters, options)
      : this.startLogin(req, options)
  }

  private async startLogin(req: Request, options: LoginOptions): Promise<Outcome> {
    refuseOtherSites(req, options)
    const { settings, pendingLogins } = this.parts
    const state = generateRandomState()
    const codeVerifier = settings.dangerouslyOmitPkce ? undefined : generateRandomCodeVerifier()
    const redirectUri = redirectUriOf(options, settings)
    const connectTo = isConnecting(options) ? connectionOf(req) : undefined
    const returnTo = sameOriginPath(readQuery(req).get('return_to'))
    const url = authorizationUrl(settings.authorizationURL, {
      clientID: settings.clientID,
      redirectUri,
      scope: scopeOf(options, settings),
      state,
      codeChallenge: codeVerifier && (await calculatePKCECodeChallenge(codeVerifier)),
      parameters: this.authorizationParameters(req, options),
    })
    await pendingLogins.put(req, state, {
      strategy: settings.sessionKey,
      redirectUri,
      createdAt: Date.now(),
      ...(codeVerifier !== undefined && { codeVerifier }),
      ...(returnTo !== undefined && { returnTo }),
      ...(connectTo !== undefined && { connectTo }),
    })
    return { action: 'redirect', url }
  }

  private authorizationParameters(req: Request, options: LoginOptions): Parameters {
    const configured = this.parts.settings.authorizationParameters
    return {
      ...checkParameters(this.authorizationParams(options) as Parameters, 'authorizationParams'),
      ...(typeof configured === 'function'
        ? checkParameters(configured(req), 'authorizationParameters')
        : configured),
      ...checkParameters(options.authorizationParameters, 'authorizationParameters'),
    }
  }

  private async finishLogin(
    req: Request,
    parameters: URLSearchParams,
    options: LoginOptions,
  ): Promise<Outcome> {
    const { settings, pendingLogins, tokenEndpoint, verify } = this.parts
    const state = stateOf(parameters) ?? ''
    const taken = await pendingLogins.take(req, state, () => this.claim(state))
    if (taken.found !== 'pending') return this.withoutPendingLogin(req, taken, options)

    const { strategy, codeVerifier, redirectUri, returnTo, connectTo } = taken.login
    const connection = isConnecting(options) ? connectionOf(req) : undefined
    if (strategy !== settings.sessionKey || connectTo !== connection) {
      // Started with another provider, by somebody else in this browser, or to connect and not to log in.
      throw new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
    }
    const response = readResponse(parameters, {
      issuer: settings.issuer,
      issRequired: settings.authorizationResponseIssParameterSupported,
    })
    if (response.kind === 'refused') {
      const { error, errorDescription } = response
      return refused({ error, message: errorDescription ?? 'The login was not granted.' })
    }

    const tokens = await tokenEndpoint.exchange({
      code: response.code,
      redirectUri,
      codeVerifier,
      parameters: checkParameters(this.tokenParams(options) as Parameters, 'tokenParams'),
    })
    const profile = await this.profileOf(tokens)
    const user = await verify({ tokens, profile, req })
    if (!user) return refused({ message: 'This account may not log in here.' })
    await this.keepTokens(req, tokens, options)
    return { action: 'success', user, info: returnTo === undefined ? {} : { returnTo } }
  }

  /** A callback without a pending login: an error, unless it only comes again after it has succeeded. */
  private withoutPendingLogin(
    req: Request,
    taken: Exclude<TakenLogin, { found: 'pending' }>,
    options: LoginOptions,
  ): Outcome {
    switch (taken.found) {
      case 'used':
        if (!holdsGrant(readPart(requireSession(req), this.parts.settings.sessionKey))) {
          throw new PendingLoginError('ERR_PENDING_LOGIN_USED')
        }
        return {
          action: 'redirect',
          url: taken.returnTo ?? fitForHeader(options.successRedirect ?? '/'),
        }
      case 'expired':
        throw new PendingLoginError('ERR_PENDING_LOGIN_EXPIRED')
      case 'unknown':
        throw taken.reason ?? new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
    }
  }

  /**
   * Makes sure that of all requests with this callback, in all processes, only this one goes on. Sessions
   * cannot do that: two requests that arrive together both find the pending login.
   */
  private claim(state: string): Promise<boolean> {
    const { ledger, pendingLogins, settings } = this.parts
    const id = digest(state)
    const { pendingLoginLifetimeMs } = settings
    return ledger.claim(id, Math.max(pendingLoginLifetimeMs, pendingLogins.lifetimeMs ?? 0))
  }

  private async profileOf({ accessToken }: TokenSet): Promise<Profile | undefined> {
    const { skipUserProfile } = this.parts.settings
    const skip =
      typeof skipUserProfile === 'function' ? await skipUserProfile(accessToken) : skipUserProfile
    if (skip) return undefined
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

  /** Puts the tokens where the login will be: the session that Passport makes next, or the present one. */
  private async keepTokens(req: Request, tokens: TokenSet, options: LoginOptions): Promise<void> {
    const { settings, sessionTokens, tokenEndpoint } = this.parts
    const { sessionKey, keepSession } = settings
    const session = requireSession(req)
    if (isConnecting(options)) {
      const entry = await sessionTokens.begin(tokens, { connected: true })
      // It is some time since the session was read: the provider was asked in between.
      const present = await reloadSession(req)
      if (present === undefined) {
        // The person has logged out meanwhile. Nobody else may have these tokens.
        void tokenEndpoint.revoke(tokens)
        throw new LoginRequiredError('not_logged_in')
      }
      carryPendingLogins(session, present)
      writePart(present, sessionKey, withEntry(readPart(present, sessionKey), entry))
      await saveSession(present)
    } else if (options.session !== false) {
      const entry = await sessionTokens.begin(tokens, { connected: false })
      fillWhenRegenerated(req, session, (fresh) => {
        keepFields(keepSession, session, fresh)
        carryPendingLogins(session, fresh)
        writePart(fresh, sessionKey, withEntry(readPart(fresh, sessionKey), entry))
        // Passport's `keepSessionInfo` copies whatever is left here over the new session.
        clearFields(session)
      })
    }
  }
}

/** The ledger of all strategies of this process that were given none. */
let processLedger: MemoryLedger | undefined

/** The application's URL as `res.redirect` would send it: what is percent-encoded already stays as it is. */
function fitForHeader(url: string): string {
  return encodeURI(url).replaceAll('%25', '%')
}

function refused(info: FailureInfo): Outcome {
  return { action: 'fail', info, status: 403 }
}
