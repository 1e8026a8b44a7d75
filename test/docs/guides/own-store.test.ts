import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { grantStoreTests } from '../../../src/testing.js'
import { readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { toJavaScript } from '../../support/to-javascript.js'

jest.setTimeout(60_000)

/** Prints one line of JSON: the name of each test, and its error. */
const RUNNER = `
import { grantStoreTests } from 'passport-authorization-code/testing'
import { store } from './store.mjs'

const results = []
for (const { name, run } of grantStoreTests) {
  await run(store).then(
    () => results.push([name, 'passed']),
    (error) => results.push([name, error.message]),
  )
}
console.log(JSON.stringify(results))
`

describe('the store of the guide to stores', () => {
  let project: GuideProject

  beforeAll(async () => {
    project = await createGuideProject()
  })
  afterAll(() => project.remove())

  it('passes the tests that every store must pass, also in two processes at once', async () => {
    const { blocks } = await readGuide('docs/your-own-store.md')
    const block = blocks.find(({ code }) => code.includes('const store: GrantStore = {'))
    await project.write('store.mjs', toJavaScript(`${block?.code}\nexport { store }`))
    const runner = await project.write('runner.mjs', RUNNER)
    const runTests = async (): Promise<unknown> => {
      const { stdout } = await promisify(execFile)(process.execPath, [runner], {
        cwd: project.folder,
        env: { GRANT_SECRET: 'a secret of 32 characters, at least' },
      })
      return JSON.parse(stdout)
    }

    const passed = grantStoreTests.map(({ name }) => [name, 'passed'])
    await expect(Promise.all([runTests(), runTests()])).resolves.toEqual([passed, passed])
  })
})
