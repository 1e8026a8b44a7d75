import { MockAgent } from 'undici'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import {
  AuthorizationCodeStrategy,
  ConfigurationError,
  discover,
  DiscoveryError,
} from '../../src/index.js'
import type { DiscoverOptions, ProviderErrorFacts } from '../../src/index.js'
import { startApp } from '../support/app.js'
import { thrownBy } from '../support/errors.js'
import { Browser, listen } from '../support/http.js'
import { asked } from '../support/login.js'
import { endpointsOf, logInOnce, tokenRequestOf } from '../support/one-login.js'
import { startScriptedProvider } from '../support/scripted-provider.js'

const OPENID = '/.well-known/openid-configuration'
const RFC_8414 = '/.well-known/oauth-authorization-server'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Issuer {
  readonly origin: string
  /** Method and path of every request so far. */
  readonly requests: string[]
}

/** Starts a server that remembers its requests and is closed after the test. */
async function startIssuer(listener: RequestListener): Promise<Issuer> {
  const requests: string[] = []
  const { origin, close } = await listen((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    listener(request, response)
  })
  closers.push(close)
  return { origin, requests }
}

type Documents = (origin: string) => Readonly<Record<string, unknown>>

/** Serves each of these JSON documents at its path, and 404 everywhere else. */
function startDocuments(documents: Documents): Promise<Issuer> {
  return startIssuer((request, response) => {
    const document = documents(originOf(request))[request.url ?? '']
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? { error: 'not found' }))
  })
}

function originOf({ headers }: IncomingMessage): string {
  return `http://${headers.host ?? ''}`
}

function metadataOf(issuer: string, members: object = {}): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    ...members,
  }
}

/** What discovery of an issuer fails with. */
async function failureOf(issuer: string, options?: DiscoverOptions): Promise<unknown> {
  return discover(issuer, options).then(
    () => undefined,
    (error: unknown) => error,
  )
}

type Facts = Partial<ProviderErrorFacts> & { status: number; retryable: boolean }

function expectDiscoveryError(error: unknown, facts: Facts): void {
  expect(error).toBeInstanceOf(DiscoveryError)
  expect(error).toMatchObject({
    name: 'DiscoveryError',
    code: 'ERR_DISCOVERY',
    phase: 'discovery',
    fault: 'provider',
    httpStatus: undefined,
    networkCode: undefined,
    ...facts,
  })
}

describe('discover, with a real OpenID provider', () => {
  // It reminds of every default that is not for production.
  beforeAll(() => {
    jest.spyOn(console, 'warn').mockReturnValue()
    jest.spyOn(console, 'info').mockReturnValue()
  })
  afterAll(() => {
    jest.restoreAllMocks()
  })

  async function startOpenIdProvider() {
    let answer: RequestListener = (_request, response) => response.destroy()
    const issuer = await startIssuer((request, response) => {
      answer(request, response)
    })
    const { default: Provider } = await import('oidc-provider')
    const provider = new Provider(issuer.origin, {
      clients: [
        {
          client_id: 'client-1',
          client_secret: 'secret-1',
          redirect_uris: ['http://127.0.0.1/auth/callback'],
          application_type: 'native',
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      cookies: { keys: ['a key of this test'] },
    })
    const callback = provider.callback()
    answer = (request, response) => void callback(request, response)
    return issuer
  }

  it('reads everything the strategy needs, by one request [discover-5]', async () => {
    const { origin, requests } = await startOpenIdProvider()

    expect(await discover(origin)).toEqual({
      name: `127.0.0.1-${new URL(origin).port}`,
      issuer: origin,
      jwksURL: `${origin}/jwks`,
      endSessionURL: `${origin}/session/end`,
      signedAuthorizationRequests: false,
      authorizationURL: `${origin}/auth`,
      tokenURL: `${origin}/token`,
      profileURL: `${origin}/me`,
      authorizationResponseIssParameterSupported: true,
      clientAuthenticationMethodsSupported: expect.arrayContaining([
        'client_secret_basic',
        'client_secret_post',
      ]),
      clientAssertionAlgorithmsSupported: expect.arrayContaining(['HS256', 'PS256']),
      codeChallengeMethodsSupported: ['S256'],
    })
    expect(requests).toEqual([`GET ${OPENID}`])
  })

  it('returns what spreads into the strategy, whose authorization request the provider takes [discover-6]', async () => {
    const { origin, requests } = await startOpenIdProvider()
    const app = await startApp({
      strategy: { ...(await discover(origin)), clientSecret: 'secret-1', scope: 'openid' },
    })
    closers.push(app.close)
    const browser = new Browser()
    const { location = '' } = await browser.visit(app.loginURL)
    // Native clients may use any loopback port.
    const { status, location: interaction } = await browser.visit(location)

    expect(status).toBe(303)
    expect(interaction).toContain(`${origin}/interaction/`)
    expect(requests.map((request) => request.split('?')[0])).toEqual([`GET ${OPENID}`, 'GET /auth'])
    expect(app.errors).toEqual([])
  })
})

describe('discover, at a provider that is not on this machine', () => {
  const ISSUER = 'https://provider.example'

  async function discovered(members: object): Promise<unknown> {
    const dispatcher = new MockAgent()
    dispatcher.disableNetConnect()
    dispatcher
      .get(ISSUER)
      .intercept({ path: OPENID })
      .reply(200, metadataOf(ISSUER, members), { headers: { 'content-type': 'application/json' } })
    try {
      return await discover(ISSUER, { dispatcher })
    } finally {
      await dispatcher.close()
    }
  }

  it.each([
    ['userinfo_endpoint', 'http://127.0.0.1:8080/admin'],
    ['token_endpoint', 'https://localhost/token'],
    ['jwks_uri', 'http://[::1]/keys'],
    ['revocation_endpoint', 'http://db.localhost/'],
    ['end_session_endpoint', 'http://127.1.2.3/'],
  ])('refuses a %s that is on this machine: %s', async (member, url) => {
    await expect(discovered({ [member]: url })).rejects.toMatchObject({
      code: 'ERR_DISCOVERY',
      message: `The provider's metadata is not valid: its ${member} is on this machine (${url}), and its issuer is not.`,
    })
  })

  it('shows no control characters of its address, which is cut', async () => {
    const jwks_uri = `https://localhost/\u001b[2J\nanother line${'x'.repeat(1000)}`
    await expect(discovered({ jwks_uri })).rejects.toMatchObject({
      message: expect.stringMatching(/^[ -~…]{1,500}$/),
    })
  })

  it('takes those that are elsewhere', async () => {
    const userinfo = 'https://accounts.example/me'
    await expect(discovered({ userinfo_endpoint: userinfo })).resolves.toMatchObject({
      profileURL: userinfo,
    })
  })
})

describe('discover, where the metadata is', () => {
  it('looks where RFC 8414 has it when it is not where OpenID Connect has it [discover-4]', async () => {
    const { origin, requests } = await startDocuments((issuer) => ({
      [RFC_8414]: metadataOf(issuer),
    }))

    expect(await discover(origin)).toEqual({
      name: `127.0.0.1-${new URL(origin).port}`,
      issuer: origin,
      signedAuthorizationRequests: false,
      authorizationURL: `${origin}/authorize`,
      tokenURL: `${origin}/token`,
      profileURL: undefined,
      authorizationResponseIssParameterSupported: false,
      clientAuthenticationMethodsSupported: ['client_secret_basic'],
    })
    expect(requests).toEqual([`GET ${OPENID}`, `GET ${RFC_8414}`])
  })

  it('puts an issuer’s path before the one and behind the other', async () => {
    const { origin, requests } = await startDocuments((server) => ({
      [`${RFC_8414}/tenant-1`]: metadataOf(`${server}/tenant-1`),
    }))

    expect(await discover(`${origin}/tenant-1`)).toMatchObject({ issuer: `${origin}/tenant-1` })
    expect(requests).toEqual([`GET /tenant-1${OPENID}`, `GET ${RFC_8414}/tenant-1`])
  })

  it('takes an issuer whose identifier ends in a slash as the metadata spells it', async () => {
    const { origin, requests } = await startDocuments((server) => ({
      [OPENID]: metadataOf(`${server}/`),
    }))
    expect(await discover(origin)).toMatchObject({ issuer: `${origin}/` })
    expect(requests).toEqual([`GET ${OPENID}`])
  })

  it('reads metadata with a byte order mark and any content type', async () => {
    const { origin, requests } = await startIssuer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.end(`\uFEFF${JSON.stringify(metadataOf(originOf(request)))}`)
    })
    expect(await discover(origin)).toMatchObject({ tokenURL: `${origin}/token` })
    expect(requests).toEqual([`GET ${OPENID}`])
  })

  it('goes on to a login with Basic credentials where only these are offered', async () => {
    const provider = await startScriptedProvider()
    closers.push(() => provider.close())
    const { origin, requests } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer, {
        authorization_endpoint: provider.authorizationURL,
        token_endpoint: provider.tokenURL,
        userinfo_endpoint: provider.profileURL,
        token_endpoint_auth_methods_supported: ['client_secret_basic'],
        code_challenge_methods_supported: ['plain', 'S256'],
      }),
    }))
    const discovered = await discover(origin)
    const { tokens, errors } = await logInOnce({ ...discovered, clientSecret: 'secret-1' })

    expect(discovered).toMatchObject(endpointsOf(provider))
    expect(errors).toEqual([])
    expect(tokens).toBeDefined()
    const { request, form } = tokenRequestOf(provider)
    expect(request.headers.authorization).toBe(`Basic ${btoa('client-1:secret-1')}`)
    expect(form).not.toHaveProperty('client_secret')
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    expect(requests).toEqual([`GET ${OPENID}`])
  })

  it.each([
    [undefined, 'client_secret_basic'],
    [['client_secret_basic'], 'client_secret_basic'],
    [['client_secret_post', 'client_secret_basic'], 'client_secret_post'],
    [['client_secret_post'], 'client_secret_post'],
  ])('chooses of the methods %j: %s', async (methods, chosen) => {
    const provider = await startScriptedProvider()
    closers.push(() => provider.close())
    const { origin } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer, {
        ...endpointsOf(provider),
        authorization_endpoint: provider.authorizationURL,
        token_endpoint: provider.tokenURL,
        token_endpoint_auth_methods_supported: methods,
      }),
    }))
    await logInOnce({ ...(await discover(origin)), clientSecret: 'secret-1' })

    const { request, form } = tokenRequestOf(provider)
    expect(request.headers.authorization !== undefined).toBe(chosen === 'client_secret_basic')
    expect(form['client_secret'] !== undefined).toBe(chosen === 'client_secret_post')
    expect(asked(provider)).toEqual(['POST /token'])
  })
})

describe('discover, of an issuer that has nothing to offer', () => {
  it('says so when the metadata is in neither place', async () => {
    const { origin, requests } = await startDocuments(() => ({}))

    expectDiscoveryError(await failureOf(origin), {
      status: 502,
      retryable: false,
      httpStatus: 404,
    })
    expect(requests).toEqual([`GET ${OPENID}`, `GET ${RFC_8414}`])
  })

  it.each<[string, (issuer: string) => unknown]>([
    ['is another issuer’s', () => metadataOf('https://other.example')],
    ['is another tenant’s', (issuer) => metadataOf(`${issuer}/tenant-2`)],
    ['names no issuer', (issuer) => metadataOf(issuer, { issuer: undefined })],
    ['has an issuer that is no URL', (issuer) => metadataOf(issuer, { issuer: 'accounts' })],
    [
      'has no authorization endpoint',
      (issuer) => metadataOf(issuer, { authorization_endpoint: undefined }),
    ],
    ['has no token endpoint', (issuer) => metadataOf(issuer, { token_endpoint: undefined })],
    [
      'has something else where a list belongs',
      (issuer) =>
        metadataOf(issuer, { token_endpoint_auth_methods_supported: { client_secret_basic: 1 } }),
    ],
    ['is a list', (issuer) => [metadataOf(issuer)]],
    ['is null', () => null],
  ])('says so when the metadata %s [discover-2]', async (_, document) => {
    const { origin, requests } = await startIssuer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(document(originOf(request))))
    })

    expectDiscoveryError(await failureOf(origin), {
      status: 502,
      retryable: false,
      httpStatus: 200,
    })
    expect(requests).toEqual([`GET ${OPENID}`])
  })

  it('takes one string for a list of one', async () => {
    const { origin } = await startIssuer((request, response) => {
      const one = { token_endpoint_auth_methods_supported: 'client_secret_basic' }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(metadataOf(originOf(request), one)))
    })
    const { clientAuthenticationMethodsSupported } = await discover(origin)
    expect(clientAuthenticationMethodsSupported).toEqual(['client_secret_basic'])
  })

  const respond =
    (status: number, body = '', headers: Record<string, string> = {}) =>
    (_request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(status, headers).end(body)

  it.each<[string, RequestListener, Facts]>([
    [
      'HTML',
      respond(200, '<h1>Welcome</h1>', { 'content-type': 'text/html' }),
      { status: 502, retryable: false, httpStatus: 200 },
    ],
    ['nothing', respond(200), { status: 502, retryable: false, httpStatus: 200 }],
    ['204', respond(204), { status: 502, retryable: false, httpStatus: 204 }],
    ['205', respond(205), { status: 502, retryable: false, httpStatus: 205 }],
    ['304', respond(304), { status: 502, retryable: false, httpStatus: 304 }],
    ['403', respond(403), { status: 502, retryable: false, httpStatus: 403 }],
    ['429', respond(429), { status: 503, retryable: true, httpStatus: 429 }],
    ['500', respond(500, '<h1>Oops</h1>'), { status: 502, retryable: true, httpStatus: 500 }],
    ['503', respond(503), { status: 503, retryable: true, httpStatus: 503 }],
    [
      '2 MB',
      respond(200, ' '.repeat(2 * 1024 * 1024)),
      { status: 502, retryable: false, networkCode: 'too_large' },
    ],
    [
      'by hanging up',
      (_request, response) => void response.socket?.end(),
      { status: 502, retryable: true, networkCode: 'UND_ERR_SOCKET' },
    ],
    ['never', () => undefined, { status: 504, retryable: true, networkCode: 'timeout' }],
  ])('says so when the server answers %s', async (_, listener, facts) => {
    const { origin, requests } = await startIssuer(listener)

    const timeoutMs = facts.networkCode === 'timeout' ? 100 : undefined
    expectDiscoveryError(await failureOf(origin, { timeoutMs }), facts)
    expect(requests).toEqual([`GET ${OPENID}`])
  })

  it('does not follow a redirect, to another issuer or anywhere [discover-1]', async () => {
    const other = await startDocuments((issuer) => ({ [OPENID]: metadataOf(issuer) }))
    const { origin, requests } = await startIssuer(
      respond(302, '', { location: `${other.origin}${OPENID}` }),
    )

    expectDiscoveryError(await failureOf(origin), {
      status: 502,
      retryable: false,
      httpStatus: 302,
    })
    expect(requests).toEqual([`GET ${OPENID}`])
    expect(other.requests).toEqual([])
  })

  it('says so when nobody listens, and what to check', async () => {
    const { origin, close } = await listen(() => undefined)
    await close()
    const error = await failureOf(origin)
    expectDiscoveryError(error, {
      status: 502,
      retryable: true,
      networkCode: 'ECONNREFUSED',
    })
    expect(String(error)).toContain(`from ${origin}`)
    expect(String(error)).toContain('Check host and port of the URL.')
  })

  it.each([
    ['a private CA', 'SELF_SIGNED_CERT_IN_CHAIN', /NODE_EXTRA_CA_CERTS.*dispatcher/],
    ['an unknown CA', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /NODE_EXTRA_CA_CERTS/],
    ['a host that does not exist', 'ENOTFOUND', /DNS/],
    ['a host that cannot be reached', 'EHOSTUNREACH', /proxy.*dispatcher/],
    ['a host that does not answer', 'ETIMEDOUT', /proxy.*dispatcher/],
  ])('gives the advice for %s', async (_, networkCode, advice) => {
    const dispatcher = new MockAgent()
    dispatcher.disableNetConnect()
    const failure = Object.assign(new Error('a failure of the network'), { code: networkCode })
    dispatcher.get('https://login.example').intercept({ path: OPENID }).replyWithError(failure)
    const error = await failureOf('https://login.example', { dispatcher })
    await dispatcher.close()
    expectDiscoveryError(error, { status: 502, retryable: true, networkCode })
    expect((error as DiscoveryError).advice).toMatch(advice)
    expect(String(error)).toMatch(advice)
  })

  it('works again once the server does', async () => {
    let broken = true
    const { origin, requests } = await startIssuer((request, response) => {
      response.writeHead(broken ? 500 : 200, { 'content-type': 'application/json' })
      response.end(broken ? '' : JSON.stringify(metadataOf(originOf(request))))
    })
    expect(await failureOf(origin)).toBeInstanceOf(DiscoveryError)
    broken = false
    expect(await discover(origin)).toMatchObject({ issuer: origin })
    expect(requests).toEqual([`GET ${OPENID}`, `GET ${OPENID}`])
  })
})

describe('discover, of metadata that is empty in places', () => {
  it.each([null, '', []])('counts %j as absent, as other servers leave it out', async (nothing) => {
    const empty = Object.fromEntries(
      [
        ...['userinfo_endpoint', 'revocation_endpoint', 'end_session_endpoint', 'jwks_uri'],
        ...['pushed_authorization_request_endpoint', 'require_pushed_authorization_requests'],
        ...['code_challenge_methods_supported', 'token_endpoint_auth_methods_supported'],
        ...['token_endpoint_auth_signing_alg_values_supported', 'require_signed_request_object'],
        ...['revocation_endpoint_auth_methods_supported', 'scopes_supported'],
        'authorization_response_iss_parameter_supported',
      ].map((name) => [name, nothing]),
    )
    const { origin } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer, {
        ...empty,
        mtls_endpoint_aliases: { token_endpoint: nothing },
      }),
      [`/absent${OPENID}`]: metadataOf(`${issuer}/absent`, { token_endpoint: `${issuer}/token` }),
    }))
    const absent = await discover(`${origin}/absent`)
    const discovered = await discover(origin, { mutualTls: true })
    expect(discovered).toEqual({
      ...absent,
      name: discovered.name,
      issuer: origin,
      authorizationURL: `${origin}/authorize`,
    })
    const create = (): unknown =>
      new AuthorizationCodeStrategy({
        ...discovered,
        clientID: 'client-1',
        clientSecret: 'secret-1',
        callbackURL: 'https://app.example/callback',
      })
    expect(create).not.toThrow()
  })

  it.each([null, ''])('says which endpoint is missing if it is %j', async (nothing) => {
    const { origin } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer, { token_endpoint: nothing }),
    }))
    await expect(discover(origin)).rejects.toMatchObject({
      code: 'ERR_DISCOVERY',
      message: expect.stringContaining('no token_endpoint'),
    })
  })

  it('leaves out null among the values of a list', async () => {
    const { origin } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer, {
        token_endpoint_auth_methods_supported: [null, 'client_secret_post', ''],
      }),
    }))
    expect(await discover(origin)).toMatchObject({
      clientAuthenticationMethodsSupported: ['client_secret_post'],
    })
  })
})

describe('a strategy with metadata that lists PKCE without S256', () => {
  async function create(members: object, options: object): Promise<unknown> {
    const { origin } = await startDocuments((issuer) => ({ [OPENID]: metadataOf(issuer, members) }))
    const discovered = await discover(origin)
    return thrownBy(
      () =>
        new AuthorizationCodeStrategy({
          ...discovered,
          clientID: 'client-1',
          callbackURL: 'https://app.example/callback',
          ...options,
        }),
    )
  }
  const plain = { code_challenge_methods_supported: ['plain'] }
  const clientSecret = 'secret-1'

  it('is refused, and the error says what turns PKCE off [discover-7]', async () => {
    const error = await create(plain, { clientSecret })
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'dangerouslyOmitPkce' })
    expect(String(error)).toMatch(/PKCE only without S256 \(plain\).*dangerouslyOmitPkce: true/)
  })

  it.each([
    ['with dangerouslyOmitPkce', plain, { clientSecret, dangerouslyOmitPkce: true }],
    ['if S256 is listed too', { code_challenge_methods_supported: ['plain', 'S256'] }, {}],
    ['if the metadata says nothing of PKCE', {}, {}],
  ])('can be used %s', async (_, members, options) => {
    expect(await create(members, options)).toBeUndefined()
  })

  it('is refused for a client without a secret or key, whatever the options say', async () => {
    expect(await create(plain, { dangerouslyOmitPkce: true })).toMatchObject({
      option: 'dangerouslyOmitPkce',
    })
  })
})

describe('discover, when the metadata names another issuer, has both values and what to write:', () => {
  const ENTRA = 'https://login.microsoftonline.com'
  const TENANT = '5f0cdd6e-2d3a-4f4e-8b2b-0d6f8e3f1a77'

  /** Why the metadata of an issuer that is not on this machine is refused. */
  async function refusalOf(issuer: string, named: unknown): Promise<DiscoveryError> {
    const { origin, pathname } = new URL(issuer)
    const dispatcher = new MockAgent()
    dispatcher.disableNetConnect()
    dispatcher
      .get(origin)
      .intercept({ path: `${pathname.replace(/\/$/, '')}${OPENID}` })
      .reply(200, metadataOf(origin, { issuer: named }))
    const error = await failureOf(issuer, { dispatcher })
    await dispatcher.close()
    expectDiscoveryError(error, { status: 502, retryable: false, httpStatus: 200 })
    return error as DiscoveryError
  }

  it.each([
    [
      'a slash more, as Auth0 writes it',
      'https://login.example.com/tenant',
      'https://login.example.com/tenant/',
      "write 'https://login.example.com/tenant/'",
    ],
    [
      'another host, behind a proxy that rewrites it',
      'https://login.example.com',
      'https://keycloak.internal.example/realms/main',
      "write 'https://keycloak.internal.example/realms/main'",
    ],
    [
      'plain HTTP, from Keycloak behind a proxy',
      'https://login.example.com/realms/main',
      'http://login.example.com/realms/main',
      'The provider has to correct its metadata',
    ],
    [
      'Microsoft’s template for several tenants',
      `${ENTRA}/common/v2.0`,
      `${ENTRA}/{tenantid}/v2.0`,
      `Write the id of yours instead of 'common': '${ENTRA}/<tenant id>/v2.0'.*microsoft\\('common'\\)`,
    ],
    [
      'Microsoft’s older version',
      `${ENTRA}/${TENANT}`,
      `https://sts.windows.net/${TENANT}/`,
      `Write '${ENTRA}/${TENANT}/v2.0'`,
    ],
    [
      'Microsoft’s tenant by its id instead of its domain',
      `${ENTRA}/contoso.onmicrosoft.com/v2.0`,
      `${ENTRA}/${TENANT}/v2.0`,
      `write '${ENTRA}/${TENANT}/v2.0'`,
    ],
  ])('%s', async (_, issuer, named, advice) => {
    const { message, advice: field = '' } = await refusalOf(issuer, named)
    expect(message).toContain(`read for the issuer '${issuer}', and names the issuer '${named}'`)
    expect(message.endsWith(field)).toBe(true)
    expect(field).toMatch(new RegExp(advice))
  })

  it('without control characters of the provider', async () => {
    const { message } = await refusalOf(
      'https://login.example.com',
      'https://evil\u001b[2J\nexample',
    )
    expect(message).not.toMatch(/\p{Cc}/u)
  })
})

describe('discover, told something it cannot use', () => {
  it.each<[string, unknown]>([
    ['an unset environment variable', undefined],
    ['no URL', 'accounts.example'],
    ['plain HTTP', 'http://accounts.example'],
    ['another scheme', 'file:///etc/issuer'],
    ['a template', 'https://login.microsoftonline.com/{tenantid}/v2.0'],
  ])('refuses %s by the name issuer [discover-3]', async (_, issuer) => {
    const error = await failureOf(issuer as string)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'issuer' })
  })

  it.each([0, -1, NaN, Infinity, 2 ** 31, '100'])('refuses %p as timeoutMs', async (timeoutMs) => {
    const { origin, requests } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer),
    }))
    const error = await failureOf(origin, { timeoutMs: timeoutMs as number })
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'timeoutMs' })
    expect(requests).toEqual([])
  })

  it.each([
    ['authorizationURL', { authorization_endpoint: 'http://provider.example/authorize' }],
    ['tokenURL', { token_endpoint: 'http://provider.example/token' }],
    ['profileURL', { userinfo_endpoint: '/me' }],
    ['tokenURL', { token_endpoint: 5 }],
  ])('leaves it to the strategy to refuse a bad %s', async (option, members) => {
    const { origin, requests } = await startDocuments((issuer) => ({
      [OPENID]: metadataOf(issuer, members),
    }))
    const discovered = await discover(origin)
    const error = thrownBy(
      () =>
        new AuthorizationCodeStrategy({
          ...discovered,
          clientID: 'client-1',
          callbackURL: 'https://app.example/callback',
        }),
    )
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option })
    expect(requests).toEqual([`GET ${OPENID}`])
  })
})
