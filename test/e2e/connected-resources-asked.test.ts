import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { startConnectableServer } from '../support/connectable-server.js'
import type { ConnectableServer } from '../support/connectable-server.js'
import type { Browser } from '../support/http.js'

let server: ConnectableServer
let honest: ConnectableServer
let app: ConnectingApp
let anna: Browser
beforeEach(async () => {
  server = await startConnectableServer()
  honest = await startConnectableServer()
  app = await startConnectingApp()
  anna = await app.logIn('anna')
})
afterEach(async () => {
  await Promise.all([app.close(), server.close(), honest.close()])
})

describe('what a person was asked about', () => {
  it('is what then happens: without the fields of the page, it is asked', async () => {
    const page = await app.ask(anna, server.address)
    const again = await app.press(anna, page, {})
    expect([again.status, again.text]).toEqual([200, page.text])
    expect(server.registrations).toEqual([])
    expect((await app.press(anna, again)).status).toBe(302)
  })

  it('is asked again if the resource wants more by then', async () => {
    server.challenge = ', scope="read"'
    const page = await app.ask(anna, server.address)
    server.challenge = ', scope="read admin"'
    const again = await app.press(anna, page)
    expect(again.status).toBe(200)
    expect(again.text).toContain('read, admin')
    expect(server.registrations).toEqual([])
  })

  it('is asked again if the resource trusts another authorization server by then', async () => {
    const page = await app.ask(anna, server.address)
    server.metadata.resource = { authorization_servers: [honest.origin] }
    server.challenge = ', scope="new"'
    const again = await app.press(anna, page)
    expect(again.status).toBe(200)
    expect(again.text).toContain(`Go to ${new URL(honest.origin).host}`)
    expect(honest.registrations).toEqual([])
  })

  it('says who gets what is allowed there, if that is somebody else', async () => {
    server.metadata.resource = { authorization_servers: [honest.origin] }
    const { text } = await app.ask(anna, server.address)
    const [resource, login] = [server.address, honest.origin].map((one) => new URL(one).host)
    expect(text).toContain(`What you allow at ${String(login)} is given to ${String(resource)}.`)
  })
})

describe('an authorization server that a resource names', () => {
  it('is not used if it sends people to this application', async () => {
    server.metadata.server = { authorization_endpoint: `${app.origin}/connect/login` }
    expect((await app.ask(anna, server.address)).status).toBe(422)
  })

  it('is not used if it lists its resources without this one', async () => {
    honest.metadata.server = { protected_resources: [honest.address] }
    server.metadata.resource = { authorization_servers: [honest.origin] }
    expect((await app.ask(anna, server.address)).status).toBe(422)
    expect((await app.ask(anna, honest.address)).status).toBe(200)
  })

  it('gives the client that was registered there to the resources that the client is for alone', async () => {
    const known = { clientID: 'registered-1', resources: [honest.address] }
    const own = await startConnectingApp({ registeredClients: { [honest.origin]: known } })
    server.metadata.resource = { authorization_servers: [honest.origin] }
    const ben = await own.logIn('ben')
    await own.connect(ben, server.address)
    await own.connect(ben, honest.address)
    const clients = honest.authorizations.map((one) => one.get('client_id'))
    expect(clients).toEqual([expect.stringMatching(/^client-/), 'registered-1'])
    await own.close()
  })
})
