import { StorageError } from '../errors/setup-errors.js'
import { wait, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { SessionEnds } from '../options/session-ends.js'
import { limited } from './call-store.js'
import { createEndedSessions } from './ended-sessions.js'

/** Where the other processes see it, and for how long. */
export interface Remembering {
  /** `undefined` if there are no other processes. */
  readonly shared: SessionEnds | undefined
  /** How long a destroyed session is remembered, in **milliseconds**. */
  readonly keepMs: number
}

/** Remembers which sessions were destroyed. */
export interface SessionTombstones {
  /** From now on, remembers it there as well, and for that long if it is longer. */
  alsoRemember(where: Remembering): void
  /**
   * Remembers that a session was destroyed: in this process at once. Resolves when the other processes can see it, or
   * when the time for that is up. It is then still tried. Never rejects.
   *
   * @param onLate called when the other processes can see it after all. Until then, one may have restored the session.
   */
  end(id: string, onLate: () => void): Promise<void>
  /**
   * Has to be called between {@link end} and the session's removal from its store: if many sessions were destroyed,
   * looks whether somebody was logged in to this one. Then strangers, who can cause any number, push it out of memory
   * neither now nor later. Never rejects.
   *
   * @param hadLogin looks into the store. If it fails, or takes too long, the session counts as one with a login.
   */
  sort(id: string, hadLogin: () => Promise<boolean>): Promise<void>
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
export interface SessionTombstonesParts extends Remembering {
  /** How long a call of `shared` may take, and how long telling the others is waited for, in **milliseconds**. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The pause before the others are told again, in **milliseconds**. */
const REPEAT_MS = 250

const ENDING = 'Remembering that the session has ended'
const LOOKING = 'Looking whether the session has ended'

/** Creates {@link SessionTombstones}. Memory is bounded by time and by number: see {@link createEndedSessions}. */
export function createSessionTombstones(parts: SessionTombstonesParts): SessionTombstones {
  const { timeoutMs, clock } = parts
  let { keepMs } = parts
  const places = new Set<SessionEnds>()
  if (parts.shared !== undefined) places.add(parts.shared)
  /** What to call once the other processes can see an id that they cannot see yet. */
  const unshared = new Map<string, () => void>()
  const kept = createEndedSessions(clock, (id) => unshared.delete(id))
  let isSharing = false

  async function share(id: string): Promise<boolean> {
    const tellAll = async (): Promise<void> => {
      await Promise.all([...places].map((ends) => ends.endSession(id, keepMs)))
    }
    try {
      await limited(ENDING, tellAll(), { timeoutMs, clock })
      return true
    } catch {
      return false
    }
  }

  /** Resolves when the others can see it, however long that takes. */
  async function tell(id: string): Promise<void> {
    if (await share(id)) return
    await new Promise<void>((resolve) => {
      unshared.set(id, resolve)
      void shareLater()
    })
  }

  /** Tells the others one id at a time, so that a store that has just come back is not flooded. */
  async function shareLater(): Promise<void> {
    if (isSharing) return
    isSharing = true
    for (let isShared = false; ;) {
      if (!isShared) await wait(clock, REPEAT_MS, { background: true })
      kept.dropOld()
      const [next] = unshared
      if (next === undefined) break
      const [id, shared] = next
      isShared = await share(id)
      if (!isShared) continue
      unshared.delete(id)
      shared()
    }
    isSharing = false
  }

  async function askOthers(id: string): Promise<boolean> {
    const askAll = async (): Promise<boolean> => {
      const answers = await Promise.all([...places].map((ends) => ends.isSessionEnded(id)))
      return answers.includes(true)
    }
    try {
      return await limited(LOOKING, askAll(), { timeoutMs, clock })
    } catch (error) {
      throw error instanceof StorageError ? error : new StorageError(LOOKING, error)
    }
  }

  function hasEndedHere(id: string): boolean {
    kept.dropOld()
    return kept.has(id)
  }

  return {
    hasEndedHere,

    alsoRemember(where) {
      if (where.shared !== undefined) places.add(where.shared)
      keepMs = Math.max(keepMs, where.keepMs)
    },

    async end(id, onLate) {
      kept.dropOld()
      kept.add(id, keepMs)
      if (places.size === 0) return
      const told = tell(id)
      await within(clock, timeoutMs, told, () => void told.then(onLate))
    },

    async sort(id, hadLogin) {
      if (!kept.isToSort()) return
      const looked = limited(LOOKING, hadLogin(), { timeoutMs, clock })
      kept.sort(id, await looked.catch(() => true), keepMs)
    },

    async hasEnded(id) {
      if (hasEndedHere(id)) return true
      if (places.size === 0) return false
      const ended = await askOthers(id)
      // It may have been destroyed here meanwhile.
      return ended || hasEndedHere(id)
    },
  }
}
