import Sequencer from '@jest/test-sequencer'

/** The slowest files, which start first, so that no worker is left with one of them at the end. */
const SLOW = [
  'e2e/example-app.test.ts',
  'e2e/no-secrets.test.ts',
  'e2e/process-survives.test.ts',
  'e2e/example-app-redis.test.ts',
  'grants/interleavings.test.ts',
  'testing/runners.test.ts',
  'bench/bench.test.ts',
  'docs/reference.test.ts',
  'fuzz/requests.test.ts',
  'docs/guides/moving-over.test.ts',
]

/** Without it, Jest begins with the largest files if it has never run them before. */
export default class SlowestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = SLOW.findIndex((file) => path.endsWith(file))
      return index === -1 ? SLOW.length : index
    }
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b))
  }
}
