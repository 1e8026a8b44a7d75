import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ConnectionRequiredError } from '../../src/index.js'
import { requiredBy, startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { startConnectableServer } from '../support/connectable-server.js'
import type { ConnectableServer } from '../support/connectable-server.js'
import { advanceClock } from '../support/clock.js'
import type { Browser } from '../support/http.js'

const MINUTE = 60
const HOUR = 60 * MINUTE

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

const call = (path = ''): Promise<Response> =>
  app.connections.fetchFor({ account: 'anna' })(`${server.address}${path}`)

describe('connecting a resource', () => {
  it('finds the authorization server, registers there, and asks the person before they go there', async () => {
    const page = await app.ask(anna, server.address)

    expect(page.status).toBe(200)
    expect(page.text).toContain(new URL(server.origin).host)
    expect(page.text).toContain(server.address)
    expect(server.registrations).toHaveLength(0)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  it('gives requests and jobs a token for it, with the resource in every request', async () => {
    const end = await app.connect(anna, `${server.address}?tenant=1#top`)
    const answer = await call('/reports/1')

    expect(new URL(end.location ?? '').pathname).toBe('/')
    expect(await answer.json()).toEqual({ path: '/api/reports/1', scope: '' })
    const resources = [...server.authorizations, ...server.tokenRequests].map((one) =>
      one.get('resource'),
    )
    expect(resources).toEqual([server.address, server.address])
    expect(server.registrations).toEqual([
      expect.objectContaining({
        application_type: 'web',
        client_name: 'A test',
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      }),
    ])
  })

  it('says of a resource that is not connected where the person can approve it, and sends no token', async () => {
    const error = await requiredBy(call())

    expect(error).toMatchObject({ reason: 'not_connected', status: 401, resource: server.address })
    const page = await anna.request(error.connectURL, { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    // Once for the call, and once for what the resource says now.
    expect(server.calls).toEqual(['none', 'none'])
  })

  it('sends no token to a resource that wants none', async () => {
    server.onCall = (_req, res) => res.json({ open: true })
    expect(await (await call()).json()).toEqual({ open: true })
    expect(server.calls).toEqual(['none'])
  })

  it('registers once for many people, and keeps their tokens apart', async () => {
    const people = ['anna', 'ben', 'carla']
    const browsers = await Promise.all(people.map((one) => app.logIn(one)))
    await Promise.all(browsers.map((one) => app.connect(one, server.address)))
    server.calls.length = 0
    for (const account of people) {
      await app.connections.fetchFor({ account })(server.address)
    }

    expect(server.registrations).toHaveLength(1)
    expect(new Set(server.calls).size).toBe(3)
  })

  it('refreshes an expired token once for all calls at the same time, with the resource', async () => {
    await app.connect(anna, server.address)
    advanceClock(HOUR)
    const answers = await Promise.all(Array.from({ length: 50 }, () => call()))

    expect(answers.every(({ ok }) => ok)).toBe(true)
    const [, ...refreshes] = server.tokenRequests
    expect(refreshes.map((one) => [one.get('grant_type'), one.get('resource')])).toEqual([
      ['refresh_token', server.address],
    ])
  })

  it('takes the scope of the challenge, else what the resource supports, and offline_access where it is offered', async () => {
    server.metadata.resource = { scopes_supported: ['read', 'write'] }
    server.metadata.server = { scopes_supported: ['read', 'write', 'offline_access'] }
    await app.connect(anna, server.address)
    server.challenge = ', scope="read"'
    await app.connect(await app.logIn('ben'), server.address)

    const asked = server.authorizations.map((one) => [one.get('scope'), one.get('prompt')])
    expect(asked).toEqual([
      ['read write offline_access', 'consent'],
      ['read offline_access', 'consent'],
    ])
  })

  it('asks for no scope if nobody names one', async () => {
    await app.connect(anna, server.address)
    expect(server.authorizations[0]?.has('scope')).toBe(false)
  })

  it('shows nothing of a person’s connections to another person', async () => {
    await app.connect(anna, server.address)
    expect(await app.connections.list({ account: 'ben' })).toEqual([])
    const error = await requiredBy(app.connections.fetchFor({ account: 'ben' })(server.address))
    expect(error.reason).toBe('not_connected')
  })
})

describe('a connection', () => {
  beforeEach(async () => {
    server.challenge = ', scope="read"'
    await app.connect(anna, server.address)
  })

  it('is listed, without its tokens', async () => {
    const listed = await app.connections.list({ account: 'anna' })
    expect(listed).toEqual([
      {
        address: server.address,
        resource: server.address,
        issuer: server.origin,
        scope: ['read'],
        connectedAt: expect.any(Number),
      },
    ])
  })

  it('is asked for the union of scopes when the resource wants more', async () => {
    server.neededScope = 'write'
    const error = await requiredBy(call())
    const [waiting] = await app.connections.list({ account: 'anna' })
    const end = await app.connect(anna, server.address)

    expect(error).toMatchObject({ reason: 'insufficient_scope', scope: ['write'] })
    expect(waiting?.waiting).toMatchObject({
      reason: 'insufficient_scope',
      scope: ['write'],
      connectURL: error.connectURL,
    })
    expect(end.status).toBe(302)
    expect(server.authorizations[1]?.get('scope')).toBe('read write')
    expect(await (await call()).json()).toMatchObject({ scope: 'read write' })
    const [listed] = await app.connections.list({ account: 'anna' })
    expect(listed?.waiting).toBeUndefined()
  })

  it('is not asked a second time for what the login has just asked for', async () => {
    server.neededScope = 'admin'
    await requiredBy(call())
    await app.connect(anna, server.address)
    // The authorization server grants it, and the resource does not care.
    server.onCall = (_req, res) => {
      res.status(403).set('WWW-Authenticate', 'Bearer error="insufficient_scope", scope="admin"')
      res.json({})
    }

    expect((await call()).status).toBe(403)
    expect((await call()).status).toBe(403)
    expect(server.authorizations).toHaveLength(2)
  })

  it('waits for the person when its tokens are refused for good', async () => {
    server.forgetTokens()
    advanceClock(5 * MINUTE)
    const error = await requiredBy(call())
    const [listed] = await app.connections.list({ account: 'anna' })
    await app.connect(anna, server.address)

    expect(error.reason).toBe('refused')
    expect(listed?.waiting?.reason).toBe('refused')
    expect((await call()).status).toBe(200)
  })

  it('waits for the person when nobody has called, and a nightly job has met the refusal', async () => {
    server.forgetTokens()
    advanceClock(2 * 24 * HOUR)
    expect(await app.grants.renewIdle({ olderThanDays: 1 })).toEqual({
      renewed: 0,
      loginRequired: 1,
      failed: 0,
    })
    const [listed] = await app.connections.list({ account: 'anna' })
    expect(listed?.waiting?.reason).toBe('refused')
  })

  it('needs a new grant when the resource trusts another authorization server, which gets nothing of the first', async () => {
    const other = await startConnectableServer()
    server.metadata.resource = { authorization_servers: [other.origin] }
    server.forgetTokens()
    advanceClock(5 * MINUTE)
    const error = await requiredBy(call())
    await app.connect(anna, server.address)
    const [listed] = await app.connections.list({ account: 'anna' })

    expect(error.reason).toBe('other_authorization_server')
    expect(other.registrations).toHaveLength(1)
    const first = server.authorizations[0]?.get('client_id') ?? 'none'
    expect(other.authorizations.map((one) => one.get('client_id'))).not.toContain(first)
    expect(listed?.issuer).toBe(other.origin)
    await other.close()
  })

  it('knows its authorization server with a slash at the end of the issuer', async () => {
    server.metadata.resource = { authorization_servers: [`${server.origin}/`] }
    server.forgetTokens()
    advanceClock(5 * MINUTE)
    expect((await requiredBy(call())).reason).toBe('refused')
  })

  it('registers again when the server has forgotten the client', async () => {
    server.forgetClients()
    advanceClock(HOUR)
    const error = await requiredBy(call())
    await app.connect(anna, server.address)

    expect(error.reason).toBe('client_forgotten')
    expect(server.registrations).toHaveLength(2)
    expect((await call()).status).toBe(200)
  })

  it('registers again for the next person who connects, when the server has forgotten the client', async () => {
    const ben = await app.logIn('ben')
    server.forgetClients()
    advanceClock(2 * MINUTE)
    await app.connect(ben, server.address)

    const clients = server.authorizations.map((one) => one.get('client_id'))
    expect(new Set(clients).size).toBe(2)
    expect(server.registrations).toHaveLength(2)
    expect((await app.connections.list({ account: 'ben' })).length).toBe(1)
  })

  it('does not register again for the next person while the server knows the client, or fails', async () => {
    const [ben, carla] = await Promise.all([app.logIn('ben'), app.logIn('carla')])
    advanceClock(2 * MINUTE)
    await app.connect(ben, server.address)
    advanceClock(2 * MINUTE)
    server.metadata.server = { token_endpoint: `${server.origin}/nothing-there` }
    await app.connect(carla, server.address)

    expect(server.registrations).toHaveLength(1)
    expect(server.authorizations).toHaveLength(3)
  })

  it('ends with its tokens, and the person stays logged in', async () => {
    const headers = { origin: app.origin, 'sec-fetch-site': 'same-origin' }
    const body = new URLSearchParams({ resource: server.address, return_to: '/servers' })
    const url = `${app.origin}/connect/disconnect`
    const end = await anna.request(url, { method: 'POST', headers, body })

    expect([end.status, end.location]).toEqual([303, `${app.origin}/servers`])
    expect(server.revocations.map((one) => one.get('token'))).toEqual([
      expect.stringMatching(/^refresh-/),
    ])
    expect(await app.connections.list({ account: 'anna' })).toEqual([])
    await expect(call()).rejects.toBeInstanceOf(ConnectionRequiredError)
    expect((await app.ask(anna, server.address)).status).toBe(200)
    expect((await anna.request(`${app.origin}/who`)).text).toBe('{"id":"anna"}')
  })

  it('is erased with all that the application has of the person', async () => {
    expect(await app.grants.eraseAccount('anna')).toBe(1)
    expect(server.revocations).toHaveLength(1)
    expect(await app.connections.list({ account: 'anna' })).toEqual([])
  })

  it('goes on in another process, and after a restart', async () => {
    const restarted = await startConnectingApp({ grants: app.grants })
    const answer = await restarted.connections.fetchFor({ account: 'anna' })(server.address)
    expect(answer.status).toBe(200)
    expect(server.registrations).toHaveLength(1)
    await restarted.close()
  })

  it('outlives logging out', async () => {
    await anna.request(`${app.origin}/log-in?as=ben`)
    expect((await call()).status).toBe(200)
  })
})
