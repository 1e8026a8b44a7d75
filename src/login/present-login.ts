import type { LoginNote } from '../grants/login-note.js'
import type { GrantOwner, GrantRecord } from '../grants/grant-record.js'
import { grantIdOf, mayUse } from '../grants/session-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import { readStrategyData } from '../session/request-session.js'
import type { StrategyData } from '../session/request-session.js'

/**
 * What is known of the login that one strategy has in a request's session; `undefined` if it has none there.
 *
 * @throws {StorageError} if the store of the grants cannot be reached
 */
export type PresentLogin = (request: LoginRequest) => Promise<LoginNote | undefined>

/**
 * Creates {@link PresentLogin}.
 *
 * @param read reads the record of a login
 */
export function createPresentLogin(
  sessionKey: string,
  read: (id: string) => Promise<Pick<GrantRecord, 'of'> | undefined>,
): PresentLogin {
  return async ({ session }) => {
    if (!session) return undefined
    const data = readStrategyData(session, sessionKey)
    const id = grantIdOf(data)
    if (id === undefined) return undefined
    // Logins of earlier versions have none, and a session can hold anything.
    if (data[FIELD] !== undefined) return Object(data[FIELD]) as LoginNote
    const of: Partial<GrantOwner> = (await read(id))?.of ?? {}
    return mayUse(data, of) ? (of.note ?? {}) : undefined
  }
}

/** The field of the strategy's data in a session. */
const FIELD = 'login'

/** The strategy's data in a session. @param login `undefined` if the record has it */
export function withLoginNote(data: StrategyData, login: LoginNote | undefined): StrategyData {
  return { ...data, [FIELD]: login }
}
