import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { advanceClock } from '../support/clock.js'
import { requiredBy, startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { startConnectableServer } from '../support/connectable-server.js'
import type { ConnectableServer } from '../support/connectable-server.js'

const DAY = 24 * 3600

let server: ConnectableServer
let apps: ConnectingApp[]
beforeEach(async () => {
  server = await startConnectableServer()
  apps = []
})
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()))
  await server.close()
})

async function start(
  options: Parameters<typeof startConnectingApp>[0] = {},
): Promise<ConnectingApp> {
  const app = await startConnectingApp(options)
  apps.push(app)
  return app
}

const call = (app: ConnectingApp): Promise<Response> =>
  app.connections.fetchFor({ account: 'anna' })(server.address)
const waitingOf = async (app: ConnectingApp) =>
  (await app.connections.list({ account: 'anna' }))[0]?.waiting

describe('the secret of a client that was registered beforehand', () => {
  it('is the application’s to correct: nobody is asked to connect anew for it', async () => {
    let [here, there] = ['old', 'old']
    server.metadata.server = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
    server.onToken = (req, res, next) => {
      const { client_secret: sent } = req.body as { client_secret?: string }
      if (sent === there) next()
      else res.status(401).json({ error: 'invalid_client' })
    }
    const app = await start({
      registeredClients: () => ({
        clientID: 'registered',
        clientSecret: here,
        resources: [server.origin],
      }),
    })
    await app.connect(await app.logIn('anna'), server.address)

    there = 'new'
    advanceClock(3600)
    await expect(call(app)).rejects.toMatchObject({ code: 'ERR_TOKEN_ENDPOINT', status: 500 })
    expect(await waitingOf(app)).toBeUndefined()

    here = 'new'
    advanceClock(60)
    expect((await call(app)).status).toBe(200)
  })
})

describe('a token endpoint that moves', () => {
  function move(): void {
    server.metadata.server = { token_endpoint: `${server.origin}/token?v=2` }
    server.onToken = (req, res, next) => {
      if (req.originalUrl.includes('v=2')) next()
      else res.status(404).end()
    }
  }

  it('is found by the call after the one that has missed it', async () => {
    const app = await start()
    await app.connect(await app.logIn('anna'), server.address)
    move()
    advanceClock(3600)
    await expect(call(app)).rejects.toMatchObject({ code: 'ERR_TOKEN_ENDPOINT' })
    advanceClock(60)
    expect((await call(app)).status).toBe(200)
  })

  it('is where a login that begins after that gets its tokens', async () => {
    const app = await start()
    const anna = await app.logIn('anna')
    await app.connect(anna, server.address)
    move()
    advanceClock(61)
    await app.connect(anna, server.address)
    expect(app.errors).toEqual([])
    expect((await call(app)).status).toBe(200)
  })
})

describe('a server that no longer offers S256', () => {
  it('renews what is connected, also in a new process, and lets nobody connect anew', async () => {
    const app = await start()
    await app.connect(await app.logIn('anna'), server.address)
    server.metadata.server = { code_challenge_methods_supported: undefined }
    const later = await start({ grants: app.grants })
    advanceClock(3600)
    expect((await call(later)).status).toBe(200)
    const page = await later.ask(await later.logIn('ben'), server.address)
    expect(page.text).toContain('PKCE')
    expect(server.authorizations).toHaveLength(1)
  })
})

describe('a connection that is used', () => {
  it('lives on, with its target, after the two years that a note lives', async () => {
    const app = await start()
    await app.connect(await app.logIn('anna'), server.address)
    for (let days = 0; days < 900; days += 60) {
      advanceClock(60 * DAY)
      expect((await call(app)).status).toBe(200)
    }
    expect(await app.connections.list({ account: 'anna' })).toHaveLength(1)
    expect(await app.grants.eraseAccount('anna')).toBe(1)
  })
})

describe('a scope that is missing', () => {
  it('is noted once, since when it is', async () => {
    const app = await start()
    await app.connect(await app.logIn('anna'), server.address)
    server.neededScope = 'write'
    expect(await requiredBy(call(app))).toMatchObject({ reason: 'insufficient_scope' })
    const first = await waitingOf(app)
    advanceClock(60)
    expect(await requiredBy(call(app))).toMatchObject({
      reason: 'insufficient_scope',
      scope: ['write'],
    })
    expect(await waitingOf(app)).toEqual(first)
    server.neededScope = 'delete'
    await requiredBy(call(app))
    expect(await waitingOf(app)).not.toEqual(first)
  })
})

describe('tokens that have expired when they arrive', () => {
  it('are asked for three times in a minute, and not three times at each call', async () => {
    const app = await start()
    await app.connect(await app.logIn('anna'), server.address)
    server.accessTokenSeconds = 0
    advanceClock(3600)
    const before = server.tokenRequests.length
    for (let calls = 0; calls < 5; calls++) {
      await expect(call(app)).rejects.toMatchObject({ code: 'ERR_TOKEN_ENDPOINT' })
    }
    expect(server.tokenRequests.length - before).toBe(3)
    server.accessTokenSeconds = 600
    advanceClock(61)
    expect((await call(app)).status).toBe(200)
  })
})

describe('a connection over plain HTTP, from before dangerouslyAllowPrivateNetwork was left out', () => {
  it('can be ended', async () => {
    const app = await start()
    await app.connect(await app.logIn('anna'), server.address)
    const now = await start({ grants: app.grants, dangerouslyAllowPrivateNetwork: false })
    expect(await now.connections.disconnect({ account: 'anna' }, server.address)).toBe(true)
    expect(await now.connections.list({ account: 'anna' })).toEqual([])
  })
})
