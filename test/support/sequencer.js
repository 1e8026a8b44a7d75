import Sequencer from '@jest/test-sequencer'

/** They collect all garbage again and again, which takes a second each time in a worker that has run many files. */
const COLLECTING = ['passport/dropped-strategies.test.ts', 'passport/dropped-tenants.test.ts']

/** The slowest files, which start next, so that no worker is left with one of them at the end. */
const SLOW = [
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
