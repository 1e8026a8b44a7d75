import type { LoginRequest } from '../lib/login-request.js'

let seen: WeakRef<object> | undefined

/**
 * Remembers the session store of a request, so that sessions of others can be ended in it. Called for every request that
 * the library sees. It may be the first of a process, of somebody who holds no grant of the strategy: an administrator's.
 */
export function noteSessionStore({ sessionStore }: LoginRequest): void {
  if (sessionStore !== undefined && seen?.deref() !== sessionStore) seen = new WeakRef(sessionStore)
}

/** The session store that this process has seen last; `undefined` if it has seen none, or the application has dropped it. */
export function seenSessionStore(): object | undefined {
  return seen?.deref()
}
