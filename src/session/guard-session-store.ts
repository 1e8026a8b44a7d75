import { ConfigurationError } from '../errors/errors.js'
import { readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable } from '../options/option-table.js'
import { positive, withMethods } from '../options/readers.js'
import type { Ledger } from '../options/ledger.js'

export const GUARD_OPTIONS = {
  /** Where it is kept that a session was destroyed: the strategies' own ledger, shared by all processes. */
  ledger: { read: withMethods<Ledger>('endSession', 'isSessionEnded'), required: true },

  /**
   * For how long a request may be under way, in **milliseconds**: the ledger remembers a destroyed session
   * for that time.
   *
   * @default 3_600_000 (1 hour)
   */
  longestRequestMs: { read: positive, default: 3_600_000 },
} as const satisfies OptionTable

/** The options of {@link guardSessionStore}. */
export type GuardOptions = OptionsOf<typeof GUARD_OPTIONS>

type Callback = (error?: unknown) => void

/** What is needed of a session store: what express-session's own `Store` has. */
export interface GuardableStore {
  set(id: string, session: never, callback?: Callback): unknown
  destroy(id: string, callback?: Callback): unknown
  createSession(request: never, session: never): object
}

/**
 * A view of a session store under which a destroyed session stays destroyed.
 *
 * express-session writes a changed session back at the end of its request. When somebody logs out
 * meanwhile, the slow request brings the session back to life, with the person in it. Under this store it
 * does not, in any process that shares the ledger. Reading costs nothing more, writing a session that was
 * read before costs two looks at the ledger, destroying one costs a note there, writing a new one nothing.
 *
 * Does not cover stores whose `touch` writes a session they no longer have.
 *
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
  /** Sessions that came out of the store. All others that belong to a request are new: nobody knows their id yet. */
  const loaded = new WeakSet()

  const set = (id: string, session: object): Promise<void> =>
    called((done) => store.set(id, session as never, done))
  const destroy = (id: string): Promise<void> => called((done) => store.destroy(id, done))

  async function guardedSet(id: string, session: object): Promise<void> {
    const isNew = 'req' in session && !loaded.has(session)
    if (isNew) return set(id, session)
    // Whoever destroyed it may have come to grief between the note and the deed. A session that can be read
    // and never written would lock its person out.
    if (!isFreshlyRead(session) && (await ledger.isSessionEnded(id))) return destroy(id)
    await set(id, session)
    // It may have been destroyed between the look and the write. Whoever destroys a session leaves the note
    // first, so that one of the two sees what the other has done.
    if (await ledger.isSessionEnded(id)) await destroy(id)
  }

  async function guardedDestroy(id: string): Promise<void> {
    try {
      await ledger.endSession(id, longestRequestMs)
    } finally {
      // A ledger out of reach must not keep anybody logged in.
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
      settle(guardedSet(id, session), callback)
    },
    destroy(id: string, callback?: Callback): void {
      settle(guardedDestroy(id), callback)
    },
    // The store's own calls its own `destroy`.
    regenerate(request: { sessionID: string; session: object }, callback: Callback): void {
      const { sessionID, session } = request
      // Nobody can have read what was never stored, so that there is nothing to note.
      const gone = loaded.has(session) ? guardedDestroy(sessionID) : destroy(sessionID)
      settle(gone, (error) => {
        // express-session puts `generate` on the store it is given.
        ;(store as unknown as { generate(request: object): void }).generate(request)
        callback(error)
      })
    },
  }

  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(guarded, name)) return Reflect.get(guarded, name) as unknown
      const value = Reflect.get(target, name) as unknown
      // Bound, because a store's private fields are not there on a view of it.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

/**
 * Whether this is what the store has given out a moment ago, rather than the session of a request: looking
 * at the ledger before the write, too, would only widen the moment in which others' changes are lost.
 */
function isFreshlyRead(session: object): boolean {
  return !('req' in session)
}

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

/** Calls back outside of the promise, so that what the callback throws does not call it a second time. */
function settle(work: Promise<void>, callback: Callback = () => undefined): void {
  work.then(
    () => setImmediate(callback),
    (error: unknown) => setImmediate(callback, error),
  )
}
