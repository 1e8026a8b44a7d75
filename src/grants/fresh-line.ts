import { LoginRequiredError } from '../errors/login-errors.js'
import type { LoginRequiredReason } from '../errors/login-errors.js'
import { TokenEndpointError } from '../errors/provider-errors.js'
import { within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { isRefusedByApi, slotOf } from './cell.js'
import type { Ask, FreshLine, ServedLine } from './ask.js'
import type { Cell, GrantCells, Look, Slot } from './cell.js'
import { lineOf } from './grant-record.js'
import type { Line, Renewal } from './grant-record.js'
import { chooseLine } from './line-choice.js'
import { isDue, isRenewable, isValid, outlivesRequest } from './line-state.js'
import { refuseLoginInVain } from './login-in-vain.js'
import { LEASE_MS } from './mark-keeper.js'
import { activeFailure } from './refresh-failure.js'
import type { RefreshWays } from './refresh-ways.js'
import { mayReplace, noteRefusedAgain, noteReplaced } from './replacements.js'
import type { Renew, StaleToken } from './stale-token.js'
import { coversScope } from './scope-set.js'
import { servingUse, slotKey, useIn, useRequestOf, viewOf } from './uses.js'
import type { UseRequest } from './uses.js'

/** How much longer than the provider may take its callers wait, and how long at least, in **milliseconds**. */
const CALLER_MARGIN_MS = 5_000

/** How often a renewal in the background is tried at the most, in **milliseconds**. */
const BACKGROUND_PAUSE_MS = 1_000

/** How often a caller asks for a token that is valid. */
const MAXIMUM_ATTEMPTS = 3

/** How long nobody asks again after that, in **milliseconds**: each call would be as many refreshes. */
const EXPIRED_PAUSE_MS = 60_000

/** An access token that may serve a caller. */
interface Serving extends StaleToken {
  /** The line with this access token in the place of its own. */
  readonly view: Line
}

/** A caller who wants an access token. */
interface Call {
  readonly cell: Cell
  readonly ways: RefreshWays
  readonly ask: Ask
  /** In monotonic **milliseconds**. */
  readonly askedAt: number
}

/** Creates {@link FreshLine}. */
export function createFreshLine(cells: GrantCells, clock: Clock, renew: Renew): FreshLine {
  /** The access token that serves a caller, and its line. Or why there is none. */
  function servingToken({ record }: Look, call: Call): Serving | LoginRequiredReason {
    const { ways, ask } = call
    if (record?.strategy !== ways.strategy) return 'no_tokens'
    const now = clock.now()
    const wanted = useRequestOf(ask.use)
    const servingOf = (line: Line): Serving => servingFrom(line, wanted)
    noteRefusals(call, record.lines.map(servingOf))
    const line = chooseLine(
      record.lines.filter(({ id }) => id === (ask.line ?? id)),
      {
        scope: ask.use?.scope ?? ask.scope,
        usualScope: ways.usualScope,
        isUsable: (one) => isRenewable(one, now) || isAccepted(call, servingOf(one), now),
        isServed: (one) => wanted !== undefined && useIn(one, wanted.key) !== undefined,
      },
    )
    return line === undefined ? 'grant_ended' : servingOf(line)
  }

  function renewInBackground(call: Call, serving: Serving): void {
    const { cell, ways } = call
    const { line, use } = serving
    const slot = slotFor(call, serving)
    const now = clock.monotonic()
    if (!ways.renewInBackground || now < (slot.triedAt ?? -Infinity) + BACKGROUND_PAUSE_MS) return
    const { record } = cell.seen ?? {}
    if (record !== undefined && activeFailure(cell, record, line.id, clock, use?.key) !== undefined)
      return
    slot.triedAt = now
    // A failure is ignored: the renewal is tried again as long as the token is due, and once it has expired, the
    // failure is thrown.
    renewed(call, serving, false).catch(() => undefined)
  }

  async function renewed(call: Call, serving: Serving, urgent: boolean): Promise<Renewal> {
    const { cell, ways, ask, askedAt } = call
    const renewal = await renew(cell, serving, ways, urgent, askedAt)
    if (renewal.source !== 'busy') await ask.afterRenewal?.(renewal.line)
    return renewal
  }

  /** Why a caller gets no access token that will do from this line; `undefined` if there is one or may be one. */
  function whyUnable(call: Call, serving: Serving): LoginRequiredReason | undefined {
    const { ask } = call
    const { line } = serving
    const now = clock.now()
    if (isRenewable(line, now)) return undefined
    if (isAccepted(call, serving, now) && !isIdle(line, ask)) return undefined
    return line.refused === undefined ? 'expired' : 'grant_ended'
  }

  /** Whether the access token will do. If it is due, it is renewed in the background. */
  function isFresh(call: Call, serving: Serving): boolean {
    const { ask } = call
    const { line, view } = serving
    const now = clock.now()
    if (mustReplace(call, serving) || isIdle(line, ask)) return false
    if (!isRenewable(line, now)) return true
    if (!outlivesRequest(view, now)) return false
    if (isDue(view, now)) renewInBackground(call, serving)
    return true
  }

  function noteRefusals(call: Call, all: readonly Serving[]): void {
    const { refused, refusal } = call.ask
    if (refused === undefined) return
    for (const one of all) {
      const slot = slotFor(call, one)
      if (isRefused(call, one)) slot.refused = refused
      if (refusal === 'again') noteRefusedAgain(slot, refused, clock.monotonic())
    }
  }

  /** Whether the access token is one that the API has refused, and another one may help. */
  function mustReplace(call: Call, serving: Serving): boolean {
    if (!isRefused(call, serving)) return false
    return call.ask.refusal === undefined || mayReplace(slotFor(call, serving), clock.monotonic())
  }

  /** The line after a renewal; `undefined` if the record has to be looked at again, `expired` if its new token has expired. */
  async function renewedLine(
    call: Call,
    serving: Serving,
  ): Promise<ServedLine | 'expired' | undefined> {
    const { cell, ways, ask, askedAt } = call
    const { line, use, view } = serving
    const { expiredAt = -Infinity } = slotFor(call, serving)
    if (clock.monotonic() < expiredAt + EXPIRED_PAUSE_MS) throw expiredOnArrival()
    const patienceMs =
      Math.max(ways.timeoutMs, LEASE_MS) + CALLER_MARGIN_MS + (ask.isJob === true ? LEASE_MS : 0)
    const leftMs = askedAt + patienceMs - clock.monotonic()
    try {
      const renewal = await within(clock, leftMs, renewed(call, serving, true), () => {
        throw new TokenEndpointError(
          `The token endpoint gave no answer to the refresh: No complete answer within ${patienceMs} ms.`,
          { phase: 'refresh', networkCode: 'timeout' },
        )
      })
      // Somebody else is using the refresh token of an idle line.
      if (renewal.source === 'busy' && !isIdle(line, ask)) return undefined
      const after = viewOf(renewal.line, use?.key)
      if (ask.refused !== undefined && isRefused(call, serving)) {
        const { accessToken } = after.tokens
        noteReplaced(slotFor(call, serving), ask.refused, accessToken, clock.monotonic())
      }
      return isValid(after, clock.now())
        ? served({ ...serving, ...renewal, view: after })
        : 'expired'
    } catch (error) {
      // Another line may serve the request, or the refused one until its access token expires.
      if (error instanceof LoginRequiredError) return undefined
      // A token that is still valid is better than none, unless an API has refused it.
      const { seen } = cell
      const isRecent = seen !== undefined && (seen.at >= askedAt || cells.isRecent(seen))
      const isThere = isRecent && lineOf(seen.record, line.id) !== undefined
      const isWanted = isAccepted(call, serving, clock.now()) && !isIdle(line, ask)
      if (isThere && isWanted) return served({ line, view })
      throw error
    }
  }

  return async (id, ways, ask = {}) => {
    const cell = cells.cellOf(id)
    const call: Call = { cell, ways, ask, askedAt: clock.monotonic() }
    let expired: Serving | undefined
    for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
      let look = await cells.recentLook(cell)
      // A login for more, in another process, may have brought it a moment ago.
      if (look.at < call.askedAt && !isCovered(look, ask)) look = await cells.look(cell)
      const serving = servingToken(look, call)
      const reason = typeof serving === 'string' ? serving : whyUnable(call, serving)
      if (reason !== undefined) {
        // What was seen a while ago may have changed.
        if (look.at >= call.askedAt) {
          refuseLoginInVain(look.record, clock.now())
          throw new LoginRequiredError(reason)
        }
        await cells.look(cell)
      } else if (typeof serving !== 'string') {
        const fresh = isFresh(call, serving) ? served(serving) : await renewedLine(call, serving)
        if (fresh === 'expired') expired = serving
        else if (fresh !== undefined) return fresh
      }
    }
    if (expired !== undefined) slotFor(call, expired).expiredAt = clock.monotonic()
    throw expiredOnArrival()
  }
}

function expiredOnArrival(): TokenEndpointError {
  return new TokenEndpointError('The access token had expired when it arrived.', {
    phase: 'refresh',
  })
}

/** Whether some line is known to have the scope that is asked for, or a token for it. */
function isCovered({ record }: Look, { use, scope = use?.scope ?? [] }: Ask): boolean {
  if (record === undefined || scope.length === 0) return true
  const wanted = useRequestOf(use)
  const covers = (line: Line): boolean =>
    coversScope(line.tokens.scope, scope) ||
    (wanted !== undefined && useIn(line, wanted.key) !== undefined)
  return record.lines.some(covers)
}

function servingFrom(line: Line, wanted: UseRequest | undefined): Serving {
  const use = servingUse(line, wanted)
  return { line, use, view: viewOf(line, use?.key) }
}

function slotFor({ cell }: Call, { line, use }: Serving): Slot {
  return slotOf(cell, slotKey(line, use?.key))
}

function isRefused({ ask }: Call, { view }: Serving): boolean {
  return view.tokens.accessToken === ask.refused
}

function served({ line, view }: Pick<Serving, 'line' | 'view'>): ServedLine {
  return { ...line, served: view.tokens }
}

/**
 * Whether the access token has not expired, and is not the one that an API has refused. If somebody else's API has refused
 * it, it still serves this caller as long as it can be renewed: it may do for this API.
 */
function isAccepted({ cell, ask }: Call, { line, use, view }: Serving, now: number): boolean {
  const { accessToken } = view.tokens
  if (accessToken === ask.refused || !isValid(view, now)) return false
  const isOver = line.refused !== undefined
  return !isOver || !isRefusedByApi(cell, slotKey(line, use?.key), accessToken)
}

/** Whether the caller wants the line to be renewed because its refresh token was not used for so long. */
function isIdle({ obtainedAt = 0 }: Line, { idleSince = -Infinity }: Ask): boolean {
  return obtainedAt < idleSince
}
