import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { REPOSITORY } from '../support/repository.js'
import { namedTests } from '../support/test-ids.js'
import { conformanceRows, rowsIn } from './conformance-rows.js'
import type { ConformanceRow } from './conformance-rows.js'
import type { Change } from './mutant.js'
import { MUTANTS } from './mutants/all.js'
import { readReport } from './run-tests.js'
import { WITHOUT_MUTANT } from './without-mutant.js'

let rows: readonly ConformanceRow[]
let ids: ReadonlySet<string>
beforeAll(async () => {
  rows = await conformanceRows()
  ids = new Set((await namedTests()).map(({ id }) => id))
})

/** How often a text is in a file of the source. */
async function occurrences({ file, find }: Change): Promise<number> {
  return (await readFile(join(REPOSITORY, 'src', file), 'utf8')).split(find).length - 1
}

// Whether they are noticed takes an hour to find out: npm run mutation.
describe('the mutants', () => {
  it('change a text that is in its file exactly once, and change it', async () => {
    const changes = MUTANTS.flatMap(({ gone, also = [], ...first }) =>
      [first, ...also].map((change) => ({ gone, ...change })),
    )
    const faults: string[] = []
    for (const change of changes) {
      const count = await occurrences(change)
      if (count !== 1) faults.push(`${change.gone}: ${count} times in ${change.file}`)
      if (change.find === change.replace) faults.push(`${change.gone}: changes nothing`)
    }
    expect(faults).toEqual([])
  })

  it('name tests that there are, and that each of their rows names', () => {
    const faults = MUTANTS.flatMap(({ gone, tests, rows: keys }) => {
      const named = keys.map((key) => rows.find((row) => row.key === key)?.tests ?? [])
      return tests
        .filter((id) => !ids.has(id) || !named.every((one) => one.includes(id)))
        .map((id) => `${gone}: ${id}`)
    })
    expect(faults).toEqual([])
    expect(MUTANTS.filter(({ tests, rows: keys }) => tests.length * keys.length === 0)).toEqual([])
  })

  it('are there for every row that names tests, or a reason why not', () => {
    const covered = new Set(MUTANTS.flatMap(({ rows: keys }) => keys))
    const excused = new Set(WITHOUT_MUTANT.map(({ row }) => row))
    const keys = rows.map(({ key }) => key)
    expect(keys.filter((key) => !covered.has(key) && !excused.has(key))).toEqual([])
    expect([...covered, ...excused].filter((key) => !keys.includes(key))).toEqual([])
    expect([...excused].filter((key) => covered.has(key))).toEqual([])
  })

  it('are there for every test that a row names', () => {
    const used = new Set(MUTANTS.flatMap(({ tests }) => tests))
    const named = new Set(rows.flatMap(({ tests }) => tests))
    expect([...named].filter((id) => !used.has(id))).toEqual([])
  })
})

describe('the rows of a table', () => {
  it('have their page and first cell for a key, and a number where several begin alike', () => {
    const text = [
      '| section | what | test |',
      '| --- | --- | --- |',
      '| `1` | a | `x-1`, `x-2` |',
      '| 2 | b \\| c | `x-1` |',
      '| 2 | d | not applicable: a rule for servers |',
      '| 2 | e | `y-3` |',
    ].join('\n')
    expect(rowsIn('page', text)).toEqual([
      { key: 'page 1', tests: ['x-1', 'x-2'] },
      { key: 'page 2 (1)', tests: ['x-1'] },
      { key: 'page 2 (3)', tests: ['y-3'] },
    ])
  })
})

describe('a report of Jest', () => {
  const report = (...results: readonly (readonly [string, 'passed' | 'failed' | 'pending'])[]) => ({
    testResults: [
      {
        message: '',
        assertionResults: results.map(([title, status]) => ({ title, status })),
      },
    ],
  })

  it('says which ids have failed, also if only one of their cases has', () => {
    const said = report(['a [x-1]', 'passed'], ['b [x-1]', 'failed'], ['c [y-1]', 'passed'])
    expect(readReport(said, ['x-1', 'y-1', 'z-1'])).toEqual({
      failed: ['x-1'],
      passed: ['y-1'],
      broken: undefined,
    })
  })

  it('says why a file could not be run', () => {
    const { testResults } = report(['a [x-1]', 'passed'])
    const broken = { message: 'a syntax error', assertionResults: [] }
    expect(readReport({ testResults: [...testResults, broken] }, ['x-1']).broken).toBe(
      'a syntax error',
    )
  })
})
