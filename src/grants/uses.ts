import type { TokenSet } from '../options/token-set.js'
import type { Failure } from './failure.js'
import type { Line, RefreshAnswer } from './grant-record.js'
import { isExactScope } from './scope-set.js'

/**
 * For what an access token is wanted, if it is not the line's own: for less scope, for another API, or both.
 *
 * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
 * @see [RFC 8707, section 2.2 - Access Token Request](https://www.rfc-editor.org/rfc/rfc8707.html#section-2.2)
 */
export interface WantedUse {
  /** The scope to ask for, one name per element. The token then has no more than that. */
  readonly scope?: readonly string[] | undefined
  /** The APIs to ask for: absolute URIs. Without it, those of the strategy's options. */
  readonly resource?: readonly string[] | undefined
}

/** A use in the one form that all ways to write it share. */
export interface UseRequest {
  /** Identifies the use in its line. */
  readonly key: string
  /** Sorted, without duplicates; empty if none is asked for. */
  readonly scope: readonly string[]
  readonly resource: readonly string[]
}

/** An access token for one use, as the record has it. The refresh token is that of its line. */
export interface Use {
  /** Identifies the use in its line: see {@link UseRequest}. */
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

/** The one form of a use. `undefined` if nothing is asked for: the line's own access token is meant. */
export function useRequestOf({ scope = [], resource = [] }: WantedUse = {}):
  UseRequest | undefined {
  const canonical = { scope: sorted(scope), resource: sorted(resource) }
  if (canonical.scope.length === 0 && canonical.resource.length === 0) return undefined
  return { ...canonical, key: JSON.stringify([canonical.scope, canonical.resource]) }
}

function sorted(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort()
}

/**
 * The use whose token serves a caller; `undefined` if it is the line's own access token. That one serves if nothing else
 * is asked for than exactly its scope. If less is asked for, a token of its own is obtained: whoever asks for less wants a token
 * that can do less.
 */
export function servingUse(line: Line, use: UseRequest | undefined): UseRequest | undefined {
  if (use === undefined || use.resource.length > 0) return use
  return isExactScope(line.tokens.scope, use.scope) ? undefined : use
}

/** The token that the line has for a use. */
export function useIn({ uses = [] }: Line, key: string): Use | undefined {
  return uses.find((use) => use.key === key)
}

/** The parameters of the token request for a use. */
export function parametersOf(
  { scope, resource }: UseRequest,
  scopeSeparator: string,
): Readonly<Record<string, string | readonly string[]>> {
  return {
    ...(scope.length > 0 && { scope: scope.join(scopeSeparator) }),
    ...(resource.length > 0 && { resource }),
  }
}

/**
 * The line with the access token of a use in the place of its own. A token that the line does not have is one that has
 * expired.
 */
export function viewOf(line: Line, key: string | undefined): Line {
  if (key === undefined) return line
  const kept = sharedOf(line.tokens)
  const use = useIn(line, key)
  if (use === undefined) {
    return {
      ...line,
      tokens: { accessToken: '', tokenType: '', expiresAt: 0, ...kept },
      renewAt: 0,
    }
  }
  return { ...line, tokens: { ...tokensOf(use), ...kept }, renewAt: use.renewAt }
}

function tokensOf({ accessToken, tokenType, expiresAt, scope }: Use): TokenSet {
  return {
    accessToken,
    tokenType,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(scope !== undefined && { scope }),
  }
}

/** All tokens of a line, to be revoked: its own with the refresh token first, then those of its uses. */
export function allTokensOf(line: Line): readonly TokenSet[] {
  return [line.tokens, ...(line.uses ?? []).map(tokensOf)]
}

/**
 * Whether the access token that a caller wants has been replaced since. That the refresh token has does not count: it may
 * have been used for something else.
 *
 * @param key of the use; `undefined` for the line's own access token
 */
export function isReplaced(line: Line, since: Line, key: string | undefined): boolean {
  const obtained = obtainedIn(line, key)
  const before = obtainedIn(since, key)
  if (obtained !== before) return obtained > before
  return viewOf(line, key).tokens.accessToken !== viewOf(since, key).tokens.accessToken
}

/** The generation in which an access token was obtained. */
function obtainedIn(line: Line, key: string | undefined): number {
  return key === undefined ? ownGenerationOf(line) : (useIn(line, key)?.generation ?? 0)
}

/** The generation in which the line's own access token was obtained. */
export function ownGenerationOf({ ownGeneration, generation }: Line): number {
  return ownGeneration ?? generation
}

/** Identifies an access token that is to be replaced, within one process. */
export function tokenKey(line: Line, key: string | undefined): string {
  const { accessToken } = viewOf(line, key).tokens
  return `${slotKey(line, key)} ${obtainedIn(line, key)} ${accessToken}`
}

/** Identifies what a caller wants of a line, within one process. */
export function slotKey({ id }: Line, key = ''): string {
  return `${id} ${key}`
}

/** The line with the answer to a refresh for a use: a new refresh token, and the other access tokens as they were. */
export function withAnswerOfUse(
  line: Line,
  { use: key = '', tokens, renewAt, obtainedAt, generation }: RefreshAnswer,
  ownGeneration: number,
): Line {
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

function sharedOf({ refreshToken, refreshTokenExpiresAt, idToken }: TokenSet): Shared {
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
export function withUse(line: Line, use: Use): Line {
  const others = (line.uses ?? []).filter(({ key }) => key !== use.key)
  return {
    ...line,
    uses: [use, ...others].slice(0, MAXIMUM_USES),
    refusedUses: line.refusedUses?.filter((failure) => failure.use !== use.key),
  }
}

/** Notes that the provider refuses a use of the line. */
export function withRefusedUse(line: Line, failure: Failure): Line {
  const others = (line.refusedUses ?? []).filter(({ use }) => use !== failure.use)
  return { ...line, refusedUses: [failure, ...others].slice(0, MAXIMUM_USES) }
}
