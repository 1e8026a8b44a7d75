import { hash } from 'node:crypto'
import { describeError, readAuthorizationError } from '../endpoints/authorization-error.js'
import { readResponse, stateParameter } from '../endpoints/authorization-response.js'
import type { IdTokenClaims } from '../endpoints/id-token.js'
import { loadProfile } from '../endpoints/profile.js'
import type { LoadProfileSettings, ReadProfile } from '../endpoints/profile.js'
import type { CodeGrant, Exchanged } from '../endpoints/token.js'
import { ConfigurationError, PendingLoginError } from '../errors/errors.js'
import { authorizationErrorFrom } from '../errors/oauth-errors.js'
import type { Claims } from '../grants/claims.js'
import { grantIdOf } from '../grants/session-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import { connectionOf } from './connection.js'
import type { FailureInfo, LoginInfo, LoginOptions } from './login-options.js'
import { subjectOf } from './accepted-login.js'
import type { AcceptedLogin, StoreTokens } from './accepted-login.js'
import { checkParameters } from '../options/parameters.js'
import type { Parameters } from '../options/parameters.js'
import type { PendingLogin, PendingLoginStore, TakenLogin } from '../options/pending-login-store.js'
import type { Profile } from '../options/profile.js'
import type { ParseAuthorizationError } from '../options/parse-authorization-error.js'
import type { TokenSet } from '../options/token-set.js'
import { readStrategyData, requireSession } from '../session/request-session.js'
import { refuseTwoSessions } from '../session/session-cookies.js'

/** The options of the strategy that finishing a login depends on. */
export interface FinishLoginSettings extends LoadProfileSettings {
  readonly issuer?: string | undefined
  readonly authorizationResponseIssParameterSupported: boolean
  readonly parseAuthorizationError?: ParseAuthorizationError | undefined
  readonly sessionKey: string
}

/** What finishing a login needs. */
export interface FinishLoginParts {
  readonly settings: FinishLoginSettings
  /** Identifies the strategy: it finishes only logins that it has started. */
  readonly strategyId: string
  readonly pendingLogins: PendingLoginStore
  /** Lets only one of the requests with the same callback continue, in all processes. */
  readonly claims: Pick<Claims, 'claim' | 'claimed' | 'keep'>
  /** For how long a callback is remembered, in **milliseconds**: as long as its login may be pending. */
  readonly claimTtlMs: number
  /** Verifies a signed response (JARM) and resolves to its parameters, if responses must be signed. */
  readonly openResponse: ((parameters: URLSearchParams) => Promise<URLSearchParams>) | undefined
  readonly exchangeCode: (grant: CodeGrant) => Promise<Exchanged>
  /** The application's decision: the user, or `false` or `null` to refuse. */
  readonly verify: (login: LoginToVerify) => Promise<unknown>
  /** Revokes tokens that nobody receives, if that ends nothing else. Does not wait for it, and never throws. */
  readonly discard: (tokens: TokenSet, subject: string | undefined) => void
  /** Puts the tokens into the session: the current one if another provider is `connecting`, otherwise a new one. */
  readonly storeTokens: StoreTokens
}

/** A login that the application decides about. */
export interface LoginToVerify {
  readonly tokens: TokenSet
  readonly profile: Profile | undefined
  readonly claims: IdTokenClaims | undefined
  readonly tokenResponse: Readonly<Record<string, unknown>>
  readonly req: LoginRequest
}

/** How a login ends: as one of Passport's actions. */
export type LoginOutcome =
  /** The callback came again after it had succeeded: go where the login went. */
  | { readonly action: 'redirect'; readonly url: string }
  | { readonly action: 'success'; readonly user: object; readonly info: LoginInfo }
  /** The person, the provider or the application refused. */
  | { readonly action: 'fail'; readonly info: FailureInfo; readonly status: number }

/** What passport-oauth2's hooks return for one login; subclasses of the strategy override them. */
export interface FinishLoginHooks {
  /** `tokenParams`: further parameters of the token request. */
  readonly tokenParameters: Parameters
  /** `userProfile`: the profile that belongs to an access token. */
  readonly readProfile: ReadProfile
}

/**
 * Finishes a login: from the authorization response to tokens that will be in the session.
 *
 * Nothing is sent to the provider before the response is known to belong to a login that was started in
 * this browser.
 *
 * @param parameters of the authorization response
 * @throws {CrossSiteRequestError} if a provider is connected and the browser has sent two session cookies
 * @throws {PendingLoginError} if no such login was started in this browser, or too long ago
 * @throws {AuthenticationRequirementsError} if the person was not authenticated as the login has asked for
 * @throws {AuthorizationResponseError} if the response is malformed, or reports an error that is not a refusal
 * @throws {TokenEndpointError} if the provider refuses the code or cannot be reached
 * @throws {ProfileError} if the profile cannot be loaded
 * @throws {ConfigurationError} if `verify` returns something that cannot be a user, such as `undefined`
 * @see [RFC 6749, section 4.1.2 - Authorization Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2)
 */
export type FinishLogin = (
  request: LoginRequest,
  parameters: URLSearchParams,
  options: LoginOptions,
  hooks: FinishLoginHooks,
) => Promise<LoginOutcome>

/** Creates {@link FinishLogin}. */
export function createFinishLogin(parts: FinishLoginParts): FinishLogin {
  const { settings, strategyId, openResponse, exchangeCode, storeTokens, discard } = parts
  return async (request, parameters, options, hooks) => {
    const connecting = options.assignProperty !== undefined
    if (connecting) await refuseTwoSessions(request)
    const response = (await openResponse?.(parameters)) ?? parameters
    const pending = await takePendingLogin(request, stateParameter(response) ?? '', parts)
    if (pending.status !== 'pending') {
      return repeated(request, pending, { options, settings, hints: reportedBy(response) })
    }
    const { login } = pending
    checkStarter(request, login, connecting, strategyId)

    const answer = readResponse(response, {
      issuer: settings.issuer,
      issRequired: settings.authorizationResponseIssParameterSupported,
      requested: {
        acrValues: login.idToken?.acrValues,
        maxAgeSeconds: login.idToken?.maxAgeSeconds,
      },
      parseAuthorizationError: settings.parseAuthorizationError,
    })
    if (answer.kind === 'refused') {
      const { error, errorDescription } = answer
      const { page: message = 'The login was not granted.' } = authorizationErrorFrom(answer) ?? {}
      return refusal({ error, errorDescription, message })
    }

    const exchangedAt = Date.now()
    const exchanged = await exchangeCode({
      code: answer.code,
      redirectUri: login.redirectUri,
      codeVerifier: login.codeVerifier,
      idToken: login.idToken,
      parameters: checkedParameters(hooks),
      onRefused: (tokens) => discard(tokens, undefined),
    })
    // A stranger's code brings no tokens: from here on, it is a login.
    const state = stateParameter(response) ?? ''
    await parts.claims.keep(claimIdOf(state), parts.claimTtlMs, login.returnTo)
    const accepted = await decide(request, exchanged, hooks, parts)
    if (accepted === undefined) return refusal({ message: 'This account may not log in here.' })
    if (options.session !== false) {
      await storeTokens(request, { ...exchanged, ...accepted, exchangedAt, connecting })
    }
    const { returnTo } = login
    return {
      action: 'success',
      user: accepted.user,
      info: returnTo === undefined ? {} : { returnTo },
    }
  }
}

/**
 * Asks the application whether the person may log in: `undefined` if not. Without a user, nobody receives the tokens.
 *
 * @throws {ProfileError} if the profile cannot be loaded
 * @throws {ConfigurationError} if `verify` returns something that cannot be a user
 * @throws whatever `verify` throws
 */
async function decide(
  request: LoginRequest,
  { tokens, claims, tokenResponse }: Exchanged,
  hooks: FinishLoginHooks,
  { settings, verify, discard }: FinishLoginParts,
): Promise<Pick<AcceptedLogin, 'user' | 'profile'> | undefined> {
  let profile: Profile | undefined
  let isAccepted = false
  try {
    profile = await loadProfile(tokens.accessToken, claims, hooks.readProfile, settings)
    const user = await verify({ tokens, profile, claims, tokenResponse, req: request })
    if (user === false || user === null) return undefined
    if (!user) {
      throw new ConfigurationError(
        'verify returned nothing: return the user, or false to refuse the login.',
        'verify',
      )
    }
    isAccepted = true
    return { user, profile }
  } finally {
    if (!isAccepted) discard(tokens, subjectOf(claims, profile))
  }
}

/**
 * Takes the pending login out of its store. Two requests that arrive together both find it there: the claim
 * makes sure that only one of them, in all processes, goes on.
 */
async function takePendingLogin(
  request: LoginRequest,
  state: string,
  { settings, pendingLogins, claims, claimTtlMs }: FinishLoginParts,
): Promise<TakenLogin> {
  const id = claimIdOf(state)
  const taken = await pendingLogins.take(request, state, (returnTo = '') =>
    claims.claim(id, claimTtlMs, returnTo),
  )
  if (taken.status !== 'unknown' || !holdsGrant(request, settings)) return taken
  const returnTo = await claims.claimed(id)
  return returnTo === undefined ? taken : { status: 'used', returnTo: returnTo || undefined }
}

function claimIdOf(state: string): string {
  return hash('sha256', state, 'base64url')
}

function holdsGrant(request: LoginRequest, { sessionKey }: FinishLoginSettings): boolean {
  return grantIdOf(readStrategyData(requireSession(request), sessionKey)) !== undefined
}

/** A callback without a pending login is an error, unless it comes again after it has succeeded. */
function repeated(
  request: LoginRequest,
  taken: Exclude<TakenLogin, { status: 'pending' }>,
  {
    options,
    settings,
    hints,
  }: {
    readonly options: LoginOptions
    readonly settings: FinishLoginSettings
    readonly hints: readonly string[]
  },
): LoginOutcome {
  switch (taken.status) {
    case 'used': {
      if (!holdsGrant(request, settings)) {
        throw new PendingLoginError('ERR_PENDING_LOGIN_USED', hints)
      }
      const url = taken.returnTo ?? encodedUrl(options.successRedirect ?? '/')
      return { action: 'redirect', url }
    }
    case 'expired':
      throw new PendingLoginError('ERR_PENDING_LOGIN_EXPIRED', hints)
    case 'unknown': {
      const reason = taken.reason ?? new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
      throw reason instanceof PendingLoginError
        ? new PendingLoginError(reason.code, [...hints, ...reason.hints])
        : reason
    }
  }
}

/**
 * The error that a callback without a pending login reports, for the developer. Some providers leave out `state` if they
 * refuse the request itself, such as an unknown `client_id`.
 */
function reportedBy(response: URLSearchParams): readonly string[] {
  const reported = readAuthorizationError(response)
  if (reported === undefined) return []
  const which = response.has('state') ? 'The callback' : 'The callback has no state, and'
  const what = describeError(`${which} reports the error`, reported)
  return [`${what} Anybody can send such a callback: believe it if you see it at each login.`]
}

/** Refuses a login that another strategy or another person started, or that was started to connect and not to log in
 * (or the reverse). */
function checkStarter(
  request: LoginRequest,
  { strategy, connectTo }: PendingLogin,
  connecting: boolean,
  strategyId: string,
): void {
  const connection = connecting ? connectionOf(request) : undefined
  if (strategy !== strategyId || connectTo !== connection) {
    throw new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
  }
}

function checkedParameters({ tokenParameters }: FinishLoginHooks): Parameters {
  const isUnused = typeof tokenParameters === 'object' && Object.keys(tokenParameters).length === 0
  return isUnused ? tokenParameters : checkParameters(tokenParameters, 'tokenParams')
}

/** The application's URL as `res.redirect` would send it: what is already percent-encoded stays as it is. */
function encodedUrl(url: string): string {
  return encodeURI(url).replaceAll('%25', '%')
}

function refusal(info: FailureInfo): LoginOutcome {
  return { action: 'fail', info, status: 403 }
}
