import { changeStoredData, destroyStored, readStoredData } from '../session/stored-session.js'
import type { SessionAddress } from '../session/stored-session.js'
import type { GrantOwner } from './grant-record.js'
import { grantIdOf, hasEndedHere, withoutGrant } from './session-entry.js'

/**
 * Ends the session of a login that has ended. If the provider was only connected to a login, its tokens leave the
 * session, and the login stays.
 *
 * @param id of the login's record
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
  const data = await readStoredData(address, sessionKey)
  if (data === undefined) return
  const isHere = grantIdOf(data) === id
  if (isHere && connected) {
    await changeStoredData(address, sessionKey, (one) => withoutGrant(one, id, false))
  } else if (isHere || hasEndedHere(data)) await destroyStored(address)
}
