import { StorageError } from '../errors/setup-errors.js'
import { wait } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { GrantStore } from '../options/grant-store.js'
import { randomId } from '../lib/random-id.js'
import { createGrantCells } from './grant-cells.js'
import { createDropLine } from './drop-line.js'
import { createExtendGrant } from './extend-grant.js'
import { createFreshLine } from './fresh-line.js'
import { createImportGrant } from './import-grant.js'
import type { EndedGrant, GrantEngine } from './engine.js'
import { newCell } from './cell.js'
import type { Cell, Look } from './cell.js'
import { ended, hasEnded, lineOf, wasWritten, withLine } from './grant-record.js'
import { restored } from './restored-record.js'
import type { GrantRecord } from './grant-record.js'
import { emptyRecord, hasHeldLines, heldRecord } from './new-record.js'
import { createRenew } from './renewal.js'
import { withTokensOfLogin } from './tokens-of-login.js'
import { allTokensOf, validTokensOf } from './uses.js'
import type { RecordCodec } from './record-codec.js'

/** What {@link createGrantEngine} needs. */
export interface GrantEngineParts {
  readonly store: GrantStore
  readonly codec: RecordCodec
  readonly clock: Clock
  /** How long a record may be used without a look at the store, in **milliseconds**. */
  readonly cacheMs: number
  /** From 0 to below 1, for the pauses after failures. `Math.random` if left out. */
  readonly random?: () => number
}

/** How often {@link GrantEngine.idle} looks, in **milliseconds**. */
const IDLE_POLL_MS = 20

/**
 * What has ended with this record: its tokens, and those of answers to its lines that the store does not have. An answer
 * may also belong to a login that came after the end.
 */
function endedGrant({ answers }: Cell, record: GrantRecord): EndedGrant {
  const own = [...answers].filter(({ line }) => lineOf(record, line) !== undefined)
  return {
    tokens: [...own.map(({ tokens }) => tokens), ...record.lines.flatMap(allTokensOf)],
    of: record.of,
    strategy: record.strategy,
  }
}

/** Whether a login has come after the end of the grant as it was: none of its lines is left. */
function isAfter({ lines }: GrantRecord, first: GrantRecord): boolean {
  return first.lines.length > 0 && !lines.some(({ id }) => lineOf(first, id) !== undefined)
}

/** Creates a {@link GrantEngine}. */
export function createGrantEngine(parts: GrantEngineParts): GrantEngine {
  const { clock, random = Math.random } = parts
  const cells = createGrantCells(parts)
  const renew = createRenew(cells, clock, random)

  return {
    freshLine: createFreshLine(cells, clock, renew),
    dropLine: createDropLine(cells, clock),
    extend: createExtendGrant(cells, clock),
    import: createImportGrant(cells, clock),

    async begin(id, grant, onPushedOut) {
      const cell = cells.cellOf(id)
      const { tokens, renewAt, of, lifetimeMs } = grant
      const line = { id: randomId(), tokens, renewAt, obtainedAt: clock.now() }
      let look: Look = {
        version: undefined,
        record: undefined,
        at: clock.monotonic(),
        wall: clock.now(),
      }
      for (;;) {
        // An earlier attempt has written it although no answer came, and somebody else has changed the record since.
        if (look.record !== undefined && wasWritten(look.record, line.id)) return look.record
        const now = clock.now()
        const found: GrantRecord = look.record ?? emptyRecord(grant, now)
        const base = hasEnded(found) ? { ...found, createdAt: now } : found
        const prolonged = { ...base, of, lifetimeMs, livesUntil: now + lifetimeMs, loggedInAt: now }
        const record =
          withTokensOfLogin(prolonged, tokens, renewAt, now) ?? withLine(prolonged, line)
        if (await cells.write(cell, look, record)) {
          const out = base.lines.filter((one) => lineOf(record, one.id) === undefined)
          if (out.length > 0) onPushedOut?.(out.flatMap(allTokensOf))
          return record
        }
        look = await cells.look(cell)
      }
    },

    async beginLogin(id, login) {
      const cell = cells.cellOf(id)
      const record = { ...emptyRecord(login, clock.now()), loggedInAt: clock.now() }
      const none = { version: undefined, record: undefined }
      const isNew = await cells.write(
        cell,
        { ...none, at: clock.monotonic(), wall: clock.now() },
        record,
      )
      // The id is random: only an earlier attempt of this call can have written it.
      return isNew ? record : ((await cells.look(cell)).record ?? record)
    },

    async noteSession(id, sessionId) {
      const cell = cells.cellOf(id)
      for (;;) {
        const look = await cells.look(cell)
        const { record } = look
        if (record === undefined || hasEnded(record) || record.of.sessionId === sessionId) return
        if (await cells.write(cell, look, { ...record, of: { ...record.of, sessionId } })) return
      }
    },

    async adopt(id, held) {
      const cell = cells.cellOf(id)
      let look = await cells.recentLook(cell)
      for (;;) {
        const { record: found } = look
        // No session holds tokens of a grant that survives logins: its id follows from the person's, for everybody.
        if (found?.of.outlivesLogin) return { record: found, isForeign: false }
        if (found && hasHeldLines(found, held.lines)) return { record: found, isForeign: false }
        const next = restored(found, heldRecord(id, held, found, clock.now()))
        if (next === found) return { record: found, isForeign: false }
        if (await cells.write(cell, look, next)) {
          return { record: next, isForeign: found !== undefined }
        }
        look = await cells.look(cell)
      }
    },

    noteStoreCall: cells.noteCall,

    peek: (id) => cells.cellOf(id).seen?.record,

    isUsable(id) {
      const { seen, slots } = cells.cellOf(id)
      const refused = new Set([...slots.values()].map((slot) => slot.refused))
      const { lines = [] } = seen?.record ?? {}
      return lines.some((line) =>
        validTokensOf(line, clock.now()).some(
          ({ accessToken }) => line.refused === undefined || !refused.has(accessToken),
        ),
      )
    },

    async read(id, strategy) {
      const { record } = await cells.recentLook(cells.cellOf(id))
      return record?.strategy === strategy ? record : undefined
    },

    async look(id) {
      return (await cells.look(cells.cellOf(id))).record
    },

    async glance(id, strategy) {
      const { record } = await cells.look(newCell(id))
      return record?.strategy === strategy ? record : undefined
    },

    async end(id, isMeant = () => true) {
      const cell = cells.cellOf(id)
      let first: GrantRecord | undefined
      for (;;) {
        const look = await cells.look(cell)
        const { record } = look
        if (record === undefined || (first === undefined && hasEnded(record))) return undefined
        if (first === undefined && !isMeant(record)) return undefined
        first ??= record
        // An earlier attempt has ended it although no answer came. A login may have come after it.
        if (hasEnded(record) || isAfter(record, first)) return endedGrant(cell, first)
        const tombstone = ended(record, clock.now())
        try {
          if (!(await cells.write(cell, look, tombstone))) continue
        } catch (error) {
          if (!(error instanceof StorageError)) throw error
          cells.insist(cell, look, tombstone)
        }
        return endedGrant(cell, record)
      }
    },

    async rewrite(id) {
      const cell = cells.cellOf(id)
      for (;;) {
        const look = await cells.look(cell)
        const { record } = look
        if (record === undefined || (await cells.write(cell, look, record))) return
      }
    },

    async prolong(id, renewLinks) {
      try {
        const cell = cells.cellOf(id)
        const look = await cells.recentLook(cell)
        const { record } = look
        if (record === undefined || hasEnded(record)) return
        const now = clock.now()
        if (record.livesUntil - now > record.lifetimeMs / 2) return
        const longer = { ...record, livesUntil: now + record.lifetimeMs }
        if (await cells.write(cell, look, longer)) await renewLinks(record)
      } catch {
        // The next request tries it again.
      }
    },

    async idle(strategy, timeoutMs) {
      const until = clock.monotonic() + timeoutMs
      for (;;) {
        const busy = cells.busy(strategy)
        if (busy === 0 || clock.monotonic() >= until) return busy
        await wait(clock, IDLE_POLL_MS)
      }
    },
  }
}
