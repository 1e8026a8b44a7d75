import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  loginAddressOf,
  providerOf,
  readAuthorizationServer,
  refuseWithoutPkce,
  scopesOfferedBy,
} from '../../src/connect/authorization-server.js'
import { readServerMetadata } from '../../src/connect/server-metadata.js'
import { NotConnectableError } from '../../src/errors/connection-errors.js'
import { startStranger } from '../support/stranger.js'
import type { Stranger } from '../support/stranger.js'

const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'

let server: Stranger
beforeAll(async () => {
  server = await startStranger()
})
beforeEach(() => {
  server.answers.clear()
  server.asked.length = 0
})
afterAll(() => server.close())

function metadata(changed: Readonly<Record<string, unknown>> = {}) {
  return {
    issuer: server.origin,
    authorization_endpoint: `${server.origin}/authorize`,
    token_endpoint: `${server.origin}/token`,
    code_challenge_methods_supported: ['S256'],
    ...changed,
  }
}

const DEEP = 'replaced by a list in a list in a list'

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

function read(issuer = server.origin) {
  return readAuthorizationServer(issuer, server.transport)
}

describe('the metadata of an authorization server', () => {
  it.each([
    ['', [OAUTH, OPENID]],
    ['/', [OAUTH, OPENID]],
    ['/a/b', [`${OAUTH}/a/b`, `${OPENID}/a/b`, `/a/b${OPENID}`]],
    ['/a/', [`${OAUTH}/a`, `${OPENID}/a`, `/a${OPENID}`]],
  ])('of the issuer with path %j are found at each of %j', async (path, paths) => {
    const issuer = server.origin + path
    await expect(read(issuer)).rejects.toMatchObject({ reason: 'no_metadata' })
    expect(server.asked).toEqual(paths.map((one) => `GET ${one}`))
    for (const [index, one] of paths.entries()) {
      server.answers.clear()
      server.asked.length = 0
      server.answers.set(one, { body: metadata({ issuer }) })
      expect(await read(issuer)).toMatchObject({ issuer })
      expect(server.asked).toHaveLength(index + 1)
    }
  })

  it('keep the issuer as they write it, for comparing iss', async () => {
    const issuer = `${server.origin}/`
    server.answers.set(OAUTH, { body: metadata({ issuer }) })
    expect((await read()).issuer).toBe(issuer)
  })

  it.each<[string, unknown]>([
    ['another origin', 'https://evil.example'],
    ['another path', '/other'],
    ['a query', '?x=1'],
    ['a line end', '\n'],
    ['none', undefined],
    ['a number', 5],
    ['a name in front', 'https://good.example@127.0.0.1'],
  ])('are refused if their issuer is %s [authorization-server-1]', async (_, written) => {
    const isEnding = typeof written === 'string' && !written.startsWith('https:')
    const issuer = isEnding ? server.origin + written : written
    server.answers.set(OAUTH, { body: metadata({ issuer }) })
    await expect(read()).rejects.toMatchObject({
      ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'other_issuer' },
    })
  })

  it.each([[undefined], [[]], [['plain']], ['plain'], [{ S256: true }]])(
    'are refused for a login without PKCE by S256: %j [authorization-server-2]',
    async (methods) => {
      server.answers.set(OAUTH, { body: metadata({ code_challenge_methods_supported: methods }) })
      const found = await read()
      expect(() => refuseWithoutPkce(found)).toThrow(
        expect.objectContaining({ code: 'ERR_NOT_CONNECTABLE', reason: 'no_pkce' }),
      )
    },
  )

  it.each([
    ['authorization_endpoint', undefined],
    ['authorization_endpoint', 'javascript:alert(1)'],
    ['authorization_endpoint', 'http://as.example/authorize'],
    ['authorization_endpoint', 'https://accounts.google.com@evil.example/'],
    ['authorization_endpoint', ['https://as.example/authorize']],
    ['token_endpoint', undefined],
    ['token_endpoint', '/token'],
  ])('are refused if their %s is %j', async (name, value) => {
    server.answers.set(OAUTH, { body: metadata({ [name]: value }) })
    await expect(read()).rejects.toMatchObject({
      ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'no_metadata' },
      message: expect.stringContaining(name),
    })
  })

  it.each([
    'http://as.example',
    'as.example',
    'https://as.example?x=1',
    'https://as.example#x',
    'https://accounts.google.com@evil.example',
    'javascript:alert(1)',
    '',
  ])('are not looked for at %j', async (issuer) => {
    await expect(read(issuer)).rejects.toMatchObject({ reason: 'other_issuer' })
    expect(server.asked).toEqual([])
  })

  it('are not read where a redirect leads, nor from HTML', async () => {
    server.answers.set(OAUTH, { status: 301, headers: { location: '/moved' } })
    server.answers.set('/moved', { body: metadata() })
    server.answers.set(OPENID, { body: '<html></html>' })
    await expect(read()).rejects.toMatchObject({ reason: 'no_metadata' })
    expect(server.asked).toEqual([`GET ${OAUTH}`, `GET ${OPENID}`])
  })

  it('that cannot be read now are no missing ones', async () => {
    server.answers.set(OAUTH, { status: 503 })
    await expect(read()).rejects.toMatchObject({ code: 'ERR_DISCOVERY', httpStatus: 503 })
    expect(server.asked).toEqual([`GET ${OAUTH}`])
  })
})

describe('what is used of the metadata', () => {
  it('are the endpoints, without a profile and a logout page', async () => {
    const endpoint = `${server.origin}/x`
    const all = { userinfo_endpoint: endpoint, end_session_endpoint: endpoint }
    server.answers.set(OAUTH, { body: metadata({ ...all, revocation_endpoint: endpoint }) })
    const found = await read()
    expect(providerOf(found)).toMatchObject({
      ...{ tokenURL: `${server.origin}/token`, revocationURL: endpoint },
      ...{ profileURL: undefined, endSessionURL: undefined, name: undefined },
    })
    expect(loginAddressOf(found).href).toBe(`${server.origin}/authorize`)
  })

  it.each([
    [['openid', 'a b', 5], ['openid']],
    ['openid', ['openid']],
    [0, []],
    [undefined, []],
  ])('are of the scopes %j these: %j', async (supported, scopes) => {
    server.answers.set(OAUTH, { body: metadata({ scopes_supported: supported }) })
    expect(scopesOfferedBy(await read())).toEqual(scopes)
  })

  it.each([
    ['a list that is none', { token_endpoint_auth_methods_supported: 0 }],
    ['a flag that is none', { require_signed_request_object: 'true' }],
    ['nothing, written as null', { jwks_uri: null, registration_endpoint: '' }],
    ['what nobody uses, in any depth', { unknown: DEEP }],
  ])('never are %s', async (_, changed) => {
    // JSON.stringify has no stack for such depths.
    const text = JSON.stringify(metadata(changed)).replace(`"${DEEP}"`, nested(5_000))
    server.answers.set(OAUTH, { body: text })
    const { metadata: kept } = await read()
    expect(Object.keys(kept)).toEqual([
      ...['authorization_endpoint', 'token_endpoint'],
      'code_challenge_methods_supported',
    ])
  })
})

describe('metadata with which a login would fail later', () => {
  it.each<[string, unknown]>([
    ...['registration_endpoint', 'revocation_endpoint', 'jwks_uri'].flatMap((name) =>
      ['http://10.0.0.1/', '/register', 'ftp://as.example/', 7, ['https://as.example/']].map(
        (value): [string, unknown] => [name, value],
      ),
    ),
    ['pushed_authorization_request_endpoint', 'http://as.example/par'],
    ['require_pushed_authorization_requests', true],
    ['authorization_endpoint', 'https://as.example/authorize#top'],
    ['token_endpoint', 'https://as.example/token#top'],
    ['token_endpoint', `https://as.example/${'x'.repeat(3_000)}`],
  ])(
    'are refused before the person agrees: %s %j [authorization-server-3]',
    async (name, value) => {
      server.answers.set(OAUTH, { body: metadata({ [name]: value }) })
      await expect(read()).rejects.toMatchObject({
        ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'no_metadata' },
        message: expect.stringContaining(name.replace(/^require_|s$/g, '')),
      })
    },
  )

  it('are refused if they want signed requests, or endpoints of this machine', async () => {
    server.answers.set(OAUTH, { body: metadata({ require_signed_request_object: true }) })
    await expect(read()).rejects.toMatchObject({ reason: 'no_metadata' })
    const issuer = new URL('https://as.example')
    const document = { ...metadata(), token_endpoint: 'http://127.0.0.1:6379/' }
    expect(() => readServerMetadata(document, issuer)).toThrow(NotConnectableError)
  })
})
