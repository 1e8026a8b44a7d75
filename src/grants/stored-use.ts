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

/** What is needed of a token set. This file imports nothing, because records are made of what it exports. */
interface Tokens {
  readonly accessToken: string
  readonly tokenType: string
  readonly expiresAt?: number
  readonly refreshToken?: string
  readonly refreshTokenExpiresAt?: number
  readonly scope?: string
  readonly idToken?: string
}

/** What is needed of a line. */
interface LineWithUses {
  readonly generation: number
  readonly ownGeneration?: number | undefined
  readonly tokens: Tokens
  readonly uses?: readonly Use[] | undefined
  readonly refusedUses?: readonly RefusedUse[] | undefined
}

/** What is needed of a failure. */
interface RefusedUse {
  readonly use?: string | undefined
}

/** What is needed of an answer to a refresh. */
interface AnswerOfUse {
  readonly use?: string | undefined
  readonly tokens: Tokens
  readonly renewAt?: number | undefined
  readonly obtainedAt: number
  readonly generation: number
}

/** The generation in which the line's own access token was obtained. */
export function ownGenerationOf({ ownGeneration, generation }: LineWithUses): number {
  return ownGeneration ?? generation
}

/** The access token of a use, without the refresh token of its line. */
export function tokensOf({ accessToken, tokenType, expiresAt, scope }: Use): Tokens {
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
type Shared = Pick<Tokens, 'refreshToken' | 'refreshTokenExpiresAt' | 'idToken'>

/** Those of a token set. */
export function sharedOf({ refreshToken, refreshTokenExpiresAt, idToken }: Tokens): Shared {
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    ...(idToken !== undefined && { idToken }),
  }
}

/** An access token with the refresh token and the ID token of another answer. */
function withShared<T extends Tokens>(own: T, answer: Tokens): T {
  // A new refresh token may be one that never expires.
  const isOther = answer.refreshToken !== own.refreshToken
  return { ...own, ...(isOther && { refreshTokenExpiresAt: undefined }), ...sharedOf(answer) }
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
export function withRefusedUse<L extends LineWithUses>(line: L, failure: RefusedUse): L {
  const others = (line.refusedUses ?? []).filter(({ use }) => use !== failure.use)
  return { ...line, refusedUses: [failure, ...others].slice(0, MAXIMUM_USES) }
}
