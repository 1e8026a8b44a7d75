import type { Imported, ImportedGrant } from './imported-grant.js'

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
  /** Takes over a grant. Resolves to what it counts as. @throws {StorageError} */
  readonly import: (grant: ImportedGrant) => Promise<keyof Imported>
}

/** What the strategies of this process do that were created with the same grants, by what identifies each strategy. */
export interface StrategiesOfGrants {
  /** Adds those of a strategy, for as long as something else holds `jobs`: the strategy does. */
  readonly add: (strategy: string, jobs: GrantJobs) => void
  /** Removes those of a strategy that the application has dropped, before they are collected. */
  readonly remove: (strategy: string, jobs: GrantJobs) => void
  /** Those of the strategies that the application still has. */
  readonly present: () => ReadonlyMap<string, GrantJobs>
}

/**
 * Creates {@link StrategiesOfGrants}. They are held weakly: an application may create and drop a strategy for each of its
 * tenants, and the grants live on.
 */
export function createStrategiesOfGrants(): StrategiesOfGrants {
  const all = new Map<string, WeakRef<GrantJobs>>()

  function present(): Map<string, GrantJobs> {
    const found = new Map<string, GrantJobs>()
    for (const [strategy, held] of all) {
      const jobs = held.deref()
      if (jobs === undefined) all.delete(strategy)
      else found.set(strategy, jobs)
    }
    return found
  }

  return {
    add: (strategy, jobs) => void all.set(strategy, new WeakRef(jobs)),
    remove(strategy, jobs) {
      if (all.get(strategy)?.deref() === jobs) all.delete(strategy)
    },
    present,
  }
}

/** Whether the grants of a store know the strategy: its name is then taken, and their jobs work for it too. */
export interface Listing {
  readonly add: () => void
  readonly remove: () => void
}

/**
 * Creates the {@link Listing} of one strategy.
 *
 * @param jobs what the strategy does for its grants; `undefined` if they are in the sessions, which have no jobs
 */
export function createListing(
  strategies: StrategiesOfGrants,
  strategy: string,
  jobs: GrantJobs | undefined,
): Listing {
  if (jobs === undefined) return { add: () => undefined, remove: () => undefined }
  return {
    add: () => strategies.add(strategy, jobs),
    remove: () => strategies.remove(strategy, jobs),
  }
}
