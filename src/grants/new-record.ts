import type { TokenSet } from '../options/token-set.js'
import { RECORD_FORMAT } from './grant-record.js'
import type { GrantOwner, GrantRecord, Line } from './grant-record.js'

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

/** The tokens of a grant as a session holds them. */
export interface HeldGrant extends NewGrant {
  readonly generation: number
  readonly refused?: string | undefined
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
 * The record of a grant that a session holds. Every process makes the same line of it, so that the store can tell which
 * of two has newer tokens.
 */
export function heldRecord(id: string, held: HeldGrant, now: number): GrantRecord {
  const { tokens, renewAt, generation, refused } = held
  const line: Line = { id, number: 1, generation, tokens, renewAt, underMark: 0, refused }
  return { ...emptyRecord(held, now), lastLine: 1, lines: [line] }
}
