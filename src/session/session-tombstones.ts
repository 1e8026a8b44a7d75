import { StorageError } from '../errors/setup-errors.js'
import { wait, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { SessionEnds } from '../options/session-ends.js'
import { limited } from './call-store.js'

/** Remembers which sessions were destroyed. */
export interface SessionTombstones {
  /**
   * Remembers that a session was destroyed: in this process at once. Resolves when the other processes can see it, or
   * when the time for that is up. It is then still tried. Never rejects.
   *
   * @param onLate called when the other processes can see it after all. Until then, one may have restored the session.
   */
  end(id: string, onLate: () => void): Promise<void>
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
  /** How long a call of `shared` may take, and how long telling the others is waited for, in **milliseconds**. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The pause before the others are told again, in **milliseconds**. */
const REPEAT_MS = 250

const ENDING = 'Remembering that the session has ended'
const LOOKING = 'Looking whether the session has ended'

/** Creates {@link SessionTombstones}. Memory is bounded by time: an id is kept for `keepMs` and no longer. */
export function createSessionTombstones(parts: SessionTombstonesParts): SessionTombstones {
  const { shared, keepMs, timeoutMs, clock } = parts
  /** Until when each id is kept. All are kept for the same time, so the first ones are the first to go. */
  const kept = new Map<string, number>()
  /** What to call once the other processes can see an id that they cannot see yet. */
  const unshared = new Map<string, () => void>()
  let isSharing = false

  function forgetOld(): void {
    const now = clock.monotonic()
    for (const [id, until] of kept) {
      if (until > now) return
      kept.delete(id)
      unshared.delete(id)
    }
  }

  async function share(ends: SessionEnds, id: string): Promise<boolean> {
    try {
      await limited(ENDING, ends.endSession(id, keepMs), { timeoutMs, clock })
      return true
    } catch {
      return false
    }
  }

  /** Resolves when the others can see it, however long that takes. */
  async function tell(ends: SessionEnds, id: string): Promise<void> {
    if (await share(ends, id)) return
    await new Promise<void>((resolve) => {
      unshared.set(id, resolve)
      void shareLater(ends)
    })
  }

  /** Tells the others one id at a time, so that a store that has just come back is not flooded. */
  async function shareLater(ends: SessionEnds): Promise<void> {
    if (isSharing) return
    isSharing = true
    for (let isShared = false; ;) {
      if (!isShared) await wait(clock, REPEAT_MS, { background: true })
      forgetOld()
      const [next] = unshared
      if (next === undefined) break
      const [id, shared] = next
      isShared = await share(ends, id)
      if (!isShared) continue
      unshared.delete(id)
      shared()
    }
    isSharing = false
  }

  async function askOthers(ends: SessionEnds, id: string): Promise<boolean> {
    try {
      return await limited(LOOKING, ends.isSessionEnded(id), { timeoutMs, clock })
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError(LOOKING, error)
    }
  }

  function hasEndedHere(id: string): boolean {
    forgetOld()
    return kept.has(id)
  }

  return {
    hasEndedHere,

    async end(id, onLate) {
      forgetOld()
      kept.delete(id)
      kept.set(id, clock.monotonic() + keepMs)
      if (shared === undefined) return
      const told = tell(shared, id)
      await within(clock, timeoutMs, told, () => void told.then(onLate))
    },

    async hasEnded(id) {
      if (hasEndedHere(id)) return true
      if (shared === undefined) return false
      const ended = await askOthers(shared, id)
      // It may have been destroyed here meanwhile.
      return ended || hasEndedHere(id)
    },
  }
}
