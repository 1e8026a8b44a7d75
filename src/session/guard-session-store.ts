import { ConfigurationError } from '../errors/setup-errors.js'
import { systemClock } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { positive, withMethods } from '../options/readers.js'
import type { SessionEnds } from '../options/session-ends.js'
import { STORE_TIMEOUT_MS, limited } from './call-store.js'
import type { Callback } from './call-store.js'
import { READING, createGuardedWrites, readSession } from './guarded-writes.js'
import type { GuardedWrites, WritableStore } from './guarded-writes.js'
import { GUARD } from './session-guard.js'
import type { SessionGuard } from './session-guard.js'
import type { Remembering } from './session-tombstones.js'

/** The options of {@link guardSessionStore}: how each is read, its default, and its meaning. */
export const GUARD_OPTIONS = {
  /**
   * The grants that the strategies use, if they have some. All processes that share them know then which sessions
   * were destroyed.
   *
   * @default this process remembers it, which is enough for one process
   */
  grants: { read: withMethods<SessionEnds>('endSession', 'isSessionEnded') },

  /**
   * How long the longest request takes, in **milliseconds**. For that long, it is remembered that a session was
   * destroyed.
   *
   * @default 3_600_000 (1 hour)
   */
  longestRequestMs: { read: positive, default: 3_600_000 },
} as const satisfies OptionTable

/** The options of {@link guardSessionStore}. */
export type GuardOptions = OptionsOf<typeof GUARD_OPTIONS>

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
 * Wraps a session store, so that a session that was destroyed stays destroyed, and so that the application and the
 * strategies do not undo each other's changes of a session.
 *
 * express-session writes a changed session back at the end of its request. If the person logs out during a slow
 * request, that write restores the session, and the person is logged in again. The wrapped store prevents it, in all
 * processes that share the `grants`.
 *
 * In each process, the writes of one session are done one after the other, those of the strategies included. If the
 * application writes a session back with tokens that have been refreshed meanwhile, the newer ones are kept.
 *
 * A read or write that the store rejects, or has not answered within 10 seconds, fails with a `StorageError`.
 *
 * Its cost with `grants`: two reads for each write of a session that was loaded from the store, and one write for each
 * destroyed session. Loading a session and writing a new one cost nothing. If `grants` cannot be reached, sessions that
 * were loaded cannot be written, but they can be destroyed.
 *
 * Each process remembers the ends of 100,000 sessions in which somebody was logged in, and of as many in which nobody
 * was: anybody can cause those, and they push out no others. To tell them apart, a session is read before it is
 * destroyed, but only after 10,000 ends within `longestRequestMs`.
 *
 * Several guards of one store in a process share what they know, so that an application may call this more than once for
 * it: they use the `grants` of all of them, and the longest `longestRequestMs`.
 *
 * It does not protect the other processes from stores whose `touch` writes a session that they no longer have.
 *
 * @example One process
 * ```ts
 * import session from 'express-session'
 * import { guardSessionStore } from 'passport-authorization-code'
 *
 * const store = guardSessionStore(new session.MemoryStore())
 * app.use(session({ store, secret: 'at least 32 random characters', resave: false, saveUninitialized: false }))
 * ```
 *
 * @param store the application's session store; it is not changed
 * @throws {ConfigurationError} if there is no store, or an option is unknown or cannot be used
 */
export function guardSessionStore<Store extends GuardableStore>(
  store: Store,
  options: GuardOptions = {},
): Store {
  return guard(LIMITS, store, options, (given) => {
    const known = guardedWrites.get(store)
    known?.alsoRemember(given)
    const writes =
      known ?? createGuardedWrites(store as unknown as WritableStore, { ...LIMITS, ...given })
    guardedWrites.set(store, writes)
    return writes
  })
}

interface Limits {
  /** How long a call may take, in **milliseconds**. */
  readonly timeoutMs: number
  readonly clock: Clock
}

const LIMITS: Limits = { timeoutMs: STORE_TIMEOUT_MS, clock: systemClock }

/** What the guards of each store share. Otherwise, one would write what the other has destroyed. */
const guardedWrites = new WeakMap<object, GuardedWrites>()

/**
 * The same as {@link guardSessionStore}, with a time limit in **milliseconds**, and a clock. It shares nothing with
 * other guards of the store, as if it was in another process.
 */
export function guardWithin<Store extends GuardableStore>(
  limits: Limits,
  store: Store,
  options: GuardOptions = {},
): Store {
  return guard(limits, store, options, (given) =>
    createGuardedWrites(store as unknown as WritableStore, { ...limits, ...given }),
  )
}

function guard<Store extends GuardableStore>(
  limits: Limits,
  store: Store,
  options: GuardOptions,
  writesFor: (given: Remembering) => GuardedWrites,
): Store {
  const sample = 'guardSessionStore(store, { grants })'
  const { grants, longestRequestMs } = readTable(GUARD_OPTIONS, options, sample)
  if (typeof (store as Partial<GuardableStore> | undefined)?.createSession !== 'function') {
    throw new ConfigurationError(`The first argument must be a session store. Write ${sample}.`)
  }
  return guardedBy(writesFor({ shared: grants, keepMs: longestRequestMs }), store, limits)
}

function guardedBy<Store extends GuardableStore>(
  writes: GuardedWrites,
  store: Store,
  limits: Limits,
): Store {
  const readable = store as unknown as WritableStore

  const read = (id: string): Promise<object | null | undefined> =>
    limited(READING, readSession(readable, id), limits)

  function createSession(request: never, data: never): object {
    const session = store.createSession(request, data)
    writes.isStored(session)
    return session
  }

  const guarded: Readonly<Record<string | symbol, unknown>> = {
    [GUARD]: { update: writes.update, correctWith: writes.correctWith } satisfies SessionGuard,
    createSession,
    get(id: string, done: ReadCallback): void {
      callBack(read(id), done)
    },
    // The store's own `load` would make a session that saves itself to the store's own `set`.
    load(id: string, done: ReadCallback): void {
      const loaded = read(id).then((data) => {
        const request = { sessionID: id, sessionStore: proxy }
        return data ? createSession(request as never, data as never) : undefined
      })
      callBack(loaded, done)
    },
    set(id: string, session: object, callback?: Callback): void {
      callBack(writes.set(id, session), callback)
    },
    touch(id: string, session: object, callback?: Callback): void {
      callBack(writes.touch(id, session), callback)
    },
    destroy(id: string, callback?: Callback): void {
      callBack(writes.destroy(id), callback)
    },
    // The store's own `regenerate` would call the store's own `destroy`, which is not guarded.
    regenerate(request: { sessionID: string; session: object }, callback: Callback): void {
      callBack(writes.replace(request.sessionID, request.session), (error) => {
        // express-session sets `generate` on the store that it is given.
        ;(store as unknown as { generate(request: object): void }).generate(request)
        callback(error)
      })
    },
  }

  const proxy = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      // express-session looks whether a store has `touch`, which is optional.
      const isAbsent = name === 'touch' && typeof value !== 'function'
      if (Object.hasOwn(guarded, name) && !isAbsent) return guarded[name]
      // Bound to the store, because the proxy does not have the private fields that the method may use.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
  return proxy
}

/** The callback of a method that reads a session; the session is `null` or `undefined` if there is none. */
type ReadCallback = (error?: unknown, session?: object | null) => void

/** Calls the callback outside of the promise. Otherwise an error thrown by the callback would call it a second time. */
function callBack<Value>(
  work: Promise<Value | null | undefined>,
  callback: (error?: unknown, value?: Value | null) => void = () => undefined,
): void {
  work.then(
    (value) => setImmediate(callback, undefined, value),
    (error: unknown) => setImmediate(callback, error),
  )
}
