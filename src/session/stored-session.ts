import { setTimeout } from 'node:timers/promises'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { asStrategyData, callStore, readFromStore, requireSession } from './request-session.js'
import type { StrategyData } from './request-session.js'

/**
 * Changes the strategy's data in the *stored* session, and keeps everything else that other requests have
 * written to it. A session that is no longer stored is not created again.
 *
 * It reads the session and then writes it, one round trip later. A change that another request writes between
 * the two is lost, as with any two requests of one session.
 *
 * @param change returns the new data, or `undefined` to write nothing
 * @throws {StorageError} if the store fails
 */
export async function changeStoredData(
  request: SessionAddress,
  key: string,
  change: (data: StrategyData) => StrategyData | undefined,
): Promise<void> {
  const stored = await readStored(request)
  if (stored === undefined) return
  const data = change(asStrategyData(stored[key]))
  if (data === undefined) return
  const changed = { ...stored, [key]: data, cookie: renewed(stored.cookie) }
  const { sessionID: id, sessionStore: store } = request as StoredAddress
  await callStore('Writing the session', (done) => store.set(id, changed, done))
}

/**
 * The same as {@link changeStoredData}, for changes that a later request makes if this one fails: errors are
 * ignored, and it stops waiting for the store after `timeoutMs` **milliseconds**.
 */
export async function tryToChangeStoredData(
  request: SessionAddress,
  key: string,
  change: (data: StrategyData) => StrategyData | undefined,
  timeoutMs: number,
): Promise<void> {
  const changed = new AbortController()
  await Promise.race([
    changeStoredData(request, key, change),
    setTimeout(timeoutMs, undefined, { ref: false, signal: changed.signal }),
  ]).catch(() => undefined)
  changed.abort()
}

/** Where a session is stored. A request has these fields. Without a request, a session's id and store are enough. */
export type SessionAddress = Pick<LoginRequest, 'sessionID' | 'sessionStore'>

/**
 * The strategy's data in a *stored* session; `undefined` if the session is no longer stored.
 *
 * @throws {StorageError} if the store fails
 */
export async function readStoredData(
  address: SessionAddress,
  key: string,
): Promise<StrategyData | undefined> {
  const stored = await readStored(address)
  return stored === undefined ? undefined : asStrategyData(stored[key])
}

/**
 * Destroys a stored session.
 *
 * @throws {StorageError} if the store fails
 */
export async function destroyStored(address: SessionAddress): Promise<void> {
  const { sessionID: id, sessionStore: store } = address as StoredAddress
  await callStore('Destroying the session', (done) => store.destroy(id, done))
}

/** A session as it is in its store. */
type StoredSession = Readonly<Record<string, unknown>> & { readonly cookie: StoredCookie }

interface StoredCookie {
  readonly originalMaxAge?: unknown
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
}

/**
 * The cookie with a new expiry. The stored expiry is from the last write, but each `touch` since then has extended
 * the session.
 */
function renewed(cookie: StoredCookie | undefined): StoredCookie {
  const { originalMaxAge } = cookie ?? {}
  if (typeof originalMaxAge !== 'number') return cookie ?? {}
  return { ...cookie, expires: new Date(Date.now() + originalMaxAge) } as StoredCookie
}

/**
 * Reads the request's session from its store again, so that the next write keeps what other requests have
 * written since. `undefined` if the session is no longer stored.
 *
 * @throws {ConfigurationError} if the request has no session
 * @throws {StorageError} if the store fails
 */
export async function reloadSession(request: LoginRequest): Promise<LoginSession | undefined> {
  const session = requireSession(request)
  if ((await readStored(request)) === undefined) return undefined
  await callStore('Reading the session', (done) => session.reload(done))
  return requireSession(request)
}

async function readStored(request: SessionAddress): Promise<StoredSession | undefined> {
  const { sessionID: id } = request
  const store = request.sessionStore as SessionStore | undefined
  if (store === undefined || id === undefined) return undefined
  const stored = await readFromStore<StoredSession>('Reading the session', (done) =>
    store.get(id, done),
  )
  return stored ?? undefined
}
