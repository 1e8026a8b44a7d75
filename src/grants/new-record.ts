import type { TokenSet } from '../options/token-set.js'
import { RECORD_FORMAT } from './grant-record.js'
import type { GrantOwner, GrantRecord, HeldLine, Line } from './grant-record.js'

/** A login that is to be stored. */
export interface NewLogin {
  readonly strategy: string
  readonly of: GrantOwner
  /** How long it lives after each prolongation, in **milliseconds**. */
  readonly lifetimeMs: number
}

/** A login whose tokens are to be stored. */
export interface NewGrant extends NewLogin {
  readonly tokens: TokenSet
  readonly renewAt?: number | undefined
}

/** A login for more, whose tokens are to join a grant. */
export interface AddedLogin extends Omit<NewGrant, 'of'> {
  /** The id of the line that it starts, unless its tokens join another. Random. */
  readonly line: string
  /** To whom the grant belongs then; `undefined` if the login must not join it. */
  readonly of: (present: GrantOwner) => GrantOwner | undefined
}

/** The record of a grant that is about to begin: without a line yet. */
export function emptyRecord({ strategy, of, lifetimeMs }: NewLogin, now: number): GrantRecord {
  return {
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
}

/**
 * The record of a grant that a session holds. Every process makes the same lines of it, so that the store can tell which
 * of two has newer tokens. Lines that have been closed meanwhile are left out.
 *
 * @param found what the store has
 */
export function heldRecord(
  id: string,
  held: NewLogin & { readonly lines: readonly HeldLine[] },
  found: GrantRecord | undefined,
  now: number,
): GrantRecord {
  const lines = held.lines.flatMap((line): Line[] => {
    const lineId = lineIdOf(id, line, found)
    return lineId === undefined ? [] : [{ ...line, id: lineId, underMark: 0 }]
  })
  const lastLine = Math.max(0, ...lines.map(({ number }) => number))
  return { ...emptyRecord(held, now), lastLine, lines }
}

/** Whether a record has all lines that a session holds, as new as they are: then {@link heldRecord} restores nothing. */
export function hasHeldLines(
  { lines }: GrantRecord,
  held: readonly Pick<HeldLine, 'number' | 'generation' | 'refused'>[],
): boolean {
  return held.every(({ number, generation, refused }) =>
    lines.some(
      (line) =>
        line.number === number &&
        (line.generation > generation ||
          (line.generation === generation &&
            (refused === undefined || line.refused !== undefined))),
    ),
  )
}

function lineIdOf(
  id: string,
  { number }: HeldLine,
  found: GrantRecord | undefined,
): string | undefined {
  const known = found?.lines.find((line) => line.number === number)
  if (known !== undefined) return known.id
  if (found !== undefined && number <= found.lastLine) return undefined
  return restoredLineId(id, number)
}

/** The id of a line whose tokens come from elsewhere. Every process that brings them gives it the same. */
export function restoredLineId(id: string, number: number): string {
  return number === 1 ? id : `${id}.${number}`
}
