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
export type SessionPart = Record<string, unknown>

/** Our part of a session; an empty one, not yet in the session, if there is none. */
export function readPart(session: LoginSession, key: string): SessionPart {
  const part = field(session, key)
  return typeof part === 'object' && part !== null ? (part as SessionPart) : {}
}

/** Puts our part into the session, or takes it out when nothing is left in it. */
export function writePart(session: LoginSession, key: string, part: SessionPart): void {
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
  if (keep.some((name) => Object.hasOwn(session, name))) {
    await settled('Changing the session id', (done) => session.regenerate(done))
    keepFields(keep, session, requireSession(request))
  } else {
    await settled('Destroying the session', (done) => session.destroy(done))
  }
}

function settled(what: string, work: (done: (error?: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error) reject(new StorageError(what, error))
      else resolve()
    })
  })
}

/**
 * Fills the new session when this one is regenerated, which Passport's `req.logIn` does: after the id
 * has changed and before the new session is first saved. So login, tokens and whatever else `fill` puts
 * in are written together, once.
 */
export function fillWhenRegenerated(
  request: LoginRequest,
  session: LoginSession,
  fill: (fresh: LoginSession) => void,
): void {
  const regenerate = session.regenerate.bind(session)
  hiddenMethod(session, 'regenerate', (callback: (error?: unknown) => void) =>
    regenerate((error) => {
      if (error) {
        callback(new StorageError('Changing the session id', error))
        return
      }
      const fresh = requireSession(request)
      fill(fresh)
      saveOnlyChanges(fresh)
      callback()
    }),
  )
}

/**
 * Makes `save` skip what is already in the store. express-session takes a session whose id has changed
 * for unsaved and writes it again at the end of the response, even when it was saved a moment ago.
 */
function saveOnlyChanges(session: LoginSession): void {
  const save = session.save.bind(session)
  let stored: string | undefined
  hiddenMethod(session, 'save', (callback: (error?: unknown) => void = () => undefined) => {
    const content = contentOf(session)
    if (content === stored) {
      callback()
      return
    }
    save((error) => {
      if (error) {
        callback(new StorageError('Writing the session', error))
        return
      }
      stored = content
      callback()
    })
  })
}

/** The session's content as express-session compares it: without the cookie, whose expiry moves all the time. */
function contentOf(session: LoginSession): string {
  return JSON.stringify({ ...session, cookie: undefined })
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
