import type { TokenSet } from '../options/token-set.js'
import type { Line } from './grant-record.js'
import { isExactScope } from './scope-set.js'
import { ownGenerationOf, sharedOf, tokensOf } from './stored-use.js'
import type { Use } from './stored-use.js'

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

/** The one form of a use. `undefined` if nothing is asked for: the line's own access token is meant. */
export function useRequestOf({ scope = [], resource = [] }: WantedUse = {}):
  UseRequest | undefined {
  if (scope.length === 0 && resource.length === 0) return undefined
  const canonical = { scope: sorted(scope), resource: sorted(resource) }
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

/** All tokens of a line, to be revoked: its own with the refresh token first, then those of its uses. */
export function allTokensOf(line: Line): readonly TokenSet[] {
  return [line.tokens, ...(line.uses ?? []).map(tokensOf)]
}

/** Those whose access token has not expired. */
export function validTokensOf(line: Line, now: number): readonly TokenSet[] {
  return allTokensOf(line).filter(({ expiresAt = Infinity }) => now < expiresAt)
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

/** Identifies an access token that is to be replaced, within one process. */
export function tokenKey(line: Line, key: string | undefined): string {
  const { accessToken } = viewOf(line, key).tokens
  return `${slotKey(line, key)} ${obtainedIn(line, key)} ${accessToken}`
}

/** Identifies what a caller wants of a line, within one process. */
export function slotKey({ id }: Line, key = ''): string {
  return `${id} ${key}`
}
