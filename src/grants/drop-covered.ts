import type { TokenSet } from '../options/token-set.js'
import type { EndedGrant, GrantEngine } from './engine.js'
import type { StoredLogin } from './stored-login.js'

/**
 * Takes the lines out of a grant that nobody needs any more, once the session of the login for more is stored. Their tokens are
 * revoked if that ends nothing else. Never rejects.
 */
export type DropCovered = (begun: StoredLogin) => Promise<void>

/** Creates {@link DropCovered}. */
export function createDropCovered(parts: {
  readonly engine: Pick<GrantEngine, 'dropLine'>
  readonly revoking: {
    readonly unwanted: (tokens: readonly TokenSet[], of: EndedGrant['of']) => Promise<void>
  }
}): DropCovered {
  const { engine, revoking } = parts
  return async ({ id, covered = [] }) => {
    for (const line of covered) {
      // If the store fails, the line stays, and the next login for more finds it.
      const dropped = await engine.dropLine(id, line).catch(() => undefined)
      if (dropped !== undefined) await revoking.unwanted(dropped.tokens, dropped.of)
    }
  }
}
