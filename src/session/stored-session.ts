import { setTimeout } from 'node:timers/promises'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { asPart, requireSession, result, settled } from './session-part.js'
import type { SessionPart } from './session-part.js'

/**
 * Changes our part of the *stored* session and nothing else of it: what other requests have written
 * meanwhile stays. A session that is no longer stored stays away. `change` returns `undefined` to leave
 * everything as it is.
 *
 * Between reading and writing lies one round trip to the store; as with any two requests of one session,
 * what another one writes in that very moment is lost.
 *
 * @throws {StorageError} when the store fails
 */
export async function changeStoredPart(
  request: SessionAddress,
  key: string,
  change: (part: SessionPart) => SessionPart | undefined,
): Promise<void> {
  const stored = await readStored(request)
  if (stored === undefined) return
  const part = change(asPart(stored[key]))
  if (part === undefined) return
  const changed = { ...stored, [key]: part, cookie: renewed(stored.cookie) }
  const { sessionID: id, sessionStore: store } = request as StoredAddress
  await settled('Writing the session', (done) => store.set(id, changed, done))
}

/**
 * The same, for changes that another request will make if this one fails: errors are ignored, and a store
 * that does not answer is given up after `timeoutMs`, because others may be waiting for what comes next.
 */
export async function tryToChangeStoredPart(
  request: SessionAddress,
  key: string,
  change: (part: SessionPart) => SessionPart | undefined,
  timeoutMs: number,
): Promise<void> {
  const changed = new AbortController()
  await Promise.race([
    changeStoredPart(request, key, change),
    setTimeout(timeoutMs, undefined, { ref: false, signal: changed.signal }),
  ]).catch(() => undefined)
  changed.abort()
}

/** Where a session is stored: a request has it, and so has whoever knows its id. */
export type SessionAddress = Pick<LoginRequest, 'sessionID' | 'sessionStore'>

/**
 * Our part of a *stored* session; `undefined` when it is no longer stored.
 *
 * @throws {StorageError} when the store fails
 */
export async function readStoredPart(
  address: SessionAddress,
  key: string,
): Promise<SessionPart | undefined> {
  const stored = await readStored(address)
  return stored === undefined ? undefined : asPart(stored[key])
}

/**
 * Destroys a session, whoever it belongs to.
 *
 * @throws {StorageError} when the store fails
 */
export async function destroyStored(address: SessionAddress): Promise<void> {
  const { sessionID: id, sessionStore: store } = address as StoredAddress
  await settled('Destroying the session', (done) => store.destroy(id, done))
}

/** A session as a store keeps it. */
type StoredSession = Readonly<Record<string, unknown>> & { readonly cookie: StoredCookie }

interface StoredCookie {
  readonly originalMaxAge?: unknown
}

/** The address of a session that was found in the store. */
interface StoredAddress {
  readonly sessionID: string
  readonly sessionStore: SessionStore
}

/** What express-session asks of a store. */
interface SessionStore {
  get(id: string, done: (error?: unknown, session?: StoredSession | null) => void): unknown
  set(id: string, session: StoredSession, done: (error?: unknown) => void): unknown
  destroy(id: string, done: (error?: unknown) => void): unknown
}

/** A stored cookie's end is that of the last write, which touches of the session have moved since. */
function renewed(cookie: StoredCookie | undefined): StoredCookie {
  const { originalMaxAge } = cookie ?? {}
  if (typeof originalMaxAge !== 'number') return cookie ?? {}
  return { ...cookie, expires: new Date(Date.now() + originalMaxAge) } as StoredCookie
}

/**
 * Reads the session anew from its store, so that a write that follows keeps what others have written
 * since. `undefined` when the store has it no longer.
 *
 * @throws {StorageError} when the store fails
 */
export async function reloadSession(request: LoginRequest): Promise<LoginSession | undefined> {
  const session = requireSession(request)
  if ((await readStored(request)) === undefined) return undefined
  await settled('Reading the session', (done) => session.reload(done))
  return requireSession(request)
}

async function readStored(request: SessionAddress): Promise<StoredSession | undefined> {
  const { sessionID: id } = request
  const store = request.sessionStore as SessionStore | undefined
  if (store === undefined || id === undefined) return undefined
  const stored = await result<StoredSession>('Reading the session', (done) => store.get(id, done))
  return stored ?? undefined
}
