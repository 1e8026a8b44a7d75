import type { Line } from './grant-record.js'
import { coversScope, scopesOf } from './scope-set.js'

/** Which line of a grant a caller wants. */
export interface LineChoice {
  /** What the access token must be allowed to do. */
  readonly scope?: readonly string[] | undefined
  /** What a caller without a scope expects of the access token. */
  readonly usualScope?: readonly string[] | undefined
  /** Whether the line has a token that will do, or can get one. */
  readonly isUsable: (line: Line) => boolean
  /** Whether the line already has a token for just this scope, although its own cannot do all of that. */
  readonly isServed?: (line: Line) => boolean
}

/**
 * The line that serves a caller.
 *
 * - With a scope: the newest usable line that has all of it. If there is none, the newest usable line: the provider may grant
 *   more than is known.
 * - Without: the newest usable line of those that have the most of the usual scope, unless an older one can do all that this one
 *   can and more: a login for less, or for something else, loses nothing.
 *
 * A line that the provider has refused to refresh is used only if there is no other, until its access token expires.
 *
 * @param lines the newest first
 * @returns `undefined` if there are none; one that is not usable if none is
 */
export function chooseLine(
  lines: readonly Line[],
  { scope = [], usualScope = [], isUsable, isServed = () => false }: LineChoice,
): Line | undefined {
  const usable = lines.filter(isUsable)
  const accepted = usable.filter(({ refused }) => refused === undefined)
  const candidates = accepted.length > 0 ? accepted : usable
  const [newest] = candidates
  if (newest === undefined) return lines.find(({ refused }) => refused === undefined) ?? lines[0]
  if (candidates.length === 1) return newest
  if (scope.length === 0) return withMost(candidates, withMostOf(usualScope, candidates, newest))
  const covers = (line: Line): boolean => coversScope(line.tokens.scope, scope) || isServed(line)
  return candidates.find(covers) ?? newest
}

/** The newest of the lines that have the most of a scope. */
function withMostOf(scope: readonly string[], lines: readonly Line[], newest: Line): Line {
  const had = ({ tokens }: Line): number =>
    scope.filter((one) => coversScope(tokens.scope, [one])).length
  return lines.reduce((chosen, line) => (had(line) > had(chosen) ? line : chosen), newest)
}

/** The newest line, or an older one that can do all of that and more. */
function withMost(lines: readonly Line[], newest: Line): Line {
  return lines.reduce((chosen, line) => (canDoMore(line, chosen) ? line : chosen), newest)
}

/** Whether a line is known to be allowed all that another is, and more. */
function canDoMore({ tokens: { scope } }: Line, other: Line): boolean {
  const { scope: less } = other.tokens
  if (scope === undefined || less === undefined) return false
  return scopesOf(scope).size > scopesOf(less).size && coversScope(scope, scopesOf(less))
}
