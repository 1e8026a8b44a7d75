import type { Request } from 'express'
import { PendingLoginError } from '../errors/login-errors.js'
import { readResponseParameters } from '../endpoints/authorization-response.js'
import { findPendingLogin } from '../login/session-pending-logins.js'
import { requireSession } from '../session/request-session.js'
import { DEFAULT_KEY_PREFIX } from '../session/strategy-data.js'
import type { CallbackURLs } from './callback-urls.js'
import type { ConnectedStrategy } from './connected-strategy.js'
import type { ConnectSettings } from './connect-options.js'
import { strategyPrefix } from './target-options.js'

/** What finding the strategy of a callback needs. */
export interface CallbackStrategyParts {
  readonly settings: Pick<ConnectSettings, 'name'>
  readonly urls: CallbackURLs
  readonly strategyOf: (target: string) => Promise<ConnectedStrategy | undefined>
}

/**
 * The strategy that has started the login of a callback. If none is pending, the same callback may have come before: a strategy of
 * the same server knows that, whichever resource it is for.
 *
 * @throws {PendingLoginError} if nothing was started in this session at the server that the address names
 */
export async function strategyOfCallback(
  req: Request,
  { settings, urls, strategyOf }: CallbackStrategyParts,
): Promise<ConnectedStrategy> {
  const session = requireSession(req)
  const prefix = DEFAULT_KEY_PREFIX + strategyPrefix(settings)
  const state = readResponseParameters(req).get('state') ?? ''
  const server = req.params['server']
  const arrivedAt = server === undefined ? urls.shared : urls.ofId(String(server)).callback
  const pending = findPendingLogin(session, prefix, state)
  // At another address than was sent: the code may be another server's (mix-up).
  const isElsewhere = pending !== undefined && pending.redirectUri !== arrivedAt
  const keys = Object.keys(session).filter((key) => key.startsWith(prefix))
  for (const key of pending === undefined ? keys : [pending.sessionKey]) {
    const strategy = await strategyOf(key.slice(prefix.length))
    if (!isElsewhere && strategy?.callbackURL === arrivedAt) return strategy
  }
  throw new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
}
