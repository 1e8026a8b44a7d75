import { StorageError } from '../errors/setup-errors.js'
import type { GrantStore } from '../options/grant-store.js'
import { randomId } from '../lib/random-id.js'
import { claimKey, endedSessionKey } from './record-codec.js'

/** What counts only once, and what has ended, over all processes that share the store. */
export interface Claims {
  /**
   * Claims `id`, such as a login's callback. Resolves to `true` for exactly one of all callers.
   *
   * @param note what later callers can read
   * @throws {StorageError} if the store fails
   */
  readonly claim: (id: string, ttlMs: number, note?: string) => Promise<boolean>
  /** The note of the caller that has claimed `id`; `undefined` if nobody has. @throws {StorageError} */
  readonly claimed: (id: string) => Promise<string | undefined>
  /** Remembers that a session was destroyed. @throws {StorageError} */
  readonly endSession: (sessionId: string, keepMs: number) => Promise<void>
  /** Whether {@link endSession} was called. @throws {StorageError} */
  readonly isSessionEnded: (sessionId: string) => Promise<boolean>
}

/** Creates {@link Claims}. */
export function createClaims(store: GrantStore): Claims {
  async function claim(key: string, ttlMs: number, note: string): Promise<boolean> {
    const version = randomId()
    try {
      return await store.compareAndSet(key, undefined, { version, value: note }, ttlMs)
    } catch (error) {
      // It may have been done although it failed. Who reads its own version has done it.
      const stored = await storeCall(() => store.get(key))
      if (stored !== undefined) return stored.version === version
      throw storageError(error)
    }
  }

  return {
    claim: (id, ttlMs, note = '') => claim(claimKey(id), ttlMs, note),

    async claimed(id) {
      return (await storeCall(() => store.get(claimKey(id))))?.value
    },

    async endSession(sessionId, keepMs) {
      await claim(endedSessionKey(sessionId), keepMs, '')
    },

    async isSessionEnded(sessionId) {
      return (await storeCall(() => store.get(endedSessionKey(sessionId)))) !== undefined
    },
  }
}

/**
 * Calls the store.
 *
 * @throws {StorageError} if it fails
 */
export async function storeCall<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw storageError(error)
  }
}

function storageError(error: unknown): StorageError {
  return error instanceof StorageError
    ? error
    : new StorageError('Reaching the store of grants', error)
}
