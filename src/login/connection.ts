import { hash } from 'node:crypto'
import { LoginRequiredError } from '../errors/errors.js'
import { grantIdOf, isConnectedHere } from '../grants/session-entry.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { DEFAULT_KEY_PREFIX } from '../session/strategy-data.js'
import { readStrategyData, requireSession, writeStrategyData } from '../session/request-session.js'

/**
 * Identifies what another provider is being connected to: a session, and the user in it. It changes as soon as somebody logs in,
 * also if the application does that without a new session.
 *
 * @throws {LoginRequiredError} if nobody is logged in, or the login has ended
 */
export type ConnectionOf = (request: LoginRequest) => Promise<string>

/**
 * Creates {@link ConnectionOf}.
 *
 * @param hasLoginEnded whether a grant has ended by which the person is logged in. Passport does not know that, and a page that
 *   wants the connection would send them here again
 */
export function createConnectionOf(
  hasLoginEnded: (request: LoginRequest) => Promise<boolean>,
): ConnectionOf {
  return async (request) => {
    if (isAuthenticated(request) !== true || (await hasLoginEnded(request))) {
      throw new LoginRequiredError('not_logged_in')
    }
    const session = requireSession(request)
    const { passport } = session as LoginSession & {
      readonly passport?: { readonly user?: unknown }
    }
    return hash('sha256', JSON.stringify([session.id, passport?.user]), 'base64url')
  }
}

/** The user who is logged in. */
export function presentUser(request: LoginRequest): object | undefined {
  return (request as LoginRequest & { readonly user?: object }).user
}

/**
 * Whether what a login adds is for a connection: somebody is logged in, and not by this strategy.
 *
 * @param logsIn whether people log in with the strategy
 */
export function isForConnection(
  request: LoginRequest,
  sessionKey: string,
  logsIn: boolean,
): boolean {
  if (isAuthenticated(request) !== true) return false
  const data = readStrategyData(requireSession(request), sessionKey)
  return (grantIdOf(data) === undefined && !logsIn) || isConnectedHere(data)
}

/**
 * Copies the providers that are connected to a session to the next session of the same person. Only the keys of strategies that
 * are known count, and keys of the form that is the default of `sessionKey`, because a visitor may have sent the application's
 * own fields.
 *
 * @param sessionKey the key of the strategy that the person has logged in with, which has its own grant in both sessions
 * @param known the keys of all strategies that are known
 */
export function carryConnections(
  from: LoginSession,
  to: LoginSession,
  sessionKey: string,
  known: readonly string[],
): void {
  for (const key of Object.keys(from)) {
    if (key === sessionKey || !(known.includes(key) || key.startsWith(DEFAULT_KEY_PREFIX))) continue
    const data = readStrategyData(from, key)
    const { pendingLogins } = readStrategyData(to, key)
    if (isConnectedHere(data)) writeStrategyData(to, key, { ...data, pendingLogins })
  }
}

/** Whether Passport knows who this is; `undefined` if none of its middleware has run. */
export function isAuthenticated(
  request: LoginRequest & { isAuthenticated?: () => boolean },
): boolean | undefined {
  return request.isAuthenticated?.()
}
