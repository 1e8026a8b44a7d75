import type { Seal } from '../lib/sealing.js'
import type { GrantStore } from '../options/grant-store.js'
import { storeCall } from './claims.js'
import { grantIdIn } from './record-keys.js'

/** What sealing all records with the first secret has done. */
export interface Resealed {
  /** How many records were sealed anew. */
  readonly resealed: number
  /** How many records none of the secrets opens. They were left as they are. */
  readonly unreadable: number
}

/** What {@link resealAll} needs. */
export interface ResealParts {
  readonly store: GrantStore
  readonly seal: Seal
  /** Writes the record of a grant as it is. */
  readonly rewrite: (id: string) => Promise<void>
}

/**
 * Seals all records anew that were not sealed with the first secret.
 *
 * @param keys the ids of all records in the store, in batches
 * @throws {StorageError} if the store fails
 */
export async function resealAll(
  keys: AsyncIterable<readonly string[]>,
  { store, seal, rewrite }: ResealParts,
): Promise<Resealed> {
  let resealed = 0
  let unreadable = 0
  for await (const batch of keys) {
    for (const key of batch) {
      const id = grantIdIn(key)
      const stored = id === undefined ? undefined : await storeCall(() => store.get(key))
      if (id === undefined || stored === undefined || seal.isCurrent(stored.value)) continue
      if (seal.open(stored.value, key) === undefined) {
        unreadable += 1
        continue
      }
      await rewrite(id)
      resealed += 1
    }
  }
  return { resealed, unreadable }
}
