import type { StoredConnection, StoredConnections } from './connections.js'
import type { Targets } from './targets.js'

/** Ends connections, with their grants. */
export interface Disconnect {
  /** The connection that covers an address. Resolves to whether there was one. @throws {StorageError} then call it again */
  readonly one: (account: string, address: URL) => Promise<boolean>
  /** All of a person. Resolves to how many grants have ended. @throws {StorageError} after all that can be done: call it again */
  readonly all: (account: string) => Promise<number>
}

/** Creates {@link Disconnect}. */
export function createDisconnect({
  connections,
  targets,
}: {
  readonly connections: StoredConnections
  readonly targets: Pick<Targets, 'strategyOf' | 'endAll'>
}): Disconnect {
  // The grant first: if that fails, the connection is still listed, and can be ended again.
  async function end(connection: StoredConnection): Promise<void> {
    const { account, target } = connection
    const strategy = await targets.strategyOf(target)
    await strategy?.endGrant({ account })
    await connections.remove(connection)
  }

  return {
    async one(account, address) {
      const found = await connections.find(account, address, true)
      if (found === undefined) return false
      await end(found)
      return true
    },

    async all(account) {
      const failures: unknown[] = []
      const note = (error: unknown): void => void failures.push(error)
      const ended = (await targets.endAll(account).catch(note)) ?? 0
      // Without them, the grants that are left are still found by their targets.
      await connections.removeAll(account).catch(note)
      for (const failure of failures) throw failure
      return ended
    },
  }
}
