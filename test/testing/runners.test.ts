import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { readGuide } from '../support/documentation.js'
import type { CodeBlock } from '../support/documentation.js'
import { createGuideProject } from '../support/guide-app.js'
import type { GuideProject } from '../support/guide-app.js'
import { toJavaScript } from '../support/to-javascript.js'

jest.setTimeout(60_000)

const run = promisify(execFile)

const guide = await readGuide('docs/testing.md')
const app = guide.blocks.find(({ file }) => file === 'app.mjs')
const tests = guide.blocks.filter(({ code }) => code.includes('/testing'))

/** How each runner is started, by the module that a test imports it from. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  'node:test': ['--test'],
  vitest: ['node_modules/vitest/vitest.mjs', 'run'],
  '@jest/globals': ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
}

let project: GuideProject

beforeAll(async () => {
  project = await createGuideProject()
  await project.write('app.mjs', app?.code ?? '')
})
afterAll(() => project.remove())

describe('a test of somebody’s own application, written as the guide says', () => {
  it.each(Object.keys(RUNNERS))('runs under %s, and has fewer than 20 lines', async (runner) => {
    const test = tests.find(({ code }) => isFor(runner, code))

    expect(test?.code.trim().split('\n').length).toBeLessThan(20)
    await expect(passing(runner, test)).resolves.toBe(1)
  })

  it('is run, whatever it tests', async () => {
    const others = tests.filter(({ code }) => isFor('node:test', code)).slice(1)

    expect(others).toHaveLength(3)
    for (const test of others) {
      await expect(passing('node:test', test)).resolves.toBe(test.code.match(/^test\(/gm)?.length)
    }
  })
})

function isFor(runner: string, code: string): boolean {
  return code.includes(` from '${runner}'`)
}

/** Runs the tests of a block, and counts those that pass; throws when one fails. */
async function passing(runner: string, block: CodeBlock | undefined): Promise<number> {
  const file = 'own.test.mjs'
  await project.write(file, toJavaScript(block?.code ?? ''))
  const { stdout, stderr } = await run(process.execPath, RUNNERS[runner] ?? [], {
    cwd: project.folder,
    // Not the runner's that runs this test.
    env: { PATH: process.env['PATH'], NO_COLOR: '1', NODE_ENV: 'test' },
  })
  const [, inWords, inTap] = /(\d+) passed|^\W*pass (\d+)$/m.exec(stdout + stderr) ?? []
  return Number(inWords ?? inTap)
}
