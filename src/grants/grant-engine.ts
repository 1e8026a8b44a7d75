import { LoginRequiredError, StorageError, TokenEndpointError } from '../errors/errors.js'
import type { LoginRequiredReason } from '../errors/errors.js'
import { within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { GrantStore } from '../options/grant-store.js'
import type { TokenSet } from '../options/token-set.js'
import { randomId } from '../lib/random-id.js'
import { createGrantCells } from './grant-cells.js'
import type { Adoption } from './adoption.js'
import type { Cell, Look } from './cell.js'
import { ended, hasEnded, lineOf, restored, wasWritten, withLine } from './grant-record.js'
import type { GrantOwner, GrantRecord, Line, Renewal } from './grant-record.js'
import { isDue, isRenewable, isValid, outlivesRequest } from './line-state.js'
import { LEASE_MS } from './mark-keeper.js'
import { activeFailure } from './refresh-failure.js'
import { emptyRecord, heldRecord } from './new-record.js'
import type { NewGrant } from './new-record.js'
import type { RefreshWays } from './refresh-ways.js'
import { createRenew } from './renewal.js'
import type { RecordCodec } from './record-codec.js'

/** Who asks for an access token, and which one will not do. */
export interface Ask {
  /** An access token that an API has refused. */
  readonly refused?: string | undefined
  /** Whether no request waits. Jobs wait longer, and do not prolong the grant. */
  readonly isJob?: boolean
  /** Called after each renewal of this process, with the line as it is then, before the token is handed out. */
  readonly afterRenewal?: ((line: Line) => Promise<void>) | undefined
}

/** A grant that has just ended. */
export interface EndedGrant {
  /** The tokens that it had, to be revoked. */
  readonly tokens: readonly TokenSet[]
  readonly of: GrantOwner
}

/** Keeps grants in a store: begins, reads, renews and ends them. One engine per store and process. */
export interface GrantEngine extends Adoption {
  /** Starts a line with the tokens of a login. @throws {StorageError} */
  readonly begin: (id: string, grant: NewGrant) => Promise<GrantRecord>
  /** The record; `undefined` if there is none of this strategy. Not older than the cache allows. @throws {StorageError} */
  readonly read: (id: string, strategy: string) => Promise<GrantRecord | undefined>
  /**
   * Resolves to the line whose access token is valid now, and refreshes it first if necessary.
   *
   * @throws {LoginRequiredError} if the person has to log in again
   * @throws {TokenEndpointError} if a refresh is necessary and the provider fails
   * @throws {StorageError} if the store cannot be reached
   */
  readonly freshLine: (id: string, ways: RefreshWays, ask?: Ask) => Promise<Line>
  /**
   * Ends the grant in all processes, in this one at once. `undefined` if it had ended before, or never was.
   *
   * @throws {StorageError} if the store cannot be read. If it can be read but not written, the end holds in this process
   *   and is written as soon as possible.
   */
  readonly end: (id: string) => Promise<EndedGrant | undefined>
  /** Writes the record as it is, sealed anew. @throws {StorageError} */
  readonly rewrite: (id: string) => Promise<void>
  /** Lets the grant live longer if half of its lifetime is over. Never rejects. */
  readonly prolong: (
    id: string,
    renewLinks: (record: GrantRecord) => Promise<void>,
  ) => Promise<void>
  /**
   * Resolves when no renewal of this strategy is under way in this process, and every answer of the provider is stored;
   * or when the time is up. To the number of those that are still under way.
   */
  readonly idle: (strategy: string, timeoutMs: number) => Promise<number>
}

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

/** How much longer than the provider may take its callers wait, and how long at least, in **milliseconds**. */
const CALLER_MARGIN_MS = 5_000

/** How often a renewal in the background is tried at the most, in **milliseconds**. */
const BACKGROUND_PAUSE_MS = 1_000

/** How often a caller asks for a token that is valid. */
const MAXIMUM_ATTEMPTS = 3

/** How often {@link GrantEngine.idle} looks, in **milliseconds**. */
const IDLE_POLL_MS = 20

/** What has ended with this record: its tokens, and those of answers that the store does not have. */
function endedGrant({ answers }: Cell, { lines, of }: GrantRecord): EndedGrant {
  return { tokens: [...answers, ...lines].map(({ tokens }) => tokens), of }
}

/** Creates a {@link GrantEngine}. */
export function createGrantEngine(parts: GrantEngineParts): GrantEngine {
  const { clock, random = Math.random } = parts
  const cells = createGrantCells(parts)
  const renew = createRenew(cells, clock, random)

  function reject(reason: LoginRequiredReason): never {
    throw new LoginRequiredError(reason)
  }

  /** The line that serves a request: the newest that the provider has not refused. */
  function servingLine({ record }: Look, { strategy }: RefreshWays): Line {
    if (record?.strategy !== strategy) return reject('no_tokens')
    const line = record.lines.find(({ refused }) => refused === undefined) ?? record.lines[0]
    return line ?? reject('grant_ended')
  }

  function renewInBackground(cell: Cell, line: Line, ways: RefreshWays, ask: Ask): void {
    const now = clock.monotonic()
    if (!ways.renewInBackground || now < (cell.triedAt ?? -Infinity) + BACKGROUND_PAUSE_MS) return
    const { record } = cell.seen ?? {}
    if (record !== undefined && activeFailure(cell, record, line.id, clock) !== undefined) return
    cell.triedAt = now
    // A failure is ignored: the renewal is tried again as long as the token is due, and once it has expired, the
    // failure is thrown.
    renewed(cell, line, ways, false, ask).catch(() => undefined)
  }

  async function renewed(
    cell: Cell,
    line: Line,
    ways: RefreshWays,
    urgent: boolean,
    { afterRenewal }: Ask,
  ): Promise<Renewal> {
    const renewal = await renew(cell, line, ways, urgent)
    if (renewal.source !== 'busy') await afterRenewal?.(renewal.line)
    return renewal
  }

  async function freshLine(id: string, ways: RefreshWays, ask: Ask = {}): Promise<Line> {
    const cell = cells.cellOf(id)
    const askedAt = clock.monotonic()
    for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
      const look = await cells.recentLook(cell)
      const line = servingLine(look, ways)
      const isRefused = line.tokens.accessToken === ask.refused
      if (isRefused) cell.refused = { line: line.id, generation: line.generation }
      const now = clock.now()
      if (!isRefused && outlivesRequest(line, now)) {
        if (isDue(line, now) && isRenewable(line, now)) renewInBackground(cell, line, ways, ask)
        return line
      }
      if (!isRenewable(line, now)) {
        if (!isRefused && isValid(line, now)) return line
        // What was seen a while ago may have changed.
        if (look.at < askedAt) await cells.look(cell)
        else return reject(line.refused === undefined ? 'expired' : 'grant_ended')
        continue
      }
      const next = await renewedLine(cell, line, ways, ask, isRefused)
      if (next !== undefined) return next
    }
    throw new TokenEndpointError('The access token had expired when it arrived.', {
      phase: 'refresh',
    })
  }

  /** The line after a renewal; `undefined` if its access token is not valid. */
  async function renewedLine(
    cell: Cell,
    line: Line,
    ways: RefreshWays,
    ask: Ask,
    isRefused: boolean,
  ): Promise<Line | undefined> {
    const patienceMs =
      Math.max(ways.timeoutMs, LEASE_MS) + CALLER_MARGIN_MS + (ask.isJob ? LEASE_MS : 0)
    try {
      const renewal = await within(clock, patienceMs, renewed(cell, line, ways, true, ask), () => {
        throw new TokenEndpointError(
          `The token endpoint gave no answer to the refresh: No complete answer within ${patienceMs} ms.`,
          { phase: 'refresh', networkCode: 'timeout' },
        )
      })
      if (renewal.source === 'busy') return undefined
      return isValid(renewal.line, clock.now()) ? renewal.line : undefined
    } catch (error) {
      // A token that is still valid is better than none, unless an API has refused it or the grant has ended.
      const hasGone =
        error instanceof LoginRequiredError && (cell.seen?.record?.lines.length ?? 0) === 0
      if (!isRefused && !hasGone && isValid(line, clock.now())) return line
      throw error
    }
  }

  return {
    freshLine,

    async begin(id, grant) {
      const cell = cells.cellOf(id)
      const { tokens, renewAt, of, lifetimeMs } = grant
      const line = { id: randomId(), tokens, renewAt }
      let look: Look = { version: undefined, record: undefined, at: clock.monotonic() }
      for (;;) {
        // An earlier attempt has written it although no answer came, and somebody else has changed the record since.
        if (look.record !== undefined && wasWritten(look.record, line.id)) return look.record
        const now = clock.now()
        const base: GrantRecord = look.record ?? emptyRecord(grant, now)
        const record = withLine({ ...base, of, lifetimeMs, livesUntil: now + lifetimeMs }, line)
        if (await cells.write(cell, look, record)) return record
        look = await cells.look(cell)
      }
    },

    async adopt(id, held) {
      const cell = cells.cellOf(id)
      let look = await cells.recentLook(cell)
      for (;;) {
        const { record: found } = look
        const line = found?.lines[0]?.id ?? id
        const next = restored(found, heldRecord(line, held, clock.now()))
        if (next === found) return { record: found, isForeign: false }
        if (await cells.write(cell, look, next)) {
          return { record: next, isForeign: found !== undefined }
        }
        look = await cells.look(cell)
      }
    },

    peek: (id) => cells.cellOf(id).seen?.record,

    async read(id, strategy) {
      const { record } = await cells.recentLook(cells.cellOf(id))
      return record?.strategy === strategy ? record : undefined
    },

    async end(id) {
      const cell = cells.cellOf(id)
      let first: GrantRecord | undefined
      for (;;) {
        const look = await cells.look(cell)
        const { record } = look
        if (record === undefined || (first === undefined && hasEnded(record))) return undefined
        first ??= record
        // An earlier attempt has ended it although no answer came. A login may have come after it.
        if (!record.lines.some(({ id: line }) => lineOf(first ?? record, line) !== undefined)) {
          return endedGrant(cell, first)
        }
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
        await new Promise<void>((resolve) => {
          clock.timer(IDLE_POLL_MS, resolve)
        })
      }
    },
  }
}
