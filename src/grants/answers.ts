import { LoginRequiredError } from '../errors/login-errors.js'
import { wait } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { hasEnded, isNewer, lineOf, withAnswer } from './grant-record.js'
import { restored } from './restored-record.js'
import type { Line, RefreshAnswer } from './grant-record.js'
import type { Cell, GrantCells } from './cell.js'
import type { Gone, RefreshWays } from './refresh-ways.js'

/** Stores the provider's answers, and never discards one that could still count. */
export interface Answers {
  /**
   * Stores an answer. Resolves to the line as it is afterwards: with this answer, or with something newer. If the store
   * cannot be reached, the answer is offered again later, and the caller gets it now.
   *
   * @param isMine says which marks are of this renewal
   * @throws {LoginRequiredError} if the grant has ended meanwhile; the tokens are then revoked
   */
  readonly store: (
    cell: Cell,
    answer: RefreshAnswer,
    isMine: IsMine,
    ways: Pick<RefreshWays, 'revoke'>,
  ) => Promise<Line>

  /**
   * Offers an answer that the store does not have yet once more. Resolves to the line as it is afterwards; `undefined` if
   * there is none to offer.
   *
   * @throws {LoginRequiredError} if the grant has ended meanwhile
   * @throws {StorageError} if the store still fails
   */
  readonly offerAgain: (cell: Cell, line: Line) => Promise<Line | undefined>
}

/** Whether a mark is of the renewal that has brought an answer. */
type IsMine = (mark: string) => boolean

/** How long an answer is offered, in **milliseconds**. */
const OFFERED_MS = 60 * 60_000

/**
 * How often, in **milliseconds**. More often than a lease lasts: as soon as the store answers again, another process
 * begins to count, and would refresh with the old token.
 */
const OFFER_MS = 1_000

/**
 * How long a call of the store may take for an answer, in **milliseconds**. A call that is lost must not use up the time
 * in which another process counts.
 */
const CALL_LIMIT_MS = 1_000

/** How often an answer is written over other changes of the record before it waits for the next offer. */
const MAXIMUM_ATTEMPTS = 10

/** Creates {@link Answers}. */
export function createAnswers(cells: GrantCells, clock: Clock): Answers {
  const owners = new WeakMap<RefreshAnswer, IsMine>()

  /**
   * Writes the answer into the record, at first over what was last seen. What there is to be done instead is decided by a look
   * that is asked for here: what an earlier one has seen, the store may have lost since.
   *
   * @returns `undefined` if other processes keep changing the record
   */
  async function put(
    cell: Cell,
    answer: RefreshAnswer,
    isMine: IsMine,
  ): Promise<Line | Gone | undefined> {
    let { seen: look } = cell
    for (let attempt = 0; attempt < MAXIMUM_ATTEMPTS; attempt++) {
      const isFresh = look === undefined || attempt > 0
      look ??= await cells.look(cell, CALL_LIMIT_MS)
      // A store that has lost the record gets it back as it was when the request was sent.
      const record = restored(look.record, answer.base)
      const present = lineOf(record, answer.line)
      const isOver = hasEnded(record) || present === undefined
      const next = isOver ? undefined : withAnswer(record, answer, isMine)
      if (next !== undefined) {
        if (await cells.write(cell, look, next, CALL_LIMIT_MS)) return lineOf(next, answer.line)
      } else if (isFresh) {
        return hasEnded(record) ? 'ended' : (present ?? 'replaced')
      }
      look = await cells.look(cell, CALL_LIMIT_MS)
    }
    return undefined
  }

  async function offer(
    cell: Cell,
    answer: RefreshAnswer,
    isMine: IsMine,
    { revoke }: Pick<RefreshWays, 'revoke'>,
  ): Promise<void> {
    const until = clock.monotonic() + OFFERED_MS
    for (;;) {
      await wait(clock, OFFER_MS, { background: true })
      if (!cell.answers.has(answer)) return
      // It writes over what was last seen, and looks only if that has changed: a store that has much to do writes first.
      const stored = await put(cell, answer, isMine).catch(() => undefined)
      if (isGone(stored)) void revoke(answer.tokens, answer.base.of, stored)
      if (stored !== undefined || clock.monotonic() >= until) break
    }
    cell.answers.delete(answer)
  }

  return {
    async offerAgain(cell, line) {
      const answer = [...cell.answers].find((one) => one.line === line.id && isNewer(one, line))
      if (answer === undefined) return undefined
      const stored = await put(cell, answer, owners.get(answer) ?? (() => false))
      if (stored === undefined) return undefined
      // The next offer finds the end too, and revokes the tokens.
      if (isGone(stored)) throw new LoginRequiredError('grant_ended')
      cell.answers.delete(answer)
      return stored
    },

    async store(cell, answer, isMine, ways) {
      cell.answers.add(answer)
      owners.set(answer, isMine)
      const stored = await put(cell, answer, isMine).catch(() => undefined)
      if (stored === undefined) void offer(cell, answer, isMine, ways)
      else cell.answers.delete(answer)
      if (isGone(stored)) void ways.revoke(answer.tokens, answer.base.of, stored)
      // This process may have ended the grant while the store took its time.
      const hasGone = cell.seen?.record?.closed.includes(answer.line) ?? false
      if (isGone(stored) || hasGone) throw new LoginRequiredError('grant_ended')
      return stored ?? answeredLine(answer)
    },
  }
}

function isGone(stored: Line | Gone | undefined): stored is Gone {
  return stored === 'ended' || stored === 'replaced'
}

/** The line as the answer leaves it, for a caller who gets the tokens although the store does not have them. */
function answeredLine(answer: RefreshAnswer): Line {
  const record = withAnswer(answer.base, answer, () => false) ?? answer.base
  const line = lineOf(record, answer.line)
  if (line === undefined) throw new Error('The line was in the record when its refresh was sent.')
  return line
}
