import { PendingLoginError } from '../errors/login-errors.js'
import type { BegunLogin } from '../grants/stored-login.js'
import { isOver, onceOver } from '../lib/is-over.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { PendingLogin } from '../options/pending-login-store.js'
import type { LoginOptions } from './login-options.js'
import type { HandedOver, LoginOutcome, LoginProgress, Success } from './login-outcome.js'
import type { Place } from './same-callback.js'

/** A login that the application has accepted, and that is in no session yet. */
export interface DecidedLogin {
  readonly user: object
  /** What the application says beside the user. */
  readonly said: object
  readonly returnTo: string | undefined
  /** The application's own data for this login. */
  readonly appState: unknown
  /** Whether the provider is connected to a person who is already logged in. */
  readonly connecting: boolean
  /** Its grant, if one was made before there is a session. */
  readonly begun?: BegunLogin | undefined
}

/** Makes a stored session the one of the request. Resolves to whether there is such a session. */
export type AdoptSession = (request: LoginRequest, sessionId: string) => Promise<boolean>

/** How a login is delivered: to whom, and what that needs. */
export interface Delivery<Login extends DecidedLogin> {
  readonly request: LoginRequest
  readonly options: LoginOptions
  readonly storeTokens: (login: Login & LoginProgress) => Promise<void>
  /** Gives the login to the application, which does without a session. */
  readonly handOver: (login: Login & LoginProgress) => Promise<HandedOver>
  readonly adoptSession: AdoptSession
  readonly place: Place<Login>
}

/**
 * Gives a login to the browser of a request: its tokens go into the session that Passport makes next.
 *
 * If the browser has dropped this request and waits for the answer to the same callback in another one, the login is left to
 * that. Only the cookies of a response that the browser reads can log it in.
 *
 * @throws whatever `storeTokens` and `handOver` throw
 */
export async function deliverLogin<Login extends DecidedLogin>(
  login: Login,
  { request, options, storeTokens, handOver, place }: Delivery<Login>,
): Promise<LoginOutcome> {
  const { user, said, returnTo, appState, connecting } = login
  const info = {
    ...said,
    ...(returnTo !== undefined && { returnTo }),
    ...(appState !== undefined && { appState }),
    ...(connecting && { connected: true as const }),
  }
  const outcome = { action: 'success', user, info } as const
  const progress: LoginProgress = {
    onStored: (sessionId) => place.end({ kind: 'stored', sessionId }),
    onFailed: (error) => place.end({ kind: 'failed', error }),
    isDelivered: place.isDelivered,
  }
  const { res } = request
  if (res !== undefined && isOver(res) && place.isAwaited()) place.end({ kind: 'left', login })
  else if (options.session === false) {
    return withoutSession(outcome, login, await handOver({ ...login, ...progress }), { res, place })
  } else {
    await storeTokens({ ...login, ...progress })
    if (connecting) place.end({ kind: 'stored' })
    // Passport, or the application's own callback, has not stored the session.
    else onceOver(res, () => place.end({ kind: 'lost' }))
  }
  return outcome
}

/**
 * What the application gets of a login that it keeps itself. Requests with the same callback that wait until then get the same,
 * because the browser reads one response only.
 */
function withoutSession<Login extends DecidedLogin>(
  success: Success,
  login: Login,
  { info, begun, undo }: HandedOver,
  { res, place }: Pick<Delivery<Login>, 'place'> & Pick<LoginRequest, 'res'>,
): LoginOutcome {
  const outcome = { ...success, info: { ...success.info, ...info } }
  let isLeft: boolean | undefined
  const leave = (): boolean => {
    if (isLeft === undefined) {
      isLeft = place.isAwaited()
      place.end(
        isLeft ? { kind: 'left', login: { ...login, begun } } : { kind: 'outcome', outcome },
      )
    }
    return isLeft
  }
  if (res === undefined) leave()
  else onceOver(res, leave)
  return {
    ...outcome,
    onLost() {
      if (!leave()) undo()
    },
  }
}

/** The login that another request finishes. */
export interface FollowedLogin {
  readonly returnTo: string | undefined
  /** What was asked for; `undefined` if the store of pending logins does not say. */
  readonly login: PendingLogin | undefined
}

/**
 * The login was finished for a browser that did not wait for the response, and has been undone. The person is sent to the
 * provider again, which usually asks them nothing.
 */
export interface RestartLogin extends FollowedLogin {
  readonly action: 'restart'
}

/**
 * Waits for the request that finishes the same callback, and goes where that goes. The browser reads the response to one of
 * them only, and nobody knows which: so this one sends the cookie of the same session.
 *
 * The caller has proved that the login is pending in this browser, by its session or its cookie, and has the provider's whole
 * response. With both, it could as well have come first: it gets nothing that it could not have had.
 *
 * @param url where the login goes
 * @throws {PendingLoginError} if the person has logged out meanwhile
 * @throws the same error as that request
 */
export async function followLogin<Login extends DecidedLogin>(
  followed: FollowedLogin,
  url: string,
  delivery: Delivery<Login>,
): Promise<LoginOutcome | RestartLogin> {
  const { request, adoptSession, place } = delivery
  const end = await place.before()
  // Its process may have been killed. A restart only sends the browser to the provider again.
  if (end === undefined) return { action: 'restart', ...followed }
  if (end.kind === 'left') return takeOver(end.login, delivery)
  place.end(end)
  switch (end.kind) {
    case 'failed':
      throw end.error
    case 'outcome':
      return end.outcome
    case 'lost':
      return { action: 'restart', ...followed }
    case 'stored':
      if (end.sessionId !== undefined && !(await adoptSession(request, end.sessionId))) {
        throw new PendingLoginError('ERR_PENDING_LOGIN_USED')
      }
      place.noteDelivered()
      return { action: 'redirect', url }
  }
}

async function takeOver<Login extends DecidedLogin>(
  login: Login,
  delivery: Delivery<Login>,
): Promise<LoginOutcome> {
  try {
    return await deliverLogin(login, delivery)
  } catch (error) {
    delivery.place.end({ kind: 'failed', error })
    throw error
  }
}
