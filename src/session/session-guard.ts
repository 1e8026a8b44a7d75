import type { StrategyData } from './strategy-data.js'

/** A session as it is in its store. */
export type StoredSession = Readonly<Record<string, unknown>> & { readonly cookie: object }

/**
 * The newer form of a strategy's data that are about to be written; `undefined` if they are the newest, or not the
 * strategy's.
 */
export type Corrector = (data: StrategyData) => StrategyData | undefined

/** What the guard of a session store does for the strategies. */
export interface SessionGuard {
  /**
   * Changes a stored session. The application's writes of this session wait meanwhile, so that neither change is
   * lost. A session that is no longer stored, or was destroyed, is not created again.
   *
   * @param change returns the session to write, or `undefined` to write nothing
   * @throws {StorageError} if the store fails
   */
  readonly update: (
    id: string,
    change: (stored: StoredSession) => StoredSession | undefined,
  ) => Promise<void>

  /**
   * Corrects old data as they are written: when the application writes a session that has an object under `key`,
   * `corrector` may return a newer one, which is written in its place. A later corrector for the same key replaces
   * the earlier one. It is held weakly: it must live as long as the strategy that it belongs to.
   */
  readonly correctWith: (key: string, corrector: Corrector) => void
}

/** The property of a guarded session store that has its {@link SessionGuard}. */
export const GUARD: unique symbol = Symbol('session guard')

/** The guard of a session store; `undefined` if it has none. */
export function guardOf(sessionStore: unknown): SessionGuard | undefined {
  if (typeof sessionStore !== 'object' || sessionStore === null) return undefined
  return (sessionStore as { readonly [GUARD]?: SessionGuard })[GUARD]
}

/** Corrects the data of strategies in sessions that are about to be written. */
export interface Correctors {
  /** See {@link SessionGuard.correctWith}. */
  readonly correctWith: SessionGuard['correctWith']
  /** The session itself if nothing is to be corrected, else a corrected copy. The session is never changed. */
  readonly corrected: <Session extends object>(session: Session) => Session
}

/** Creates {@link Correctors} without any. */
export function createCorrectors(): Correctors {
  const correctors = new Map<string, WeakRef<Corrector>>()
  const collected = new FinalizationRegistry<string>((key) => {
    if (correctors.get(key)?.deref() === undefined) correctors.delete(key)
  })

  return {
    correctWith(key, corrector) {
      correctors.set(key, new WeakRef(corrector))
      collected.register(corrector, key)
    },

    corrected(session) {
      // A session has few fields; there may be as many strategies as an application has tenants.
      const newer = Object.entries(session).flatMap(([key, data]: [string, unknown]) => {
        if (typeof data !== 'object' || data === null) return []
        const better = correctors.get(key)?.deref()?.(data as StrategyData)
        return better === undefined ? [] : [[key, better] as const]
      })
      return newer.length === 0 ? session : copyWith(session, newer)
    },
  }
}

/**
 * A copy of a session in which some fields have other values. It has the same methods and hidden properties, because
 * some stores use them, and the same cookie object, which computes `maxAge` and writes itself as JSON.
 */
function copyWith<Session extends object>(
  session: Session,
  fields: readonly (readonly [string, unknown])[],
): Session {
  const copy = Object.create(
    Object.getPrototypeOf(session) as object | null,
    Object.getOwnPropertyDescriptors(session),
  ) as Session
  for (const [name, value] of fields) {
    Object.defineProperty(copy, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
  return copy
}
