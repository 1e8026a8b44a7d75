import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { grantStoreTests } from '../../../src/testing.js'
import { readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import type { PostgresProcess } from '../../support/postgres-process.js'
import { describeWithPostgres } from '../../support/requirements.js'
import { toJavaScript } from '../../support/to-javascript.js'

jest.setTimeout(60_000)

/** Prints one line of JSON: the name of each test, and its error. */
const RUNNER = `
import { grantStoreTests } from 'passport-authorization-code/testing'
import { pool, store } from './store.mjs'

const results = []
for (const { name, run } of grantStoreTests) {
  await run(store).then(
    () => results.push([name, 'passed']),
    (error) => results.push([name, error.message]),
  )
}
console.log(JSON.stringify(results))
await pool.end()
`

describeWithPostgres('the store of the guide to stores', (postgres) => {
  let database: PostgresProcess
  let project: GuideProject

  beforeAll(async () => {
    database = await startPostgresProcess(postgres)
    project = await createGuideProject()
  })
  afterAll(async () => {
    await project.remove()
    await database.close()
  })

  it('passes the tests that every store must pass', async () => {
    const { blocks } = await readGuide('docs/your-own-store.md')
    const block = blocks.find(({ code }) => code.includes('const store: GrantStore = {'))
    const code = `${block?.code}\nexport { pool, store }`
    await project.write('store.mjs', toJavaScript(code))
    const runner = await project.write('runner.mjs', RUNNER)

    const { stdout } = await promisify(execFile)(process.execPath, [runner], {
      env: { DATABASE_URL: database.url, GRANT_SECRET: 'a secret of 32 characters, at least' },
    })

    expect(JSON.parse(stdout)).toEqual(grantStoreTests.map(({ name }) => [name, 'passed']))
  })
})
