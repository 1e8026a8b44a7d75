import { randomBytes } from 'node:crypto'
import { StorageError } from '../errors/setup-errors.js'
import { wait, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { createLetOthersRun } from '../lib/let-others-run.js'
import type { GrantStore } from '../options/grant-store.js'
import { newCell, note, noteWritten } from './cell.js'
import type { Cell, GrantCells, Look } from './cell.js'
import { TOMBSTONE_MS, hasEnded } from './grant-record.js'
import { restored } from './restored-record.js'
import type { GrantRecord } from './grant-record.js'
import { grantKey } from './record-keys.js'
import type { RecordCodec } from './record-codec.js'

/** What {@link createGrantCells} needs. */
export interface GrantCellsParts {
  readonly store: GrantStore
  readonly codec: RecordCodec
  readonly clock: Clock
  readonly cacheMs: number
}

/** How long a process remembers what the store has accepted. */
const REMEMBERED_MS = 60_000

/** How long one call of the store may take. Stores have limits of their own; this is for those that have none. */
const CALL_LIMIT_MS = 5_000

/** How often an end is written again that the store has refused, in **milliseconds**. */
const INSISTED_MS = 1_000

/** The pause until everything is looked at again after that has failed, in **milliseconds**. */
const RECHECK_PAUSE_MS = 1_000

/** How many records are looked at, at once, after the store has failed. */
const RECHECKED_AT_ONCE = 16

/** How many looks are taken at a record that other processes change all the time. */
const MAXIMUM_LOOKS = 5

/** How many idle cells are kept at least, to find their records in memory. */
const KEPT_CELLS = 1_000

/** How many cells are looked at before others may run. */
const DROPPED_AT_ONCE = 1_000

/** Creates {@link GrantCells}. */
export function createGrantCells({ store, codec, clock, cacheMs }: GrantCellsParts): GrantCells {
  const cells = new Map<string, Cell>()
  const looks = new Map<string, Promise<Look>>()
  /** Whether a call has failed since {@link recheck} has last looked at everything. */
  let isTroubled = false
  let isRechecking = false
  let isDropping = false

  function cellOf(id: string): Cell {
    const known = cells.get(id)
    const cell: Cell = known ?? newCell(id)
    cell.usedAt = clock.monotonic()
    // Moved to the end: the first are those that were not used for the longest time.
    if (known !== undefined) cells.delete(id)
    cells.set(id, cell)
    if (known === undefined) {
      dropIdle(2)
      if (cells.size > KEPT_CELLS && !isDropping) void dropLater()
    }
    return cell
  }

  /** Drops idle cells in time, although nobody may ask for another grant any more: a job may have looked at all. */
  async function dropLater(): Promise<void> {
    isDropping = true
    while (cells.size > KEPT_CELLS) {
      await wait(clock, REMEMBERED_MS, { background: true })
      const letOthersRun = createLetOthersRun()
      for (let left = cells.size; left > 0; left -= DROPPED_AT_ONCE) {
        dropIdle(DROPPED_AT_ONCE)
        await letOthersRun()
      }
    }
    isDropping = false
  }

  /** Looks at those that were not used for the longest time, and drops them if they are idle. */
  function dropIdle(maximum: number): void {
    let surplus = Math.min(maximum, cells.size - KEPT_CELLS)
    for (const [id, cell] of cells) {
      if (surplus-- <= 0) return
      if (isIdle(cell)) cells.delete(id)
      else {
        cells.delete(id)
        cells.set(id, cell)
      }
    }
  }

  function isIdle({ answers, renewals, accepted, trouble, usedAt }: Cell): boolean {
    const now = clock.monotonic()
    return (
      answers.size === 0 &&
      renewals.size === 0 &&
      now >= (accepted?.until ?? -Infinity) &&
      now >= usedAt + REMEMBERED_MS &&
      now >= (trouble?.until ?? -Infinity)
    )
  }

  /** After a failure, everything that is remembered is looked at as soon as the store answers. */
  function noteCall(hasFailed: boolean): void {
    if (hasFailed) isTroubled = true
    else if (isTroubled && !isRechecking) void recheck()
  }

  /** Calls the store. */
  async function call<Value>(
    what: string,
    work: () => Promise<Value>,
    limitMs = CALL_LIMIT_MS,
  ): Promise<Value> {
    let value: Value
    try {
      value = await within(clock, limitMs, attempt(work), () => {
        throw new Error(`no answer within ${limitMs} ms`)
      })
    } catch (error) {
      noteCall(true)
      throw error instanceof StorageError ? error : new StorageError(what, error)
    }
    noteCall(false)
    return value
  }

  /** Looks at everything that is remembered, and again if a call fails meanwhile: this one need not be followed by others. */
  async function recheck(): Promise<void> {
    isRechecking = true
    while (isTroubled) {
      isTroubled = false
      await lookAtRemembered()
      if (isTroubled as boolean) await wait(clock, RECHECK_PAUSE_MS, { background: true })
    }
    isRechecking = false
  }

  /** Never rejects: {@link noteCall} knows of the calls that have failed. */
  async function lookAtRemembered(): Promise<void> {
    // The newest first: a store that has failed over has lost those.
    const left = [...cells.values()]
      .filter((cell) => remembered(cell) !== undefined)
      .sort((one, other) => (one.accepted?.until ?? 0) - (other.accepted?.until ?? 0))
    const lookAtNext = async (): Promise<void> => {
      for (let cell = left.pop(); cell !== undefined; cell = left.pop()) await look(cell)
    }
    await Promise.allSettled(Array.from({ length: RECHECKED_AT_ONCE }, lookAtNext))
  }

  function remembered({ accepted }: Cell): GrantRecord | undefined {
    if (accepted === undefined) return undefined
    return clock.monotonic() < accepted.until ? accepted.record : undefined
  }

  async function look(cell: Cell, limitMs?: number): Promise<Look> {
    for (let looksLeft = MAXIMUM_LOOKS; ; looksLeft--) {
      const found = await read(cell, limitMs)
      const known = remembered(cell)
      const record = known === undefined ? found.record : restored(found.record, known)
      if (record === undefined || record === found.record)
        return note(cell, found, clock.monotonic())
      if (await write(cell, found, record, limitMs)) return cell.seen ?? found
      if (looksLeft === 1) {
        throw new StorageError('Reading a grant', new Error('other processes keep changing it'))
      }
    }
  }

  /** Looks at the record, which writes what is remembered, until the store has it. */
  async function writeLater(cell: Cell): Promise<void> {
    while (remembered(cell) !== undefined) {
      await wait(clock, INSISTED_MS, { background: true })
      try {
        await look(cell)
        return
      } catch {
        // The store still fails.
      }
    }
  }

  function moment(): Pick<Look, 'at' | 'wall'> {
    return { at: clock.monotonic(), wall: clock.now() }
  }

  async function read({ id }: Cell, limitMs?: number): Promise<Look> {
    const asked = moment()
    const stored = await call('Reading a grant', () => store.get(grantKey(id)), limitMs)
    if (stored === undefined) return { version: undefined, record: undefined, ...asked }
    const record = codec.read(stored.value, grantKey(id))
    return { version: stored.version, record, ...asked }
  }

  /** By both clocks: one stands still in some processes that were frozen, the other can jump. */
  function isRecent({ at, wall }: Look): boolean {
    return clock.monotonic() < at + cacheMs && Math.abs(clock.now() - wall) < cacheMs
  }

  function recentLook(cell: Cell): Promise<Look> {
    const { seen } = cell
    if (seen !== undefined && isRecent(seen)) return Promise.resolve(seen)
    const joined = looks.get(cell.id)
    if (joined !== undefined) return joined
    const looking = look(cell).finally(() => looks.delete(cell.id))
    looks.set(cell.id, looking)
    return looking
  }

  async function write(
    cell: Cell,
    was: Look,
    next: GrantRecord,
    limitMs?: number,
  ): Promise<boolean> {
    const key = grantKey(cell.id)
    const asked = moment()
    const version = randomBytes(12).toString('base64url')
    const record = { version, value: codec.write(next, key) }
    const ttlMs = hasEnded(next)
      ? TOMBSTONE_MS
      : Math.max(TOMBSTONE_MS, next.livesUntil - clock.now())
    const set = (): Promise<boolean> =>
      call('Writing a grant', () => store.compareAndSet(key, was.version, record, ttlMs), limitMs)
    let written = await set().catch(() => undefined)
    // It may have been done although it failed. Who reads its own version has done it.
    if (written === undefined) {
      const { version: found } = await read(cell, limitMs)
      if (found === version) written = true
      else
        written =
          found === was.version &&
          ((await set()) || (await read(cell, limitMs)).version === version)
    }
    if (!written) return false
    // This process may have ended the grant meanwhile, and the store has not taken that yet: the end counts.
    const known = remembered(cell)
    if (known !== undefined && restored(next, known) !== next) return true
    cell.accepted = { record: next, until: asked.at + REMEMBERED_MS }
    noteWritten(cell, was, { version, record: next, ...asked }, clock.monotonic())
    return true
  }

  return {
    cellOf,
    look,
    recentLook,
    isRecent,
    write,
    noteCall,

    insist(cell, was, next) {
      const now = clock.monotonic()
      cell.accepted = { record: next, until: now + TOMBSTONE_MS }
      // A login may have come while the store took its time. It may have been seen, and if not, the next look shows it.
      const { seen = was } = cell
      const latest = seen.at > was.at ? seen : was
      cell.seen = { ...latest, record: restored(latest.record, next) }
      void writeLater(cell)
    },

    busy(strategy) {
      return [...cells.values()]
        .filter(({ seen }) => seen?.record?.strategy === strategy)
        .reduce((sum, { renewals, answers }) => sum + Math.max(renewals.size, answers.size), 0)
    },
  }
}

/** A store that throws at once rejects. */
async function attempt<Value>(work: () => Promise<Value>): Promise<Value> {
  return work()
}
