import { StorageError } from '../errors/errors.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { passToErrorHandlers } from '../lib/pass-to-error-handlers.js'
import { clearFields, hiddenMethod, keepFields, requireSession, settled } from './session-part.js'

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
