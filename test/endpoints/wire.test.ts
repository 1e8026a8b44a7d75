import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { calculateJwkThumbprint, exportJWK, jwtVerify } from 'jose'
import { calculatePKCECodeChallenge } from 'oauth4webapi'
import { askara, jiko } from '../../src/index.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { asked } from '../support/login.js'
import { endpointsOf, logInOnce, tokenRequestOf } from '../support/one-login.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await startScriptedProvider()
})
beforeEach(() => provider.reset())
afterAll(() => provider.close())

/** The one authorization request of a login: its raw query, and its parameters in the order they came. */
function authorizationRequest(): { raw: string; path: string; parameters: Record<string, string> } {
  expect(provider.authorizationRequests).toHaveLength(1)
  const [raw = ''] = provider.authorizationRequests
  const { pathname, searchParams } = new URL(raw, provider.origin)
  const parameters = Object.fromEntries(searchParams)
  // No parameter came twice.
  expect([...searchParams]).toHaveLength(Object.keys(parameters).length)
  return { raw, path: pathname, parameters }
}

/** What HTTP itself and the connection pool put on every request. */
const CONNECTION_HEADERS = new Set(['host', 'connection', 'content-length', 'transfer-encoding'])

function headersOf(request: { headers: object } | undefined): Record<string, unknown> {
  const entries: [string, unknown][] = Object.entries(request?.headers ?? {})
  return Object.fromEntries(entries.filter(([name]) => !CONNECTION_HEADERS.has(name)))
}

describe('the constants', () => {
  it('name Askara’s documented endpoints, scope, and JSON token requests with the client secret', () => {
    expect(askara).toEqual({
      name: 'askara',
      authorizationURL: 'https://app.askara.ai/authorize',
      tokenURL: 'https://api.askara.ai/oauth2/token',
      profileURL: 'https://api.askara.ai/me',
      parseProfile: expect.any(Function),
      refreshTokenLifetimeSeconds: 2_592_000,
      scope: 'profile organization',
      clientAuthentication: 'client_secret_post',
      tokenRequestFormat: 'json',
      dangerouslyOmitPkce: true,
    })
  })

  it('name Jiko’s documented endpoints, scope, and private_key_jwt with PS256', () => {
    expect(jiko).toEqual({
      name: 'jiko',
      authorizationURL: 'https://auth.jiko.io/api/oauth2/authorize',
      tokenURL: 'https://auth.jiko.io/api/oauth2/token',
      refreshTokenLifetimeSeconds: 7_776_000,
      scope: 'pockets.read',
      clientAuthentication: 'private_key_jwt',
      clientAssertionAlgorithm: 'PS256',
      omitRedirectUriInTokenRequest: true,
    })
  })
})

describe('a login with Askara', () => {
  const person = {
    uuid: 'e7d9…',
    firstName: 'Ada',
    lastName: 'Lovelace',
    email: 'ada@example.com',
  }

  async function logIn() {
    provider.onProfile(json(person))
    return logInOnce({
      ...askara,
      ...endpointsOf(provider),
      clientID: 'CLIENT_ID',
      clientSecret: 'CLIENT_SECRET',
    })
  }

  it('asks for authorization with the documented parameters and no others', async () => {
    const { callbackURL, errors } = await logIn()

    const { raw, path, parameters } = authorizationRequest()
    expect(path).toBe('/authorize')
    expect(parameters).toEqual({
      response_type: 'code',
      client_id: 'CLIENT_ID',
      redirect_uri: callbackURL,
      scope: 'profile organization',
      state: expect.stringMatching(/^[\w-]{22,}$/),
    })
    expect(raw).toContain('&scope=profile%20organization&')
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    expect(errors).toEqual([])
  })

  it('exchanges the code by a JSON body with the five documented members and no others', async () => {
    provider.onAuthorize((parameters) => ({
      code: 'AUTHORIZATION_CODE',
      state: parameters.get('state') ?? '',
    }))
    const { callbackURL, errors } = await logIn()

    const { request } = tokenRequestOf(provider)
    expect(request.method).toBe('POST')
    expect(headersOf(request)).toEqual({
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': expect.any(String),
    })
    expect(JSON.parse(request.body)).toEqual({
      grant_type: 'authorization_code',
      code: 'AUTHORIZATION_CODE',
      redirect_uri: callbackURL,
      client_id: 'CLIENT_ID',
      client_secret: 'CLIENT_SECRET',
    })
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    expect(errors).toEqual([])
  })

  it('reads GET /me with the bearer token and the documented content type [wire-1]', async () => {
    provider.onToken(json(tokenResponse({ access_token: 'ACCESS_TOKEN' })))
    const { page, errors } = await logIn()

    expect(headersOf(provider.requestsTo('/me')[0])).toEqual({
      authorization: 'Bearer ACCESS_TOKEN',
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': expect.any(String),
    })
    expect(provider.requestsTo('/me')).toMatchObject([{ query: '', body: '' }])
    expect(JSON.parse(page.text)).toEqual({
      user: {
        provider: 'askara',
        id: person.uuid,
        account: `default-user/askara/${person.uuid}`,
        profile: {
          provider: 'askara',
          id: person.uuid,
          displayName: 'Ada Lovelace',
          emails: [{ value: 'ada@example.com' }],
          _json: person,
        },
      },
    })
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    expect(errors).toEqual([])
  })

  it('keeps the tokens of the documented answer', async () => {
    const before = Date.now()
    provider.onToken(
      json({
        token_type: 'Bearer',
        expires_in: 3600,
        access_token: 'ACCESS_TOKEN',
        refresh_token: 'REFRESH_TOKEN',
      }),
    )
    const { tokens } = await logIn()

    expect(tokens).toEqual({
      accessToken: 'ACCESS_TOKEN',
      refreshToken: 'REFRESH_TOKEN',
      tokenType: 'bearer',
      expiresAt: expect.any(Number),
      refreshTokenExpiresAt: (tokens?.expiresAt ?? 0) + (30 * 24 - 1) * 3_600_000,
    })
    expect(tokens?.expiresAt).toBeGreaterThanOrEqual(before + 3_600_000)
    expect(tokens?.expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000)
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
  })

  it('sends PKCE after all when dangerouslyOmitPkce is set back [wire-2]', async () => {
    provider.onProfile(json(person))
    const { errors } = await logInOnce({
      ...askara,
      ...endpointsOf(provider),
      clientSecret: 'CLIENT_SECRET',
      dangerouslyOmitPkce: false,
    })

    const { code_challenge: challenge, code_challenge_method: method } =
      authorizationRequest().parameters
    const { code_verifier: verifier = '' } = JSON.parse(
      tokenRequestOf(provider).request.body,
    ) as Record<string, string>
    expect(method).toBe('S256')
    expect(await calculatePKCECodeChallenge(verifier)).toBe(challenge)
    expect(asked(provider)).toEqual(['POST /token', 'GET /me'])
    expect(errors).toEqual([])
  })
})

describe('a login with Jiko', () => {
  const { privateKey, publicKey } = takeRsaKeyPair()
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

  /** Jiko has no profile to load: the scripted provider's is left out. */
  function logIn(options: { keyId?: string } = {}) {
    const { authorizationURL, tokenURL } = provider
    return logInOnce({
      ...jiko,
      authorizationURL,
      tokenURL,
      clientID: 'your-client-id',
      privateKey: privateKeyPem,
      ...options,
    })
  }

  async function assertion() {
    const { form } = tokenRequestOf(provider)
    return jwtVerify(form['client_assertion'] ?? '', publicKey, { algorithms: ['PS256'] })
  }

  it('asks for authorization with the documented parameters and no others [wire-3]', async () => {
    const { callbackURL, errors } = await logIn()

    const { raw, path, parameters } = authorizationRequest()
    expect(path).toBe('/authorize')
    expect(parameters).toEqual({
      response_type: 'code',
      client_id: 'your-client-id',
      redirect_uri: callbackURL,
      scope: 'pockets.read',
      state: expect.stringMatching(/^[\w-]{22,}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(raw).not.toContain('+')
    expect(asked(provider)).toEqual(['POST /token'])
    expect(errors).toEqual([])
  })

  it('exchanges the code by a form with the six documented parameters and no others', async () => {
    provider.onAuthorize((parameters) => ({
      code: 'authorization-code',
      state: parameters.get('state') ?? '',
    }))
    const { errors } = await logIn()

    const { request, form } = tokenRequestOf(provider)
    expect(request.method).toBe('POST')
    expect(headersOf(request)).toEqual({
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'user-agent': expect.any(String),
    })
    expect(form).toEqual({
      grant_type: 'authorization_code',
      code: 'authorization-code',
      client_id: 'your-client-id',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
      code_verifier: expect.stringMatching(/^[\w.~-]{43,128}$/),
    })
    expect([...new URLSearchParams(request.body)]).toHaveLength(6)
    expect(asked(provider)).toEqual(['POST /token'])
    expect(errors).toEqual([])
  })

  it('proves by the code verifier that it sent the challenge [wire-4]', async () => {
    await logIn()

    const { form } = tokenRequestOf(provider)
    expect(await calculatePKCECodeChallenge(form['code_verifier'] ?? '')).toBe(
      authorizationRequest().parameters['code_challenge'],
    )
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it('signs an assertion of the documented claims and no others, with PS256 and a life below 5 minutes [wire-5]', async () => {
    const before = Math.floor(Date.now() / 1000)
    await logIn()
    const { payload, protectedHeader } = await assertion()

    const kid = await calculateJwkThumbprint(await exportJWK(publicKey))
    expect(protectedHeader).toEqual({ alg: 'PS256', typ: 'JWT', kid })
    expect(payload).toEqual({
      iss: 'your-client-id',
      sub: 'your-client-id',
      aud: provider.tokenURL,
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.stringMatching(/^.{16,}$/),
    })
    const { iat = 0, exp = 0 } = payload
    expect(exp - iat).toBeLessThanOrEqual(300)
    expect(exp).toBeGreaterThan(before + 30)
    expect(iat).toBeLessThanOrEqual(before)
    expect(iat).toBeGreaterThan(before - 30)
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it('names the key in the assertion’s header by the key’s id, if it was told one', async () => {
    await logIn({ keyId: 'key-2026' })

    expect((await assertion()).protectedHeader).toEqual({
      alg: 'PS256',
      typ: 'JWT',
      kid: 'key-2026',
    })
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it('makes state, verifier, challenge and jti afresh for every login', async () => {
    const seen: string[] = []
    for (let login = 0; login < 3; login++) {
      provider.reset()
      await logIn()
      const { state = '', code_challenge: challenge = '' } = authorizationRequest().parameters
      const { code_verifier: verifier = '' } = tokenRequestOf(provider).form
      seen.push(state, challenge, verifier, (await assertion()).payload.jti ?? '')
      expect(asked(provider)).toEqual(['POST /token'])
    }
    expect(new Set(seen).size).toBe(12)
  })

  it('keeps the tokens of the documented answer and asks for no profile', async () => {
    const before = Date.now()
    provider.onToken(
      json({
        access_token: 'ACCESS_TOKEN',
        refresh_token: 'REFRESH_TOKEN',
        token_type: 'Bearer',
        expires_in: 900,
      }),
    )
    const { page, tokens } = await logIn()

    expect(tokens).toMatchObject({ accessToken: 'ACCESS_TOKEN', refreshToken: 'REFRESH_TOKEN' })
    expect(tokens?.expiresAt).toBeGreaterThanOrEqual(before + 900_000)
    expect(tokens?.expiresAt).toBeLessThanOrEqual(Date.now() + 900_000)
    expect(JSON.parse(page.text)).toEqual({ user: { provider: 'jiko' } })
    expect(asked(provider)).toEqual(['POST /token'])
  })
})
