import { grantIndexTests } from './grant-index-tests.js'
import { grantRecordTests } from './grant-record-tests.js'
import type { GrantStoreTest } from './grant-store-checks.js'

/**
 * The tests that every {@link GrantStore} must pass, for any test runner. They use random ids and names, so they can
 * share a database with others, also at the same time. What they write expires within a minute. They take about a
 * second, most of it to wait for what must not expire.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * import { grantStoreTests } from 'passport-authorization-code/testing'
 * import type { GrantStore } from 'passport-authorization-code'
 *
 * declare const store: GrantStore // yours
 *
 * for (const { name, run } of grantStoreTests) test(name, () => run(store))
 * ```
 */
export const grantStoreTests: readonly GrantStoreTest[] = [...grantRecordTests, ...grantIndexTests]
