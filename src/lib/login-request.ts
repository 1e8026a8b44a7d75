import type { IncomingMessage, ServerResponse } from 'node:http'

/** The part of express-session's `req.session` that this library uses. Its methods are express-session's own. */
export interface LoginSession {
  /** The session's id, as the session cookie has it. */
  readonly id: string
  /** The settings of the session cookie. */
  readonly cookie: object
  /** Writes the session to its store. */
  save(callback?: (error?: unknown) => void): unknown
  /** Reads the session from its store again. */
  reload(callback: (error?: unknown) => void): unknown
  /** Replaces the session with a new, empty one that has another id. */
  regenerate(callback: (error?: unknown) => void): unknown
  /** Deletes the session from its store. */
  destroy(callback: (error?: unknown) => void): unknown
}

/**
 * The part of a request that this library uses: Node's own request, with the properties that express-session and
 * Express add. An Express `Request` is one.
 */
export type LoginRequest = IncomingMessage & {
  /** The session; `undefined` without express-session, or if its store is disconnected. */
  session?: LoginSession | undefined
  /** The id that express-session has read from the session cookie, or a new one. */
  sessionID?: string | undefined
  /** The store of express-session. */
  sessionStore?: object | undefined
  /** The path and query before routers removed the path that they are mounted at. */
  originalUrl?: string | undefined
  /** The parsed body, if a body parser has run. */
  body?: unknown
  /** The response to this request. */
  res?: ServerResponse | undefined
  /** Passes an error to the error handlers of the router that handles the request. */
  next?: ((error?: unknown) => void) | undefined
}
