import { createHash } from 'node:crypto'
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
import { ConfigurationError, PendingLoginError } from './errors.js'
import { sendThrough } from './inherited-oauth2.js'
import type { InheritedOAuth2 } from './inherited-oauth2.js'
import { MemoryLedger } from './ledger/memory.js'
import { explainLostLogin } from './lost-login.js'
import type { AuthorizationCodeOptions, Parameters } from './options.js'
import { carryPendingLogins, sessionPendingLogins } from './pending-logins/session.js'
import { loadProfile } from './profile.js'
import { sameOriginPath } from './return-to.js'
import { createSessionTokens } from './session-tokens.js'
import type { SessionTokens } from './session-tokens.js'
import {
  clearFields,
  fillWhenRegenerated,
  keepFields,
  replaceSession,
  requireSession,
} from './session.js'
import { checkParameters, readOptions } from './settings.js'
import type { Settings } from './settings.js'
import { createTokenEndpoint } from './token-endpoint.js'
import type { TokenEndpoint } from './token-endpoint.js'
import { createTransport, isSecure } from './transport.js'
import type { Transport } from './transport.js'
import type {
  Ledger,
  LoginRequest,
  PendingLoginStore,
  Profile,
  TakenLogin,
  TokenSet,
} from './types.js'

/** What `verify` gets to see of a login. */
export interface VerifiedLogin {
  readonly tokens: TokenSet
  /** `undefined` when the provider has no `profileURL`, or `skipUserProfile` says so. */
  readonly profile: Profile | undefined
  readonly req: Request
}

/**
 * Decides who has logged in: returns the user for `req.user`, or `false` to refuse. May be async; what it
 * throws goes to `next(error)`.
 */
export type Verify = (login: VerifiedLogin) => MaybeUser | Promise<MaybeUser>

/** `Express.User` is empty until the application says what is in it; `object` keeps `true` and texts out. */
type MaybeUser = (Express.User & object) | false | null | undefined

/** What `passport.authenticate(name, options)` may be told, beside Passport's own options. */
export interface LoginOptions {
  /** The scope of this login, instead of the strategy's. */
  readonly scope?: string | readonly string[] | undefined
  /** The callback URL of this login, instead of the strategy's; absolute. */
  readonly callbackURL?: string | undefined
  /** Further parameters of this authorization request. */
  readonly authorizationParameters?: Parameters | undefined
  /**
   * Which half of the login this route is for.
   *
   * @default 'finish' for a request with `state`, `code` or `error` among its parameters, else 'start'
   */
  readonly step?: 'start' | 'finish' | undefined
  /** Passport's own: where a callback that is loaded again after success goes. */
  readonly successRedirect?: string | undefined
  /** Passport's own: `false` keeps login and tokens out of the session. */
  readonly session?: boolean | undefined
  /** Passport's own, set by `passport.authorize`: the person stays who they are. */
  readonly assignProperty?: string | undefined
}

/** How an attempt ends: exactly one of Passport's actions. */
type Outcome =
  | { readonly action: 'redirect'; readonly url: string }
  | { readonly action: 'success'; readonly user: Express.User; readonly info: LoginInfo }
  | { readonly action: 'fail'; readonly info: FailureInfo; readonly status: number }
  | { readonly action: 'error'; readonly error: unknown }

declare module 'passport' {
  // Passport hands its options on to the strategy; with this, TypeScript lets ours through.
  interface AuthenticateOptions {
    authorizationParameters?: Parameters | undefined
    step?: 'start' | 'finish' | undefined
  }
}

declare global {
  namespace Express {
    interface AuthInfo {
      /** Where the person wanted to go: a path of this origin, from `/login?return_to=`. */
      returnTo?: string | undefined
    }
  }
}

/** What Passport makes `req.authInfo` of. */
export interface LoginInfo {
  /** Where the person wanted to go: a path of this origin, from `/login?return_to=`. */
  readonly returnTo?: string
}

/** Why a login was refused; Passport hands it to a custom callback as `info`. */
export interface FailureInfo {
  /** The OAuth `error` code of the provider; `undefined` when `verify` refused. */
  readonly error?: string | undefined
  /** Fit to be shown to the person, once escaped. */
  readonly message: string
}

/** What the strategy is made of. */
interface Parts {
  readonly settings: Settings
  readonly transport: Transport
  readonly tokenEndpoint: TokenEndpoint
  readonly pendingLogins: PendingLoginStore
  readonly ledger: Ledger
  readonly sessionTokens: SessionTokens
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
    if (verify === undefined) serializeDefaultUsers()
    const parts: Parts = {
      settings,
      transport,
      tokenEndpoint: createTokenEndpoint(settings, transport),
      pendingLogins: settings.pendingLogins ?? sessionPendingLogins(settings),
      ledger: settings.ledger ?? new MemoryLedger(),
      sessionTokens: createSessionTokens(settings.sessionKey),
      verify: verify ?? (({ profile }) => defaultUser(settings.name, profile)),
    }
    // Not enumerable, so that a log of the strategy does not show the client's credentials.
    Object.defineProperty(this, 'parts', { value: parts })
  }

  /** The token set of this request's session, or `undefined` when it holds none. */
  tokens(req: LoginRequest): Promise<TokenSet | undefined> {
    return attempt(() => this.parts.sessionTokens.read(req))
  }

  /**
   * An access token that is valid now.
   *
   * @throws {LoginRequiredError} when this session has none, or it has expired
   */
  accessToken(req: LoginRequest): Promise<string> {
    return attempt(() => this.parts.sessionTokens.accessToken(req))
  }

  /**
   * `fetch` with the session's access token, under the limits of all our requests: `timeoutMs`,
   * `responseLimitBytes`, HTTPS, and redirects not followed unless `init.redirect` says so.
   *
   * @param url absolute
   * @throws {LoginRequiredError} when this session has no valid token
   * @see [RFC 6750, section 2.1 - Authorization Request Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1)
   */
  async fetch(req: LoginRequest, url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${await this.accessToken(req)}`)
    return this.parts.transport.fetch(url, { ...init, headers })
  }

  /** Forgets the tokens of this request's session. */
  endGrant(req: LoginRequest): Promise<void> {
    return attempt(() => this.parts.sessionTokens.forget(req))
  }

  /**
   * Logs out: ends the grant, then the session. The session's id is worth nothing afterwards; only the
   * fields named in `keepSession` live on, under a new id.
   *
   * @throws {StorageError} when the session store fails
   */
  async logOut(req: LoginRequest): Promise<void> {
    await this.endGrant(req)
    await replaceSession(req, this.parts.settings.keepSession)
  }

  /** For Passport: starts a login or finishes one, by one of Passport's actions. */
  override authenticate(req: Request, options: LoginOptions = {}): void {
    const act = passportActions(this)
    this.decide(req, options).then(act, (error: unknown) => act({ action: 'error', error }))
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
    const { settings, pendingLogins } = this.parts
    const state = generateRandomState()
    const codeVerifier = settings.dangerouslyOmitPkce ? undefined : generateRandomCodeVerifier()
    const redirectUri = redirectUriOf(options, settings)
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
      redirectUri,
      createdAt: Date.now(),
      ...(codeVerifier !== undefined && { codeVerifier }),
      ...(returnTo !== undefined && { returnTo }),
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

    const { codeVerifier, redirectUri, returnTo } = taken.login
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
    this.keepTokens(req, tokens, options)
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
        if (this.parts.sessionTokens.read(req) === undefined) {
          throw new PendingLoginError('ERR_PENDING_LOGIN_USED')
        }
        return { action: 'redirect', url: taken.returnTo ?? options.successRedirect ?? '/' }
      case 'expired':
        throw new PendingLoginError('ERR_PENDING_LOGIN_EXPIRED')
      case 'unknown':
        throw explainLostLogin(req)
    }
  }

  /**
   * Makes sure that of all requests with this callback, in all processes, only this one goes on. Sessions
   * cannot do that: two requests that arrive together both find the pending login.
   */
  private claim(state: string): Promise<boolean> {
    const { ledger, settings } = this.parts
    const id = createHash('sha256').update(state).digest('base64url')
    return ledger.claim(id, settings.pendingLoginLifetimeMs)
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
      attempt(() => this.userProfile(accessToken, done)).catch(reject)
    })
  }

  /** Puts the tokens where the login will be: the session that Passport makes next, or the present one. */
  private keepTokens(req: Request, tokens: TokenSet, options: LoginOptions): void {
    const { settings, sessionTokens } = this.parts
    const session = requireSession(req)
    if (options.assignProperty !== undefined) {
      sessionTokens.put(session, tokens)
    } else if (options.session !== false) {
      fillWhenRegenerated(req, session, (fresh) => {
        keepFields(settings.keepSession, session, fresh)
        carryPendingLogins(session, fresh)
        sessionTokens.put(fresh, tokens)
        // Passport's `keepSessionInfo` copies whatever is left here over the new session.
        clearFields(session)
      })
    }
  }
}

/**
 * Passport's actions for one attempt. Passport attaches them to the strategy just before it calls
 * `authenticate`: to a copy for this request, or, where it was given the strategy itself, to that one, for
 * the newest request. So they are read before anything is awaited.
 */
function passportActions(strategy: AuthorizationCodeStrategy): (outcome: Outcome) => void {
  const { success, fail, redirect, error } = strategy as unknown as Actions
  return (outcome) => {
    switch (outcome.action) {
      case 'redirect':
        redirect(outcome.url)
        break
      case 'success':
        success(outcome.user, outcome.info)
        break
      case 'fail':
        fail(outcome.info, outcome.status)
        break
      case 'error':
        error(outcome.error)
        break
    }
  }
}

interface Actions {
  readonly success: (user: Express.User, info: object) => void
  readonly fail: (challenge: object, status: number) => void
  readonly redirect: (url: string) => void
  readonly error: (error: unknown) => void
}

function refused(info: FailureInfo): Outcome {
  return { action: 'fail', info, status: 403 }
}

function redirectUriOf({ callbackURL }: LoginOptions, settings: Settings): string {
  if (callbackURL === undefined) return settings.callbackURL
  if (!URL.canParse(callbackURL) || !isSecure(new URL(callbackURL))) {
    throw new ConfigurationError('callbackURL must be an absolute HTTPS URL.', 'callbackURL')
  }
  return callbackURL
}

function scopeOf({ scope }: LoginOptions, settings: Settings): string | undefined {
  if (scope === undefined) return settings.scope
  return typeof scope === 'string' ? scope : scope.join(settings.scopeSeparator)
}

/** Turns what a synchronous function throws into a rejection. */
async function attempt<Value>(work: () => Value): Promise<Value> {
  return Promise.resolve(work())
}
