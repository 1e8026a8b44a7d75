import { lineOf } from './grant-record.js'
import type { GrantRecord, Line } from './grant-record.js'
import { isRenewable, isValid } from './line-state.js'
import { coversScope, scopesOf } from './scope-set.js'
import { validTokensOf } from './uses.js'

/**
 * The ids of the lines that nobody needs beside a new one: it can do all that they can, and be refreshed if they can. Or they can
 * do nothing any more.
 *
 * @param newLine the id of a line that a login for more has started; without it, all lines are needed
 * @param unsaidScope the scope of tokens whose answer did not say it; `undefined` if that is not known either
 * @param now in **milliseconds since the epoch**
 */
export function coveredLines(
  record: GrantRecord,
  newLine: string,
  unsaidScope: string | undefined,
  now: number,
): readonly string[] {
  const by = lineOf(record, newLine)
  if (by === undefined) return []
  return record.lines
    .filter((line) => line !== by && (isOver(line, now) || isCovered(line, by, unsaidScope, now)))
    .map(({ id }) => id)
}

function isOver(line: Line, now: number): boolean {
  return !isRenewable(line, now) && validTokensOf(line, now).length === 0
}

function isCovered(line: Line, by: Line, unsaidScope: string | undefined, now: number): boolean {
  if (isRenewable(line, now) && !isRenewable(by, now)) return false
  if (!isValid(by, now) && !isRenewable(by, now)) return false
  const scopes = [line.tokens, ...validTokensOf(line, now)].map(({ scope }) => scope ?? unsaidScope)
  return scopes.every((scope) =>
    scope === undefined
      ? by.tokens.scope === undefined
      : coversScope(by.tokens.scope, scopesOf(scope)),
  )
}
