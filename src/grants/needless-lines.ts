import { coveredLines } from './covered-lines.js'
import { MAXIMUM_LINES } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import { chooseLine } from './line-choice.js'

/**
 * The ids of the lines that a grant does without after a login for more: those that the new one covers, and, if more are left
 * than a grant keeps, the oldest of the others. The line that serves most requests is never too much.
 *
 * @param newLine the id of the line that the login has started
 * @param unsaidScope the scope of tokens whose answer did not say it; `undefined` if that is not known either
 * @param usualScope what requests without a scope expect
 * @param now in **milliseconds since the epoch**
 */
export function needlessLines(
  record: GrantRecord,
  newLine: string,
  unsaidScope: string | undefined,
  usualScope: readonly string[],
  now: number,
): readonly string[] {
  const covered = coveredLines(record, newLine, unsaidScope, now)
  const left = record.lines.filter(({ id }) => !covered.includes(id))
  const usual = chooseLine(left, { usualScope, isUsable: () => true })
  const surplus = left
    .filter((line) => line !== usual && line.id !== newLine)
    .slice(usual?.id === newLine ? MAXIMUM_LINES - 1 : MAXIMUM_LINES - 2)
  return [...covered, ...surplus.map(({ id }) => id)]
}
