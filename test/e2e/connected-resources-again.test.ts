import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { advanceClock } from '../support/clock.js'
import { requiredBy, startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { startConnectableServer } from '../support/connectable-server.js'
import type { ConnectableServer } from '../support/connectable-server.js'
import type { Browser } from '../support/http.js'

let server: ConnectableServer
let app: ConnectingApp
let anna: Browser
beforeEach(async () => {
  server = await startConnectableServer()
  app = await startConnectingApp()
  anna = await app.logIn('anna')
})
afterEach(() => Promise.all([app.close(), server.close()]))

const call = (): Promise<Response> => app.connections.fetchFor({ account: 'anna' })(server.address)
const listed = async () => (await app.connections.list({ account: 'anna' }))[0]

/** Presses the button, and comes back from the authorization server, without finishing. */
async function begin(): Promise<string> {
  const asked = await app.press(anna, await app.ask(anna, server.address))
  const allowed = await anna.request(asked.location ?? '')
  return allowed.location ?? ''
}

describe('a resource that is connected again', () => {
  it('keeps its new tokens when the login page has moved: what the old ones were is not revoked', async () => {
    await app.connect(anna, server.address)
    server.metadata.server = { authorization_endpoint: `${server.origin}/authorize?v=2` }
    advanceClock(61)
    await app.connect(anna, server.address)
    expect(server.revocations).toEqual([])
    expect((await call()).status).toBe(200)
    expect(await app.grants.eraseAccount('anna')).toBe(1)
    expect(server.revocations.length).toBeGreaterThan(0)
  })

  it('is not asked whether it knows the client that has just got tokens', async () => {
    await app.connect(anna, server.address)
    await app.connect(anna, server.address)
    const grantTypes = server.tokenRequests.map((one) => one.get('grant_type'))
    expect(grantTypes).toEqual(['authorization_code', 'authorization_code'])
  })

  it('is known by what its own login has asked for, also if another was begun meanwhile', async () => {
    server.challenge = ', scope="x"'
    const first = await begin()
    server.challenge = ', scope="x y"'
    await begin()
    await anna.request(first)
    expect((await listed())?.scope).toEqual(['x'])
  })

  it('waits for the person no more when it takes the token again', async () => {
    await app.connect(anna, server.address)
    advanceClock(61)
    server.forgetTokens()
    expect(await requiredBy(call())).toMatchObject({ reason: 'refused' })
    expect((await listed())?.waiting).toMatchObject({ reason: 'refused' })

    await app.connect(anna, server.address)
    expect((await listed())?.waiting).toBeUndefined()
    server.onCall = (_req, res) => res.status(401).end()
    advanceClock(61)
    await requiredBy(call())
    server.onCall = (_req, res) => void res.json({})
    expect((await call()).status).toBe(200)
    expect((await listed())?.waiting).toBeUndefined()
  })
})
