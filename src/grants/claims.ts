import { StorageError } from '../errors/setup-errors.js'
import type { Seal } from '../lib/sealing.js'
import type { GrantStore } from '../options/grant-store.js'
import { randomId } from '../lib/random-id.js'
import { claimKey, endedSessionKey } from './record-keys.js'

/** What counts only once, and what has ended, over all processes that share the store. */
export interface Claims {
  /**
   * Claims `id`, such as a login's callback. Resolves to `true` for exactly one of all callers.
   *
   * @param note what later callers can read
   * @throws {StorageError} if the store fails
   */
  readonly claim: (id: string, ttlMs: number, note?: string) => Promise<boolean>
  /**
   * Remembers a claim of something that has turned out to be a login, where those of strangers cannot push it out. Does
   * nothing if the store has no limit.
   *
   * @throws {StorageError} if the store fails
   */
  readonly keep: (id: string, ttlMs: number, note?: string) => Promise<void>
  /** The note of the caller that has claimed `id`; `undefined` if nobody has. @throws {StorageError} */
  readonly claimed: (id: string) => Promise<string | undefined>
  /** Remembers that a session was destroyed. @throws {StorageError} */
  readonly endSession: (sessionId: string, keepMs: number) => Promise<void>
  /** Whether {@link endSession} was called. @throws {StorageError} */
  readonly isSessionEnded: (sessionId: string) => Promise<boolean>
}

/**
 * Creates {@link Claims}.
 *
 * @param store where everybody's claims are: anyone can start a login and send a callback
 * @param kept where those are that {@link Claims.keep} was called for, if `store` has a limit
 */
export function createClaims(store: GrantStore, kept?: GrantStore): Claims {
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
    async claim(id, ttlMs, note = '') {
      const isKept = (await kept?.get(claimKey(id))) !== undefined
      // Strangers' notes would fill the memory: those of logins are kept.
      return !isKept && claim(claimKey(id), ttlMs, kept === undefined ? note : '')
    },

    async keep(id, ttlMs, note = '') {
      const record = { version: randomId(), value: note }
      await kept?.compareAndSet(claimKey(id), undefined, record, ttlMs)
    },

    async claimed(id) {
      const found =
        (await kept?.get(claimKey(id))) ?? (await storeCall(() => store.get(claimKey(id))))
      return found?.value
    },

    async endSession(sessionId, keepMs) {
      await claim(endedSessionKey(sessionId), keepMs, '')
    },

    async isSessionEnded(sessionId) {
      return (await storeCall(() => store.get(endedSessionKey(sessionId)))) !== undefined
    },
  }
}

/** How long a note may be, in **characters**. A longer one is left out. */
const MAXIMUM_NOTE = 1_000

/**
 * The same claims, whose notes are sealed, and bound to what was claimed: whoever can read or write the store cannot read
 * or write them. A note that does not open counts as empty.
 *
 * @param seal `undefined`: the notes are in this process's memory
 */
export function withPrivateNotes<Kind extends Pick<Claims, 'claim' | 'claimed' | 'keep'>>(
  claims: Kind,
  seal: Seal | undefined,
): Kind {
  const sealed = (note: string, id: string): string => {
    if (note === '' || note.length > MAXIMUM_NOTE) return ''
    return seal === undefined ? note : seal.seal(note, claimKey(id))
  }
  return {
    ...claims,
    claim: (id, ttlMs, note = '') => claims.claim(id, ttlMs, sealed(note, id)),
    keep: (id, ttlMs, note = '') => claims.keep(id, ttlMs, sealed(note, id)),
    async claimed(id) {
      const note = await claims.claimed(id)
      if (seal === undefined || note === undefined) return note
      const opened = seal.open(note, claimKey(id))
      return typeof opened === 'string' ? opened : ''
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
