import { StorageError } from '../errors/setup-errors.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { passToErrorHandlers } from '../lib/pass-to-error-handlers.js'
import { callSession } from './call-store.js'
import type { Callback, StoreLimits } from './call-store.js'
import {
  clearFields,
  hiddenMethod,
  isFromCookie,
  keepFields,
  requireSession,
} from './request-session.js'
import { loadSession } from './stored-session.js'

/**
 * Destroys the request's session, so that its id can no longer be used. If it has fields named in `keep`, they
 * move to a new session with a new id. A request whose browser has sent no session cookie is left as it is.
 *
 * @throws {ConfigurationError} if the request has no session
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function replaceSession(
  request: LoginRequest,
  keep: readonly string[],
  limits?: StoreLimits,
): Promise<void> {
  const session = requireSession(request)
  if (!isFromCookie(request)) return
  if (keep.some((name) => Object.hasOwn(session, name))) {
    await callSession(
      'Changing the session id',
      session,
      (done) => session.regenerate(done),
      limits,
    )
    keepFields(keep, session, requireSession(request))
  } else {
    await callSession('Destroying the session', session, (done) => session.destroy(done), limits)
  }
}

/** What to do with the new session that Passport's `req.logIn` makes. */
export interface FreshSession {
  /**
   * Called after the id has changed and before the session is first saved, and awaited. Writes fields into the session.
   * If it throws or rejects, all fields are removed from the new session again and the login fails.
   */
  readonly fill: (fresh: LoginSession) => void | Promise<void>
  /**
   * Called when the new session is stored for the first time, and awaited. If it rejects, all fields are removed from the
   * session again, also in its store, and the login fails.
   */
  readonly stored?: (fresh: LoginSession) => Promise<void>
}

/**
 * Calls `fill` with the new session when Passport's `req.logIn` regenerates this one. This way, the login, the
 * tokens and all other fields are saved in one write.
 */
export function fillWhenRegenerated(
  request: LoginRequest,
  session: LoginSession,
  { fill, stored }: FreshSession,
  limits?: StoreLimits,
): void {
  const regenerate = session.regenerate.bind(session)
  const regenerateAndFill = async (): Promise<void> => {
    await callSession('Changing the session id', session, (done) => regenerate(done), limits)
    const fresh = requireSession(request)
    try {
      await fill(fresh)
    } catch (error) {
      // express-session stores a session whose id has changed, also after an error.
      clearFields(fresh)
      throw error
    }
    saveOnlyChanges(request, fresh, { whenStored: stored }, limits)
  }
  hiddenMethod(session, 'regenerate', (callback: Callback) => {
    const goOn = guarded(request, callback)
    regenerateAndFill().then(() => goOn(), goOn)
  })
}

/**
 * Makes a stored session the one of the request, so that the response sends its cookie. The session itself is not written.
 *
 * WARNING: whoever sent the request is then logged in as the person in that session.
 *
 * @returns whether there is such a session
 * @throws {StorageError} if the store fails, or has not answered within the limit
 */
export async function adoptSession(
  request: LoginRequest,
  sessionID: string,
  limits?: StoreLimits,
): Promise<boolean> {
  const adopted = await loadSession(request, sessionID, limits)
  if (adopted === undefined) return false
  saveOnlyChanges(request, adopted, { content: contentOf(adopted) }, limits)
  return true
}

/**
 * Wraps a callback that a session store calls. Errors that it throws go to the application's error handlers.
 * Thrown inside the store, they would end the process.
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

/** What the store has of a session already. */
interface KnownContent {
  /** `undefined` if it has nothing yet. */
  readonly content?: string
  readonly whenStored?: FreshSession['stored']
}

/**
 * Makes `save` write nothing if the store already has the same content. If the id of a session has
 * changed, express-session writes it at the end of the response, even if it has just been saved.
 *
 * If the session cannot be written as JSON, for example because the application's user has a `bigint`, `save`
 * removes all fields from it and fails.
 */
function saveOnlyChanges(
  request: LoginRequest,
  session: LoginSession,
  { content: known, whenStored }: KnownContent,
  limits: StoreLimits | undefined,
): void {
  const save = session.save.bind(session)
  let stored = known

  async function store(content: string): Promise<void> {
    const isFirst = stored === undefined
    await callSession('Writing the session', session, (done) => save(done), limits)
    stored = content
    if (!isFirst || whenStored === undefined) return
    try {
      await whenStored(session)
    } catch (error) {
      clearFields(session)
      await callSession('Writing the session', session, (done) => save(done), limits)
      throw error
    }
  }

  hiddenMethod(session, 'save', (given: Callback = () => undefined): void => {
    const callback = guarded(request, given)
    let content: string
    try {
      content = contentOf(session)
    } catch (error) {
      // Passport calls `save` inside the store's callback, where an error that is thrown ends the process. With
      // the fields still there, express-session would also throw it again at the end of the response.
      clearFields(session)
      callback(new StorageError('Writing the session', error))
      return
    }
    if (content === stored) {
      callback()
      return
    }
    store(content).then(() => callback(), callback)
  })
}

/** The session's content as JSON, without the expiry of its cookie, which changes with every request. */
function contentOf({ cookie, ...fields }: LoginSession): string {
  const written = cookie as { readonly toJSON?: () => object } | undefined
  const lasting = { ...(written?.toJSON?.() ?? written), expires: undefined }
  return JSON.stringify({ ...fields, cookie: lasting })
}
