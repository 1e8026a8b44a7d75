// Says of each mutant whether the tests of its rows notice it: npm run mutation. With words, only of those that have all
// the words in their rows, tests, file or description: npm run mutation -- token.ts redirects
import { namedTests } from '../support/test-ids.js'
import type { Mutant } from './mutant.js'
import { MUTANTS } from './mutants/all.js'
import { runTests } from './run-tests.js'
import { copySource } from './source-copy.js'

const words = process.argv.slice(2)
const chosen = MUTANTS.filter((mutant) => words.every((word) => textOf(mutant).includes(word)))
const named = await namedTests()
const copy = await copySource()
process.once('SIGINT', () => void copy.remove().finally(() => process.exit(130)))

const honest = new Map<string, boolean>()
const counts: Record<Verdict, number> = { killed: 0, survived: 0, equivalent: 0, invalid: 0 }
type Verdict = 'killed' | 'survived' | 'equivalent' | 'invalid'

try {
  for (const mutant of chosen) {
    const startedAt = Date.now()
    const { verdict, why } = await judge(mutant)
    counts[verdict]++
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
    console.log(`${verdict.padEnd(10)} ${seconds} s ${mutant.file}: ${mutant.gone} (${why})`)
  }
} finally {
  await copy.remove()
}
console.log(
  `${chosen.length} mutants: ${counts.killed} killed, ${counts.survived} survived, ${counts.equivalent} equivalent, ${counts.invalid} invalid`,
)
if (counts.survived + counts.invalid > 0) process.exitCode = 1

/** Whether the tests of a mutant fail with it, and pass without it. */
async function judge(mutant: Mutant): Promise<{ verdict: Verdict; why: string }> {
  const { tests, equivalent } = mutant
  if (!(await passesHonestly(tests))) {
    return { verdict: 'invalid', why: `${tests.join(', ')} fail without a mutant, or do not run` }
  }
  const run = await copy.withMutant(mutant, () => runTests(copy.folder, tests, named))
  if (run.broken !== undefined) return { verdict: 'invalid', why: run.broken }
  if (run.failed.length > 0 && equivalent === undefined) {
    return { verdict: 'killed', why: run.failed.join(', ') }
  }
  if (run.failed.length > 0) {
    return { verdict: 'invalid', why: `is noticed by ${run.failed.join(', ')}: not equivalent` }
  }
  return equivalent === undefined
    ? { verdict: 'survived', why: tests.join(', ') }
    : { verdict: 'equivalent', why: equivalent }
}

async function passesHonestly(tests: readonly string[]): Promise<boolean> {
  if (!tests.every((id) => named.some((one) => one.id === id))) return false
  const key = [...tests].sort().join()
  const known = honest.get(key)
  if (known !== undefined) return known
  // A busy machine can let a test fail: one more chance.
  const isPassing = async (): Promise<boolean> =>
    (await runTests(copy.folder, tests, named)).passed.length === tests.length
  const passes = (await isPassing()) || (await isPassing())
  honest.set(key, passes)
  return passes
}

function textOf({ rows, tests, file, gone }: Mutant): string {
  return [...rows, ...tests, file, gone].join('\n')
}
