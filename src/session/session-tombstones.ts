import { StorageError } from '../errors/setup-errors.js'
import type { Clock } from '../lib/clock.js'
import type { SessionEnds } from '../options/session-ends.js'
import { limited } from './call-store.js'

/** Remembers which sessions were destroyed. */
export interface SessionTombstones {
  /**
   * Remembers that a session was destroyed: in this process at once. Resolves when the other processes can see it, or
   * when that has failed. It is then tried again as soon as the store of the other processes answers. Never rejects.
   */
  end(id: string): Promise<void>
  /** Whether this process has destroyed the session. */
  hasEndedHere(id: string): boolean
  /**
   * Whether any process has destroyed the session.
   *
   * @throws {StorageError} if this process has not, and the others cannot be asked
   */
  hasEnded(id: string): Promise<boolean>
}

/** What {@link createSessionTombstones} needs. */
export interface SessionTombstonesParts {
  /** Where the other processes see it; `undefined` if there are none. */
  readonly shared: SessionEnds | undefined
  /** How long a destroyed session is remembered, in **milliseconds**. */
  readonly keepMs: number
  /** How long a call of `shared` may take, in **milliseconds**. */
  readonly timeoutMs: number
  readonly clock: Clock
}

const ENDING = 'Remembering that the session has ended'
const LOOKING = 'Looking whether the session has ended'

/** Creates {@link SessionTombstones}. Memory is bounded by time: an id is kept for `keepMs` and no longer. */
export function createSessionTombstones(parts: SessionTombstonesParts): SessionTombstones {
  const { shared, keepMs, timeoutMs, clock } = parts
  /** Until when each id is kept. All are kept for the same time, so the first ones are the first to go. */
  const kept = new Map<string, number>()
  /** Ids that the other processes cannot see yet. */
  const unshared = new Set<string>()

  function forgetOld(): void {
    const now = clock.monotonic()
    for (const [id, until] of kept) {
      if (until > now) return
      kept.delete(id)
      unshared.delete(id)
    }
  }

  async function share(ends: SessionEnds, id: string): Promise<void> {
    try {
      await limited(ENDING, ends.endSession(id, keepMs), { timeoutMs, clock })
    } catch {
      if (kept.has(id)) unshared.add(id)
    }
  }

  async function askOthers(ends: SessionEnds, id: string): Promise<boolean> {
    try {
      return await limited(LOOKING, ends.isSessionEnded(id), { timeoutMs, clock })
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError(LOOKING, error)
    }
  }

  /** Called when the others can be reached. One at a time, so that a store that has just come back is not flooded. */
  function shareAnother(ends: SessionEnds): void {
    const [id] = unshared
    if (id === undefined) return
    unshared.delete(id)
    void share(ends, id)
  }

  function hasEndedHere(id: string): boolean {
    forgetOld()
    return kept.has(id)
  }

  return {
    hasEndedHere,

    async end(id) {
      forgetOld()
      kept.delete(id)
      kept.set(id, clock.monotonic() + keepMs)
      if (shared !== undefined) await share(shared, id)
    },

    async hasEnded(id) {
      if (hasEndedHere(id)) return true
      if (shared === undefined) return false
      const ended = await askOthers(shared, id)
      shareAnother(shared)
      // It may have been destroyed here meanwhile.
      return ended || hasEndedHere(id)
    },
  }
}
