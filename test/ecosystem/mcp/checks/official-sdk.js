import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startRedis } from '../../support/redis-server.js'
import { Authorization } from '../authorization.js'
import { startConnectedApp } from '../connected-app.js'
import { startMcpServer } from '../mcp-server.js'

/** Shorter than what the tool `count` takes. */
const env = { TIMEOUT_MS: '3000' }

describe('an MCP server of the official SDK, which is its own authorization server', () => {
  let redis
  let authorization
  let server
  let app
  let browser
  before(async () => {
    redis = await startRedis()
    authorization = new Authorization()
    server = await startMcpServer(authorization)
    app = await startConnectedApp({ redis, server, env })
    browser = await app.browserOf('ada')
  })
  after(async () => {
    await app?.close()
    await Promise.all([server?.close(), redis.close()])
  })

  const get = async (path) => {
    const { status, text } = await browser.visit(`${app.origin}${path}`)
    assert.equal(status, 200, text)
    return JSON.parse(text)
  }
  /** Visits a path that leads to the page that asks, and presses its button. */
  const approve = async (path, person = browser) => {
    const page = await person.visit(`${app.origin}${path}`)
    const end = await person.press(page)
    assert.equal(end.url, `${app.origin}/connections`)
    return { page, list: JSON.parse(end.text) }
  }
  const refreshes = () => authorization.exchanges.filter(({ kind }) => kind === 'refresh')

  it('is connected by its address alone', async () => {
    const { page, list } = await approve('/tools')
    assert.match(page.text, /calls itself “Test server”/)
    assert.match(page.text, /these permissions: tools\./)
    const [{ resource, issuer, name, scope, waiting }] = list
    assert.deepEqual(
      { resource, issuer, name, scope, waiting },
      {
        resource: server.address,
        issuer: server.issuer,
        name: 'Test server',
        scope: ['tools'],
        waiting: undefined,
      },
    )
    const [client] = authorization.clients.values()
    assert.equal(authorization.clients.size, 1)
    assert.equal(client.client_name, 'Your app')
    assert.equal(client.token_endpoint_auth_method, 'client_secret_post')
    assert.deepEqual(authorization.exchanges, [{ kind: 'code', resource: server.address }])
  })

  it('lists its tools, and calls one', async () => {
    assert.deepEqual(await get('/tools'), ['add', 'erase', 'count'])
    assert.deepEqual(await get('/tools/add'), { text: '3', seen: [] })
    assert.deepEqual(await app.job('ada', 'add'), { texts: ['3'] })
    assert.deepEqual(refreshes(), [])
  })

  it('sends a result as an event stream for longer than the time limit of requests', async () => {
    assert.deepEqual(await get('/tools/count'), { text: 'Counted', seen: [1, 2, 3, 4] })
  })

  it('gives nothing to somebody else', async () => {
    const { code, reason, connectURL } = await app.job('bob', 'add')
    assert.deepEqual([code, reason], ['ERR_CONNECTION_REQUIRED', 'not_connected'])
    const path = `/connect/login?resource=${encodeURIComponent(server.address)}`
    assert.equal(connectURL, `${app.origin}${path}`)
  })

  it('refuses an expired token, which is refreshed for its resource', async () => {
    authorization.expireAccessTokens()
    assert.deepEqual(await app.job('ada', 'add'), { texts: ['3'] })
    assert.deepEqual(refreshes(), [{ kind: 'refresh', resource: server.address }])
  })

  it('wants a further scope for a tool, which the person approves', async () => {
    const { reason, scope, connectURL } = await app.job('ada', 'erase')
    assert.deepEqual([reason, scope], ['insufficient_scope', ['tools', 'admin']])
    const [{ waiting }] = await get('/connections')
    assert.deepEqual([waiting.reason, waiting.connectURL], ['insufficient_scope', connectURL])
    assert.deepEqual(await app.job('ada', 'add'), { texts: ['3'] })

    const { page, list } = await approve('/tools/erase')
    assert.equal(page.url, connectURL)
    assert.match(page.text, /these permissions: tools, admin\./)
    assert.deepEqual([list.length, list[0].waiting], [1, undefined])
    assert.deepEqual(await app.job('ada', 'erase'), { texts: ['Erased'] })
    assert.equal(authorization.clients.size, 1)
  })

  it('is still connected when the application has been restarted', async () => {
    await app.close()
    app = await startConnectedApp({ redis, server, port: app.port, env })
    const { length } = authorization.exchanges
    assert.deepEqual(await app.job('ada', 'erase'), { texts: ['Erased'] })
    assert.equal(authorization.exchanges.length, length)
    authorization.expireAccessTokens()
    assert.deepEqual(await app.job('ada', 'erase'), { texts: ['Erased'] })
    assert.equal(authorization.exchanges.length, length + 1)
    assert.equal(authorization.clients.size, 1)
  })

  it('is still connected when it has been restarted itself', async () => {
    await server.close()
    const failed = await app.job('ada', 'add')
    assert.equal(failed.code, 'ERR_RESOURCE')
    server = await startMcpServer(authorization, server.port)
    assert.deepEqual(await app.job('ada', 'add'), { texts: ['3'] })
    assert.deepEqual(authorization.reused, [])
  })

  it('is disconnected, and its tokens are revoked', async () => {
    browser = await app.browserOf('ada')
    const { status, url } = await browser.visit(`${app.origin}/connect/disconnect`, {
      method: 'POST',
      headers: { origin: app.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ resource: server.address }).toString(),
    })
    assert.deepEqual([status, url], [200, `${app.origin}/connections`])
    assert.deepEqual(await get('/connections'), [])
    assert.ok(authorization.revoked.includes('refresh'))
    assert.equal((await app.job('ada', 'add')).reason, 'not_connected')
  })

  it('is connected again when it has forgotten everything', async () => {
    const bob = await app.browserOf('bob')
    await approve('/tools', bob)
    await server.close()
    authorization = new Authorization()
    server = await startMcpServer(authorization, server.port)
    const { code, reason } = await app.job('bob', 'add')
    assert.deepEqual([code, reason], ['ERR_CONNECTION_REQUIRED', 'client_forgotten'])

    const { list } = await approve('/tools', bob)
    assert.deepEqual([list.length, list[0].waiting], [1, undefined])
    assert.equal(authorization.clients.size, 1)
    assert.deepEqual(await app.job('bob', 'add'), { texts: ['3'] })
  })

  it('is connected by the next person when it has forgotten everything', async () => {
    await Promise.all([server.close(), app.close()])
    authorization = new Authorization()
    server = await startMcpServer(authorization, server.port)
    app = await startConnectedApp({ redis, server, port: app.port, env })
    await approve('/tools', await app.browserOf('carol'))
    assert.equal(authorization.clients.size, 1)
    assert.deepEqual(await app.job('carol', 'add'), { texts: ['3'] })
  })
})
