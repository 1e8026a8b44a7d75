import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Response } from 'express'
import { connectResources } from '../../src/connect.js'
import { MemoryGrants } from '../../src/index.js'
import { startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { startConnectableServer } from '../support/connectable-server.js'
import type { ConnectableServer } from '../support/connectable-server.js'
import type { Browser } from '../support/http.js'
import { until } from '../support/until.js'

// Collecting takes seconds on a busy machine.
jest.setTimeout(60_000)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let honest: ConnectableServer
let app: ConnectingApp
let anna: Browser
beforeEach(async () => {
  honest = await startConnectableServer()
  app = await startConnectingApp()
  anna = await app.logIn('anna')
})
afterEach(async () => {
  await Promise.all([app.close(), honest.close()])
})

describe('connected resources: servers that do not answer', () => {
  it('hold up only the person who has entered their addresses', async () => {
    const held: Response[] = []
    const servers = await Promise.all(Array.from({ length: 6 }, startConnectableServer))
    const statuses: number[] = []
    const pending: Promise<void>[] = []
    for (const server of servers) {
      server.onRegister = (_req, res) => void held.push(res)
      const under = held.length + statuses.length
      const page = app.connect(anna, server.address)
      pending.push(page.then(({ status }) => void statuses.push(status)))
      await until(() => held.length + statuses.length > under)
    }
    expect(held).toHaveLength(4)
    expect(statuses).toEqual([422, 422])
    expect((await app.connect(await app.logIn('ben'), honest.address)).status).toBe(302)

    for (const res of held) res.status(400).json({ error: 'invalid_client_metadata' })
    await Promise.all(pending)
    expect((await app.connect(anna, honest.address)).status).toBe(302)
    await Promise.all(servers.map((server) => server.close()))
  })

  it('do not hold up that everything of the person ends', async () => {
    const held = new Map<ConnectableServer, Response>()
    let givenUp = 0
    const servers = await Promise.all(Array.from({ length: 3 }, startConnectableServer))
    for (const server of servers) {
      server.metadata.server = { revocation_endpoint: `${server.address}/revoke` }
      await app.connect(anna, server.address)
      server.onCall = (_req, res) => {
        held.set(server, res)
        res.once('close', () => {
          if (!res.writableEnded) givenUp += 1
        })
      }
    }
    const ended = app.grants.eraseAccount('anna')
    await until(() => held.size === servers.length)
    expect(givenUp).toBe(0)
    for (const [server, res] of held) {
      server.onCall = (_req, later) => void later.end()
      res.end()
    }
    expect(await ended).toBe(3)
    await Promise.all(servers.map((server) => server.close()))
  })
})

describe('connected resources: the jobs of the grants', () => {
  it('find connections of which the application has kept nothing but the router', async () => {
    const grants = new MemoryGrants()
    const { router } = connectResources({
      grants,
      callbackURL: 'https://your-app.com/connect/callback',
      client: { client_name: 'Your app' },
    })
    for (let round = 0; round < 5; round++) {
      await setImmediate()
      collectGarbage()
    }
    expect(await grants.eraseAccount('anna')).toBe(0)
    expect(router).toBeDefined()
  })
})

describe('connected resources: a secret that was registered beforehand', () => {
  it('can be changed while the strategy is kept', async () => {
    let clientSecret = 'first'
    const known = await startConnectingApp({
      registeredClients: () => ({
        clientID: 'registered-1',
        clientSecret,
        resources: [honest.origin],
      }),
    })
    honest.metadata.server = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
    honest.accessTokenSeconds = 0
    await known.connect(await known.logIn('anna'), honest.address)
    clientSecret = 'second'
    honest.accessTokenSeconds = 600
    const answer = await known.connections.fetchFor({ account: 'anna' })(honest.address)
    expect(answer.status).toBe(200)
    expect(honest.tokenRequests.map((form) => form.get('client_secret'))).toEqual([
      'first',
      'second',
    ])
    await known.close()
  })
})
