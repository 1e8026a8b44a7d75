import { hash, randomBytes } from 'node:crypto'
import { readQuery } from '../endpoints/authorization-response.js'
import type { AuthorizationEndpoint } from '../endpoints/authorization.js'
import { ConfigurationError, CrossSiteRequestError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { isFromOtherOrigin, isSeen } from '../lib/other-origin.js'
import { sameOriginPath } from '../lib/same-origin-path.js'
import { isSecure } from '../lib/secure-url.js'
import { urlForHost } from '../lib/url-for-host.js'
import type { HostURLs } from '../lib/url-for-host.js'
import { noteAim } from './aim.js'
import { isForConnection } from './connection.js'
import type { ConnectionOf } from './connection.js'
import { isSilent, readLoginOptions } from './login-options.js'
import type { LoginOptions, LoginSettings } from './login-options.js'
import type { PresentLogin } from './present-login.js'
import type { Addition } from './login-note.js'
import { checkParameters } from '../options/parameters.js'
import type { Parameters } from '../options/parameters.js'
import type {
  ExpectedIdToken,
  PendingLogin,
  PendingLoginStore,
} from '../options/pending-login-store.js'
import type { AuthorizationDetail } from '../options/token-set.js'
import { refuseTwoSessions } from '../session/session-cookies.js'

/** The options of the strategy that starting a login depends on. */
export interface StartLoginSettings {
  readonly clientID: string
  readonly sessionKey: string
  readonly callbackURL: HostURLs
  readonly dangerouslyAllowHttp?: readonly string[] | undefined
  readonly issuer?: string | undefined
  readonly scope: string | undefined
  readonly scopeSeparator: string
  readonly resource: readonly string[]
  readonly authorizationDetails: readonly AuthorizationDetail[]
  readonly authorizationParameters: Parameters | ((request: LoginRequest) => Parameters)
  readonly maxAgeSeconds?: number | undefined
  readonly acrValues?: readonly string[] | undefined
  readonly signedAuthorizationResponses: boolean
  readonly dangerouslyOmitPkce: boolean
}

/** What starting a login needs. */
export interface StartLoginParts {
  readonly presentLogin: PresentLogin
  readonly connectionOf: ConnectionOf
  readonly settings: StartLoginSettings
  /** Identifies the strategy, which alone may finish the login. */
  readonly strategyId: string
  readonly pendingLogins: PendingLoginStore
  readonly authorizationEndpoint: AuthorizationEndpoint
  /** The thumbprint of the key that the tokens are to be bound to, if there is one. */
  readonly dpopThumbprint: (() => Promise<string>) | undefined
}

/**
 * Starts a login: remembers it, and then resolves to the address to send the browser to.
 *
 * @param options of this login; they take precedence over the strategy's
 * @param hooked further parameters, from passport-oauth2's hook `authorizationParams`
 * @param addition what the login is to add to the present one: then nobody but the person who is logged in may come back
 * @throws {ConfigurationError} naming an option that cannot be used
 * @throws {CrossSiteRequestError} if another origin starts the login without the person seeing it, or to connect a
 *   provider, or the browser has sent two session cookies
 * @throws {LoginRequiredError} if a provider is to be connected and nobody is logged in
 * @throws {PushedAuthorizationRequestError} if the provider does not accept the pushed request
 * @throws {StorageError} if the pending login cannot be stored
 * @see [RFC 6749, section 4.1.1 - Authorization Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.1)
 */
export type StartLogin = (
  request: LoginRequest,
  options: LoginOptions,
  hooked: Parameters,
  addition?: Addition,
) => Promise<string>

/** Creates {@link StartLogin}. */
export function createStartLogin(parts: StartLoginParts): StartLogin {
  const { settings, strategyId, pendingLogins, authorizationEndpoint, dpopThumbprint } = parts
  return async (request, given, hooked, addition) => {
    const options = readLoginOptions(given)
    const isAddition =
      addition !== undefined &&
      isForConnection(request, settings.sessionKey, addition.logsIn === true)
    const connecting = isAddition || given.assignProperty !== undefined
    const isOthersIdea = isFromOtherOrigin(request)
    // Another site could connect an account of its own. Nobody but the person who is known can be added to.
    const mayBeAnybody =
      connecting && !(isAddition && (await parts.presentLogin(request))?.person !== undefined)
    if (isOthersIdea && (mayBeAnybody || !isSeen(request))) throw new CrossSiteRequestError()
    if (connecting) await refuseTwoSessions(request)

    const state = randomToken()
    const codeVerifier = settings.dangerouslyOmitPkce ? undefined : randomToken()
    const redirectUri = redirectUriOf(request, options, settings)
    const connectTo = connecting ? await parts.connectionOf(request) : undefined
    const returnTo = options.returnTo ?? sameOriginPath(readQuery(request).get('return_to'))
    noteAim(request, returnTo)
    const parameters = furtherParameters(request, options, settings, hooked)
    const scope = parameters['scope'] ?? scopeOf(options, settings)
    const idToken = expectedIdToken(scope, options, settings)

    const authorizationRequest = {
      clientID: settings.clientID,
      redirectUri,
      scope,
      state,
      codeChallenge: codeVerifier && hash('sha256', codeVerifier, 'base64url'),
      dpopThumbprint: await dpopThumbprint?.(),
      idToken,
      resource: settings.resource,
      authorizationDetails: options.authorizationDetails ?? settings.authorizationDetails,
      signedResponse: settings.signedAuthorizationResponses,
      parameters,
    }
    // Before the provider is asked: if the person logs out while a request is pushed, a session that is saved after it
    // would be the one from before, and they would be logged in again.
    await pendingLogins.put(request, state, {
      strategy: strategyId,
      redirectUri,
      createdAt: Date.now(),
      ...(codeVerifier !== undefined && { codeVerifier }),
      ...(returnTo !== undefined && { returnTo }),
      ...(connectTo !== undefined && { connectTo }),
      ...(idToken !== undefined && { idToken }),
      ...(options.appState !== undefined && { appState: options.appState }),
      ...(scope !== undefined && scope !== settings.scope && { scope }),
      ...(await additionTo(request, parameters, addition, parts.presentLogin)),
      ...(isOthersIdea && { fromOtherSite: true }),
    })
    try {
      return await authorizationEndpoint(authorizationRequest)
    } catch (error) {
      // Nobody can finish it. If it cannot be taken out either, it expires.
      await pendingLogins.take(request, state, () => Promise.resolve(true)).catch(() => undefined)
      await pendingLogins.noteFailure?.(request, state)
      throw error
    }
  }
}

/**
 * 256 random bits.
 *
 * @see [RFC 7636, section 4.1 - Client Creates a Code Verifier](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.1)
 */
function randomToken(): string {
  return randomBytes(32).toString('base64url')
}

/** The callback URL of this login: the route's own, else the strategy's. No header can produce another one. */
function redirectUriOf(
  request: LoginRequest,
  { callbackURL }: LoginSettings,
  settings: StartLoginSettings,
): string {
  if (callbackURL === undefined) return urlForHost(settings.callbackURL, request)
  if (
    !URL.canParse(callbackURL) ||
    !isSecure(new URL(callbackURL), settings.dangerouslyAllowHttp)
  ) {
    throw new ConfigurationError('callbackURL must be an absolute HTTPS URL.', 'callbackURL')
  }
  return callbackURL
}

/** The scope of this login: the route's own, else the strategy's. */
function scopeOf({ scope }: LoginSettings, settings: StartLoginSettings): string | undefined {
  if (scope === undefined) return settings.scope
  return typeof scope === 'string' ? scope : scope.join(settings.scopeSeparator)
}

/** The parameters from the hook, from the strategy's options and from the route's, in this order. */
function furtherParameters(
  request: LoginRequest,
  options: LoginSettings,
  { authorizationParameters: configured }: StartLoginSettings,
  hooked: Parameters,
): Parameters {
  return {
    ...checkParameters(hooked, 'authorizationParams'),
    ...(typeof configured === 'function'
      ? checkParameters(configured(request), 'authorizationParameters')
      : configured),
    ...checkParameters(options.authorizationParameters, 'authorizationParameters'),
    ...(options.prompt !== undefined && { prompt: options.prompt }),
    ...(options.loginHint !== undefined && { login_hint: options.loginHint }),
  }
}

/**
 * What the pending login of a person who may be logged in already needs: whom it may bring back, and whether they are told.
 *
 * @throws {ConfigurationError} if `prompt` has `none` and something else
 */
async function additionTo(
  request: LoginRequest,
  { prompt }: Parameters,
  addition: Addition | undefined,
  presentLogin: PresentLogin,
): Promise<Pick<PendingLogin, 'silent' | 'asked' | 'person'>> {
  const silent = isSilent(prompt)
  if (silent && prompt !== 'none') {
    throw new ConfigurationError("prompt may have nothing beside 'none'.", 'prompt')
  }
  if (!silent && addition === undefined) return {}
  const { person = addition?.person } = (await presentLogin(request)) ?? {}
  return {
    ...(silent && { silent }),
    ...(addition !== undefined && { asked: addition.asked }),
    ...(person !== undefined && { person }),
  }
}

/**
 * What the ID token of this login must say; `undefined` if the scope asks for no ID token.
 *
 * @throws {ConfigurationError} if something is expected of an ID token that is not asked for
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
 */
function expectedIdToken(
  scope: string | undefined,
  options: LoginSettings,
  settings: StartLoginSettings,
): ExpectedIdToken | undefined {
  const maxAgeSeconds = options.maxAgeSeconds ?? settings.maxAgeSeconds
  const acrValues = options.acrValues ?? settings.acrValues
  const isOpenId = hasOpenId(scope, settings)
  if (maxAgeSeconds !== undefined || acrValues !== undefined) {
    const option = maxAgeSeconds === undefined ? 'acrValues' : 'maxAgeSeconds'
    if (!isOpenId) throw new ConfigurationError(`${option} needs the scope openid.`, option)
    if (settings.issuer === undefined)
      throw new ConfigurationError(`${option} needs the option issuer.`, 'issuer')
  }
  if (!isOpenId) return undefined
  return {
    nonce: randomToken(),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(acrValues !== undefined && { acrValues }),
  }
}

/** No scope has a space in it, whatever joins them (RFC 6749, section 3.3). */
function hasOpenId(scope: string | undefined, { scopeSeparator }: StartLoginSettings): boolean {
  const scopes = scope?.split(scopeSeparator).flatMap((one) => one.split(' '))
  return scopes?.includes('openid') === true
}
