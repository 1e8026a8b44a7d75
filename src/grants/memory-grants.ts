import { randomBytes } from 'node:crypto'
import { Grants } from './grants.js'
import { createMemoryStore } from './memory-store.js'

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
