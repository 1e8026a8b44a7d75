import type { GrantRecord } from './grant-record.js'
import type { HeldGrant } from './new-record.js'

/** What the engine does for tokens that a session holds. */
export interface Adoption {
  /**
   * Takes over tokens that a session holds, unless the store has them or newer ones. Resolves to the record as it is
   * then, and to whether the session's were newer although this process knew the grant: another process has renewed it.
   *
   * @throws {StorageError}
   */
  readonly adopt: (
    id: string,
    held: HeldGrant,
  ) => Promise<{ readonly record: GrantRecord; readonly isForeign: boolean }>
  /** The record as this process has seen it last, without a look at the store. */
  readonly peek: (id: string) => GrantRecord | undefined
}
