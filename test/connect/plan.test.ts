import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { RegisteredClient } from '../../src/connect.js'
import { createStoredConnections } from '../../src/connect/connections.js'
import type { StoredConnection, StoredConnections } from '../../src/connect/connections.js'
import { createFairShare } from '../../src/connect/fair-share.js'
import { createPlanning } from '../../src/connect/plan.js'
import type { Plan, Planning } from '../../src/connect/plan.js'
import { createWantedNotes } from '../../src/connect/wanted-notes.js'
import type { WantedNotes } from '../../src/connect/wanted-notes.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import { createSeal } from '../../src/lib/sealing.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { startStranger } from '../support/stranger.js'
import type { Stranger } from '../support/stranger.js'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const OAUTH = '/.well-known/oauth-authorization-server'
const ACCOUNT = 'ada'

let server: Stranger
let clock: ManualClock
let connections: StoredConnections
let wanted: WantedNotes
let planning: Planning

beforeAll(async () => {
  server = await startStranger()
})
beforeEach(() => {
  server.answers.clear()
  server.asked.length = 0
  clock = createManualClock()
  const notes = createSealedNotes(createMemoryStore({ clock }), createSeal(GRANT_SECRET, 'notes'))
  connections = createStoredConnections(notes, clock)
  wanted = createWantedNotes(notes)
  planning = planningWith({})
  challenge('')
  resource({})
  authorizationServer({})
})
afterAll(() => server.close())

function planningWith(
  registeredClients: Readonly<Record<string, RegisteredClient>>,
  loginOrigins: Readonly<Record<string, readonly string[]>> = {},
): Planning {
  const settings = {
    callbackURL: 'https://your-app.example/connect/callback',
    maximumPerAccount: 3,
    loginOrigins,
    registeredClients,
  }
  return createPlanning({
    transport: server.transport,
    clock,
    settings,
    connections,
    wanted,
    fairShare: createFairShare(4),
    jobsShare: createFairShare(4),
  })
}

/** What the resource says to a request without a token. */
function challenge(parameters: string): void {
  const headers = { 'www-authenticate': `Bearer ${parameters}` }
  server.answers.set('/mcp', { status: 401, headers })
}

function resource(members: Readonly<Record<string, unknown>>): void {
  const own = { resource: `${server.origin}/mcp`, authorization_servers: [server.origin] }
  server.answers.set(WELL_KNOWN, { body: { ...own, ...members } })
}

function authorizationServer(members: Readonly<Record<string, unknown>>, path = ''): void {
  server.answers.set(OAUTH + path, {
    body: {
      issuer: server.origin + path,
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      code_challenge_methods_supported: ['S256'],
      ...members,
    },
  })
}

function plan(account = ACCOUNT, path = '/mcp'): Promise<Plan> {
  return planning.plan(account, new URL(server.origin + path))
}

/** The person has connected it, and was asked for this scope. */
function connection(changed: Partial<StoredConnection> = {}): StoredConnection {
  return {
    ...{ account: ACCOUNT, address: `${server.origin}/mcp`, resource: `${server.origin}/mcp` },
    ...{ issuer: server.origin, target: 'target', scope: ['read'], connectedAt: clock.now() },
    ...changed,
  }
}

describe('the scope that a login asks for', () => {
  it.each([
    ['the challenge', 'scope="read write"', ['other'], ['read', 'write']],
    ['scopes_supported, if the challenge has none', '', ['a', 'b'], ['a', 'b']],
    ['none, if neither says one', '', undefined, []],
    ['none, if the challenge says so', 'scope=""', ['a'], []],
  ])('is of %s', async (_, parameters, supported, scope) => {
    challenge(parameters)
    resource({ scopes_supported: supported })
    expect((await plan()).scope).toEqual(scope)
  })

  it.each([
    [['read'], ['read', 'offline_access'], ['read', 'offline_access']],
    [['read', 'offline_access'], ['offline_access'], ['read', 'offline_access']],
    [['read'], ['read'], ['read']],
    [['read'], undefined, ['read']],
    // Alone, it would be all that is asked for.
    [undefined, ['offline_access'], []],
  ])('for %j, at a server with %j, is %j', async (wanted, offered, scope) => {
    resource({ scopes_supported: wanted })
    authorizationServer({ scopes_supported: offered })
    expect((await plan()).scope).toEqual(scope)
  })

  it('has what the person was asked for before, at the same server', async () => {
    await connections.save(connection({ scope: ['read', 'admin'] }))
    challenge('scope="write read"')
    expect((await plan()).scope).toEqual(['read', 'admin', 'write'])
  })

  it('has nothing of what was asked for at another server', async () => {
    await connections.save(connection({ issuer: 'https://other.example', scope: ['admin'] }))
    challenge('scope="write"')
    const { scope, present } = await plan()
    expect([scope, present?.issuer]).toEqual([['write'], 'https://other.example'])
  })

  it('has what the resource has refused a request for, of this person', async () => {
    await connections.save(connection())
    const [present] = await connections.list(ACCOUNT)
    if (present === undefined) throw new Error('There is no connection.')
    await connections.wait(present, {
      ...{ reason: 'insufficient_scope', challenge: { scope: ['write'] }, since: clock.now() },
    })
    expect((await plan()).scope).toEqual(['read', 'write'])
    expect((await plan('eve')).scope).toEqual([])
  })

  it('has what it said to a request of the person before they have connected it', async () => {
    await wanted.write(ACCOUNT, `${server.origin}/mcp`, { scope: ['files'] })
    challenge('scope="read"')
    expect((await plan()).scope).toEqual(['files'])
    expect((await plan('eve')).scope).toEqual(['read'])
  })
})

describe('a plan', () => {
  it('says what is connected where', async () => {
    resource({ resource_name: 'Files' })
    expect(await plan()).toMatchObject({
      address: `${server.origin}/mcp`,
      resource: { resource: `${server.origin}/mcp`, name: 'Files' },
      server: { issuer: server.origin },
      present: undefined,
    })
    expect(server.asked).toEqual([
      'GET /mcp',
      `GET ${WELL_KNOWN}/mcp`,
      `GET ${WELL_KNOWN}`,
      `GET ${OAUTH}`,
    ])
  })

  it('asks for metadata once a minute', async () => {
    await plan()
    const asked = server.asked.length
    clock.advance(59_999)
    await Promise.all([plan(), plan('eve')])
    // Only the resource itself is asked: it may say something else to each.
    expect(server.asked.slice(asked)).toEqual(['GET /mcp', 'GET /mcp'])
    clock.advance(1)
    await plan()
    expect(server.asked.slice(asked + 2)).toHaveLength(4)
  })

  it('reads them again when the resource has refused a request since', async () => {
    await connections.save(connection())
    expect((await plan()).server.issuer).toBe(server.origin)
    authorizationServer({}, '/new')
    resource({ authorization_servers: [`${server.origin}/new`] })
    expect((await plan()).server.issuer).toBe(server.origin)
    const [present] = await connections.list(ACCOUNT)
    if (present === undefined) throw new Error('There is no connection.')
    await connections.wait(present, { reason: 'other_authorization_server', since: 1 })
    expect((await plan()).server.issuer).toBe(`${server.origin}/new`)
  })

  it('takes the server at which the application is registered, else the first', async () => {
    const [first, second] = [`${server.origin}/a`, `${server.origin}/b`]
    authorizationServer({}, '/a')
    authorizationServer({}, '/b')
    resource({ authorization_servers: [first, second] })
    expect((await plan()).server.issuer).toBe(first)
    planning = planningWith({ [second]: { clientID: 'known', resources: [server.origin] } })
    expect((await plan()).server.issuer).toBe(second)
  })

  it('is refused beyond the number of connections of a person, except for one of these', async () => {
    for (const path of ['/mcp', '/b', '/c']) {
      await connections.save(connection({ resource: server.origin + path }))
    }
    expect((await plan()).present?.resource).toBe(`${server.origin}/mcp`)
    server.answers.set(`${WELL_KNOWN}/d`, {
      body: { resource: `${server.origin}/d`, authorization_servers: [server.origin] },
    })
    await expect(plan(ACCOUNT, '/d')).rejects.toMatchObject({
      ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'too_many' },
    })
    expect((await plan('eve', '/d')).present).toBeUndefined()
  })

  it('is one of four at a time for a person', async () => {
    const all = Array.from({ length: 6 }, () => plan())
    const outcomes = await Promise.allSettled([...all, plan('eve')])
    const refused = outcomes.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    )
    const tooMany = expect.objectContaining({ code: 'ERR_NOT_CONNECTABLE', reason: 'too_many' })
    expect(refused).toEqual([tooMany, tooMany])
    // It counts what is under way, and not what was.
    expect(await plan()).toMatchObject({ server: { issuer: server.origin } })
  })

  it('says which servers a resource trusts now, unless that cannot be found out', async () => {
    const address = new URL(`${server.origin}/mcp`)
    expect(await planning.issuersOf('ada', address, {})).toEqual([server.origin])
    server.answers.set(WELL_KNOWN, { status: 500 })
    expect(await planning.issuersOf('eve', address, {})).toBeUndefined()
  })

  it('finds that out once for all calls that a resource has refused, and no one person takes all connections', async () => {
    const address = new URL(`${server.origin}/mcp`)
    const one = () => planning.issuersOf('ada', address, {})
    await Promise.all(Array.from({ length: 300 }, one))
    expect(server.asked.filter((asked) => asked === `GET ${WELL_KNOWN}`)).toHaveLength(1)

    server.answers.delete(WELL_KNOWN)
    const others = Array.from({ length: 300 }, (_, number) =>
      planning.issuersOf('ada', new URL(`${server.origin}/${number}`), {}),
    )
    // Nor does that keep the person from connecting something.
    challenge('')
    expect(await plan()).toMatchObject({ account: ACCOUNT })
    const found = await Promise.all(others)
    expect(found.filter((issuers) => issuers !== undefined)).toHaveLength(4)
  })

  it('is for the tokens that the resource takes now', async () => {
    await connections.save(connection({ challenge: { dpop: true } }))
    expect((await plan()).resource.dpop).toBe(false)
    server.answers.set('/mcp', { status: 200 })
    expect((await plan()).resource.dpop).toBe(true)
  })

  it('is none at a server that sends people elsewhere to log in, and does not say who it is [plan-1]', async () => {
    const elsewhere = { authorization_endpoint: 'https://login.example/authorize' }
    authorizationServer(elsewhere)
    const refused = {
      ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'other_issuer' },
      message: expect.stringContaining('login.example'),
    }
    await expect(plan()).rejects.toMatchObject(refused)

    const known = { clientID: 'known', resources: [`${server.origin}/mcp`] }
    planning = planningWith({ [server.origin]: known })
    expect(await plan()).toMatchObject({ server: { metadata: elsewhere } })

    planning = planningWith({}, { [`${server.origin}/`]: ['https://login.example'] })
    expect(await plan()).toMatchObject({ server: { metadata: elsewhere } })

    planning = planningWith({})
    authorizationServer({ ...elsewhere, authorization_response_iss_parameter_supported: true })
    expect(await plan()).toMatchObject({ server: { metadata: elsewhere } })
  })
})
