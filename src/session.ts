import { ConfigurationError, StorageError } from './errors.js'
import type { LoginRequest, LoginSession } from './types.js'

/**
 * The request's session.
 *
 * @throws {ConfigurationError} when there is none
 */
export function requireSession(request: LoginRequest): LoginSession {
  if (request.session) return request.session
  throw new ConfigurationError(
    'This request has no session: app.use(session(…)) has to come before the login routes. (express-session also leaves it out while its store is disconnected, and outside its cookie’s path.)',
  )
}

/** Everything one strategy keeps in a session, under one key. */
export type SessionPart = Readonly<Record<string, unknown>>

/**
 * Parts that are newer than the session object they belong to. They are kept beside it because a changed
 * session is written as a whole at the end of the response, over whatever other requests have changed.
 */
const newerParts = new WeakMap<LoginSession, Map<string, SessionPart>>()

/** Our part of a session; an empty one if there is none. */
export function readPart(session: LoginSession, key: string): SessionPart {
  return asPart(newerParts.get(session)?.get(key) ?? field(session, key))
}

/** A session can hold anything: what is no object counts as empty. */
function asPart(value: unknown): SessionPart {
  return typeof value === 'object' && value !== null ? (value as SessionPart) : {}
}

/** Puts our part into the session, or takes it out when nothing is left in it. */
export function writePart(session: LoginSession, key: string, part: SessionPart): void {
  newerParts.get(session)?.delete(key)
  const left = Object.entries(part).filter(([, value]) => value !== undefined)
  if (left.length === 0) Reflect.deleteProperty(session, key)
  else setField(session, key, Object.fromEntries(left))
}

/** Takes everything out of the session but its cookie. */
export function clearFields(session: LoginSession): void {
  for (const name of Object.keys(session)) {
    if (name !== 'cookie') Reflect.deleteProperty(session, name)
  }
}

/** The keys under which a session has a part that `matches`. */
export function keysOfParts(
  session: LoginSession,
  matches: (part: SessionPart) => boolean,
): string[] {
  return Object.keys(session).filter((key) => matches(readPart(session, key)))
}

/**
 * Lets this request see a newer part, without making its session a changed one. If the application saves
 * the session, the newer part goes with it.
 */
export function showPart(session: LoginSession, key: string, part: SessionPart): void {
  const known = newerParts.get(session)
  if (known !== undefined) {
    known.set(key, part)
    return
  }
  const parts = new Map([[key, part]])
  newerParts.set(session, parts)
  const save = session.save.bind(session)
  hiddenMethod(session, 'save', (callback?: (error?: unknown) => void) => {
    for (const [name, newer] of [...parts]) writePart(session, name, newer)
    return save(callback)
  })
}

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

/** Copies the application's fields of these names. */
export function keepFields(names: readonly string[], from: LoginSession, to: LoginSession): void {
  for (const name of names) {
    if (Object.hasOwn(from, name)) setField(to, name, field(from, name))
  }
}

function field(session: LoginSession, name: string): unknown {
  return Object.hasOwn(session, name) ? Reflect.get(session, name) : undefined
}

function setField(session: LoginSession, name: string, value: unknown): void {
  Reflect.set(session, name, value)
}

/**
 * Writes the session to its store now.
 *
 * @throws {StorageError} when the store fails
 */
export function saveSession(session: LoginSession): Promise<void> {
  return settled('Writing the session', (done) => session.save(done))
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

/**
 * Ends the session: its id is worth nothing from now on. The named fields move to a new one; if the
 * session has none of them, there is no new one.
 *
 * @throws {StorageError} when the store fails
 */
export async function replaceSession(
  request: LoginRequest,
  keep: readonly string[],
): Promise<void> {
  const session = requireSession(request)
  // A visitor who brought no session leaves none behind.
  if (!isFromCookie(request)) return
  if (keep.some((name) => Object.hasOwn(session, name))) {
    await settled('Changing the session id', (done) => session.regenerate(done))
    keepFields(keep, session, requireSession(request))
  } else {
    await settled('Destroying the session', (done) => session.destroy(done))
  }
}

/** Whether the session is one that the browser has brought, rather than a new one. */
export function isFromCookie({ headers, sessionID }: LoginRequest): boolean {
  if (sessionID === undefined) return false
  const cookies = headers.cookie ?? ''
  // Cookies are percent-encoded, and an application's own `genid` may make ids in which that shows.
  return cookies.includes(sessionID) || cookies.includes(encodeURIComponent(sessionID))
}

async function settled(
  what: string,
  work: (done: (error?: unknown) => void) => unknown,
): Promise<void> {
  await result(what, work)
}

function result<Value>(
  what: string,
  work: (done: (error?: unknown, value?: Value | null) => void) => unknown,
): Promise<Value | null | undefined> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => reject(new StorageError(what, error))
    try {
      const returned = work((error, value) => {
        if (error) failed(error)
        else resolve(value)
      })
      // A store whose methods are async functions rejects a promise instead of calling back.
      if (returned instanceof Promise) returned.catch(failed)
    } catch (error) {
      failed(error)
    }
  })
}

/** What is done with the new session that Passport's `req.logIn` makes. */
export interface FreshSession {
  /** Puts into it what it shall have: after the id has changed and before it is first saved. */
  readonly fill: (fresh: LoginSession) => void
  /** Comes after it was first saved, and before anybody goes on. If it fails, so has the login. */
  readonly confirm?: ((fresh: LoginSession) => Promise<void>) | undefined
}

/**
 * Fills the new session when this one is regenerated, which Passport's `req.logIn` does. So login, tokens
 * and whatever else `fill` puts in are written together, once.
 */
export function fillWhenRegenerated(
  request: LoginRequest,
  session: LoginSession,
  { fill, confirm }: FreshSession,
): void {
  const regenerate = session.regenerate.bind(session)
  hiddenMethod(session, 'regenerate', (callback: Callback) => {
    const goOn = guarded(request, callback)
    regenerate((error) => {
      if (error) {
        goOn(new StorageError('Changing the session id', error))
        return
      }
      try {
        const fresh = requireSession(request)
        fill(fresh)
        saveOnlyChanges(request, fresh, confirm)
      } catch (failure) {
        goOn(failure)
        return
      }
      goOn()
    })
  })
}

type Callback = (error?: unknown) => void

/**
 * `callback`, for a session store to call. What it throws goes to the application's error handlers: thrown
 * inside the store's own callback, it would end the process.
 */
function guarded(request: LoginRequest, callback: Callback): Callback {
  return (error) => {
    try {
      callback(error)
    } catch (failure) {
      passToErrorHandlers(request, failure)
    }
  }
}

/** Hands an error to the error handlers of Express. What these throw closes the connection. */
export function passToErrorHandlers({ res, next }: LoginRequest, error: unknown): void {
  try {
    if (res?.writableEnded !== true) next?.(error)
  } catch {
    res?.destroy()
  }
}

/**
 * Makes `save` skip what is already in the store. express-session takes a session whose id has changed
 * for unsaved and writes it again at the end of the response, even when it was saved a moment ago. A
 * session that JSON cannot hold, such as one with a user of the application's with a `bigint` in it, loses
 * everything.
 */
function saveOnlyChanges(
  request: LoginRequest,
  session: LoginSession,
  confirm: FreshSession['confirm'],
): void {
  const save = session.save.bind(session)
  let stored: string | undefined
  hiddenMethod(session, 'save', (given: Callback = () => undefined): void => {
    const callback = guarded(request, given)
    let content: string
    try {
      content = contentOf(session)
    } catch (error) {
      // Passport calls from within the store, where what is thrown ends the process; and express-session
      // would throw it again at the end of the response.
      clearFields(session)
      callback(new StorageError('Writing the session', error))
      return
    }
    if (content === stored) {
      callback()
      return
    }
    const isFirst = stored === undefined
    settled('Writing the session', (done) => save(done))
      .then(async () => {
        stored = content
        if (isFirst) await confirm?.(session).catch((error: unknown) => undo(session, error))
      })
      .then(() => callback(), callback)
  })
}

/** Ends a session whose login could not be confirmed. */
async function undo(session: LoginSession, reason: unknown): Promise<never> {
  await settled('Destroying the session', (done) => session.destroy(done)).catch(() => undefined)
  throw reason
}

/** The session's content without the end of its cookie, which moves all the time. */
function contentOf({ cookie, ...fields }: LoginSession): string {
  const lasting = JSON.stringify(cookie, (name, value: unknown) =>
    name === 'expires' ? undefined : value,
  )
  return JSON.stringify(fields) + lasting
}

/** As express-session defines its own methods: invisible to whoever copies or serializes the session. */
function hiddenMethod(session: LoginSession, name: 'regenerate' | 'save', value: unknown): void {
  Object.defineProperty(session, name, {
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}
