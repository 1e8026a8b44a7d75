import { LoginRequiredError } from '../errors/login-errors.js'
import type { LoginRequiredReason } from '../errors/login-errors.js'
import { TokenEndpointError } from '../errors/provider-errors.js'
import { within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { Cell, GrantCells, Look } from './cell.js'
import { lineOf } from './grant-record.js'
import type { Line, Renewal } from './grant-record.js'
import { isDue, isRenewable, isValid, outlivesRequest } from './line-state.js'
import { LEASE_MS } from './mark-keeper.js'
import { activeFailure } from './refresh-failure.js'
import type { RefreshWays } from './refresh-ways.js'

/** Who asks for an access token, and which one will not do. */
export interface Ask {
  /** An access token that an API has refused. */
  readonly refused?: string | undefined
  /** Whether no request waits. Jobs wait longer, and do not prolong the grant. */
  readonly isJob?: boolean
  /** Called after each renewal of this process, with the line as it is then, before the token is handed out. */
  readonly afterRenewal?: ((line: Line) => Promise<void>) | undefined
}

/**
 * Resolves to the line whose access token is valid now, and refreshes it first if necessary.
 *
 * @throws {LoginRequiredError} if the person has to log in again
 * @throws {TokenEndpointError} if a refresh is necessary and the provider fails
 * @throws {StorageError} if the store cannot be reached
 */
export type FreshLine = (id: string, ways: RefreshWays, ask?: Ask) => Promise<Line>

/** How much longer than the provider may take its callers wait, and how long at least, in **milliseconds**. */
const CALLER_MARGIN_MS = 5_000

/** How often a renewal in the background is tried at the most, in **milliseconds**. */
const BACKGROUND_PAUSE_MS = 1_000

/** How often a caller asks for a token that is valid. */
const MAXIMUM_ATTEMPTS = 3

/** A caller who wants an access token. */
interface Call {
  readonly cell: Cell
  readonly ways: RefreshWays
  readonly ask: Ask
  /** In monotonic **milliseconds**. */
  readonly askedAt: number
}

/** Renews a line once over all processes, and shares the result. */
type RenewLine = (
  cell: Cell,
  line: Line,
  ways: RefreshWays,
  urgent: boolean,
  since: number,
) => Promise<Renewal>

/** Creates {@link FreshLine}. */
export function createFreshLine(cells: GrantCells, clock: Clock, renew: RenewLine): FreshLine {
  /** The line that serves a request: the newest that the provider has not refused. Or why there is none. */
  function servingLine({ record }: Look, { strategy }: RefreshWays): Line | LoginRequiredReason {
    if (record?.strategy !== strategy) return 'no_tokens'
    const line = record.lines.find(({ refused }) => refused === undefined) ?? record.lines[0]
    return line ?? 'grant_ended'
  }

  function renewInBackground(call: Call, line: Line): void {
    const { cell, ways } = call
    const now = clock.monotonic()
    if (!ways.renewInBackground || now < (cell.triedAt ?? -Infinity) + BACKGROUND_PAUSE_MS) return
    const { record } = cell.seen ?? {}
    if (record !== undefined && activeFailure(cell, record, line.id, clock) !== undefined) return
    cell.triedAt = now
    // A failure is ignored: the renewal is tried again as long as the token is due, and once it has expired, the
    // failure is thrown.
    renewed(call, line, false).catch(() => undefined)
  }

  async function renewed(call: Call, line: Line, urgent: boolean): Promise<Renewal> {
    const { cell, ways, ask, askedAt } = call
    const renewal = await renew(cell, line, ways, urgent, askedAt)
    if (renewal.source !== 'busy') await ask.afterRenewal?.(renewal.line)
    return renewal
  }

  /** Why a line has no access token that will do, and gets none; `undefined` if it has one or may get one. */
  function whyUnable({ ask }: Call, line: Line): LoginRequiredReason | undefined {
    const now = clock.now()
    if (isRenewable(line, now)) return undefined
    if (line.tokens.accessToken !== ask.refused && isValid(line, now)) return undefined
    return line.refused === undefined ? 'expired' : 'grant_ended'
  }

  /** Whether the line's access token will do. If it is due, it is renewed in the background. */
  function isFresh(call: Call, line: Line): boolean {
    const { cell, ask } = call
    const now = clock.now()
    if (line.tokens.accessToken === ask.refused) {
      cell.refused = ask.refused
      return false
    }
    if (!isRenewable(line, now)) return true
    if (!outlivesRequest(line, now)) return false
    if (isDue(line, now)) renewInBackground(call, line)
    return true
  }

  /** The line after a renewal; `undefined` if the record has to be looked at again. */
  async function renewedLine(call: Call, line: Line): Promise<Line | undefined> {
    const { cell, ways, ask, askedAt } = call
    const patienceMs =
      Math.max(ways.timeoutMs, LEASE_MS) + CALLER_MARGIN_MS + (ask.isJob === true ? LEASE_MS : 0)
    const leftMs = askedAt + patienceMs - clock.monotonic()
    try {
      const renewal = await within(clock, leftMs, renewed(call, line, true), () => {
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

  return async (id, ways, ask = {}) => {
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
}
