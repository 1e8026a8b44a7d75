import { ConfigurationError } from '../errors/errors.js'
import type { Ledger } from '../options/ledger.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { positive, withMethods } from '../options/readers.js'

/** The options of {@link guardSessionStore}: how each is read, its default, and its meaning. */
export const GUARD_OPTIONS = {
  /** The ledger that the strategies use. It remembers destroyed sessions, for all processes that share it. */
  ledger: { read: withMethods<Ledger>('endSession', 'isSessionEnded'), required: true },

  /**
   * How long the longest request takes, in **milliseconds**. For that long, the ledger remembers that a
   * session was destroyed.
   *
   * @default 3_600_000 (1 hour)
   */
  longestRequestMs: { read: positive, default: 3_600_000 },
} as const satisfies OptionTable

/** The options of {@link guardSessionStore}. */
export type GuardOptions = OptionsOf<typeof GUARD_OPTIONS>

type Callback = (error?: unknown) => void

/** The methods that a session store must have. Every store that extends express-session's `Store` has them. */
export interface GuardableStore {
  /** Writes a session. */
  set(id: string, session: never, callback?: Callback): unknown
  /** Deletes a session. */
  destroy(id: string, callback?: Callback): unknown
  /** Makes the session of a request from what the store has read. */
  createSession(request: never, session: never): object
}

/**
 * Wraps a session store, so that a session that was destroyed stays destroyed.
 *
 * express-session writes a changed session back at the end of its request. If the person logs out during a slow
 * request, that write restores the session, and the person is logged in again. The wrapped store prevents it,
 * in all processes that share the ledger.
 *
 * Its cost: two reads of the ledger for each write of a session that was loaded from the store, and one write
 * to the ledger for each destroyed session. Loading a session and writing a new one cost nothing.
 *
 * It does not protect stores whose `touch` writes a session that they no longer have.
 *
 * @example
 * ```ts
 * import session from 'express-session'
 * import { guardSessionStore, MemoryLedger } from 'passport-authorization-code'
 *
 * const ledger = new MemoryLedger() // the option `ledger` of the strategy too
 * const store = guardSessionStore(new session.MemoryStore(), { ledger })
 * app.use(session({ store, secret: 'at least 32 random characters', resave: false, saveUninitialized: false }))
 * ```
 *
 * @param store the application's session store; it is not changed
 * @throws {ConfigurationError} if there is no store or no ledger, or an option is unknown or cannot be used
 */
export function guardSessionStore<Store extends GuardableStore>(
  store: Store,
  options: GuardOptions,
): Store {
  const sample = 'guardSessionStore(store, { ledger })'
  const { ledger, longestRequestMs } = readTable(GUARD_OPTIONS, options, sample)
  if (typeof (store as Partial<GuardableStore> | undefined)?.createSession !== 'function') {
    throw new ConfigurationError(`The first argument must be a session store. Write ${sample}.`)
  }
  /** Sessions that were loaded from the store. All other sessions of requests are new: no browser has their id yet. */
  const loaded = new WeakSet()

  const set = (id: string, session: object): Promise<void> =>
    called((done) => store.set(id, session as never, done))
  const destroy = (id: string): Promise<void> => called((done) => store.destroy(id, done))

  async function guardedSet(id: string, session: object): Promise<void> {
    const isNew = 'req' in session && !loaded.has(session)
    if (isNew) return set(id, session)
    // The process that ended the session may have failed between writing to the ledger and destroying the session
    // in the store. So it is destroyed here: a session that can be read but never written would make it impossible
    // to log in again.
    if (!isFreshlyRead(session) && (await ledger.isSessionEnded(id))) return destroy(id)
    await set(id, session)
    // The session may have been destroyed between the check above and the write. `guardedDestroy` writes to the
    // ledger first, so this check finds it, or `guardedDestroy` runs after the write and removes it.
    if (await ledger.isSessionEnded(id)) await destroy(id)
  }

  async function guardedDestroy(id: string): Promise<void> {
    try {
      await ledger.endSession(id, longestRequestMs)
    } finally {
      // The person must be logged out even if the ledger cannot be reached.
      await destroy(id)
    }
  }

  const guarded = {
    createSession(request: never, data: never): object {
      const session = store.createSession(request, data)
      loaded.add(session)
      return session
    },
    set(id: string, session: object, callback?: Callback): void {
      callBack(guardedSet(id, session), callback)
    },
    destroy(id: string, callback?: Callback): void {
      callBack(guardedDestroy(id), callback)
    },
    // The store's own `regenerate` would call the store's own `destroy`, which is not guarded.
    regenerate(request: { sessionID: string; session: object }, callback: Callback): void {
      const { sessionID, session } = request
      // No other request can have loaded a session that was never stored, so the ledger need not know of it.
      const destroyed = loaded.has(session) ? guardedDestroy(sessionID) : destroy(sessionID)
      callBack(destroyed, (error) => {
        // express-session sets `generate` on the store that it is given.
        ;(store as unknown as { generate(request: object): void }).generate(request)
        callback(error)
      })
    },
  }

  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(guarded, name)) return Reflect.get(guarded, name) as unknown
      const value = Reflect.get(target, name) as unknown
      // Bound to the store, because the proxy does not have the private fields that the method may use.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

/**
 * Whether this is session data that was read from the store a moment ago, and not the session of a request. For such
 * data, the check before the write is left out. It would make the time between reading and writing longer, and
 * changes that other requests make in that time are lost.
 */
function isFreshlyRead(session: object): boolean {
  return !('req' in session)
}

/** Calls a method of the store that calls back, as a promise. */
function called(work: (done: Callback) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const returned = work((error) => {
      if (!error) resolve()
      else
        reject(
          error instanceof Error ? error : new Error('The session store failed', { cause: error }),
        )
    })
    // A store whose methods are async functions rejects a promise instead of calling back.
    if (returned instanceof Promise) returned.catch(reject)
  })
}

/** Calls the callback outside of the promise. Otherwise an error thrown by the callback would call it a second time. */
function callBack(work: Promise<void>, callback: Callback = () => undefined): void {
  work.then(
    () => setImmediate(callback),
    (error: unknown) => setImmediate(callback, error),
  )
}
