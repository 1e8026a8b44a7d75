import { LoginRequiredError } from '../errors/login-errors.js'
import { StorageError } from '../errors/setup-errors.js'
import { wait } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { TokenSet } from '../options/token-set.js'
import { createAnswers } from './answers.js'
import { isRefusedByApi } from './cell.js'
import type { Cell, GrantCells, Look } from './cell.js'
import { hasEnded, isNewer, lineOf, withRefusal } from './grant-record.js'
import type { GrantRecord, Line, Renewal } from './grant-record.js'
import { createDeadline } from './deadline.js'
import { isValid, outlivesRequest, renewalTime } from './line-state.js'
import { createMarkKeeper, mayTakeOver } from './mark-keeper.js'
import type { MarkKeeper } from './mark-keeper.js'
import {
  activeFailure,
  failureOf,
  lastFailure,
  pauseAfter,
  pauseOf,
  personLimited,
  retryAfterMs,
} from './refresh-failure.js'
import type { Connection, RefreshWays } from './refresh-ways.js'
import { isRenewed, keyOf, otherRenewals } from './stale-token.js'
import type { Renew, StaleToken } from './stale-token.js'
import { isRefusalOfUse } from './use-refusal.js'
import { parametersOf, slotKey, viewOf } from './uses.js'
import type { UseRequest } from './uses.js'

/** How long a mark is kept while the provider does not answer, in **milliseconds**. */
const MARK_KEPT_MS = 60_000

/** How long the connection is listened to, in **milliseconds**. */
const LISTENED_MS = 5 * 60_000

/** How long a process waits before it looks again at another's renewal, in **milliseconds**. It doubles each time. */
const FIRST_POLL_MS = 25
const LONGEST_POLL_MS = 500

/** A line whose refresh may be sent. */
interface Sendable {
  readonly go: GrantRecord
  readonly line: Line
}

/** Thrown at the moment of writing if the mark has become too old meanwhile, or an earlier request has failed. */
class NotNow extends Error {
  constructor(readonly isPaused: boolean) {
    super()
  }
}

/** Creates {@link Renew}. */
export function createRenew(cells: GrantCells, clock: Clock, random: () => number): Renew {
  const answers = createAnswers(cells, clock)

  /** What a look says about the renewal: it is over, another process is at it, or it can be sent. */
  function judge(
    cell: Cell,
    { record }: Look,
    stale: StaleToken,
    ways: RefreshWays,
  ): Sendable | { over: Renewal } | 'wait' {
    const { use } = stale
    const line = lineOf(record, stale.line.id)
    if (record === undefined || line === undefined || hasEnded(record)) {
      throw new LoginRequiredError('grant_ended')
    }
    const over = (source: Renewal['source']) => ({ over: { line, source, tookOver: false } })
    if (isRenewed(line, stale)) return over('shared')
    if (line.refused !== undefined) throw new LoginRequiredError('grant_ended')
    const failure = pauseFor(cell, record, { line, use }, ways)
    if (failure !== undefined) throw failure
    if (record.mark === undefined) return { go: record, line }
    if (isUsable(cell, line, use)) return over('busy')
    return mayTakeOver(cell, record.mark) ? { go: record, line } : 'wait'
  }

  /** Why nothing may be sent yet: an earlier failure of this line, or a pause that the provider wants. */
  function pauseFor(cell: Cell, record: GrantRecord, { line, use }: StaleToken, ways: RefreshWays) {
    return activeFailure(cell, record, line.id, clock, use?.key) ?? pauseOf(ways)
  }

  /** Whether the present access token will do: then nobody takes over from another process. */
  function isUsable(cell: Cell, line: Line, use: UseRequest | undefined): boolean {
    const view = viewOf(line, use?.key)
    const isRefused = isRefusedByApi(cell, slotKey(line, use?.key), view.tokens.accessToken)
    return !isRefused && outlivesRequest(view, clock.now())
  }

  async function renew(
    cell: Cell,
    stale: StaleToken,
    ways: RefreshWays,
    urgent: boolean,
    since: number,
  ): Promise<Renewal> {
    const sending = { use: stale.use, key: keyOf(stale) }
    let connection: Connection | undefined
    const release = (): void => {
      connection?.release()
      connection = undefined
    }
    try {
      // What was asked for since the caller came is as good as a new look: nothing is written over anything newer.
      const { seen } = cell
      let known = seen !== undefined && seen.at >= since ? seen : undefined
      for (let pollMs = FIRST_POLL_MS; ;) {
        const look = known ?? newest(cell, await cells.look(cell))
        known = undefined
        const kept = await answers.offerAgain(cell, stale.line)
        if (kept !== undefined) {
          if (!isRenewed(kept, stale)) continue
          return { line: kept, source: 'shared', tookOver: false }
        }
        const next = judge(cell, look, stale, ways)
        if (next === 'wait') {
          release()
          await Promise.race([wait(clock, pollMs), ...otherRenewals(cell, stale)])
          pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)
          continue
        }
        if ('over' in next) return next.over
        if (connection === undefined) {
          connection = await ways.connections.acquire(urgent)
          // The queue may have been long: much can have happened meanwhile.
          if (connection.waited) continue
        }
        const tookOver = next.go.mark !== undefined
        const line = await refreshUnderMark(cell, look, { ...next, ...sending }, ways, connection)
        if (line === undefined) continue
        if (isRenewed(line, stale)) return { line, source: 'refreshed', tookOver }
        // The line was refreshed for something else meanwhile. It goes on with that refresh token.
        release()
      }
    } finally {
      release()
    }
  }

  /** Marks the record and sends the refresh. `undefined` if another process was faster. */
  async function refreshUnderMark(
    cell: Cell,
    look: Look,
    { go, line, use, key }: Sendable & StaleToken & { readonly key: string },
    ways: RefreshWays,
    connection: Connection,
  ): Promise<Line | undefined> {
    const { id, generation } = line
    const keeper = createMarkKeeper({ cells, clock, cell, line })
    if (!(await keeper.mark(look))) return undefined
    keeper.start()
    const late = createDeadline(clock, MARK_KEPT_MS, () => {
      // From now on, others may try, and callers of this process too. The connection is still listened to, but does not
      // count: a provider that has come back must not be shut out by requests that will never be answered.
      cell.renewals.delete(key)
      connection.release()
      void keeper.release()
    })
    try {
      const sent = await send(cell, { line, use }, ways, connection, keeper, late.restart)
      if (sent === undefined) {
        await keeper.release()
        return undefined
      }
      // The mark is kept while the answer is stored, also if that lasts beyond the minute.
      late.cancel()
      // Not awaited: a mark that is being written must not hold up the answer.
      void keeper.stop()
      const obtainedAt = clock.now()
      const renewAt = renewalTime(sent.tokens, ways.refreshBeforeSeconds, obtainedAt)
      const next = { line: id, generation: generation + 1, obtainedAt, renewAt }
      const answer = { ...next, use: use?.key, base: go, ...sent }
      const stored = await answers.store(cell, answer, keeper.isMine, ways)
      cell.trouble = undefined
      return stored
    } catch (error) {
      await keeper.stop()
      if (error instanceof LoginRequiredError) throw error
      if (error instanceof StorageError) {
        // Nothing was sent, and the provider is not to blame: no pause.
        await keeper.release()
        throw error
      }
      return await afterFailure(error, cell, { line, use }, ways, keeper)
    } finally {
      late.cancel()
    }
  }

  /** Sends the refresh, only while others cannot have taken over and nothing has failed meanwhile. `undefined`: not sent. */
  async function send(
    cell: Cell,
    stale: StaleToken,
    ways: RefreshWays,
    connection: Connection,
    keeper: MarkKeeper,
    onWrite: () => void,
  ): Promise<{ tokens: TokenSet; underMark: number } | undefined> {
    const { refresh, scopeSeparator = ' ' } = ways
    const { use, line } = stale
    const parameters = use === undefined ? undefined : parametersOf(use, scopeSeparator)
    for (;;) {
      let underMark = 0
      const beforeWrite = (): void => {
        const { record } = cell.seen ?? {}
        const isPaused = record && pauseFor(cell, record, stale, ways) !== undefined
        if (isPaused || !keeper.isFresh()) throw new NotNow(isPaused ?? false)
        underMark = keeper.number()
        onWrite()
      }
      try {
        const control = { beforeWrite, connection, timeoutMs: LISTENED_MS, parameters }
        return { tokens: await refresh(line.tokens, control), underMark }
      } catch (error) {
        if (!(error instanceof NotNow)) throw error
        if (error.isPaused || !(await keeper.mark())) return undefined
      }
    }
  }

  /**
   * A refused generation is noted as refused, after one more look. What the provider has answered otherwise is noted in
   * the record, for the use alone if it has refused just that; what never reached it, in this process.
   */
  async function afterFailure(
    error: unknown,
    cell: Cell,
    { line, use }: StaleToken,
    ways: RefreshWays,
    keeper: MarkKeeper,
  ): Promise<Line> {
    const reason = ways.refusalOf(error, use !== undefined || isValid(line, clock.now()))
    const refused = isRefusalOfUse(error, reason) ? use?.key : undefined
    if (reason !== undefined && refused === undefined) {
      return refuse(cell, line, reason, keeper.isMine, ways)
    }
    const pauseMs = retryAfterMs(error)
    if (pauseMs !== undefined) ways.connections.pause(pauseMs, personLimited(error, cell))
    const noted = failureOf(
      error,
      { line: line.id, use: refused },
      lastFailure(cell.seen?.record, line.id, refused),
      clock,
      random,
    )
    await keeper.release(() => noted)
    if (refused !== undefined) throw error
    if (noted === undefined || cell.seen?.record?.failure?.id !== noted.id) {
      const attempts = cell.trouble?.line === line.id ? cell.trouble.attempts + 1 : 1
      const until = clock.monotonic() + (noted?.forMs ?? pauseAfter(attempts, random))
      cell.trouble = { line: line.id, attempts, until, error }
    }
    throw error
  }

  /** Notes the refusal. Resolves to the line if another process has renewed it: then nothing was refused. */
  async function refuse(
    cell: Cell,
    sent: Line,
    reason: string,
    isMine: MarkKeeper['isMine'],
    { onRefused }: RefreshWays,
  ): Promise<Line> {
    for (;;) {
      const look = await cells.look(cell)
      const { record } = look
      const line = record === undefined ? undefined : lineOf(record, sent.id)
      if (record === undefined || line === undefined) throw new LoginRequiredError('grant_ended')
      if (isNewer(line, sent)) return line
      if (line.refused !== undefined) throw new LoginRequiredError('grant_ended')
      if (await cells.write(cell, look, withRefusal(record, sent.id, reason, isMine))) {
        onRefused(record.of, reason)
        throw new LoginRequiredError('grant_ended')
      }
    }
  }

  return (cell, stale, ways, urgent, since = Infinity) => {
    const key = keyOf(stale)
    const joined = cell.renewals.get(key)
    if (joined !== undefined) return joined
    const work = (): Promise<Renewal> => renew(cell, stale, ways, urgent, since)
    const run: Promise<Renewal> = ways.around(work).finally(() => {
      if (cell.renewals.get(key) === run) cell.renewals.delete(key)
    })
    cell.renewals.set(key, run)
    return run
  }
}

/**
 * The look that was asked for last. What this process knows of marks and failures comes from there, and if the store has changed
 * since, no mark can be written over it.
 */
function newest({ seen }: Cell, look: Look): Look {
  return seen !== undefined && seen.at > look.at ? seen : look
}
