import type { Seal } from '../lib/sealing.js'
import type { GrantStore } from '../options/grant-store.js'
import { storeCall } from './claims.js'
import { grantIdIn, noteNameIn } from './record-keys.js'
import type { SealedNotes } from './sealed-notes.js'

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
  readonly notes: Pick<SealedNotes, 'reseal'>
}

/**
 * Seals all records anew that were not sealed with the first secret.
 *
 * @param keys the ids of all records in the store, in batches
 * @throws {StorageError} if the store fails
 */
export async function resealAll(
  keys: AsyncIterable<readonly string[]>,
  { store, seal, rewrite, notes }: ResealParts,
): Promise<Resealed> {
  const counts = { resealed: 0, unreadable: 0 }

  async function resealGrant(id: string, key: string): Promise<keyof Resealed | undefined> {
    const stored = await storeCall(() => store.get(key))
    if (stored === undefined || seal.isCurrent(stored.value)) return undefined
    if (seal.open(stored.value, key) === undefined) return 'unreadable'
    await rewrite(id)
    return 'resealed'
  }

  async function resealOne(key: string): Promise<keyof Resealed | undefined> {
    const id = grantIdIn(key)
    if (id !== undefined) return resealGrant(id, key)
    const note = noteNameIn(key)
    return note === undefined ? undefined : notes.reseal(note)
  }

  for await (const batch of keys) {
    for (const key of batch) {
      const done = await resealOne(key)
      if (done !== undefined) counts[done] += 1
    }
  }
  return counts
}
