import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { logInFetch, startTestProvider } from 'passport-authorization-code/testing'
import { startPostgres } from '../../support/postgres-server.js'
import { startApp } from '../../support/started-app.js'

const app = fileURLToPath(new URL('../apps/postgres.js', import.meta.url))

let postgres
before(async () => {
  postgres = await startPostgres()
})
after(() => postgres.close())

// PGlite lives in one process: there, both are the same.
for (const [pool, processes] of [
  ['pg', 2],
  ['pglite', 1],
]) {
  describe(`PostgresGrants with ${pool}, in ${processes} process(es)`, () => {
    let provider
    let apps = []
    before(async () => {
      provider = await startTestProvider()
      const env = { DATABASE_URL: postgres.url, POOL: pool }
      const first = await startApp(app, provider, env)
      apps = [first]
      if (processes === 2)
        apps.push(await startApp(app, provider, { ...env, APP_URL: first.origin }))
    })
    after(() => Promise.all([...apps.map((one) => one.close()), provider.close()]))

    const job = (one) => fetch(`${one.origin}/job`)

    it('refreshes an expired token once, for jobs of all processes', async () => {
      const [first, last = first] = [apps[0], apps.at(-1)]
      await logInFetch(first.origin, '/auth/login')
      provider.expireAccessTokens()
      const answers = await Promise.all([first, first, last, last].map(job))
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
      )
      assert.equal(provider.requestsTo('token').length, 2)
      assert.deepEqual(provider.reused, [])
    })

    it('keeps the grant after logging out', async () => {
      const browse = await logInFetch(apps[0].origin, '/auth/login')
      const init = { method: 'POST', headers: { origin: apps[0].origin } }
      assert.equal((await browse('/auth/logout', init)).status, 303)
      assert.equal((await job(apps.at(-1))).status, 200)
    })
  })
}
