import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { logInFetch, startTestProvider } from 'passport-authorization-code/testing'
import { startRedis } from '../../support/redis-server.js'
import { startApp } from '../../support/started-app.js'

const run = promisify(execFile)
const pathOf = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))
const bun = pathOf('node_modules/.bin/bun')

describe('under Bun', () => {
  let provider
  let redis
  let app
  before(async () => {
    provider = await startTestProvider()
    redis = await startRedis()
    const command = [bun, pathOf('apps/bun.js')]
    app = await startApp(command, provider, { REDIS_URL: redis.url })
  })
  after(() => Promise.all([app?.close(), redis?.close(), provider?.close()]))

  it('people log in, their tokens are refreshed once, and they log out', async () => {
    const browse = await logInFetch(app.origin, '/auth/login')
    provider.expireAccessTokens()
    const answers = await Promise.all([1, 2, 3].map(() => browse('/me')))
    for (const answer of answers) {
      const { sub, runtime } = await answer.json()
      assert.deepEqual([answer.status, sub, runtime], [200, 'ada', 'bun'])
    }
    assert.equal(provider.requestsTo('token').length, 2)
    assert.deepEqual(provider.reused, [])
    const init = { method: 'POST', headers: { origin: app.origin } }
    assert.equal((await browse('/auth/logout', init)).status, 303)
    assert.equal((await browse('/me')).status, 401)
  })

  it('a signal ends a request of fetch', async () => {
    const browse = await logInFetch(app.origin, '/auth/login')
    provider.fail('userinfo', 'hangs')
    const { name } = await (await browse('/aborted')).json()
    assert.equal(name, 'TimeoutError')
  })

  it('options are refused that Bun would ignore', async () => {
    const { stdout } = await run(bun, [pathOf('apps/bun-options.js')])
    const answers = JSON.parse(stdout)
    const expected = {
      dispatcher: 'dispatcher',
      mutualTls: 'clientAuthentication',
      selfSigned: 'clientAuthentication',
      discover: 'dispatcher',
    }
    for (const [attempt, option] of Object.entries(expected)) {
      const { name, option: named, message } = answers[attempt]
      assert.deepEqual([name, named], ['ConfigurationError', option])
      assert.match(message, /is refused under Bun/)
    }
  })
})
