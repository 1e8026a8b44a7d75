import type { Clock } from '../lib/clock.js'
import { answerOf } from './call-store.js'
import type { Callback } from './call-store.js'
import { holdsLogin } from './holds-login.js'
import { createCorrectors } from './session-guard.js'
import type { SessionGuard, StoredSession } from './session-guard.js'
import { createSessionQueue } from './session-queue.js'
import type { Turn } from './session-queue.js'
import { createSessionTombstones } from './session-tombstones.js'
import type { Remembering, SessionTombstones } from './session-tombstones.js'

/** The methods of a store that {@link GuardedWrites} use. */
export interface WritableStore {
  get(id: string, done: (error?: unknown, session?: StoredSession | null) => void): unknown
  set(id: string, session: object, done: Callback): unknown
  touch?(id: string, session: object, done: Callback): unknown
  destroy(id: string, done: Callback): unknown
}

/**
 * The writes of a session store. Those of one session are done one after the other, and none restores a session that
 * was destroyed. All of them reject with a `StorageError` if the store fails, or is not done within the limit.
 */
export interface GuardedWrites extends SessionGuard, Pick<SessionTombstones, 'alsoRemember'> {
  /** Notes that a session object was loaded from the store. */
  isStored(session: object): void
  set(id: string, session: object): Promise<void>
  touch(id: string, session: object): Promise<void>
  destroy(id: string): Promise<void>
  /** Destroys a session in whose place the request gets a new one. */
  replace(id: string, session: object): Promise<void>
}

/** What {@link createGuardedWrites} needs. */
export interface GuardedWritesParts extends Remembering {
  /** How long a write may wait and take, in **milliseconds**. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** What a read does, for the message of its error. */
export const READING = 'Reading the session'
const WRITING = 'Writing the session'
const PROLONGING = 'Prolonging the session'
const DESTROYING = 'Destroying the session'

/**
 * Reads a session, without a time limit. A store of files may say `ENOENT` if it has none: express-session takes that
 * for no session, too.
 *
 * @throws {StorageError} if the store fails
 */
export function readSession(
  store: WritableStore,
  id: string,
): Promise<StoredSession | null | undefined> {
  return answerOf<StoredSession>(READING, (done) =>
    store.get(id, (error, session) => {
      const isNone = (error as Partial<NodeJS.ErrnoException> | null | undefined)?.code === 'ENOENT'
      done(isNone ? null : error, isNone ? null : session)
    }),
  )
}

/** Creates {@link GuardedWrites}. */
export function createGuardedWrites(
  store: WritableStore,
  parts: GuardedWritesParts,
): GuardedWrites {
  const queue = createSessionQueue(parts)
  const { corrected, correctWith } = createCorrectors()
  // Half of the limit, so that time is left to destroy the session if the other processes cannot be told.
  const tombstones = createSessionTombstones({ ...parts, timeoutMs: parts.timeoutMs / 2 })
  /**
   * The session objects whose session may be in the store. All others are new: no browser has their id yet, or it finds
   * nothing under it.
   */
  const stored = new WeakSet()

  // The queue has the time limit. A call that is over it goes on, so that what has to follow it is done, however late.
  const set = (id: string, session: object): Promise<unknown> =>
    answerOf(WRITING, (done) => store.set(id, session, done))
  const destroy = (id: string): Promise<unknown> =>
    answerOf(DESTROYING, (done) => store.destroy(id, done))
  const read = (id: string): Promise<StoredSession | null | undefined> => readSession(store, id)

  /** Destroys the session again if it was destroyed while it was written: the write may have restored it. */
  async function destroyIfEnded(id: string): Promise<void> {
    // `destroyForAll` notes the end first, so this finds it, or `destroyForAll` destroys the session after the write.
    if (await tombstones.hasEnded(id)) await destroy(id)
  }

  async function setStored(id: string, session: object, turn: Turn): Promise<void> {
    // The process that ended the session may have failed between noting that and destroying the session in the store.
    // So it is destroyed here: a session that can be read but never written would make it impossible to log in again.
    if (await tombstones.hasEnded(id)) {
      await destroy(id)
      return
    }
    // The caller has got an error, and newer writes may have been done.
    if (turn.isOver) return
    await set(id, corrected(session))
    await destroyIfEnded(id)
  }

  async function updateStored(
    id: string,
    change: Parameters<SessionGuard['update']>[1],
    turn: Turn,
  ): Promise<void> {
    const found = await read(id)
    const changed = found ? change(found) : undefined
    // The other processes are not asked before the write. That would make the time between reading and writing longer,
    // and changes that they make in that time are lost.
    if (changed === undefined || turn.isOver || tombstones.hasEndedHere(id)) return
    await set(id, changed)
    await destroyIfEnded(id)
  }

  async function hadLogin(id: string): Promise<boolean> {
    const found = await read(id)
    return found ? holdsLogin(found) : false
  }

  async function destroyForAll(id: string): Promise<void> {
    // Noted before the write that is under way is done, and before others begin.
    const noted = tombstones.end(id, () => {
      queue.run(id, DESTROYING, () => destroy(id)).catch(() => undefined)
    })
    await queue.run(id, DESTROYING, async () => {
      await Promise.all([noted, tombstones.sort(id, () => hadLogin(id))])
      await destroy(id)
    })
  }

  return {
    alsoRemember: (where) => tombstones.alsoRemember(where),
    correctWith,
    destroy: destroyForAll,
    isStored: (session) => void stored.add(session),

    update: (id, change) => queue.run(id, WRITING, (turn) => updateStored(id, change, turn)),

    set(id, session) {
      const isNew = 'req' in session && !stored.has(session)
      // From now on, a browser may have its id: a response can begin before the request ends.
      stored.add(session)
      return queue.run(id, WRITING, async (turn) => {
        if (!isNew) await setStored(id, session, turn)
        else if (!turn.isOver) {
          await set(id, corrected(session))
          // Only this process can have destroyed it already, after a store that was slow to write it.
          if (tombstones.hasEndedHere(id)) await destroy(id)
        }
      })
    },

    touch: (id, session) =>
      queue.run(id, PROLONGING, async (turn) => {
        if (turn.isOver || tombstones.hasEndedHere(id)) return
        await answerOf(PROLONGING, (done) => store.touch?.(id, session, done))
      }),

    async replace(id, session) {
      // No other request can have loaded a session that was never stored, so nobody needs to know of its end.
      if (stored.has(session)) await destroyForAll(id)
      else await queue.run(id, DESTROYING, () => destroy(id))
    },
  }
}
