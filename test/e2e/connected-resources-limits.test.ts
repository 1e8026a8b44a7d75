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
let hostile: ConnectableServer
let app: ConnectingApp
let anna: Browser
beforeEach(async () => {
  honest = await startConnectableServer()
  hostile = await startConnectableServer()
  app = await startConnectingApp()
  anna = await app.logIn('anna')
})
afterEach(async () => {
  await Promise.all([app.close(), honest.close(), hostile.close()])
})

describe('connected resources: servers that do not answer', () => {
  it('hold up only the person who has entered their addresses', async () => {
    const held: Response[] = []
    hostile.onRegister = (_req, res) => void held.push(res)
    const others = Array.from({ length: 20 }, (_, number) =>
      startConnectableServer().then(async (server) => {
        server.onRegister = (_req, res) => void held.push(res)
        const page = await app.connect(anna, `${server.address}?${number}`)
        await server.close()
        return page.status
      }),
    )
    await until(() => held.length >= 1)
    expect((await app.connect(await app.logIn('ben'), honest.address)).status).toBe(302)
    expect(held.length).toBeLessThanOrEqual(4)
    let isOver = false
    const all = Promise.all(others).finally(() => (isOver = true))
    await until(() => {
      for (const res of held.splice(0)) res.status(400).json({ error: 'invalid_client_metadata' })
      return isOver
    })
    expect(new Set(await all)).toEqual(new Set([422]))
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
