import Sequencer from '@jest/test-sequencer'

/** Collect all garbage again and again, which takes a second each time in a worker that has run many files. */
const COLLECTING = ['passport/dropped-strategies.test.ts', 'passport/dropped-tenants.test.ts']

/**
 * The slowest files, which start early, so that no worker is left with one of them at the end. Those that mostly
 * wait are between those that keep a processor busy.
 */
const SLOW = [
  'e2e/ways/ways.test.ts',
  'e2e/no-secrets.test.ts',
  'grants/processes.test.ts',
  'e2e/process-survives.test.ts',
  'e2e/graceful-stop.test.ts',
  'e2e/example-app.test.ts',
  'docs/guides/one-account-attacks.test.ts',
  'e2e/example-app-redis.test.ts',
  'fuzz/soak.test.ts',
  'e2e/example-app-accounts.test.ts',
  'e2e/example-app-ways-to-log-out.test.ts',
  'e2e/example-app-pages.test.ts',
  'session-stores/session-stores.test.ts',
  'grants/simulation/simulation.test.ts',
  'e2e/example-app-openid.test.ts',
  'docs/guides/single-page.test.ts',
  'docs/guides/jobs.test.ts',
  'docs/documentation.test.ts',
  'e2e/accounts.test.ts',
  'docs/guides/one-account.test.ts',
  'docs/reference.test.ts',
  'grants/postgres-store.test.ts',
  'bench/bench.test.ts',
  'testing/runners.test.ts',
  'fuzz/functions.test.ts',
  'e2e/logout-in-chromium.test.ts',
  'fuzz/cookies.test.ts',
  'e2e/flow-inspector.test.ts',
  'e2e/flow-inspector-older-flows.test.ts',
]

const FIRST = [...COLLECTING, ...SLOW]

/** Without it, Jest begins with the largest files if it has never run them before. */
export default class SlowestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = FIRST.findIndex((file) => path.endsWith(file))
      return index === -1 ? FIRST.length : index
    }
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b))
  }
}
