import type { TokenSet } from '../options/token-set.js'
import { endListed } from './end-listed.js'
import type { EndedGrant, GrantEngine } from './engine.js'
import type { GrantIndex } from './grant-index.js'
import type { StoredLogin } from './stored-login.js'

/**
 * Ends what a login has stored that came to nothing: no session has it. What else the person's grant has stays. Tokens
 * are revoked if that ends nothing else. Never rejects.
 */
export type UndoLogin = (begun: StoredLogin) => Promise<void>

/** What {@link createUndoLogin} needs. */
export interface UndoLoginParts {
  readonly engine: Pick<GrantEngine, 'end' | 'dropLine'>
  readonly index: Pick<GrantIndex, 'unlink'>
  readonly revoking: {
    readonly replaced: (grant: EndedGrant) => Promise<void>
    readonly unwanted: (tokens: readonly TokenSet[], of: EndedGrant['of']) => Promise<void>
  }
}

/** Creates {@link UndoLogin}. */
export function createUndoLogin({ engine, index, revoking }: UndoLoginParts): UndoLogin {
  async function endLogin(id: string): Promise<void> {
    const ended = await endListed(id, { engine, index })
    if (ended !== undefined) await revoking.replaced(ended)
  }

  async function leaveGrant(grant: string, line: string | undefined): Promise<void> {
    if (line === undefined) return
    const dropped = await engine.dropLine(grant, line)
    if (dropped !== undefined) await revoking.unwanted(dropped.tokens, dropped.of)
  }

  return async ({ id, joined, wasHeld }) => {
    // If the store fails, the grant expires by itself.
    const undone = wasHeld === undefined ? [endLogin(id)] : [leaveGrant(id, wasHeld.line)]
    if (joined !== undefined) undone.push(leaveGrant(joined.grant, joined.line))
    await Promise.allSettled(undone)
  }
}
