import type { TokenSet } from '../options/token-set.js'
import type { Failure } from './failure.js'

/** An access token for one use, as the record has it. The refresh token is that of its line. */
export interface Use {
  /** Identifies the use in its line: see `UseRequest`. */
  readonly key: string
  readonly accessToken: string
  readonly tokenType: string
  /** When it expires, in **milliseconds since the epoch**. */
  readonly expiresAt?: number | undefined
  /** The scope that it has, as the provider sent it. */
  readonly scope?: string | undefined
  /** When it becomes due for renewal, in **milliseconds since the epoch**. */
  readonly renewAt?: number | undefined
  /** When it was obtained, in **milliseconds since the epoch**. */
  readonly obtainedAt: number
  /** The generation of the line that came with it. */
  readonly generation: number
}

/** How many uses a line keeps. The one that was obtained the longest time ago is dropped. */
export const MAXIMUM_USES = 16

/** What this file needs of a line. */
export interface LineWithUses {
  readonly generation: number
  readonly ownGeneration?: number | undefined
  readonly tokens: TokenSet
  readonly uses?: readonly Use[] | undefined
  readonly refusedUses?: readonly Failure[] | undefined
}

/** What this file needs of an answer to a refresh. */
export interface AnswerOfUse {
  readonly use?: string | undefined
  readonly tokens: TokenSet
  readonly renewAt?: number | undefined
  readonly obtainedAt: number
  readonly generation: number
}

/** The generation in which the line's own access token was obtained. */
export function ownGenerationOf({ ownGeneration, generation }: LineWithUses): number {
  return ownGeneration ?? generation
}

/** The access token of a use, without the refresh token of its line. */
export function tokensOf({ accessToken, tokenType, expiresAt, scope }: Use): TokenSet {
  return {
    accessToken,
    tokenType,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(scope !== undefined && { scope }),
  }
}

/** The line with the answer to a refresh for a use: a new refresh token, and the other access tokens as they were. */
export function withAnswerOfUse<L extends LineWithUses>(
  line: L,
  { use: key = '', tokens, renewAt, obtainedAt, generation }: AnswerOfUse,
  ownGeneration: number,
): L {
  const { accessToken, tokenType, expiresAt, scope } = tokens
  const use: Use = {
    key,
    accessToken,
    tokenType,
    expiresAt,
    scope,
    renewAt,
    obtainedAt,
    generation,
  }
  return { ...withUse(line, use), tokens: withShared(line.tokens, tokens), ownGeneration }
}

/** The members of a token set that belong to all access tokens of a line. */
type Shared = Pick<TokenSet, 'refreshToken' | 'refreshTokenExpiresAt' | 'idToken'>

/** Those of a token set. */
export function sharedOf({ refreshToken, refreshTokenExpiresAt, idToken }: TokenSet): Shared {
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    ...(idToken !== undefined && { idToken }),
  }
}

/** An access token with the refresh token and the ID token of another answer. */
function withShared(own: TokenSet, answer: TokenSet): TokenSet {
  const rest: { -readonly [Name in keyof TokenSet]: TokenSet[Name] } = { ...own }
  // A new refresh token may be one that never expires.
  if (answer.refreshToken !== undefined) delete rest.refreshTokenExpiresAt
  return { ...rest, ...sharedOf(answer) }
}

/** Puts the token of a use into the line. */
export function withUse<L extends LineWithUses>(line: L, use: Use): L {
  const others = (line.uses ?? []).filter(({ key }) => key !== use.key)
  return {
    ...line,
    uses: [use, ...others].slice(0, MAXIMUM_USES),
    refusedUses: line.refusedUses?.filter((failure) => failure.use !== use.key),
  }
}

/** Notes that the provider refuses a use of the line. */
export function withRefusedUse<L extends LineWithUses>(line: L, failure: Failure): L {
  const others = (line.refusedUses ?? []).filter(({ use }) => use !== failure.use)
  return { ...line, refusedUses: [failure, ...others].slice(0, MAXIMUM_USES) }
}
