import { createMemoryStore } from '../../src/grants/memory-store.js'
import { Grants } from '../../src/index.js'
import type { AuthorizationCodeOptions, GrantStore } from '../../src/index.js'

/** The secret of the grants of these tests. */
export const GRANT_SECRET = 'a secret of 32 characters or more'

/** The options of a strategy that say where its tokens are kept. */
export type Kept = Pick<AuthorizationCodeOptions, 'grants'>

/** Makes a new place for tokens. Each call of the result is one more process that keeps its tokens there. */
export type KeepTokens = () => () => Kept

/** Grants in one store, as each process has them. By default it looks at the store whenever it uses one. */
export function grantsIn(store: GrantStore, cacheSeconds = 0): Grants {
  return new Grants(store, { secret: GRANT_SECRET, cacheSeconds })
}

/** All processes share a store; each has an engine of its own. */
export const inStore: KeepTokens = () => {
  const store = createMemoryStore()
  return () => ({ grants: grantsIn(store) })
}

/** Both ways to keep tokens, for `describe.each`. */
export const GRANT_MODES: readonly (readonly [where: string, keep: KeepTokens])[] = [
  ['tokens in the session', () => () => ({})],
  ['grants in a store', inStore],
]
