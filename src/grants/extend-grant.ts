import type { Clock } from '../lib/clock.js'
import type { GrantCells } from './cell.js'
import { hasEnded, wasWritten, withLine } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import type { AddedLogin } from './new-record.js'
import { withTokensOfLogin } from './tokens-of-login.js'

/** Creates the engine's method `extend`. */
export function createExtendGrant(cells: GrantCells, clock: Clock) {
  return async (id: string, login: AddedLogin): Promise<GrantRecord | undefined> => {
    const cell = cells.cellOf(id)
    const { strategy, tokens, renewAt, lifetimeMs } = login
    for (;;) {
      const look = await cells.look(cell)
      const { record } = look
      if (record?.strategy !== strategy || hasEnded(record)) return undefined
      // An earlier attempt has written it although no answer came, and somebody else has changed the record since.
      if (wasWritten(record, login.line)) return record
      const of = login.of(record.of)
      if (of === undefined) return undefined
      const now = clock.now()
      const line = { id: login.line, tokens, renewAt, obtainedAt: now }
      const prolonged = { ...record, of, lifetimeMs, livesUntil: now + lifetimeMs, loggedInAt: now }
      // What is too much goes when the session is stored: see `needlessLines`.
      const next =
        withTokensOfLogin(prolonged, tokens, renewAt, now) ?? withLine(prolonged, line, Infinity)
      if (await cells.write(cell, look, next)) return next
    }
  }
}
