import {
  MAXIMUM_CLOSED,
  MAXIMUM_LINES,
  closedWith,
  ended,
  hasEnded,
  isNewer,
  lineOf,
  wasWritten,
  withoutMark,
} from './grant-record.js'
import type { GrantRecord, Line } from './grant-record.js'

/**
 * What the record must be if a process has seen `remembered` accepted by the store a moment ago: lines that are missing
 * or older come back, and so does an end. A tombstone stays, and so does everything that is newer.
 *
 * @returns `found` itself if nothing is missing
 */
export function restored(found: GrantRecord | undefined, remembered: GrantRecord): GrantRecord {
  if (found === undefined) return withoutMark(remembered)
  return withLines(withClosed(found, remembered), remembered)
}

/** What was found, with the lines that it has forgotten to be closed. */
function withClosed(found: GrantRecord, remembered: GrantRecord): GrantRecord {
  // A full list has not lost any, but dropped the oldest.
  if (found.closed.length >= MAXIMUM_CLOSED) return found
  const forgotten = remembered.closed.filter((line) => !wasWritten(found, line))
  if (forgotten.length === 0) return found
  return {
    ...found,
    lastLine: Math.max(found.lastLine, remembered.lastLine),
    closed: [...forgotten, ...found.closed].slice(-MAXIMUM_CLOSED),
  }
}

function withLines(found: GrantRecord, remembered: GrantRecord): GrantRecord {
  if (hasEnded(found)) return found
  const isClosed = (line: Line): boolean => remembered.closed.includes(line.id)
  const open = found.lines.filter((line) => !isClosed(line))
  if (hasEnded(remembered) && open.length === 0) return ended(found, remembered.endedAt ?? 0)
  const lost = remembered.lines.filter(
    (line) => lineOf(found, line.id) === undefined && !wasClosed(found, line),
  )
  const lines = [...open.map((line) => newerOf(line, lineOf(remembered, line.id))), ...lost]
  const isSame =
    lost.length === 0 &&
    lines.length === found.lines.length &&
    lines.every((line, index) => line === found.lines[index])
  if (isSame) return found
  const sorted = lines.sort((a, b) => b.number - a.number)
  return {
    ...found,
    lastLine: Math.max(found.lastLine, remembered.lastLine),
    marks: Math.max(found.marks, remembered.marks),
    lines: sorted.slice(0, MAXIMUM_LINES),
    closed: closedWith(found.closed, [
      ...found.lines.filter(isClosed),
      ...sorted.slice(MAXIMUM_LINES),
    ]),
  }
}

function newerOf(line: Line, other: Line | undefined): Line {
  if (other === undefined || isNewer(line, other)) return line
  if (isNewer(other, line)) return other
  const [logins, otherLogins] = [line.logins ?? 0, other.logins ?? 0]
  if (logins !== otherLogins) return logins > otherLogins ? line : other
  return other.refused !== undefined && line.refused === undefined ? other : line
}

/** Whether a line that is not in the record was closed, and not lost. */
function wasClosed(record: GrantRecord, { id, number }: Line): boolean {
  return record.closed.includes(id) || number + MAXIMUM_CLOSED <= record.lastLine
}
