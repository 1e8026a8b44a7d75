import type { Request } from 'express'
import { readResponse, stateOf } from '../endpoints/authorization-response.js'
import type { IdTokenClaims } from '../endpoints/id-token.js'
import { groupsOf } from '../endpoints/logout-token.js'
import { profileOfPerson } from '../endpoints/profile.js'
import { openSignedResponse } from '../endpoints/signed-response.js'
import { LoginRequiredError, PendingLoginError } from '../errors/errors.js'
import type { BegunGrant } from '../grants/session-tokens.js'
import { holdsGrant, withEntry } from '../grants/token-entry.js'
import { digest } from '../lib/digest.js'
import type { LoginSession } from '../lib/login-request.js'
import type { FailureInfo, LoginOptions } from './login-options.js'
import { connectionOf, isConnecting } from './login-request.js'
import { carryPendingLogins } from './session-pending-logins.js'
import { checkParameters } from '../options/parameters.js'
import type { Parameters } from '../options/parameters.js'
import type { PendingLogin, TakenLogin } from '../options/pending-login-store.js'
import type { Profile } from '../options/profile.js'
import type { TokenSet } from '../options/token-set.js'
import type { Parts } from '../passport/parts.js'
import type { Outcome } from '../passport/passport-actions.js'
import { fillWhenRegenerated } from '../session/replace-session.js'
import {
  clearFields,
  keepFields,
  readPart,
  requireSession,
  writePart,
} from '../session/session-part.js'
import { reloadSession, saveSession } from '../session/stored-session.js'

/** What passport-oauth2's hooks have to say. */
export interface LoginHooks {
  /** `tokenParams`. */
  readonly tokenParameters: () => Parameters
  /** `userProfile`. */
  readonly loadProfile: (accessToken: string) => Promise<Profile | undefined>
}

/**
 * Finishes a login: takes the pending login out, looks at the response, exchanges the code, asks `verify`,
 * and has the tokens written together with Passport's login.
 */
export async function finishLogin(
  req: Request,
  parameters: URLSearchParams,
  options: LoginOptions,
  parts: Parts,
  hooks: LoginHooks,
): Promise<Outcome> {
  const { settings, pendingLogins, tokenEndpoint, verify, verifyJwt } = parts
  const opened =
    settings.signedAuthorizationResponses && verifyJwt !== undefined
      ? await openSignedResponse(parameters, verifyJwt)
      : parameters
  const state = stateOf(opened) ?? ''
  const taken = await pendingLogins.take(req, state, () => claim(state, parts))
  if (taken.found !== 'pending') return withoutPendingLogin(req, taken, options, parts)
  refuseAnothersLogin(req, taken.login, options, parts)

  const response = readResponse(opened, {
    issuer: settings.issuer,
    issRequired: settings.authorizationResponseIssParameterSupported,
  })
  if (response.kind === 'refused') {
    const { error, errorDescription } = response
    return refused({ error, message: errorDescription ?? 'The login was not granted.' })
  }
  const { codeVerifier, redirectUri, returnTo, idToken } = taken.login
  const { tokens, claims } = await tokenEndpoint.exchange({
    code: response.code,
    redirectUri,
    codeVerifier,
    idToken,
    parameters: checkParameters(hooks.tokenParameters(), 'tokenParams'),
  })
  const profile = await profileOf(tokens, claims, parts, hooks)
  const user = await verify({ tokens, profile, claims, req })
  if (!user) return refused({ message: 'This account may not log in here.' })
  await keepTokens(req, tokens, claims, options, parts)
  return { action: 'success', user, info: returnTo === undefined ? {} : { returnTo } }
}

/**
 * Makes sure that of all requests with this callback, in all processes, only this one goes on. Sessions
 * cannot do that: two requests that arrive together both find the pending login.
 */
function claim(state: string, { ledger, pendingLogins, settings }: Parts): Promise<boolean> {
  const ttlMs = Math.max(settings.pendingLoginLifetimeMs, pendingLogins.lifetimeMs ?? 0)
  return ledger.claim(digest(state), ttlMs)
}

/** A callback without a pending login: an error, unless it only comes again after it has succeeded. */
function withoutPendingLogin(
  req: Request,
  taken: Exclude<TakenLogin, { found: 'pending' }>,
  options: LoginOptions,
  { settings }: Parts,
): Outcome {
  switch (taken.found) {
    case 'used':
      if (!holdsGrant(readPart(requireSession(req), settings.sessionKey))) {
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

/** Started with another provider, by somebody else in this browser, or to connect and not to log in. */
function refuseAnothersLogin(
  req: Request,
  { strategy, connectTo }: PendingLogin,
  options: LoginOptions,
  { owner }: Parts,
): void {
  const connection = isConnecting(options) ? connectionOf(req) : undefined
  if (strategy !== owner || connectTo !== connection) {
    throw new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
  }
}

async function profileOf(
  { accessToken }: TokenSet,
  claims: IdTokenClaims | undefined,
  { settings }: Parts,
  { loadProfile }: LoginHooks,
): Promise<Profile | undefined> {
  const { skipUserProfile } = settings
  const skip =
    typeof skipUserProfile === 'function' ? await skipUserProfile(accessToken) : skipUserProfile
  if (skip) return undefined
  const loaded = await loadProfile(accessToken)
  return claims === undefined ? loaded : profileOfPerson(loaded, claims, settings)
}

/** Puts the tokens where the login will be: the session that Passport makes next, or the present one. */
async function keepTokens(
  req: Request,
  tokens: TokenSet,
  claims: IdTokenClaims | undefined,
  options: LoginOptions,
  parts: Parts,
): Promise<void> {
  if (options.session === false) return
  parts.observation.tell(() => ({ type: 'store', action: 'keep', result: 'kept', durationMs: 0 }))
  const connected = isConnecting(options)
  const begun = await parts.sessionTokens.begin(tokens, { connected })
  const isEndable = parts.settings.backchannelLogout && claims !== undefined
  const enrolIn = isEndable
    ? (session: LoginSession) => enrol(session.id, begun, claims, parts)
    : undefined
  if (connected) await keepBesides(req, tokens, begun, enrolIn, parts)
  else keepInFresh(req, begun, enrolIn, parts)
}

/**
 * Lets the provider end the login in this session from its side; throws when it has done so already. Comes
 * after the session was stored: then either the provider's logout finds it there, or this finds the logout.
 */
type EnrolIn = ((session: LoginSession) => Promise<void>) | undefined

/** Adds the tokens to the session of the person who is logged in already. */
async function keepBesides(
  req: Request,
  tokens: TokenSet,
  { entry }: BegunGrant,
  enrolIn: EnrolIn,
  { settings: { sessionKey }, sessionTokens, revoke }: Parts,
): Promise<void> {
  const session = requireSession(req)
  // It is some time since the session was read: the provider was asked in between.
  const present = await reloadSession(req)
  if (present === undefined) {
    // The person has logged out meanwhile. Nobody else may have these tokens.
    void revoke(tokens)
    throw new LoginRequiredError('not_logged_in')
  }
  carryPendingLogins(session, present)
  writePart(present, sessionKey, withEntry(readPart(present, sessionKey), entry))
  await saveSession(present)
  await enrolIn?.(present).catch(async (error: unknown) => {
    await sessionTokens.forget(req)
    throw error
  })
}

/** Puts the tokens into the session that Passport makes when it logs the person in. */
function keepInFresh(
  req: Request,
  { entry }: BegunGrant,
  enrolIn: EnrolIn,
  { settings: { sessionKey, keepSession } }: Parts,
): void {
  const session = requireSession(req)
  fillWhenRegenerated(req, session, {
    fill: (fresh) => {
      keepFields(keepSession, session, fresh)
      carryPendingLogins(session, fresh)
      writePart(fresh, sessionKey, withEntry(readPart(fresh, sessionKey), entry))
      // Passport's `keepSessionInfo` copies whatever is left here over the new session.
      clearFields(session)
    },
    confirm: enrolIn,
  })
}

/** No session can live longer than browsers keep its cookie: 400 days, in milliseconds. */
const LONGEST_SESSION_MS = 400 * 24 * 60 * 60 * 1000

/**
 * Lets the provider end this login from its side.
 *
 * @throws {LoginRequiredError} when it has done so already
 */
async function enrol(
  sessionId: string,
  { grant, entry }: BegunGrant,
  claims: IdTokenClaims,
  { settings, ledger }: Parts,
): Promise<void> {
  const isWelcome = await ledger.enrol(
    { sessionId, entryId: entry.id },
    grant,
    groupsOf(claims, settings),
    (claims.iat ?? 0) * 1000,
    LONGEST_SESSION_MS,
  )
  if (!isWelcome) throw new LoginRequiredError('grant_ended')
}

/** The application's URL as `res.redirect` would send it: what is percent-encoded already stays as it is. */
function fitForHeader(url: string): string {
  return encodeURI(url).replaceAll('%25', '%')
}

function refused(info: FailureInfo): Outcome {
  return { action: 'fail', info, status: 403 }
}
