import { grantIdOf } from '../grants/session-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import { readStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'
import type { LoginNote } from './login-note.js'

/** What the session knows of the login that one strategy has there; `undefined` if it holds none. */
export function presentLogin({ session }: LoginRequest, sessionKey: string): LoginNote | undefined {
  if (!session) return undefined
  const data = readStrategyData(session, sessionKey)
  if (grantIdOf(data) === undefined) return undefined
  // Logins of earlier versions have none, and a session can hold anything.
  return Object(data['login']) as LoginNote
}

/** The strategy's data in the session of a login. */
export function withLoginNote(data: StrategyData, login: LoginNote): StrategyData {
  return { ...data, login }
}
