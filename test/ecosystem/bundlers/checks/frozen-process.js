import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { logInAgent, startTestProvider } from 'passport-authorization-code/testing'
import { startRedis } from '../../support/redis-server.js'
import { lambdaBrowser, startLambda } from '../lambda.js'

/** Longer than any time limit of the application, whose `timeoutMs` is a second. */
const LONG_MS = 2_500

for (const renewInBackground of [false, true]) {
  describe(`a process that is frozen between requests, renewInBackground: ${renewInBackground}`, () => {
    let provider
    let redis
    let lambda
    let browser
    before(async () => {
      redis = await startRedis()
      provider = await startTestProvider()
      const { issuer, clientID, clientSecret } = provider.options
      lambda = await startLambda({
        APP_URL: 'https://app.example',
        ISSUER: issuer,
        CLIENT_ID: clientID,
        CLIENT_SECRET: clientSecret,
        GRANT_SECRET: 'the secret of the grants of a test, long',
        SESSION_SECRET: 'the secret of the sessions of a test',
        REDIS_URL: redis.url,
        RENEW_IN_BACKGROUND: `${renewInBackground}`,
      })
    })
    after(async () => {
      await lambda?.close()
      await Promise.all([redis.close(), provider.close()])
    })
    beforeEach(async () => {
      provider.reset()
      provider.accessTokenSeconds = 60
      browser = await logInAgent(lambdaBrowser(lambda, 'app.example'), '/auth/login')
    })

    const token = async (stayAwake) => {
      const { status, text } = await browser.get('/token', stayAwake)
      assert.equal(status, 200, text)
      return JSON.parse(text).token
    }

    /** Resolves when the provider has received a refresh. */
    const refreshed = async () => {
      while (provider.requestsTo('token').length < 2) await sleep(5)
    }

    it('logs people in, and answers after a long time', async () => {
      const first = await token()
      await sleep(LONG_MS)
      assert.equal(await token(), first)
    })

    it('refreshes what has expired meanwhile', async () => {
      const first = await token()
      await lambda.advance(60_000)
      await sleep(LONG_MS)
      const second = await token()
      assert.notEqual(second, first)
      assert.equal(provider.requestsTo('token').length, 2)
    })

    it('loses nothing when it is frozen in the middle of a refresh', async () => {
      const first = await token()
      // Due, and still valid. The provider answers while the process is frozen.
      await lambda.advance(40_000)
      provider.fail('token', { slowMs: 300 })
      assert.equal(await token(renewInBackground ? refreshed : undefined), first)
      assert.equal(provider.requestsTo('token').length, renewInBackground ? 2 : 1)
      await sleep(LONG_MS)
      assert.ok(provider.introspect(await token()))
      await sleep(LONG_MS)
      // Expired, whoever refreshes it now.
      await lambda.advance(60_000)
      assert.notEqual(await token(), first)
      assert.deepEqual(provider.reused, [])
    })

    it('does not fail a request because time was up while it was frozen', async () => {
      await token()
      await lambda.advance(60_000)
      provider.fail('token', { slowMs: 300 })
      const answer = browser.get('/token')
      await refreshed()
      lambda.freeze()
      await sleep(LONG_MS)
      lambda.thaw()
      assert.equal((await answer).status, 200)
      assert.deepEqual(provider.reused, [])
    })
  })
}
