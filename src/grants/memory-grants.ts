import { randomBytes } from 'node:crypto'
import { createClaims } from './claims.js'
import { Grants, createGrantParts } from './grants.js'
import type { GrantParts } from './grants.js'
import { createMemoryStore } from './memory-store.js'
import { clearRecords } from './record-codec.js'

/**
 * Grants in memory, for tests and for an application that runs as one process: the option `grants`. Everything is lost
 * when the process ends, and the people who were logged in must log in again.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy, MemoryGrants } from 'passport-authorization-code'
 *
 * const grants = new MemoryGrants()
 * passport.use(new AuthorizationCodeStrategy({ ...options, grants }))
 * ```
 */
export class MemoryGrants extends Grants {
  constructor() {
    super(createMemoryStore(), { secret: randomBytes(32).toString('base64url') })
  }
}

/**
 * How many grants, claims and tombstones a process remembers whose tokens are in the sessions: each takes about as much
 * memory as a session.
 */
const MAXIMUM_RECORDS = 100_000

/** Records are in this process: a look costs next to nothing. */
const CACHE_SECONDS = 10

/** The parts for strategies whose tokens are in the sessions. Claims and grants never push each other out. */
export function createProcessParts(): GrantParts {
  const store = createMemoryStore({ maximumRecords: MAXIMUM_RECORDS })
  const claims = createClaims(createMemoryStore({ maximumRecords: MAXIMUM_RECORDS }))
  return { ...createGrantParts(store, clearRecords, CACHE_SECONDS), claims }
}
