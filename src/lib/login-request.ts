import type { IncomingMessage, ServerResponse } from 'node:http'

/** What the strategy needs of express-session's `req.session`. */
export interface LoginSession {
  readonly id: string
  readonly cookie: object
  save(callback?: (error?: unknown) => void): unknown
  reload(callback: (error?: unknown) => void): unknown
  regenerate(callback: (error?: unknown) => void): unknown
  destroy(callback: (error?: unknown) => void): unknown
}

/** What the strategy needs of a request: Node's own, with express-session's and Express's additions. */
export type LoginRequest = IncomingMessage & {
  session?: LoginSession | undefined
  sessionID?: string | undefined
  sessionStore?: object | undefined
  originalUrl?: string | undefined
  body?: unknown
  res?: ServerResponse | undefined
  /** Express's own: hands an error to the error handlers of the router that the request is in. */
  next?: ((error?: unknown) => void) | undefined
}
