import { isAlive } from './account-grants.js'
import { hasEnded } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import { personName } from './index-names.js'
import type { GrantedClient } from './index-names.js'

/**
 * Whether anything of the person is alive here, by the name that {@link personName} makes. `undefined` if that cannot be known: the
 * person or a grant has no name at the provider, or the store fails. Never rejects.
 */
export type IsPersonAlive = (person: string) => Promise<boolean | undefined>

/** Creates {@link IsPersonAlive} for the grants of one client in a store, of all strategies. */
export function createIsPersonAlive(parts: {
  /** Reads a record of any strategy. */
  readonly engine: { look(id: string): Promise<GrantRecord | undefined> }
  readonly index: { list(name: string): AsyncIterable<readonly string[]> }
  readonly client: GrantedClient
}): IsPersonAlive {
  const { engine, index, client } = parts
  const nameless = personName(client, undefined)

  async function isOneAlive(id: string): Promise<boolean> {
    const record = await engine.look(id)
    return record !== undefined && !hasEnded(record) && isAlive(record, Date.now())
  }

  async function isAnyAlive(listName: string): Promise<boolean> {
    for await (const ids of index.list(listName)) {
      const alive = await Promise.all(ids.map(isOneAlive))
      if (alive.includes(true)) return true
    }
    return false
  }

  return async (person) => {
    if (person === nameless) return undefined
    try {
      if (await isAnyAlive(person)) return true
      // Any of these may be the person's.
      return (await isAnyAlive(nameless)) ? undefined : false
    } catch {
      return undefined
    }
  }
}
