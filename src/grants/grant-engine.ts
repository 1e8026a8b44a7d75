import { LoginRequiredError, StorageError, TokenEndpointError } from '../errors/errors.js'
import type { LoginRequiredReason } from '../errors/errors.js'
import { wait, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { GrantStore } from '../options/grant-store.js'
import type { TokenSet } from '../options/token-set.js'
import { createGrantCells, randomId } from './grant-cells.js'
import type { Cell, Look } from './grant-cells.js'
import { RECORD_FORMAT, ended, hasEnded, lineOf, wasWritten, withLine } from './grant-record.js'
import type { GrantOwner, GrantRecord, Line } from './grant-record.js'
import { isDue, isRenewable, isValid, outlivesRequest } from './line-state.js'
import { LEASE_MS } from './mark-keeper.js'
import { activeFailure } from './refresh-failure.js'
import type { RefreshWays } from './refresh-ways.js'
import { createRenew } from './renewal.js'
import type { RecordCodec } from './record-codec.js'

/** A login whose tokens are to be stored. */
export interface NewGrant {
  readonly strategy: string
  readonly tokens: TokenSet
  readonly renewAt?: number | undefined
  readonly of: GrantOwner
  /** How long the grant lives after each prolongation, in **milliseconds**. */
  readonly lifetimeMs: number
}

/** Who asks for an access token, and which one will not do. */
export interface Ask {
  /** An access token that an API has refused. */
  readonly refused?: string | undefined
  /** Whether no request waits. Jobs wait longer, and do not prolong the grant. */
  readonly isJob?: boolean
}

/** A grant that has just ended. */
export interface EndedGrant {
  /** The tokens that it had, to be revoked. */
  readonly tokens: readonly TokenSet[]
  readonly of: GrantOwner
}

/** Keeps grants in a store: begins, reads, renews and ends them. One engine per store and process. */
export interface GrantEngine {
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

/** A caller who wants an access token. */
interface Call {
  readonly cell: Cell
  readonly ways: RefreshWays
  readonly ask: Ask
  /** In monotonic **milliseconds**. */
  readonly askedAt: number
}

/** What has ended with this record: its tokens, and those of answers that the store does not have. */
function endedGrant({ answers }: Cell, { lines, of }: GrantRecord): EndedGrant {
  return { tokens: [...answers, ...lines].map(({ tokens }) => tokens), of }
}

/** Creates a {@link GrantEngine}. */
export function createGrantEngine(parts: GrantEngineParts): GrantEngine {
  const { clock, random = Math.random } = parts
  const cells = createGrantCells(parts)
  const renew = createRenew(cells, clock, random)

  /** The line that serves a request: the newest that the provider has not refused. Or why there is none. */
  function servingLine({ record }: Look, { strategy }: RefreshWays): Line | LoginRequiredReason {
    if (record?.strategy !== strategy) return 'no_tokens'
    const line = record.lines.find(({ refused }) => refused === undefined) ?? record.lines[0]
    return line ?? 'grant_ended'
  }

  function renewInBackground(cell: Cell, line: Line, ways: RefreshWays): void {
    const now = clock.monotonic()
    if (!ways.renewInBackground || now < (cell.triedAt ?? -Infinity) + BACKGROUND_PAUSE_MS) return
    const { record } = cell.seen ?? {}
    if (record !== undefined && activeFailure(cell, record, line.id, clock) !== undefined) return
    cell.triedAt = now
    // A failure is ignored: the renewal is tried again as long as the token is due, and once it has expired, the
    // failure is thrown.
    renew(cell, line, ways, false).catch(() => undefined)
  }

  async function freshLine(id: string, ways: RefreshWays, ask: Ask = {}): Promise<Line> {
    const cell = cells.cellOf(id)
    const call: Call = { cell, ways, ask, askedAt: clock.monotonic() }
    for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
      const look = await cells.recentLook(cell)
      const line = servingLine(look, ways)
      const reason = typeof line === 'string' ? line : whyUnable(call, line)
      if (reason !== undefined) {
        // What was seen a while ago may have changed.
        if (look.at >= call.askedAt) throw new LoginRequiredError(reason)
        await cells.look(cell)
      } else if (typeof line !== 'string') {
        const fresh = isFresh(call, line) ? line : await renewedLine(call, line)
        if (fresh !== undefined) return fresh
      }
    }
    throw new TokenEndpointError('The access token had expired when it arrived.', {
      phase: 'refresh',
    })
  }

  /** Why a line has no access token that will do, and gets none; `undefined` if it has one or may get one. */
  function whyUnable({ ask }: Call, line: Line): LoginRequiredReason | undefined {
    const now = clock.now()
    if (isRenewable(line, now)) return undefined
    if (line.tokens.accessToken !== ask.refused && isValid(line, now)) return undefined
    return line.refused === undefined ? 'expired' : 'grant_ended'
  }

  /** Whether the line's access token will do. If it is due, it is renewed in the background. */
  function isFresh({ cell, ways, ask }: Call, line: Line): boolean {
    const now = clock.now()
    if (line.tokens.accessToken === ask.refused) {
      cell.refused = { line: line.id, generation: line.generation }
      return false
    }
    if (!isRenewable(line, now)) return true
    if (!outlivesRequest(line, now)) return false
    if (isDue(line, now)) renewInBackground(cell, line, ways)
    return true
  }

  /** The line after a renewal; `undefined` if the record has to be looked at again. */
  async function renewedLine(call: Call, line: Line): Promise<Line | undefined> {
    const { cell, ways, ask, askedAt } = call
    const patienceMs =
      Math.max(ways.timeoutMs, LEASE_MS) + CALLER_MARGIN_MS + (ask.isJob === true ? LEASE_MS : 0)
    const leftMs = askedAt + patienceMs - clock.monotonic()
    try {
      const renewal = await within(clock, leftMs, renew(cell, line, ways, true), () => {
        throw new TokenEndpointError(
          `The token endpoint gave no answer to the refresh: No complete answer within ${patienceMs} ms.`,
          { phase: 'refresh', networkCode: 'timeout' },
        )
      })
      if (renewal.source === 'busy') return undefined
      return isValid(renewal.line, clock.now()) ? renewal.line : undefined
    } catch (error) {
      // Another line may serve the request, or the refused one until its access token expires.
      if (error instanceof LoginRequiredError) return undefined
      // A token that is still valid is better than none, unless an API has refused it.
      const { seen } = cell
      const isRecent = seen !== undefined && (seen.at >= askedAt || cells.isRecent(seen))
      const isThere = isRecent && lineOf(seen.record, line.id) !== undefined
      if (line.tokens.accessToken !== ask.refused && isThere && isValid(line, clock.now())) {
        return line
      }
      throw error
    }
  }

  return {
    freshLine,

    async begin(id, { strategy, tokens, renewAt, of, lifetimeMs }) {
      const cell = cells.cellOf(id)
      const now = clock.now()
      const empty: GrantRecord = {
        format: RECORD_FORMAT,
        strategy,
        createdAt: now,
        lifetimeMs,
        livesUntil: now + lifetimeMs,
        lastLine: 0,
        lines: [],
        closed: [],
        marks: 0,
        of,
      }
      const line = { id: randomId(), tokens, renewAt }
      let look: Look = {
        version: undefined,
        record: undefined,
        at: clock.monotonic(),
        wall: now,
      }
      for (;;) {
        const present = look.record
        // An earlier attempt has written it although no answer came, and somebody else has changed the record since.
        if (present !== undefined && wasWritten(present, line.id)) return present
        const base =
          present === undefined
            ? empty
            : { ...present, of, lifetimeMs, livesUntil: now + lifetimeMs }
        const record = withLine(base, line)
        if (await cells.write(cell, look, record)) return record
        look = await cells.look(cell)
      }
    },

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
        if (!record.lines.some(({ id: line }) => lineOf(first, line) !== undefined)) {
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
