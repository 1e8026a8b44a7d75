import { MemoryStore } from 'express-session'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { AuthorizationCodeStrategy, ConfigurationError } from '../../src/index.js'
import type { AuthorizationCodeOptions, PrivateKeys } from '../../src/index.js'
import { Browser } from '../support/http.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { bodyOf, formOf, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'

const scene = setScene()

const newKey = (): KeyObject => takeRsaKeyPair().privateKey
const [oldKey, nextKey] = [newKey(), newKey()]

function withKeys(
  privateKey: AuthorizationCodeOptions['privateKey'],
): Partial<AuthorizationCodeOptions> {
  return { clientAuthentication: 'private_key_jwt', privateKey }
}

/** The last client assertion that the provider got. */
function lastAssertion(): string {
  const request = scene.provider.requestsTo('/token').at(-1)
  return (request && formOf(request).get('client_assertion')) ?? ''
}

describe('the client’s keys', () => {
  it('change while the process runs, and the provider finds each of them in jwks.json', async () => {
    let keys: PrivateKeys = [oldKey, nextKey]
    const app = await scene.start({ strategy: withKeys(() => Promise.resolve(keys)) })
    const kids: (string | undefined)[] = []
    for (const now of [keys, [nextKey]]) {
      keys = now
      await new Browser().follow(app.loginURL)
      const published = await new Browser().visit(`${app.origin}/auth/jwks.json`)
      expect(published.headers.get('content-type')).toMatch('application/jwk-set+json')
      const found = createLocalJWKSet(bodyOf(published) as unknown as JSONWebKeySet)
      await jwtVerify(lastAssertion(), found, { typ: 'JWT', algorithms: ['PS256'] })
      kids.push(decodeProtectedHeader(lastAssertion()).kid)
    }
    expect(new Set(kids).size).toBe(2)
  })

  it('are published without anything private', async () => {
    const app = await scene.start({ strategy: withKeys([oldKey, { key: nextKey, kid: 'next' }]) })
    const { keys } = bodyOf(
      await new Browser().visit(`${app.origin}/auth/jwks.json`),
    ) as unknown as JSONWebKeySet
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ])
    expect(keys[1]).toMatchObject({ kid: 'next', alg: 'PS256', use: 'sig' })
  })

  it('may be kept by the provider and by nobody on the way, for the session’s cookie goes along', async () => {
    const app = await scene.start({
      strategy: withKeys(oldKey),
      session: { rolling: true, saveUninitialized: true },
    })
    const { headers } = await new Browser().visit(`${app.origin}/auth/jwks.json`)
    expect(headers.get('set-cookie')).toMatch(/^connect\.sid=/)
    expect(headers.get('cache-control')).toBe('private, max-age=300')
  })

  it('are nowhere when there are none', async () => {
    const app = await scene.start({})
    expect((await new Browser().visit(`${app.origin}/auth/jwks.json`)).status).toBe(404)
  })

  it.each<[string, Partial<AuthorizationCodeOptions>, string]>([
    ['an empty list', { privateKey: [] }, 'privateKey'],
    ['a keyId for a list', { privateKey: [oldKey], keyId: 'a' }, 'keyId'],
    [
      'two of one name',
      {
        privateKey: [
          { key: oldKey, kid: 'a' },
          { key: nextKey, kid: 'a' },
        ],
      },
      'privateKey',
    ],
    ['a text that is no key', { privateKey: [oldKey, 'secret text'] }, 'privateKey'],
    ['a DPoP key that is none', { dpopKey: 'secret text' }, 'dpopKey'],
    ['mutual TLS without a certificate', { clientAuthentication: 'tls_client_auth' }, 'dispatcher'],
    ['signed requests without a key', { signedAuthorizationRequests: true }, 'privateKey'],
    ['signed responses without keys', { signedAuthorizationResponses: true }, 'jwksURL'],
  ])('are refused at start: %s', (_what, options, option) => {
    const create = () =>
      new AuthorizationCodeStrategy({
        authorizationURL: 'https://provider.example/authorize',
        tokenURL: 'https://provider.example/token',
        callbackURL: 'https://app.example/callback',
        clientID: 'client-1',
        ...options,
      })
    let error: unknown
    try {
      create()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ option })
    expect(String(error)).not.toContain('secret text')
  })

  it('of a function that gives nonsense fail the login and quote nothing', async () => {
    const app = await scene.start({ strategy: withKeys(() => 'secret text') })
    const page = await new Browser().follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([500, { code: 'ERR_CONFIGURATION' }])
    expect(String(app.errors)).not.toContain('secret text')
  })
})

describe('resources and details', () => {
  it('go with the authorization request, and the resources with token requests [resource-1]', async () => {
    const resource = ['https://api.example/', 'urn:ledger']
    const authorizationDetails = [{ type: 'payment', amount: { value: '1.00', currency: 'EUR' } }]
    const app = await scene.start({ strategy: { resource, authorizationDetails } })
    const browser = new Browser()
    const { request, callback } = await startLogin(browser, app.loginURL)
    expect(request.getAll('resource')).toEqual(resource)
    expect(JSON.parse(request.get('authorization_details') ?? '')).toEqual(authorizationDetails)
    await browser.follow(callback)
    const [token] = scene.provider.requestsTo('/token')
    expect(token && formOf(token).getAll('resource')).toEqual(resource)
  })

  it('may be among the further parameters of both requests [resource-2]', async () => {
    const further = { resource: 'https://api.example/', audience: 'ledger' }
    const app = await scene.start({
      strategy: { authorizationParameters: further, tokenParameters: further },
    })
    const browser = new Browser()
    const { request, callback } = await startLogin(browser, app.loginURL)
    await browser.follow(callback)
    const [token] = scene.provider.requestsTo('/token')
    for (const sent of [request, formOf(token)]) {
      expect(sent.getAll('resource')).toEqual([further.resource])
      expect(sent.getAll('audience')).toEqual([further.audience])
    }
  })
})

describe('a pushed authorization request', () => {
  it('that is refused says so, and leaves no login behind', async () => {
    scene.provider.on('/par', (_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end('{"error":"invalid_request","error_description":"no"}')
    })
    const url = `${scene.provider.origin}/par`
    const store = new MemoryStore() as MemoryStore & { readonly sessions: Record<string, string> }
    const app = await scene.start({ store, strategy: { pushedAuthorizationRequestURL: url } })
    const page = await new Browser().visit(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([500, { code: 'ERR_PUSHED_AUTHORIZATION_REQUEST' }])
    expect(app.errors).toEqual([
      expect.objectContaining({ phase: 'push', error: 'invalid_request', fault: 'developer' }),
    ])
    expect(Object.values(store.sessions)).toHaveLength(1)
    expect(Object.values(store.sessions).join()).not.toContain('createdAt')
  })
})

describe('a token that is bound to a key', () => {
  it('is the only one taken with a dpopKey, and is not taken without', async () => {
    const dpopKey = generateKeyPairSync('ed25519').privateKey
    const bound = await scene.start({ strategy: { dpopKey } })
    expect((await new Browser().follow(bound.loginURL)).status).toBe(502)
    const [request] = scene.provider.requestsTo('/token')
    expect(decodeProtectedHeader(String(request?.headers['dpop']))).toMatchObject({
      typ: 'dpop+jwt',
      alg: 'EdDSA',
    })
    scene.provider.onToken((_request, response) => {
      response.end('{"access_token":"a","token_type":"DPoP"}')
    })
    const bearer = await scene.start({})
    expect((await new Browser().follow(bearer.loginURL)).status).toBe(502)
  })
})
