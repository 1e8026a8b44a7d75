import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.js'
import { hasEnded, isNewer, lineOf, withMark, withoutMark } from './grant-record.js'
import type { Failure } from './failure.js'
import type { GrantRecord, Line, Mark } from './grant-record.js'
import type { Cell, GrantCells, Look } from './cell.js'

/** How long a mark that does not change keeps others from renewing, in **milliseconds**. */
export const LEASE_MS = 10_000

/** How many looks at the same mark are necessary to take over. */
const TAKEOVER_LOOKS = 5

/** How often a mark changes, in **milliseconds**. */
const BEAT_MS = 2_000

/** How long a call of the store may take for a mark, in **milliseconds**. */
const MARK_LIMIT_MS = 1_000

/** How long it takes until a mark is repeated whose store call has failed, in **milliseconds**. */
const REPEAT_MS = 250

/** How often a mark is written again over other changes of the record. */
const MAXIMUM_ATTEMPTS = 5

/**
 * Whether the process that renews the grant has not shown itself for the whole lease. No clocks are compared: this
 * process has seen the same mark all the time.
 */
export function mayTakeOver({ watched }: Cell, { id }: Mark): boolean {
  // Something newer than the record with this mark was seen: then the looks were at another mark.
  if (watched?.mark !== id) return false
  return watched.looks >= TAKEOVER_LOOKS && watched.countedAt - watched.since >= LEASE_MS
}

/** The mark of one renewal of this process. */
export interface MarkKeeper {
  /** Writes the first mark, or a new one. Resolves to whether the store has accepted it. @throws {StorageError} */
  readonly mark: (was?: Look) => Promise<boolean>
  /**
   * Whether a token request may be written to its connection now: others can not have taken over before it arrives.
   */
  readonly isFresh: () => boolean
  /** The number of the last mark that was accepted. */
  readonly number: () => number
  /** Whether a mark is of this renewal. */
  readonly isMine: (id: string) => boolean
  /** Changes the mark from now on, until {@link stop}. */
  readonly start: () => void
  /** Ends the changes. Resolves when none is under way. */
  readonly stop: () => Promise<void>
  /**
   * Takes the mark out of the record, and notes the failure. No other mark is written afterwards. Ignores errors: the
   * mark then runs out by itself.
   */
  readonly release: (failure?: (record: GrantRecord) => Failure | undefined) => Promise<void>
}

/** What {@link createMarkKeeper} needs. */
export interface MarkKeeperParts {
  readonly cells: GrantCells
  readonly clock: Clock
  readonly cell: Cell
  /** The line that is to be refreshed, with the tokens that are sent. */
  readonly line: Line
}

/** Creates the {@link MarkKeeper} of one renewal. */
export function createMarkKeeper(parts: MarkKeeperParts): MarkKeeper {
  const { cells, clock, cell, line } = parts
  /** The last accepted mark, and when it was requested by both clocks. */
  let mine: { number: number; monotonic: number; wall: number } | undefined
  /** The ids of all marks that were asked for: one may have been accepted although no answer has come. */
  const asked = new Set<string>()
  let cancel: (() => void) | undefined
  /** One mark is written after the other. */
  let writing: Promise<unknown> = Promise.resolve()
  let isRunning = false
  let isReleased = false

  /** Whether the record still waits for this renewal. */
  function isMine(record: GrantRecord): boolean {
    if (hasEnded(record)) return false
    const present = lineOf(record, line.id)
    if (present === undefined || isNewer(present, line)) return false
    return record.mark === undefined || asked.has(record.mark.id)
  }

  function mark(was?: Look): Promise<boolean> {
    const marked = writing.then(() => writeMark(was))
    writing = marked.catch(() => undefined)
    return marked
  }

  async function writeMark(was?: Look): Promise<boolean> {
    let look = was ?? cell.seen ?? (await cells.look(cell, MARK_LIMIT_MS))
    for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS && !isReleased; attempt++) {
      const { record } = look
      // The first mark may replace that of a process that has stopped; the caller has seen it.
      if (record === undefined || (was === undefined && !isMine(record))) return false
      const id = randomBytes(9).toString('base64url')
      const next = withMark(record, id)
      asked.add(id)
      const requested = { monotonic: clock.monotonic(), wall: clock.now() }
      if (await cells.write(cell, look, next, MARK_LIMIT_MS)) {
        mine = { number: next.marks, ...requested }
        return true
      }
      if (was !== undefined) return false
      look = await cells.look(cell, MARK_LIMIT_MS)
    }
    return false
  }

  function beat(pauseMs = BEAT_MS): void {
    cancel = clock.timer(pauseMs, () => {
      mark().then(
        (goesOn) => {
          if (goesOn && isRunning) beat()
        },
        () => {
          if (isRunning) beat(REPEAT_MS)
        },
      )
    })
  }

  async function stop(): Promise<void> {
    isRunning = false
    cancel?.()
    await writing
  }

  return {
    mark,
    stop,
    number: () => mine?.number ?? 0,
    isMine: (id) => asked.has(id),

    isFresh() {
      if (mine === undefined || isReleased) return false
      // Whoever did not answer for a lease may have come back and stored its answer meanwhile.
      const { record } = cell.seen ?? {}
      if (record !== undefined && !isMine(record)) return false
      const monotonic = clock.monotonic() - mine.monotonic
      const wall = Math.abs(clock.now() - mine.wall)
      return monotonic < LEASE_MS / 2 && wall < LEASE_MS / 2
    },

    start() {
      isRunning = true
      beat()
    },

    async release(failure) {
      isReleased = true
      await stop()
      try {
        for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
          const known = attempt === 0 ? cell.seen : undefined
          const look = known ?? (await cells.look(cell, MARK_LIMIT_MS))
          const { record } = look
          if (record?.mark === undefined || !asked.has(record.mark.id)) return
          const next = withoutMark(record, failure?.(record))
          if (await cells.write(cell, look, next, MARK_LIMIT_MS)) return
        }
      } catch {
        // The store fails: after the lease, others take over.
      }
    },
  }
}
