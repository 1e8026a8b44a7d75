import type { LoginNote } from './login-note.js'
import type { TokenSet } from '../options/token-set.js'
import type { Failure } from './failure.js'
import { ownGenerationOf, withAnswerOfUse, withRefusedUse } from './stored-use.js'
import type { Use } from './stored-use.js'

/**
 * The format of {@link GrantRecord}. A process that finds a higher number answers 503 and changes nothing, so that old
 * and new processes can run side by side.
 */
export const RECORD_FORMAT = 1

/** What is known of a grant: one record in the store, sealed. */
export interface GrantRecord {
  readonly format: typeof RECORD_FORMAT
  /** Identifies the strategy that began the grant, the only one that may use it. */
  readonly strategy: string
  /** When the grant began, in **milliseconds since the epoch**. */
  readonly createdAt: number
  /** When the person last logged in, in **milliseconds since the epoch**. */
  readonly loggedInAt?: number | undefined
  /** How long the grant lives after a request has prolonged it, in **milliseconds**. */
  readonly lifetimeMs: number
  /** Until when it lives, in **milliseconds since the epoch**. */
  readonly livesUntil: number
  /** The highest number that a line has been given. */
  readonly lastLine: number
  /** The newest first. Empty once the grant has ended. */
  readonly lines: readonly Line[]
  /** The ids of lines that have ended or were pushed out, the newest last. Nothing brings them back. */
  readonly closed: readonly string[]
  /** When the grant ended, in **milliseconds since the epoch**. The record is then a tombstone. */
  readonly endedAt?: number | undefined
  /** The renewal that is under way. */
  readonly mark?: Mark | undefined
  /** How many marks have been written. */
  readonly marks: number
  /** Why the last token request failed, and how long no other is sent. */
  readonly failure?: Failure | undefined
  /** To whom the grant belongs. */
  readonly of: GrantOwner
}

/** To whom a grant belongs, and where it is listed. */
export interface GrantOwner {
  /** The application's own id of the person. */
  readonly account?: string | undefined
  /** The person's id at the provider. Left out if it names nobody. */
  readonly subject?: string | undefined
  /** When the person was authenticated, in **milliseconds since the epoch**, by the provider's clock. */
  readonly authenticatedAt?: number | undefined
  /** The session that ends with the grant. */
  readonly sessionId?: string | undefined
  /**
   * Random, and new with each login for more: the session that then has the grant knows it, so that a copy of the session before is
   * worth nothing, and that a process which has not seen that login looks again. Left out before the first.
   */
  readonly holder?: string | undefined
  /** In the record of a login: the grant that it uses. Such a record has no lines of its own. */
  readonly through?: string | undefined
  /** In the record of a login that uses another grant: its ID token, for the provider's logout. */
  readonly idToken?: string | undefined
  /** Whether the grant survives logging out. Its id is used again by the person's next login. */
  readonly outlivesLogin?: true | undefined
  /** Whether the provider was connected to a person who was already logged in by another way. */
  readonly connected?: true | undefined
  /** The names under which the store lists the grant. */
  readonly names: readonly string[]
  /** In the record of a login: what is known of it. */
  readonly note?: LoginNote
}

/** What one login has brought, and what was made of it by refreshes. */
export interface Line {
  /** Random. */
  readonly id: string
  /** Higher than those of all earlier lines of this grant. */
  readonly number: number
  /** 1 after the login, one more with each refresh, also for a use: it counts the refresh tokens. */
  readonly generation: number
  /** The newest refresh token, and the line's own access token. */
  readonly tokens: TokenSet
  /** The generation in which its own access token was obtained, if a use was refreshed since. */
  readonly ownGeneration?: number | undefined
  /** The access tokens for uses, the last obtained first. */
  readonly uses?: readonly Use[] | undefined
  /** The uses that the provider has refused a moment ago, the last refused first. */
  readonly refusedUses?: readonly Failure[] | undefined
  /** How many logins have brought an access token and no refresh token. */
  readonly logins?: number | undefined
  /** When this generation was obtained, in **milliseconds since the epoch**. */
  readonly obtainedAt?: number | undefined
  /** When the access token becomes due for renewal, in **milliseconds since the epoch**. */
  readonly renewAt?: number | undefined
  /** The number of the mark under which these tokens were requested; 0 after the login. */
  readonly underMark: number
  /** Why the provider has refused to refresh this generation, such as `invalid_grant`. */
  readonly refused?: string | undefined
}

/** A line as a session holds it. Its id is known to the process alone. */
export type HeldLine = Pick<Line, 'number' | 'generation' | 'tokens' | 'renewAt' | 'refused'>

/** Says that a process renews the grant. It changes every two seconds while that process is alive. */
export interface Mark {
  /** Random, and new each time the mark changes. */
  readonly id: string
  readonly number: number
}

/** An answer of the provider to a refresh. */
export interface RefreshAnswer {
  readonly line: string
  /** The generation that these tokens are. */
  readonly generation: number
  readonly tokens: TokenSet
  /** The key of the use that was refreshed; `undefined` if it was the line's own access token. */
  readonly use?: string | undefined
  /** When it came, in **milliseconds since the epoch**. */
  readonly obtainedAt: number
  readonly renewAt?: number | undefined
  readonly underMark: number
  /** The record as it was when the request was sent: all that is left if the store has lost it. */
  readonly base: GrantRecord
}

/** How a renewal has ended. */
export interface Renewal {
  /** The line afterwards. */
  readonly line: Line
  /** `refreshed`: by this process. `shared`: by another. `busy`: another is at it, and the present token is usable. */
  readonly source: 'refreshed' | 'shared' | 'busy'
  /** Whether the process that had begun it did not answer for the whole lease. */
  readonly tookOver: boolean
}

/** How long a tombstone is kept: longer than any answer is offered, or a late write can take. */
export const TOMBSTONE_MS = 2 * 60 * 60 * 1000

/** How many lines a grant keeps. */
export const MAXIMUM_LINES = 3

/** How many closed lines a record remembers. Nothing that old is still offered: see `wasClosed`. */
export const MAXIMUM_CLOSED = 32

/** Whether the grant has ended. */
export function hasEnded(record: GrantRecord): boolean {
  return record.endedAt !== undefined
}

/** Whether a line was in the record, even if it has ended meanwhile. */
export function wasWritten({ lines, closed }: GrantRecord, line: string): boolean {
  return closed.includes(line) || lines.some(({ id }) => id === line)
}

/** The line of this id. */
export function lineOf(record: GrantRecord | undefined, id: string): Line | undefined {
  return record?.lines.find((line) => line.id === id)
}

/**
 * Starts a line with the tokens of a login, over a tombstone too. The oldest line is pushed out if there are more than `maximum`.
 */
export function withLine(
  record: GrantRecord,
  line: Pick<Line, 'id' | 'tokens' | 'renewAt' | 'obtainedAt'>,
  maximum = MAXIMUM_LINES,
): GrantRecord {
  const number = record.lastLine + 1
  const added: Line = { ...line, number, generation: 1, underMark: 0 }
  const lines = [added, ...record.lines]
  return {
    ...record,
    endedAt: undefined,
    lastLine: number,
    lines: lines.slice(0, maximum),
    closed: closedWith(record.closed, lines.slice(maximum)),
  }
}

/** Puts a mark into the record: a renewal is under way. */
export function withMark(record: GrantRecord, id: string): GrantRecord {
  const number = record.marks + 1
  return { ...record, marks: number, mark: { id, number } }
}

/** Takes the mark out, and notes why the token request failed. */
export function withoutMark(record: GrantRecord, failure?: Failure): GrantRecord {
  const unmarked = { ...record, mark: undefined }
  if (failure === undefined) return unmarked
  if (failure.use === undefined) return { ...unmarked, failure }
  const lines = record.lines.map((line) =>
    line.id === failure.line ? withRefusedUse(line, failure) : line,
  )
  return { ...unmarked, lines }
}

/**
 * Notes that the provider has refused to refresh the line's present generation.
 *
 * @param isMine says which marks are taken out
 */
export function withRefusal(
  record: GrantRecord,
  lineId: string,
  reason: string,
  isMine: (mark: string) => boolean,
): GrantRecord {
  const lines = record.lines.map((line) =>
    line.id === lineId ? { ...line, refused: reason } : line,
  )
  return {
    ...record,
    lines,
    mark: markOfOthers(record, isMine),
    failure: failureOfOthers(record, lineId),
  }
}

/** The generation of a line's tokens, and the mark under which they were requested. */
type Age = Pick<Line, 'generation' | 'underMark'>

/**
 * Whether these tokens of a line count, and not the others. Of two answers of one generation, the one counts that was
 * requested under the later mark.
 */
export function isNewer(one: Age, other: Age): boolean {
  return (
    one.generation > other.generation ||
    (one.generation === other.generation && one.underMark > other.underMark)
  )
}

/**
 * Writes an answer of the provider into its line, and into no other.
 *
 * @param isMine says which marks are taken out
 * @returns `undefined` if the record has something newer
 */
export function withAnswer(
  record: GrantRecord,
  answer: RefreshAnswer,
  isMine: (mark: string) => boolean,
): GrantRecord | undefined {
  const present = lineOf(record, answer.line)
  if (present === undefined) return undefined
  if (!isNewer(answer, present)) return undefined
  const { generation, tokens, obtainedAt, renewAt, underMark, use } = answer
  const renewed: Line = { ...present, generation, obtainedAt, underMark, refused: undefined }
  const next: Line =
    use === undefined
      ? { ...renewed, tokens, renewAt, ownGeneration: undefined }
      : withAnswerOfUse(renewed, answer, ownGenerationOf(present))
  return {
    ...record,
    lines: record.lines.map((line) => (line === present ? next : line)),
    // A failure that was noted since the request was sent is news: the provider may still want a pause.
    failure:
      record.failure?.id === answer.base.failure?.id
        ? failureOfOthers(record, answer.line)
        : record.failure,
    mark: markOfOthers(record, isMine),
  }
}

/** The mark, unless it is of this renewal: another line may be renewed under it. */
function markOfOthers(
  { mark }: GrantRecord,
  isMine: (mark: string) => boolean,
): GrantRecord['mark'] {
  return mark !== undefined && isMine(mark.id) ? undefined : mark
}

/** The failure that is noted, unless it is of this line. */
function failureOfOthers({ failure }: GrantRecord, line: string): Failure | undefined {
  return failure?.line === line ? undefined : failure
}

/** A tombstone of the grant: without tokens and without the person, and with the memory of its lines. */
export function ended(record: GrantRecord, at: number): GrantRecord {
  const { sessionId, connected, authenticatedAt, outlivesLogin } = record.of
  return {
    ...record,
    of: { sessionId, connected, authenticatedAt, outlivesLogin, names: [] },
    endedAt: at,
    lines: [],
    closed: closedWith(record.closed, record.lines),
    mark: undefined,
    failure: undefined,
  }
}

/** The ids of closed lines, with those of further lines. */
export function closedWith(closed: readonly string[], lines: readonly Line[]): readonly string[] {
  if (lines.length === 0) return closed
  const added = lines.map(({ id }) => id).filter((id) => !closed.includes(id))
  return [...closed, ...added].slice(-MAXIMUM_CLOSED)
}
