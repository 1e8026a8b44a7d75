import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { NamedTest } from '../support/test-ids.js'

/** How the chosen tests have ended. */
export interface TestRun {
  /** The ids of the tests of which at least one has failed, or that were under way when the time was up. */
  readonly failed: readonly string[]
  /** The ids of the tests of which at least one has passed, and none failed. */
  readonly passed: readonly string[]
  /** Why a test file could not be run at all; `undefined` if all could. */
  readonly broken: string | undefined
}

/** How long one run may take, in **milliseconds**. */
const TIME_LIMIT_MS = 600_000

/** The part of Jest's report that is read. */
interface Report {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly title: string
      readonly status: 'passed' | 'failed' | 'pending' | 'todo'
    }[]
  }[]
}

/** Runs the tests with these ids in a copy of the repository, in one process of low priority. */
export async function runTests(
  folder: string,
  ids: readonly string[],
  named: readonly NamedTest[],
): Promise<TestRun> {
  const files = new Set(named.filter(({ id }) => ids.includes(id)).map(({ file }) => file))
  const outputFile = join(folder, 'report.json')
  await rm(outputFile, { force: true })
  const jest = spawn(
    'nice',
    [
      ...['-n', '5', process.execPath, '--experimental-vm-modules'],
      ...['node_modules/jest/bin/jest.js', '--runInBand', '--silent', '--forceExit'],
      ...['--reporters', 'default'],
      ...['--json', '--outputFile', outputFile, '--testNamePattern', `\\[(${ids.join('|')})\\]$`],
      ...files,
    ],
    { cwd: folder, stdio: 'ignore', detached: true },
  )
  const ended = once(jest, 'exit')
  const timer = setTimeout(() => endGroup(jest.pid), TIME_LIMIT_MS)
  await ended
  clearTimeout(timer)
  // What the tests have started ends with them.
  endGroup(jest.pid)
  const text = await readFile(outputFile, 'utf8').catch(() => undefined)
  if (text === undefined) return { failed: ids, passed: [], broken: undefined }
  return readReport(JSON.parse(text) as Report, ids)
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** What Jest's report says about the tests with these ids. */
export function readReport({ testResults }: Report, ids: readonly string[]): TestRun {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const has = (id: string, status: string): boolean =>
    tests.some((test) => test.status === status && test.title.endsWith(` [${id}]`))
  const failed = ids.filter((id) => has(id, 'failed'))
  return {
    failed,
    passed: ids.filter((id) => has(id, 'passed') && !failed.includes(id)),
    broken: testResults.find(({ assertionResults }) => assertionResults.length === 0)?.message,
  }
}
