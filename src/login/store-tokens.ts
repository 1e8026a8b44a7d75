import { grantIdOf, isConnectedHere } from '../grants/session-entry.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { readStrategyData, requireSession } from '../session/request-session.js'
import type { AcceptedLogin, StoreTokens } from './accepted-login.js'
import { connectProvider } from './connect-provider.js'
import { earlierRequest } from './earlier-request.js'
import {
  accountFor,
  begin,
  createAttempt,
  discard,
  extendedBy,
  hasEndedMeanwhile,
  hold,
} from './login-attempt.js'
import type { KeepLoginParts, KeepLoginSettings } from './login-attempt.js'
import { fillNextSession } from './next-session.js'

/** Creates {@link StoreTokens}. */
export function createStoreTokens(parts: KeepLoginParts): StoreTokens {
  return async (request, login) => {
    const account = accountFor(request, login, parts)
    if (login.connecting) await storeInPresentSession(request, login, account, parts)
    else {
      const attempt = createAttempt(login, parts, () => discard(login, parts))
      fillNextSession(request, requireSession(request), { login, account, attempt }, parts)
    }
  }
}

function storeInPresentSession(
  request: LoginRequest,
  login: AcceptedLogin,
  account: string | undefined,
  parts: KeepLoginParts,
): Promise<void> {
  return connectProvider(request, {
    ...parts,
    sessionKey: parts.settings.sessionKey,
    noteLogins: (session) => {
      const earlier = earlierRequest(request, session)
      return (now) => void parts.endReplacedLogins(earlier, now)
    },
    discard: () => discard(login, parts),
    keepsLogin: (session) => keepsLogin(session, parts.settings),
    begin: async (session) => {
      const extended = await extendedBy(login, earlierRequest(request, session), parts)
      return begin(session, login, { account, extended }, parts)
    },
    hold: (session, begun) => hold(session, begun, login, parts),
    hasEnded: (id) => hasEndedMeanwhile(id, parts),
  })
}

/** Whether a session that somebody has logged in to by this strategy stays so: what is connected is found by their account. */
function keepsLogin(
  session: LoginSession,
  { sessionKey, grantLifetime }: KeepLoginSettings,
): boolean {
  const data = readStrategyData(session, sessionKey)
  return grantLifetime === 'account' && grantIdOf(data) !== undefined && !isConnectedHere(data)
}
