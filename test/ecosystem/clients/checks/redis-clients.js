import assert from 'node:assert/strict'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { logInFetch, startTestProvider } from 'passport-authorization-code/testing'
import { startRedis } from '../../support/redis-server.js'
import { startApp } from '../../support/started-app.js'
import { NEEDS_NODE_22, PAIRS } from '../redis-pairs.js'

const app = fileURLToPath(new URL('../apps/redis.js', import.meta.url))
const [nodeMajor] = process.versions.node.split('.').map(Number)

let redis
before(async () => {
  redis = await startRedis()
})
after(() => redis.close())

for (const [client, store] of PAIRS) {
  const skip = NEEDS_NODE_22.includes(store) && nodeMajor < 22 && 'needs Node.js 22'
  describe(`${client} and ${store}, in two processes`, { skip }, () => {
    let provider
    let first
    let second
    let browse
    before(async () => {
      provider = await startTestProvider()
      const env = { REDIS_URL: redis.url, CLIENT: client, STORE: store }
      first = await startApp(app, provider, env)
      second = await startApp(app, provider, { ...env, APP_URL: first.origin })
      browse = await logInFetch(first.origin, '/auth/login')
    })
    after(() => Promise.all([first?.close(), second?.close(), provider.close()]))

    const eachTwice = (path) =>
      Promise.all([first, first, second, second].map(({ origin }) => browse(`${origin}${path}`)))

    it('log in, and give the same token', async () => {
      const answers = await eachTwice('/token')
      const bodies = await Promise.all(answers.map((answer) => answer.json()))
      const [{ token }] = bodies
      assert.deepEqual(bodies, Array(4).fill({ id: 'ada', token }))
      assert.equal(provider.requestsTo('token').length, 1)
    })

    it('refresh an expired token once', async () => {
      const before = await (await browse('/token')).json()
      provider.expireAccessTokens()
      const answers = await eachTwice('/orders')
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
      )
      const { token } = await (await browse(`${second.origin}/token`)).json()
      assert.notEqual(token, before.token)
      // The login, and one refresh.
      assert.equal(provider.requestsTo('token').length, 2)
      assert.deepEqual(provider.reused, [])
    })

    it('log out everywhere at once', async () => {
      const init = { method: 'POST', headers: { origin: second.origin } }
      const answer = await browse(`${second.origin}/auth/logout`, init)
      assert.equal(answer.status, 303)
      const answers = await eachTwice('/token')
      assert.deepEqual(
        answers.map(({ status }) => status),
        [401, 401, 401, 401],
      )
      assert.equal(provider.requestsTo('revoke').length, 1)
    })
  })
}
