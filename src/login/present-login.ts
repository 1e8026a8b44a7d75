import type { LoginNote } from '../grants/login-note.js'
import type { GrantOwner } from '../grants/grant-record.js'
import { asNewAs, mayUse } from '../grants/holder.js'
import { grantIdOf } from '../grants/session-entry.js'
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
 * @param strategy identifies the strategy
 */
export function createPresentLogin(
  sessionKey: string,
  strategy: string,
  engine: {
    readonly read: (id: string, strategy: string) => Promise<Owned | undefined>
    readonly look: (id: string) => Promise<Owned | undefined>
  },
): PresentLogin {
  return async ({ session }) => {
    if (!session) return undefined
    const data = readStrategyData(session, sessionKey)
    const id = grantIdOf(data)
    if (id === undefined) return undefined
    // Logins of earlier versions have none, and a session can hold anything.
    if (data[FIELD] !== undefined) return Object(data[FIELD]) as LoginNote
    const record = await asNewAs(data, await engine.read(id, strategy), () => engine.look(id))
    const of: Partial<GrantOwner> = record?.of ?? {}
    return mayUse(data, of) ? (of.note ?? {}) : undefined
  }
}

/** A record, as far as it matters here. */
interface Owned {
  readonly of: GrantOwner
}

/** The field of the strategy's data in a session. */
const FIELD = 'login'

/** The strategy's data in a session. @param login `undefined` if the record has it */
export function withLoginNote(data: StrategyData, login: LoginNote | undefined): StrategyData {
  return { ...data, [FIELD]: login }
}
