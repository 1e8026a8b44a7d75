import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  askForChallenge,
  readProtectedResource,
  readResourceChallenge,
} from '../../src/connect/protected-resource.js'
import type { ProtectedResource, ResourceChallenge } from '../../src/connect/protected-resource.js'
import { startStranger } from '../support/stranger.js'
import type { Stranger } from '../support/stranger.js'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const SERVERS = { authorization_servers: ['https://as.example'] }

let server: Stranger
beforeAll(async () => {
  server = await startStranger()
})
beforeEach(() => {
  server.answers.clear()
  server.asked.length = 0
})
afterAll(() => server.close())

function address(path: string): URL {
  return new URL(server.origin + path)
}

function read(path: string, challenge: ResourceChallenge = {}): Promise<ProtectedResource> {
  return readProtectedResource(address(path), challenge, server.transport)
}

/** Its metadata, where a resource without a path has them. */
function say(members: Readonly<Record<string, unknown>>, path = WELL_KNOWN): void {
  server.answers.set(path, { body: members })
}

describe('the challenge of a resource', () => {
  it.each([
    [undefined, {}],
    ['Bearer', {}],
    [
      'Bearer resource_metadata="https://h.example/m", scope="read  write"',
      { metadataURL: 'https://h.example/m', scope: ['read', 'write'] },
    ],
    [['Basic realm="x"', 'Bearer scope=read'], { scope: ['read'] }],
    ['Bearer scope=""', { scope: [] }],
    ['DPoP algs="ES256"', { dpop: true }],
    ['Bearer, DPoP algs="ES256"', {}],
    [['Bearer', 'DPoP'], {}],
    ['DPoP, Basic', { dpop: true }],
    ['DPoP algs="ES256", Bearer realm="x"', {}],
    ['Bearer realm="a DPoP b"', {}],
  ])('in %j is read', (header, challenge) => {
    expect(readResourceChallenge(header)).toEqual(challenge)
  })

  it('is asked for without a token, and is none unless the resource refuses', async () => {
    const headers = { 'www-authenticate': 'Bearer scope="read"' }
    server.answers.set('/mcp', { status: 401, headers })
    server.answers.set('/open', { status: 200, headers })
    server.answers.set('/moved', { status: 307, headers: { ...headers, location: '/mcp' } })
    const asked = ['/mcp', '/open', '/moved', '/none'].map((path) =>
      askForChallenge(address(path), server.transport),
    )
    expect(await Promise.all(asked)).toEqual([{ scope: ['read'] }, undefined, undefined, undefined])
    expect(server.asked).toHaveLength(4)
  })
})

describe('the metadata of a resource', () => {
  it('are read from where the challenge says, and from nowhere else', async () => {
    const metadataURL = `${server.origin}/elsewhere/metadata?x=1`
    say({ resource: `${server.origin}/mcp`, ...SERVERS }, '/elsewhere/metadata?x=1')
    expect(await read('/mcp', { metadataURL })).toEqual({
      ...{ resource: `${server.origin}/mcp`, issuers: ['https://as.example'], dpop: false },
    })
    expect(server.asked).toEqual(['GET /elsewhere/metadata?x=1'])
  })

  it.each([
    ['/mcp/v1', [`${WELL_KNOWN}/mcp/v1`, WELL_KNOWN]],
    ['/mcp/v1?tenant=1', [`${WELL_KNOWN}/mcp/v1`, WELL_KNOWN]],
    ['/', [WELL_KNOWN]],
  ])('of %s are looked for at %j', async (path, paths) => {
    const { resource, issuers } = await read(path)
    expect(server.asked).toEqual(paths.map((one) => `GET ${one}`))
    // There are none: the server is its own authorization server, as before RFC 9728.
    expect(issuers).toEqual([server.origin])
    expect(resource).toBe(server.origin + (path === '/' ? '' : '/mcp/v1'))
  })

  it('give name, scopes and issuers, as far as these can be used', async () => {
    say({
      resource: server.origin,
      authorization_servers: ['https://a.example', 5, '', 'https://b.example'],
      resource_name: 'Name\u202E\u0007 of it',
      scopes_supported: ['read', 'a b', 5, 'read'],
      dpop_bound_access_tokens_required: true,
    })
    expect(await read('/')).toEqual({
      resource: server.origin,
      issuers: ['https://a.example', 'https://b.example'],
      name: 'Name  of it',
      scopesSupported: ['read'],
      dpop: true,
    })
  })

  it('name ten authorization servers at most', async () => {
    const many = Array.from({ length: 1_000 }, (_, number) => `https://${number}.example`)
    say({ resource: server.origin, authorization_servers: many })
    expect((await read('/')).issuers).toEqual(many.slice(0, 10))
  })

  it.each<[string, unknown]>([
    ['another origin', 'https://evil.example/mcp'],
    ['another path', '/other'],
    ['a longer path', '/mcp/admin'],
    ['a path that begins alike', '/mc'],
    ['a fragment', '/mcp#x'],
    ['nothing', undefined],
    ['a list', ['/mcp']],
    ['no address', 'mcp'],
  ])('are refused if they are of %s [protected-resource-1]', async (_, written) => {
    const isPath = typeof written === 'string' && written.startsWith('/')
    say({ resource: isPath ? server.origin + written : written, ...SERVERS })
    await expect(read('/mcp')).rejects.toMatchObject({
      ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'other_resource' },
    })
  })

  it('of all of a host are not taken from the path of one of its tenants [protected-resource-2]', async () => {
    say({ resource: server.origin, ...SERVERS }, '/evil/metadata')
    const metadataURL = `${server.origin}/evil/metadata`
    await expect(read('/evil/mcp', { metadataURL })).rejects.toMatchObject({
      reason: 'other_resource',
    })
    say({ resource: server.origin, ...SERVERS })
    expect(await read('/evil/mcp')).toMatchObject({ resource: server.origin })
  })

  it('without the query are not taken from anywhere: it may tell tenants apart [protected-resource-3]', async () => {
    const resource = `${server.origin}/mcp`
    say({ resource, ...SERVERS }, '/evil/metadata')
    const metadataURL = `${server.origin}/evil/metadata`
    await expect(read('/mcp?tenant=evil', { metadataURL })).rejects.toMatchObject({
      reason: 'other_resource',
    })
    say({ resource, ...SERVERS }, `${WELL_KNOWN}/mcp`)
    expect(await read('/mcp?tenant=evil')).toMatchObject({ resource })
  })

  it('are refused if there is a name in front of the host, which people would take for it', async () => {
    const { host } = new URL(server.origin)
    say({ resource: `http://accounts.google.com@${host}/mcp`, ...SERVERS })
    await expect(read('/mcp')).rejects.toMatchObject({ reason: 'other_resource' })
  })

  it.each([[undefined], [[]], ['https://as.example'], [[5]], [{}]])(
    'are refused if their authorization servers are %j',
    async (servers) => {
      say({ resource: server.origin, authorization_servers: servers })
      await expect(read('/')).rejects.toMatchObject({
        ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'no_metadata' },
      })
    },
  )

  it.each(['file:///etc/passwd', '/relative', 'javascript:alert(1)', 'http://h.example/m'])(
    'are refused at %s, and nothing is read',
    async (metadataURL) => {
      await expect(read('/mcp', { metadataURL })).rejects.toMatchObject({ reason: 'no_metadata' })
      expect(server.asked).toEqual([])
    },
  )

  it('are not read where a redirect leads', async () => {
    server.answers.set(WELL_KNOWN, { status: 302, headers: { location: '/other' } })
    say({ resource: server.origin, ...SERVERS }, '/other')
    expect((await read('/')).issuers).toEqual([server.origin])
    expect(server.asked).toEqual([`GET ${WELL_KNOWN}`])
  })

  it.each([
    [{ status: 500 }, { httpStatus: 500 }],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { httpStatus: 429, retryAfterMs: 7_000 },
    ],
    [{ body: ' '.repeat(10_000_000) }, { networkCode: 'too_large' }],
  ])('that cannot be read now are no missing ones: %#', async (answer, facts) => {
    server.answers.set(WELL_KNOWN, answer)
    await expect(read('/')).rejects.toMatchObject({ code: 'ERR_DISCOVERY', ...facts })
  })
})
