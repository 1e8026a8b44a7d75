import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startRedis } from '../../support/redis-server.js'
import { Authorization } from '../authorization.js'
import { startConnectedApp } from '../connected-app.js'
import { startMcpServer } from '../mcp-server.js'

/** How many jobs each process does at once: 50 in all. */
const JOBS = 25

/** How long access tokens live at first. */
const FIRST_TOKEN_SECONDS = 5

describe('jobs in two processes, with one expired token', () => {
  const authorization = new Authorization()
  let redis
  let server
  let first
  let second
  before(async () => {
    redis = await startRedis()
    authorization.accessTokenSeconds = FIRST_TOKEN_SECONDS
    server = await startMcpServer(authorization)
    first = await startConnectedApp({ redis, server })
    second = await startConnectedApp({ redis, server, env: { APP_URL: first.origin } })
    const browser = await first.browserOf('ada')
    await browser.press(await browser.visit(`${first.origin}/tools`))
    // Both processes know the token.
    assert.deepEqual(await eachDoes(1), [{ texts: ['3'] }, { texts: ['3'] }])
  })
  after(async () => {
    await Promise.all([first?.close(), second?.close()])
    await Promise.all([server?.close(), redis.close()])
  })

  const eachDoes = (times) =>
    Promise.all([first, second].map((app) => app.job('ada', 'add', times)))
  const done = { texts: Array(JOBS).fill('3') }

  it('refresh it once, and do not send it, when its time is over', async () => {
    await authorization.tokensExpired()
    authorization.accessTokenSeconds = 3_600
    authorization.exchanges = []
    assert.deepEqual(await eachDoes(JOBS), [done, done])
    assert.deepEqual(authorization.exchanges, [{ kind: 'refresh', resource: server.address }])
    assert.deepEqual(authorization.refused, [])
  })

  it('refresh it once when the server refuses it', async () => {
    authorization.expireAccessTokens()
    authorization.exchanges = []
    assert.deepEqual(await eachDoes(JOBS), [done, done])
    assert.deepEqual(authorization.exchanges, [{ kind: 'refresh', resource: server.address }])
    assert.ok(authorization.refused.length >= JOBS)
    assert.equal(new Set(authorization.refused).size, 1)
  })

  it('never use a refresh token twice', () => {
    assert.deepEqual(authorization.reused, [])
  })
})
