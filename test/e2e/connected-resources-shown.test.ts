import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectResources } from '../../src/connect.js'
import { MemoryGrants } from '../../src/index.js'
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
afterEach(async () => {
  await Promise.all([app.close(), server.close()])
})

/** Presses the button of the page that asks: the page, and where the browser is sent. */
async function goOn(browser: Browser, { afterSeconds = 0 } = {}) {
  const page = await app.ask(browser, server.address)
  if (afterSeconds > 0) advanceClock(afterSeconds)
  const { location = '' } = await app.press(browser, page)
  return { text: page.text, location }
}

const logInAt = (url: string) => {
  server.metadata.server = { ...server.metadata.server, authorization_endpoint: url }
}

describe('the page that asks before something is connected', () => {
  it('shows where the browser is then sent, whatever the server has said before [connect-shown-1]', async () => {
    logInAt('https://phishing.example/authorize')
    const eve = await app.logIn('eve')
    expect((await goOn(eve)).location).toMatch(/^https:\/\/phishing\.example\//)

    logInAt('https://trusted.example/authorize')
    advanceClock(61)
    const { text, location } = await goOn(anna)
    expect(text).toContain('Go to trusted.example')
    expect(location).toMatch(/^https:\/\/trusted\.example\/authorize\?/)
  })

  it('is kept to by the login, whatever the server says meanwhile [connect-shown-2]', async () => {
    server.onRegister = (_req, res) => {
      logInAt(`${app.origin}/who`)
      advanceClock(15)
      res.status(201).json({ client_id: 'client-1' })
    }
    const { text, location } = await goOn(anna, { afterSeconds: 50 })
    expect(text).toContain(`Go to ${new URL(server.origin).host}`)
    expect(location).toMatch(new RegExp(`^${server.origin}/authorize\\?`))
  })

  it('leads to a new login page when it has moved, and the present connection goes on until then', async () => {
    await app.connect(anna, server.address)
    const call = () => app.connections.fetchFor({ account: 'anna' })(server.address)
    logInAt(`${server.origin}/moved`)
    advanceClock(25 * 3_600)
    expect((await call()).status).toBe(200)
    expect((await goOn(anna)).location).toMatch(new RegExp(`^${server.origin}/moved\\?`))
  })
})

describe('servers with much to say', () => {
  const SCOPES = Array.from(
    { length: 30 },
    (_, one) => `https://api.example/auth/calendar.${one}.read`,
  )

  it('are connected: scopes, names and addresses need no room in the pending login', async () => {
    server.challenge = `, scope="${SCOPES.join(' ')}"`
    server.metadata.resource = { resource_name: 'n'.repeat(5_000) }
    const address = `${server.address}/${'p'.repeat(900)}`
    await app.connect(anna, address)
    expect(app.errors).toEqual([])
    const [connected] = await app.connections.list({ account: 'anna' })
    expect(connected).toMatchObject({ address, scope: SCOPES, resource: server.address })
  })

  it('and can ask for more later', async () => {
    await app.connect(anna, server.address)
    const call = () => app.connections.fetchFor({ account: 'anna' })(server.address)
    server.neededScope = SCOPES.join(' ')
    await requiredBy(call())
    await app.connect(anna, server.address)
    expect(app.errors).toEqual([])
    const [connected] = await app.connections.list({ account: 'anna' })
    expect(connected?.scope).toEqual(expect.arrayContaining(SCOPES))
  })
})

describe('connections of two applications with one store', () => {
  it('share nothing if they have names, also of people with the same account id [connect-names-1]', async () => {
    const grants = new MemoryGrants()
    const one = await startConnectingApp({ grants, name: 'one' })
    const other = await startConnectingApp({ grants, name: 'other' })
    await one.connect(await one.logIn('anna'), server.address)

    expect(await one.connections.list({ account: 'anna' })).toHaveLength(1)
    expect(await other.connections.list({ account: 'anna' })).toEqual([])
    await requiredBy(other.connections.fetchFor({ account: 'anna' })(server.address))
    expect(await other.connections.disconnect({ account: 'anna' }, server.address)).toBe(false)
    await other.connect(await other.logIn('anna'), server.address)
    await other.connections.disconnect({ account: 'anna' }, server.address)
    expect((await one.connections.fetchFor({ account: 'anna' })(server.address)).status).toBe(200)
    await Promise.all([one.close(), other.close()])
  })

  it('need names', () => {
    const grants = new MemoryGrants()
    const client = { client_name: 'Your app' }
    const connect = (host: string, name?: string) =>
      connectResources({
        ...{ grants, client, callbackURL: `https://${host}/connect/callback` },
        ...(name !== undefined && { name }),
      })
    const kept = [connect('one.example'), connect('one.example')]
    expect(() => connect('other.example')).toThrow(expect.objectContaining({ option: 'name' }))
    kept.push(connect('other.example', 'other'))
    expect(() => connect('third.example', 'a/b')).toThrow(
      expect.objectContaining({ option: 'name' }),
    )
    expect(kept).toHaveLength(3)
  })
})
