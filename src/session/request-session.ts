import { copyOf } from '../lib/copy-of.js'
import type { ServerResponse } from 'node:http'
import { ConfigurationError } from '../errors/setup-errors.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import type { StrategyData } from './strategy-data.js'

export type { StrategyData }

/**
 * The request's session.
 *
 * @throws {ConfigurationError} if the request has none, or one of cookie-session
 */
export function requireSession(request: LoginRequest): LoginSession {
  const session = request.session as Partial<LoginSession> | undefined
  if (session && typeof session.regenerate === 'function') return session as LoginSession
  if (session) {
    throw new ConfigurationError(
      'req.session is not a session of express-session: it has no regenerate. cookie-session cannot be used, because its cookie is the session: it cannot be ended, and tokens would be in the browser. Use express-session with a store.',
    )
  }
  throw new ConfigurationError(
    'This request has no session: app.use(session(…)) has to come before the login routes. (express-session also leaves it out while its store is disconnected, and outside its cookie’s path.)',
  )
}

/**
 * The response that belongs to the request.
 *
 * @throws {ConfigurationError} if it is not a request of Express
 */
export function requireResponse({ res }: LoginRequest): ServerResponse {
  if (res) return res
  throw new ConfigurationError('Cookies need a request of Express: this one has no response.')
}

/**
 * Parts that are newer than those in their session object, by key. They are kept out of the session object on
 * purpose: with them in it, express-session would write the whole session at the end of the response, and overwrite
 * the changes of other requests.
 */
const newerData = new WeakMap<LoginSession, Map<string, StrategyData>>()

/** The strategy's data in a session; empty if there is none. */
export function readStrategyData(session: LoginSession, key: string): StrategyData {
  return asStrategyData(newerData.get(session)?.get(key) ?? field(session, key))
}

/** The value if it is an object, else an empty one: a session can hold anything. */
export function asStrategyData(value: unknown): StrategyData {
  return typeof value === 'object' && value !== null ? (value as StrategyData) : {}
}

/** Writes the strategy's data into the session object, or removes it if all its fields are `undefined`. */
export function writeStrategyData(session: LoginSession, key: string, data: StrategyData): void {
  newerData.get(session)?.delete(key)
  const left = Object.entries(data).filter(([, value]) => value !== undefined)
  if (left.length === 0) Reflect.deleteProperty(session, key)
  else setField(session, key, Object.fromEntries(left))
}

/** A copy of the session, which keeps what is then removed from the session object. */
export function copyOfSession(session: LoginSession): LoginSession {
  const copy = copyOf(session)
  // express-session hides these two. Nobody saves the copy, so what else a store may hide is not needed.
  for (const name of ['id', 'req']) {
    Object.defineProperty(copy, name, { value: Reflect.get(session, name) })
  }
  const newer = newerData.get(session)
  if (newer !== undefined) newerData.set(copy, new Map(newer))
  return copy
}

/** Removes everything from the session object except its cookie. */
export function clearFields(session: LoginSession): void {
  for (const name of Object.keys(session)) {
    if (name !== 'cookie') Reflect.deleteProperty(session, name)
  }
}

/**
 * Makes {@link readStrategyData} return newer data for this request, without changing the session object. If the
 * application saves the session, the newer data is saved with it.
 */
export function showStrategyData(session: LoginSession, key: string, data: StrategyData): void {
  const known = newerData.get(session)
  if (known !== undefined) {
    known.set(key, data)
    return
  }
  const parts = new Map([[key, data]])
  newerData.set(session, parts)
  const save = session.save.bind(session)
  hiddenMethod(session, 'save', (callback?: (error?: unknown) => void) => {
    for (const [name, newer] of [...parts]) writeStrategyData(session, name, newer)
    return save(callback)
  })
}

/** Copies the fields of these names from one session to another. */
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
 * Replaces a method of the session. Like express-session's own methods, it is not copied or serialized with the
 * fields.
 */
export function hiddenMethod(
  session: LoginSession,
  name: 'regenerate' | 'save',
  value: unknown,
): void {
  Object.defineProperty(session, name, {
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}

/** Whether the browser has sent this session's cookie. If not, the session is new. */
export function isFromCookie({ headers, sessionID }: LoginRequest): boolean {
  if (sessionID === undefined) return false
  const cookies = headers.cookie ?? ''
  // express-session percent-encodes cookies, and the application's own `genid` may make ids that this changes.
  return cookies.includes(sessionID) || cookies.includes(encodeURIComponent(sessionID))
}
