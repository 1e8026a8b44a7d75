import { endSession } from '../grants/end-session.js'
import type { GrantEngine } from '../grants/engine.js'
import { isNewerThan } from '../grants/grant-index.js'
import type { EndLogin } from './end-login-by-provider.js'

/** What {@link createEndLogin} needs. */
export interface EndLoginParts {
  readonly engine: Pick<GrantEngine, 'read' | 'peek' | 'end'>
  /** Identifies the strategy. */
  readonly strategyId: string
  readonly sessionKey: string
  /** Called when a login has ended. Must not throw. */
  readonly onEnded: () => void
}

/** Creates the {@link EndLogin} of one strategy. */
export function createEndLogin(parts: EndLoginParts): EndLogin {
  const { engine, strategyId, sessionKey, onEnded } = parts
  return async (id, ended, sessionStore) => {
    // Another strategy may have begun it. Its name is that of a client at its provider, which has logged out all of them.
    const record = (await engine.read(id, strategyId)) ?? engine.peek(id)
    if (record === undefined) return []
    // A person who logs out there may have logged in again since.
    const { loggedInAt: here = record.createdAt, of } = record
    const { authenticatedAt = 0 } = of
    const isPerson = ended.name.kind === 'sub'
    if (isPerson && isNewerThan(ended, { authenticatedAt, here })) return undefined
    const over = await engine.end(id)
    if (over !== undefined) onEnded()
    await endSession(id, of, sessionStore, sessionKey)
    return over?.of.names ?? []
  }
}
