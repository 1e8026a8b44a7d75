import type { Clock } from '../lib/clock.js'
import type { GrantCells } from './cell.js'
import { TOMBSTONE_MS, withLine } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import { isRenewable } from './line-state.js'
import { emptyRecord, restoredLineId } from './new-record.js'
import type { NewGrant } from './new-record.js'

/** What an import has done with a grant. `known` and `ended`: nothing. */
export type ImportOutcome = 'imported' | 'repaired' | 'known' | 'ended'

/** Creates the engine's method `import`. */
export function createImportGrant(cells: GrantCells, clock: Clock) {
  return async (id: string, grant: NewGrant): Promise<ImportOutcome> => {
    const cell = cells.cellOf(id)
    const { of, lifetimeMs, tokens, renewAt } = grant
    for (;;) {
      const look = await cells.look(cell)
      const now = clock.now()
      const outcome = outcomeFor(look.record, grant, now)
      if (outcome === 'known' || outcome === 'ended') return outcome

      const found = look.record ?? emptyRecord(grant, now)
      const base =
        outcome === 'imported' ? { ...found, createdAt: now, loggedInAt: undefined, of } : found
      const prolonged = { ...base, lifetimeMs, livesUntil: now + lifetimeMs }
      const line = { id: restoredLineId(id, base.lastLine + 1), tokens, renewAt }
      if (await cells.write(cell, look, withLine(prolonged, line))) return outcome
    }
  }
}

/** What is to be done with tokens. A store may keep a tombstone for longer than it must. */
function outcomeFor(
  record: GrantRecord | undefined,
  { tokens }: NewGrant,
  now: number,
): ImportOutcome {
  if (record === undefined) return 'imported'
  const { endedAt, lines } = record
  if (endedAt !== undefined) return now < endedAt + TOMBSTONE_MS ? 'ended' : 'imported'
  if (lines.some((line) => isRenewable(line, now))) return 'known'
  // If the very same one is there, it was refused, or it has expired.
  const isThere = lines.some((line) => line.tokens.refreshToken === tokens.refreshToken)
  return !isThere && isRenewable({ tokens }, now) ? 'repaired' : 'known'
}
