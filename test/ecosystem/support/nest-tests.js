import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { filesIn, readPage, writeNest } from './nest-guide.js'

const run = promisify(execFile)
/** What `nest new` of version 11 writes into package.json, without what the guide changes. */
const JEST = {
  moduleFileExtensions: ['js', 'json', 'ts'],
  rootDir: 'src',
  testRegex: '.*\\.spec\\.ts$',
  testEnvironment: 'node',
}
const GENERATED_TRANSFORM = { '^.+\\.(t|j)s$': 'ts-jest' }
/** Nest 12 has them in two files. */
const vitestConfig = (include) =>
  `export default { test: { globals: true, root: './', include: ['${include}'] } }\n`
const [major, minor] = process.versions.node.split('.').map(Number)
const JEST_REQUIRES_MODULES = major > 24 || (major === 24 && minor >= 9)

/**
 * Runs the tests of docs/nest.md as a newcomer does.
 *
 * @param folder that has the packages of one major of Nest
 * @param settings `isCommonJs`: with Jest; otherwise with Vitest
 */
export function testTests(folder, { isCommonJs }) {
  describe('the tests of docs/nest.md', () => {
    let files
    const projects = []
    before(async () => {
      const text = await readPage('nest.md')
      files = ['The application', 'Testing'].flatMap((heading) => filesIn(text, heading))
    })
    after(async () => {
      for (const { remove } of projects) await remove()
    })
    const write = async (more, packageJson) => {
      const written = await writeNest(folder, [...files, ...more], { isCommonJs, packageJson })
      projects.push(written)
      return written.project
    }

    if (isCommonJs) {
      it('pass with Jest and the configuration of the guide', { timeout: 180_000 }, async () => {
        const { code } = files.find(({ name }) => name === 'test/jest-e2e.json')
        const { transform, transformIgnorePatterns } = JSON.parse(code)
        const project = await write([], { jest: { ...JEST, transform, transformIgnorePatterns } })
        await expectPassed(
          project,
          'jest/bin/jest.js',
          ['--cacheDirectory=.jest', '--config=test/jest-e2e.json'],
          5,
        )
        await expectPassed(project, 'jest/bin/jest.js', ['--cacheDirectory=.jest'], 1)
      })

      const skip = JEST_REQUIRES_MODULES ? false : 'needs Node.js 24.9'
      it('pass with Jest as it is generated, and an option of Node.js', { skip }, async () => {
        const jest = { ...JEST, transform: GENERATED_TRANSFORM }
        const project = await write([], { jest })
        const env = { NODE_OPTIONS: '--experimental-vm-modules' }
        const e2e = ['--rootDir=test', '--testRegex=.e2e-spec.ts$']
        await expectPassed(project, 'jest/bin/jest.js', e2e, 5, env)
        await expectPassed(project, 'jest/bin/jest.js', [], 1, env)
      })
    } else {
      it('pass with Vitest', async () => {
        const project = await write([
          { name: 'vitest.config.ts', code: vitestConfig('**/*.spec.ts') },
          { name: 'vitest.config.e2e.ts', code: vitestConfig('**/*.e2e-spec.ts') },
        ])
        await expectPassed(project, 'vitest/vitest.mjs', ['run'], 1)
        await expectPassed(
          project,
          'vitest/vitest.mjs',
          ['run', '--config=vitest.config.e2e.ts'],
          5,
        )
      })
    }
  })
}

/** @throws {Error} with what was printed, unless so many tests have passed and none has failed */
async function expectPassed(project, program, args, count, env = {}) {
  const file = join(project, 'node_modules', program)
  const options = {
    cwd: project,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1', ...env },
  }
  const { stdout, stderr } = await run(process.execPath, [file, ...args], options).catch(
    (error) => {
      throw new Error(error.stdout + error.stderr, { cause: error })
    },
  )
  assert.match(stdout + stderr, new RegExp(`Tests:? +${count} passed`))
}
