// Says of each mutant whether the tests of its rows notice it: npm run mutation. With words, only of those that have all
// the words in their rows, tests, file or description, and none that has a minus before it:
// npm run mutation -- token.ts -redirects
import { rmSync } from 'node:fs'
import { namedTests } from '../support/test-ids.js'
import type { Mutant } from './mutant.js'
import { MUTANTS } from './mutants/all.js'
import { runTests } from './run-tests.js'
import type { TestRun } from './run-tests.js'
import { copySource } from './source-copy.js'

/** What became of a mutant. Those that are `invalid` prove nothing: their tests fail without them, or cannot be run. */
type Verdict = 'killed' | 'survived' | 'equivalent' | 'invalid'

const words = process.argv.slice(2)
const chosen = MUTANTS.filter(isChosen)
const named = await namedTests()
const copy = await copySource()
process.once('SIGINT', () => {
  // At once: a mutant that is being written would find its folder gone.
  rmSync(copy.folder, { recursive: true, force: true })
  process.exit(130)
})

const honest = new Map<string, boolean>()
const counts: Record<Verdict, number> = { killed: 0, survived: 0, equivalent: 0, invalid: 0 }

try {
  for (const mutants of together(chosen)) {
    const startedAt = Date.now()
    const run = await runWith(mutants)
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
    for (const mutant of mutants) {
      const { verdict, why } = judge(mutant, run)
      counts[verdict]++
      console.log(`${verdict.padEnd(10)} ${seconds} s ${mutant.file}: ${mutant.gone} (${why})`)
    }
  }
} finally {
  await copy.remove()
}
console.log(
  `${chosen.length} mutants: ${counts.killed} killed, ${counts.survived} survived, ${counts.equivalent} equivalent, ${counts.invalid} invalid`,
)
if (counts.survived + counts.invalid > 0) process.exitCode = 1

/** Mutants that change the same and differ in their tests need one run. */
function together(mutants: readonly Mutant[]): readonly (readonly [Mutant, ...Mutant[]])[] {
  const groups = new Map<string, [Mutant, ...Mutant[]]>()
  for (const mutant of mutants) {
    const { file, find, replace, also } = mutant
    const key = JSON.stringify([file, find, replace, also])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [mutant])
    else group.push(mutant)
  }
  return [...groups.values()]
}

/** Runs the tests of mutants that change the same; `undefined` if they do not pass without that change. */
async function runWith(mutants: readonly [Mutant, ...Mutant[]]): Promise<TestRun | undefined> {
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))].sort()
  if (!(await passesHonestly(tests))) return undefined
  return copy.withMutant(mutants[0], () => runTests(copy.folder, tests, named))
}

async function passesHonestly(tests: readonly string[]): Promise<boolean> {
  if (!tests.every((id) => named.some((one) => one.id === id))) return false
  const key = tests.join()
  const known = honest.get(key)
  if (known !== undefined) return known
  // A busy machine can let a test fail: one more chance.
  const isPassing = async (): Promise<boolean> =>
    (await runTests(copy.folder, tests, named)).passed.length === tests.length
  const passes = (await isPassing()) || (await isPassing())
  honest.set(key, passes)
  return passes
}

/** Whether the tests of a mutant have noticed it. */
function judge(
  { tests, equivalent }: Mutant,
  run: TestRun | undefined,
): { readonly verdict: Verdict; readonly why: string } {
  if (run === undefined) {
    return { verdict: 'invalid', why: `${tests.join(', ')} fail without it, or do not run` }
  }
  if (run.broken !== undefined) return { verdict: 'invalid', why: run.broken }
  const failed = tests.filter((id) => run.failed.includes(id)).join(', ')
  if (equivalent === undefined) {
    return failed === ''
      ? { verdict: 'survived', why: tests.join(', ') }
      : { verdict: 'killed', why: failed }
  }
  return failed === ''
    ? { verdict: 'equivalent', why: equivalent }
    : { verdict: 'invalid', why: `${failed} notice it: it is not equivalent` }
}

function isChosen({ rows, tests, file, gone }: Mutant): boolean {
  const text = [...rows, ...tests, file, gone].join('\n')
  return words.every((word) =>
    word.startsWith('-') ? !text.includes(word.slice(1)) : text.includes(word),
  )
}
