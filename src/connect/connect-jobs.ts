import { ConfigurationError } from '../errors/setup-errors.js'
import type { GrantJobs } from '../grants/strategy-jobs.js'
import { forEachDespiteFailures } from '../lib/for-each-despite-failures.js'
import { TARGETS_AT_ONCE } from './targets.js'
import type { Targets } from './targets.js'

/** What {@link createJobs} needs. */
export interface JobsParts {
  readonly targets: Pick<Targets, 'others' | 'strategyForJob'>
  /** Ends all connections of a person. @throws {StorageError} */
  readonly disconnect: (account: string) => Promise<number>
}

/**
 * What `grants.eraseAccount` and `grants.renewIdle` do for connections. Their strategies are created when they are needed, and each
 * does its part for itself while it is there: this is for the others.
 */
export function createJobs({ targets, disconnect }: JobsParts): GrantJobs {
  return {
    name: 'connect',
    erase: disconnect,

    async renewIdle(since) {
      const all = { renewed: 0, loginRequired: 0, failed: 0 }
      // A target that cannot be opened must not let all the others expire.
      await forEachDespiteFailures(targets.others(), TARGETS_AT_ONCE, async (id) => {
        const strategy = await targets.strategyForJob(id)
        const done = await strategy?.jobs?.renewIdle(since)
        all.renewed += done?.renewed ?? 0
        all.loginRequired += done?.loginRequired ?? 0
        all.failed += done?.failed ?? 0
      })
      return all
    },

    import() {
      return Promise.reject(
        new ConfigurationError('Connections cannot be imported: people make them.', 'strategy'),
      )
    },
  }
}
