import type { BegunLogin } from '../grants/stored-login.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import type { AcceptedLogin, HandOver } from './accepted-login.js'
import { accountFor, begin, createAttempt, discard, leaveGrant } from './login-attempt.js'
import type { KeepLoginParts } from './login-attempt.js'
import { fillNextSession } from './next-session.js'

/** Creates {@link HandOver}. */
export function createHandOver(parts: KeepLoginParts): HandOver {
  return async (request, given) => {
    const account = accountFor(request, given, parts)
    const session = replaceableSession(request)
    const begun = given.begun ?? (await beginAtOnce(session, given, account, parts))
    const login: AcceptedLogin = { ...given, begun }
    const leave = (): void => {
      if (begun !== undefined) leaveGrant(begun, parts)
    }
    if (session === undefined || login.connecting) leave()
    else {
      const attempt = createAttempt(login, parts, leave)
      fillNextSession(request, session, { login, account, attempt }, parts)
    }
    return {
      info:
        begun === undefined ? { tokens: login.tokens } : { grant: begun.joined?.grant ?? begun.id },
      begun,
      undo() {
        if (begun === undefined) discard(login, parts)
        else void parts.undoLogin(begun)
      },
    }
  }
}

/** The grant of a login that is in no session; `undefined` if it could not be found, or changes one that a session has. */
async function beginAtOnce(
  session: LoginSession | undefined,
  login: AcceptedLogin,
  account: string | undefined,
  parts: KeepLoginParts,
): Promise<BegunLogin | undefined> {
  const isFound = parts.settings.grants !== undefined && account !== undefined
  if (!isFound || login.note.asked !== undefined) return undefined
  const { lifetimeOf } = parts
  return begin(
    undefined,
    login,
    { account, extended: undefined },
    {
      ...parts,
      lifetimeOf: () => lifetimeOf(session),
    },
  )
}

/** The session that `req.logIn` would replace, if there is one. */
function replaceableSession({ session }: LoginRequest): LoginSession | undefined {
  const known = session as Partial<LoginSession> | undefined
  return typeof known?.regenerate === 'function' ? session : undefined
}
