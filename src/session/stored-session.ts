import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { callSession, callStore, limited, readFromStore } from './call-store.js'
import type { StoreLimits } from './call-store.js'
import { asStrategyData, requireSession } from './request-session.js'
import { guardOf } from './session-guard.js'
import type { StoredSession } from './session-guard.js'
import type { StrategyData } from './strategy-data.js'

/**
 * Changes the strategy's data in the *stored* session, and keeps everything else that other requests have
 * written to it. A session that is no longer stored is not created again.
 *
 * Under `guardSessionStore`, no other request of this process writes the session meanwhile. Without it, the session is
 * read and then written, one round trip later, and a change that another request writes between the two is lost, as
 * with any two requests of one session.
 *
 * @param change returns the new data, or `undefined` to write nothing
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function changeStoredData(
  address: SessionAddress,
  key: string,
  change: (data: StrategyData) => StrategyData | undefined,
  limits?: StoreLimits,
): Promise<void> {
  const { sessionID: id, sessionStore } = address
  const store = sessionStore as SessionStore | undefined
  if (store === undefined || id === undefined) return
  const changeSession = (stored: StoredSession): StoredSession | undefined => {
    const data = change(asStrategyData(stored[key]))
    return data && prolonged(store, id, { ...stored, [key]: data })
  }
  const guard = guardOf(store)
  if (guard !== undefined) {
    await limited('Writing the session', guard.update(id, changeSession), limits)
    return
  }
  const stored = await readStored(address, limits)
  const changed = stored && changeSession(stored)
  if (changed === undefined) return
  await callStore('Writing the session', (done) => store.set(id, changed, done), limits)
}

/**
 * The same as {@link changeStoredData}, for changes that a later request makes if this one fails: errors are
 * ignored, and it stops waiting for the store after `timeoutMs` **milliseconds**.
 */
export async function tryToChangeStoredData(
  address: SessionAddress,
  key: string,
  change: (data: StrategyData) => StrategyData | undefined,
  timeoutMs: number,
): Promise<void> {
  const changing = changeStoredData(address, key, change, { timeoutMs })
  await limited('Changing the session', changing, { timeoutMs }).catch(() => undefined)
}

/** Where a session is stored. A request has these fields. Without a request, a session's id and store are enough. */
export type SessionAddress = Pick<LoginRequest, 'sessionID' | 'sessionStore'>

/**
 * Everything in a *stored* session, by its key there, whichever strategy it is of. Empty if the session is no longer stored.
 *
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function readStoredData(
  address: SessionAddress,
  limits?: StoreLimits,
): Promise<ReadonlyMap<string, StrategyData>> {
  const stored = (await readStored(address, limits)) ?? {}
  return new Map(Object.entries(stored).map(([key, value]) => [key, asStrategyData(value)]))
}

/**
 * The session as it is stored; `undefined` if it is no longer stored.
 *
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function readStoredSession(
  address: SessionAddress,
  limits?: StoreLimits,
): Promise<LoginSession | undefined> {
  const stored = await readStored(address, limits)
  if (stored === undefined) return undefined
  const { sessionID, sessionStore } = address as StoredAddress
  return sessionStore.createSession({ sessionID, sessionStore }, stored) as unknown as LoginSession
}

/**
 * Makes a stored session the one of the request; resolves to `undefined`, and changes nothing, if it is not stored.
 *
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function loadSession(
  request: LoginRequest,
  sessionID: string,
  limits?: StoreLimits,
): Promise<LoginSession | undefined> {
  const { sessionStore } = request
  const stored = await readStored({ sessionID, sessionStore }, limits)
  if (stored === undefined) return undefined
  request.sessionID = sessionID
  const store = sessionStore as SessionStore
  store.createSession(request as StoredAddress, stored)
  return requireSession(request)
}

/**
 * Destroys a stored session.
 *
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function destroyStored(address: SessionAddress, limits?: StoreLimits): Promise<void> {
  const { sessionID: id, sessionStore: store } = address as StoredAddress
  await callStore('Destroying the session', (done) => store.destroy(id, done), limits)
}

/** The address of a session that was found in the store. */
interface StoredAddress {
  readonly sessionID: string
  readonly sessionStore: SessionStore
}

/** The methods of a store of express-session that are used here. */
interface SessionStore {
  get(id: string, done: (error?: unknown, session?: StoredSession | null) => void): unknown
  set(id: string, session: StoredSession, done: (error?: unknown) => void): unknown
  destroy(id: string, done: (error?: unknown) => void): unknown
  createSession(
    request: { readonly sessionID: string; readonly sessionStore: object },
    session: StoredSession,
  ): StoredSession & { touch(): unknown }
}

/**
 * The session with a new expiry. The stored expiry is from the last write, but each `touch` since then has extended
 * the session. Its cookie is one of express-session, because some stores read `cookie.maxAge`.
 */
function prolonged(store: SessionStore, id: string, stored: StoredSession): StoredSession {
  const session = store.createSession({ sessionID: id, sessionStore: store }, stored)
  session.touch()
  return session
}

/**
 * Reads the request's session from its store again, so that the next write keeps what other requests have
 * written since. `undefined` if the session is no longer stored.
 *
 * @throws {ConfigurationError} if the request has no session
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function reloadSession(
  request: LoginRequest,
  limits?: StoreLimits,
): Promise<LoginSession | undefined> {
  const session = requireSession(request)
  if ((await readStored(request, limits)) === undefined) return undefined
  await callSession('Reading the session', session, (done) => session.reload(done), limits)
  return requireSession(request)
}

async function readStored(
  request: SessionAddress,
  limits: StoreLimits | undefined,
): Promise<StoredSession | undefined> {
  const { sessionID: id } = request
  const store = request.sessionStore as SessionStore | undefined
  if (store === undefined || id === undefined) return undefined
  const stored = await readFromStore<StoredSession>(
    'Reading the session',
    (done) => store.get(id, done),
    limits,
  )
  return stored ?? undefined
}

/**
 * Writes the session to its store now.
 *
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export function saveSession(session: LoginSession, limits?: StoreLimits): Promise<void> {
  return callSession('Writing the session', session, (done) => session.save(done), limits)
}
