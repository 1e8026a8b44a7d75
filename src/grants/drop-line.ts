import { StorageError } from '../errors/setup-errors.js'
import type { Clock } from '../lib/clock.js'
import type { GrantCells } from './cell.js'
import { closedWith, ended, lineOf } from './grant-record.js'
import type { GrantRecord, Line } from './grant-record.js'
import { allTokensOf } from './uses.js'

/** What was taken out of a grant. */
interface Dropped extends Pick<GrantRecord, 'of' | 'strategy'> {
  readonly tokens: ReturnType<typeof allTokensOf>
}

/** Creates the engine's method of this name. */
export function createDropLine(cells: GrantCells, clock: Clock) {
  return async (id: string, lineId: string): Promise<Dropped | undefined> => {
    const cell = cells.cellOf(id)
    let dropped: Dropped | undefined
    for (;;) {
      const look = await cells.look(cell)
      const { record } = look
      const line = lineOf(record, lineId)
      // An earlier attempt may have taken it out although no answer came.
      if (record === undefined || line === undefined) return dropped
      dropped = { tokens: allTokensOf(line), of: record.of, strategy: record.strategy }
      const next = withoutLine(record, line, clock.now())
      try {
        if (await cells.write(cell, look, next)) return dropped
      } catch (error) {
        if (!(error instanceof StorageError) || next.endedAt === undefined) throw error
        cells.insist(cell, look, next)
        return dropped
      }
    }
  }
}

function withoutLine(record: GrantRecord, line: Line, now: number): GrantRecord {
  const lines = record.lines.filter((one) => one !== line)
  if (lines.length === 0) return ended(record, now)
  const { failure } = record
  return {
    ...record,
    lines,
    closed: closedWith(record.closed, [line]),
    failure: failure?.line === line.id ? undefined : failure,
  }
}
