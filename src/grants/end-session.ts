import { changeStoredData, destroyStored, readStoredData } from '../session/stored-session.js'
import type { SessionAddress } from '../session/stored-session.js'
import type { StrategyData } from '../session/strategy-data.js'
import type { GrantOwner } from './grant-record.js'
import { grantIdOf, hasEndedHere, saysEnded, withoutGrant } from './session-entry.js'

/**
 * Ends the session of a login that has ended. If the provider was only connected to a login, its tokens leave the
 * session, and the login stays. The login may be one of another strategy: its id, which is random, tells where it is in
 * the session.
 *
 * @param id of the login's record
 * @param sessionKey where the calling strategy's data are in a session: the session ends too if they say that their login
 *   has ended
 * @throws {StorageError} if the session store fails
 */
export async function endSession(
  id: string,
  { sessionId, connected }: GrantOwner,
  sessionStore: object,
  sessionKey: string,
): Promise<void> {
  if (sessionId === undefined) return
  const address: SessionAddress = { sessionID: sessionId, sessionStore }
  const stored = await readStoredData(address)
  const key = keyOf(id, stored)
  if (key !== undefined && connected) {
    await changeStoredData(address, key, (one) => withoutGrant(one, id, false))
  } else if (key !== undefined || isOver(id, stored, sessionKey)) await destroyStored(address)
}

type Stored = ReadonlyMap<string, StrategyData>

/** Where the login is in the session; `undefined` if it is not there any more. */
function keyOf(id: string, stored: Stored): string | undefined {
  return [...stored.keys()].find((key) => grantIdOf(stored.get(key) ?? {}) === id)
}

/** Whether the session has no login any more, because a request has found that it has ended. */
function isOver(id: string, stored: Stored, sessionKey: string): boolean {
  return (
    hasEndedHere(stored.get(sessionKey) ?? {}) ||
    [...stored.values()].some((data) => saysEnded(data, id))
  )
}
