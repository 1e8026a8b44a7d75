import { readResponse, stateParameter } from '../endpoints/authorization-response.js'
import type { IdTokenClaims } from '../endpoints/id-token.js'
import { loadProfile } from '../endpoints/profile.js'
import type { LoadProfileSettings, ReadProfile } from '../endpoints/profile.js'
import type { CodeGrant, Exchanged } from '../endpoints/token.js'
import { ConfigurationError } from '../errors/errors.js'
import { authorizationErrorFrom } from '../errors/oauth-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { subjectOf } from './accepted-login.js'
import type { AcceptedLogin, HandOver, StoreTokens, Verified } from './accepted-login.js'
import { noteAim } from './aim.js'
import { checkPerson, noteOf, unnoticed } from './added-login.js'
import { checkStarter } from './check-starter.js'
import type { CheckStarterParts } from './check-starter.js'
import { presentUser } from './connection.js'
import type { ConnectionOf } from './connection.js'
import { deliverLogin, followLogin } from './deliver-login.js'
import type { AdoptSession, Delivery, FollowedLogin, RestartLogin } from './deliver-login.js'
import type { LoginOptions } from './login-options.js'
import type { FailureInfo, LoginOutcome, LoginProgress } from './login-outcome.js'
import type { PresentLogin } from './present-login.js'
import { digestOf } from './same-callback.js'
import type { Place, SameCallbacks } from './same-callback.js'
import { claimIdOf, repeated, takePendingLogin, urlAfter } from './taken-callback.js'
import type { TakePendingLoginParts } from './taken-callback.js'
import { checkParameters } from '../options/parameters.js'
import type { Parameters } from '../options/parameters.js'
import type { PendingLogin } from '../options/pending-login-store.js'
import type { Profile } from '../options/profile.js'
import type { ParseAuthorizationError } from '../options/parse-authorization-error.js'
import type { TokenSet } from '../options/token-set.js'
import { refuseTwoSessions } from '../session/session-cookies.js'

/** The options of the strategy that finishing a login depends on. */
export interface FinishLoginSettings extends LoadProfileSettings {
  readonly issuer?: string | undefined
  readonly authorizationResponseIssParameterSupported: boolean
  readonly parseAuthorizationError?: ParseAuthorizationError | undefined
  readonly sessionKey: string
}

/** What finishing a login needs. */
export interface FinishLoginParts extends TakePendingLoginParts {
  readonly presentLogin: PresentLogin
  readonly connectionOf: ConnectionOf
  readonly settings: FinishLoginSettings
  /** Identifies the strategy: it finishes only logins that it has started. */
  readonly strategyId: string
  /** Lets the requests with the same callback wait for the one that has claimed it. */
  readonly sameCallbacks: SameCallbacks<NewLogin>
  /** Verifies a signed response (JARM) and resolves to its parameters, if responses must be signed. */
  readonly openResponse: ((parameters: URLSearchParams) => Promise<URLSearchParams>) | undefined
  readonly exchangeCode: (grant: CodeGrant) => Promise<Exchanged>
  readonly verify: (login: LoginToVerify) => Promise<Verified>
  /** Revokes tokens that nobody receives, if that ends nothing else. Does not wait for it, and never throws. */
  readonly discard: (tokens: TokenSet, subject: string | undefined) => void
  /** Puts the tokens into the session: the current one if another provider is `connecting`, otherwise a new one. */
  readonly storeTokens: StoreTokens
  /** Gives them to the application, with `session: false`. */
  readonly handOver: HandOver
  readonly adoptSession: AdoptSession
}

/** A login that the application decides about. */
export interface LoginToVerify {
  readonly tokens: TokenSet
  readonly profile: Profile | undefined
  readonly claims: IdTokenClaims | undefined
  readonly tokenResponse: Readonly<Record<string, unknown>>
  /** The application's own data for this login, as they were given to `startLogin`. */
  readonly appState: unknown
  /** The user to whom the provider is connected; `undefined` if somebody logs in. */
  readonly connectTo: object | undefined
  readonly req: LoginRequest
}

/** A login that the application has accepted, and that is in no session yet. */
export interface NewLogin extends Omit<AcceptedLogin, keyof LoginProgress> {
  readonly returnTo: string | undefined
  /** The application's own data for this login. */
  readonly appState: unknown
}

/** What passport-oauth2's hooks return for one login; subclasses of the strategy override them. */
export interface FinishLoginHooks {
  /** `tokenParams`: further parameters of the token request. Called once, before the request is sent. */
  readonly tokenParameters: () => Parameters
  /** `userProfile`: the profile that belongs to an access token. */
  readonly readProfile: (
    accessToken: string,
    tokenResponse: Readonly<Record<string, unknown>>,
  ) => ReturnType<ReadProfile>
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
 * @throws {AnotherPersonError} if the login was to add something to the present one, of another person
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
) => Promise<LoginOutcome | RestartLogin>

/** Creates {@link FinishLogin}. */
export function createFinishLogin(parts: FinishLoginParts): FinishLogin {
  const { settings, strategyId, openResponse, sameCallbacks, adoptSession } = parts
  const { storeTokens, handOver } = parts
  const finishParts = { ...parts, refuseTwoSessions }
  return async (request, parameters, options, hooks) => {
    const connecting = options.assignProperty !== undefined
    if (connecting) await refuseTwoSessions(request)
    const response = (await openResponse?.(parameters)) ?? parameters
    const state = stateParameter(response) ?? ''
    // A provider is connected to the person of this session, and to nobody else.
    const session = connecting ? (request.sessionID ?? '') : ''
    const digest = digestOf(strategyId, session, parameters.toString())
    const callback = { id: claimIdOf(state), digest }
    const delivery = {
      request,
      options,
      storeTokens: (login: NewLogin & LoginProgress) => storeTokens(request, login),
      handOver: (login: NewLogin & LoginProgress) => handOver(request, login),
      adoptSession,
    }
    let own: Place<NewLogin> | undefined
    let isClaimed = false as boolean
    const onFound = (isFirst: boolean): void => {
      isClaimed = !isFirst
      // At once: the next request with this callback may look for its place already.
      if (isFirst) own = sameCallbacks.first(callback)
    }
    try {
      const taken = await takePendingLogin(request, state, onFound, parts)
      if (taken.status === 'pending') {
        const { login } = taken
        noteAim(request, login.returnTo)
        const place = (own ??= sameCallbacks.first(callback))
        const finished = finish(response, login, hooks, { ...delivery, place }, finishParts)
        const outcome = await noted(
          login.silent === true ? unnoticed(finished, urlAfter(login.returnTo, options)) : finished,
          options.session !== false,
          () => parts.pendingLogins.noteFailure?.(request, state),
        )
        if (outcome.action !== 'success') place.end({ kind: 'outcome', outcome })
        return outcome
      }
      noteAim(request, 'returnTo' in taken ? taken.returnTo : undefined)
      const connection = 'login' in taken ? taken.login : undefined
      if (connection?.connectTo !== undefined)
        await checkStarter(request, connection, options, finishParts)
      const place = isClaimed ? await sameCallbacks.next(callback) : undefined
      if (place === undefined) return repeated(request, response, taken, { options, settings })
      const { returnTo, login } = taken as Partial<FollowedLogin>
      const followed = { returnTo, login }
      return await followLogin(followed, urlAfter(returnTo, options), { ...delivery, place })
    } catch (error) {
      own?.end({ kind: 'failed', error })
      throw error
    }
  }
}

/** What becomes of a login. If no session of it remembers that it was taken, that is noted before. */
async function noted(
  finished: Promise<LoginOutcome>,
  bringsSession: boolean,
  noteFailure: () => Promise<void> | undefined,
): Promise<LoginOutcome> {
  let isRemembered = false
  try {
    const outcome = await finished
    isRemembered = bringsSession && outcome.action === 'success'
    return outcome
  } finally {
    if (!isRemembered) await noteFailure()
  }
}

async function finish(
  response: URLSearchParams,
  login: PendingLogin,
  hooks: FinishLoginHooks,
  delivery: Delivery<NewLogin>,
  parts: FinishLoginParts & CheckStarterParts,
): Promise<LoginOutcome> {
  const { settings, exchangeCode, discard } = parts
  const { request, options } = delivery
  await checkStarter(request, login, options, parts)
  const { appState } = login
  const refuse = (info: FailureInfo): LoginOutcome => ({
    action: 'fail',
    info: { ...info, returnTo: login.returnTo, appState },
    status: 403,
  })

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
    return refuse({ error, errorDescription, message })
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
  const { returnTo } = login
  // A stranger's code brings no tokens: from here on, it is a login.
  const state = stateParameter(response) ?? ''
  await parts.claims.keep(claimIdOf(state), parts.claimTtlMs, returnTo)
  const accepted = await decide(request, exchanged, login, hooks, parts)
  if (accepted.user === undefined)
    return refuse({ message: 'This account may not log in here.', ...accepted.said })
  const connecting = login.connectTo !== undefined
  const decided = { ...exchanged, ...accepted, exchangedAt, returnTo, appState, connecting }
  return deliverLogin<NewLogin>(decided, delivery)
}

type Decision =
  | Pick<AcceptedLogin, 'user' | 'profile' | 'note' | 'said'>
  | { readonly user: undefined; readonly said: object }

/**
 * Asks the application whether the person may log in: there is no `user` if not. Then nobody receives the tokens, nor after an error.
 *
 * @throws {ProfileError} if the profile cannot be loaded
 * @throws {AnotherPersonError} if nobody else may come back than who is logged in, and somebody else has
 * @throws {ConfigurationError} if `verify` returns something that cannot be a user
 * @throws {StorageError} if the store of the grants cannot be reached
 * @throws whatever `verify` throws
 */
async function decide(
  request: LoginRequest,
  { tokens, claims, tokenResponse }: Exchanged,
  login: PendingLogin,
  hooks: FinishLoginHooks,
  parts: Pick<FinishLoginParts, 'settings' | 'verify' | 'discard' | 'presentLogin'>,
): Promise<Decision> {
  const { settings, verify, discard, presentLogin } = parts
  let profile: Profile | undefined
  let isAccepted = false
  try {
    const read: ReadProfile = (token) => hooks.readProfile(token, tokenResponse)
    profile = await loadProfile(tokens.accessToken, claims, read, settings)
    const subject = subjectOf(claims, profile)
    await checkPerson(request, subject, login, presentLogin)
    const { appState } = login
    const connectTo = login.connectTo === undefined ? undefined : presentUser(request)
    const facts = { tokens, profile, claims, tokenResponse, appState, connectTo }
    const { user, info: said } = await verify({ ...facts, req: request })
    if (user === false || user === null) return { user: undefined, said }
    if (!user) {
      throw new ConfigurationError(
        'verify returned nothing: return the user, or false to refuse the login.',
        'verify',
      )
    }
    const present = login.asked === undefined ? undefined : await presentLogin(request)
    const note = noteOf(tokens, claims, subject, login, present)
    isAccepted = true
    return { user, profile, note, said }
  } finally {
    if (!isAccepted) discard(tokens, subjectOf(claims, profile))
  }
}

function checkedParameters(hooks: FinishLoginHooks): Parameters {
  const tokenParameters = hooks.tokenParameters()
  const isUnused = typeof tokenParameters === 'object' && Object.keys(tokenParameters).length === 0
  return isUnused ? tokenParameters : checkParameters(tokenParameters, 'tokenParams')
}
