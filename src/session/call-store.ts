import { StorageError } from '../errors/setup-errors.js'
import { systemClock, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { LoginSession } from '../lib/login-request.js'

/** How long calls of a session store may take. */
export interface StoreLimits {
  /** The limit of one call, in **milliseconds**. @default 10_000 (10 seconds) */
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

/** How long a call of a session store may take if nobody says otherwise, in **milliseconds**. */
export const STORE_TIMEOUT_MS = 10_000

/** A callback of express-session and its stores. */
export type Callback = (error?: unknown) => void

/**
 * Calls a method of the session or its store, and waits until it calls back, or until the time limit. What the store
 * answers after that is ignored.
 *
 * @param what for the error's message, such as "Writing the session"
 * @throws {StorageError} if the method fails, or has not called back within the limit; a write may still be done then
 */
export async function callStore(
  what: string,
  work: (done: Callback) => unknown,
  limits?: StoreLimits,
): Promise<void> {
  await readFromStore(what, work, limits)
}

/** The same as {@link callStore}, for a method that calls back with a value. */
export function readFromStore<Value>(
  what: string,
  work: (done: (error?: unknown, value?: Value | null) => void) => unknown,
  limits?: StoreLimits,
): Promise<Value | null | undefined> {
  return limited(what, answerOf(what, work), limits)
}

/**
 * The outcome of `work`, which goes on if it is late.
 *
 * @throws {StorageError} if it has no outcome within the limit
 */
export function limited<Value>(
  what: string,
  work: Promise<Value>,
  { timeoutMs = STORE_TIMEOUT_MS, clock = systemClock }: StoreLimits = {},
): Promise<Value> {
  return within(clock, timeoutMs, work, () => {
    throw new StorageError(
      what,
      new Error(
        `The store has not answered within ${timeoutMs} ms. What it was asked to do may still be done.`,
      ),
    )
  })
}

/**
 * The answer of a method that calls back, without a time limit.
 *
 * @throws {StorageError} if the method fails
 */
export function answerOf<Value>(
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
      if (isThenable(returned)) returned.then(undefined, failed)
    } catch (error) {
      failed(error)
    }
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

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
  const noting = notingOf(store)
  req.sessionStore = noting.store
  try {
    return Promise.all(noting.during(work))
  } finally {
    req.sessionStore = store
  }
}

/** A store that notes what its methods return. */
interface NotingStore {
  readonly store: object
  /** Calls `work`: what the methods have returned until it returns. What they do later, by themselves, is not noted. */
  readonly during: (work: () => unknown) => readonly unknown[]
}

/** One for each store: V8 takes long to make an object that inherits from another. */
const notingStores = new WeakMap<object, NotingStore>()

function notingOf(store: object): NotingStore {
  const noting = notingStores.get(store) ?? createNotingStore(store)
  notingStores.set(store, noting)
  return noting
}

function createNotingStore(store: object): NotingStore {
  let returned: unknown[] | undefined
  const noting = Object.create(store) as object
  for (const name of METHODS) {
    const value = (...given: readonly unknown[]): unknown => {
      const result = (store as Methods)[name]?.(...given)
      returned?.push(result)
      return result
    }
    Object.defineProperty(noting, name, { value })
  }
  return {
    store: noting,
    during(work) {
      // A store may save another session in this same call.
      const outer = returned
      const own: unknown[] = []
      returned = own
      try {
        work()
        return own
      } finally {
        returned = outer
      }
    },
  }
}
