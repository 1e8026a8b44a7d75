import type { ImportedGrant } from './imported-grant.js'

/** What refreshing the grants has done that nobody uses. */
export interface RenewedIdle {
  /** How many grants were refreshed. */
  readonly renewed: number
  /** How many the provider has refused: those people must log in again. */
  readonly loginRequired: number
  /** How many could not be refreshed this time, because the provider failed. */
  readonly failed: number
}

/** What one strategy does for all of its grants, without a request. */
export interface GrantJobs {
  /** The strategy's name. */
  readonly name: string
  /** Ends everything of a person. Resolves to how many grants have ended. @throws {StorageError} */
  readonly erase: (account: string) => Promise<number>
  /** Refreshes the grants whose tokens were obtained before `since`. @throws {StorageError} after all that can be */
  readonly renewIdle: (since: number) => Promise<RenewedIdle>
  /** Takes over a grant. Resolves to whether it was not there yet. @throws {StorageError} */
  readonly import: (grant: ImportedGrant) => Promise<boolean>
}
