import { randomBytes } from 'node:crypto'
import { Grants } from './grants.js'
import { claimKey } from './record-keys.js'
import type { GrantStore } from '../options/grant-store.js'
import { createMemoryStore } from './memory-store.js'

/** How many claims of callbacks, and ends of sessions, are remembered: anybody can cause them. */
const MAXIMUM_OF_STRANGERS = 100_000

/** Keeps apart what strangers can cause: it is limited, and pushes nothing else out. */
function withoutStrangers(store: GrantStore): GrantStore {
  const claims = createMemoryStore({ maximumRecords: MAXIMUM_OF_STRANGERS })
  const sessionEnds = createMemoryStore({ maximumRecords: MAXIMUM_OF_STRANGERS })
  const storeOf = (id: string): GrantStore => {
    if (id.startsWith(claimKey(''))) return claims
    return id.startsWith('session/') ? sessionEnds : store
  }
  return {
    ...store,
    get: (id) => storeOf(id).get(id),
    compareAndSet: (id, ...given) => storeOf(id).compareAndSet(id, ...given),
  }
}

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
    super(withoutStrangers(createMemoryStore()), { secret: randomBytes(32).toString('base64url') })
  }
}
