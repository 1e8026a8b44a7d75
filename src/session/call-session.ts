import type { LoginSession } from '../lib/login-request.js'
import { callStore } from './call-store.js'
import type { Callback, StoreLimits } from './call-store.js'

/** The methods of a store that express-session's sessions call. */
const METHODS = ['get', 'set', 'destroy'] as const

type Methods = Partial<Record<(typeof METHODS)[number], (...given: readonly unknown[]) => unknown>>

/**
 * Calls a method of a session, which calls its store, and waits until it calls back, or until the time limit.
 *
 * express-session drops what the store returns. If that is a promise that rejects, nobody would hear of it: the request would
 * wait for the time limit, and the process would end because of an unhandled rejection.
 *
 * @param what for the error's message, such as "Writing the session"
 * @throws {StorageError} if the store fails, or has not called back within the limit; a write may still be done then
 */
export function callSession(
  what: string,
  session: LoginSession,
  work: (done: Callback) => unknown,
  limits?: StoreLimits,
): Promise<void> {
  return callStore(what, (done) => returnedByStore(session, () => work(done)), limits)
}

/** Calls `work`, and rejects if one of the calls of the store that it makes before it returns rejects. */
function returnedByStore(session: LoginSession, work: () => unknown): unknown {
  // The property by which sessions of express-session know their request, and by that their store.
  const { req } = session as LoginSession & { readonly req?: { sessionStore?: object } }
  const store = req?.sessionStore
  if (req === undefined || store === undefined) return work()
  const returned: unknown[] = []
  req.sessionStore = noting(store, returned)
  try {
    work()
  } finally {
    req.sessionStore = store
  }
  return Promise.all(returned)
}

/** The same store, which notes what its methods return. */
function noting(store: object, returned: unknown[]): object {
  const methods: PropertyDescriptorMap = {}
  for (const name of METHODS) {
    const value = (...given: readonly unknown[]): unknown => {
      const result = (store as Methods)[name]?.(...given)
      returned.push(result)
      return result
    }
    methods[name] = { value }
  }
  return Object.create(store, methods) as object
}
