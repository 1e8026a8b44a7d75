import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { registerClient } from '../../src/connect/client-registration.js'
import type { DynamicClient } from '../../src/connect/client-registration.js'
import type { ServerMetadata } from '../../src/connect/server-metadata.js'
import { startStranger } from '../support/stranger.js'
import type { Stranger, StrangersAnswer } from '../support/stranger.js'
import { trustedServer } from '../support/trusted-server.js'

const CALLBACK = 'https://app.example/connect/callback/of-this-server'
const OWN = {
  client_name: 'Your app',
  client_uri: 'https://app.example',
  contacts: ['a@b.example'],
}

let server: Stranger
beforeAll(async () => {
  server = await startStranger()
})
beforeEach(() => {
  server.answers.clear()
  server.asked.length = 0
  server.bodies.length = 0
})
afterAll(() => server.close())

/** Registers, at a server whose metadata have these members too. */
function register(
  answer: StrangersAnswer,
  metadata: Partial<ServerMetadata> = {},
): Promise<DynamicClient> {
  server.answers.set('/register', answer)
  const { origin } = server
  const all = { registration_endpoint: `${origin}/register`, ...metadata }
  return registerClient(trustedServer(origin, all), OWN, CALLBACK, server.transport)
}

function refusal(reason: string, words: string | RegExp) {
  const message: unknown =
    typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words)
  return { code: 'ERR_NOT_CONNECTABLE', reason, message }
}

const CREATED = { client_id: 'client-1', client_secret: 'secret-1' }

describe('a registration', () => {
  it('says what this application is, and asks for one callback and one method', async () => {
    const client = await register({
      status: 201,
      body: { ...CREATED, client_secret_expires_at: 0 },
    })
    expect(client).toEqual({
      clientID: 'client-1',
      clientSecret: 'secret-1',
      clientAuthentication: 'client_secret_basic',
    })
    expect(server.asked).toEqual(['POST /register'])
    expect(JSON.parse(server.bodies[0] ?? '')).toEqual({
      ...OWN,
      application_type: 'web',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    })
  })

  it.each([
    [undefined, 'client_secret_basic'],
    [['none', 'client_secret_post', 'client_secret_basic'], 'client_secret_basic'],
    [['none', 'client_secret_post', 'private_key_jwt'], 'client_secret_post'],
    [['private_key_jwt', 'none'], 'none'],
  ])('where the server offers %j asks for %s', async (offered, method) => {
    const metadata = { token_endpoint_auth_methods_supported: offered }
    const { clientAuthentication } = await register({ status: 201, body: CREATED }, metadata)
    const sent = JSON.parse(server.bodies[0] ?? '') as Record<string, unknown>
    expect([sent['token_endpoint_auth_method'], clientAuthentication]).toEqual([method, method])
  })

  it.each([
    [{ ...CREATED, token_endpoint_auth_method: 'client_secret_post' }, 'client_secret_post', true],
    [{ ...CREATED, token_endpoint_auth_method: 'none' }, 'none', false],
    [{ client_id: 'client-1', token_endpoint_auth_method: 'none' }, 'none', false],
  ])('follows the server, which answers %j', async (body, method, hasSecret) => {
    const client = await register({ status: 200, body })
    expect(client.clientAuthentication).toBe(method)
    expect(client.clientSecret !== undefined).toBe(hasSecret)
  })

  it.each<[unknown, number | undefined]>([
    [0, undefined],
    [undefined, undefined],
    [-1, undefined],
    ['soon', undefined],
    [1_800_000_000, 1_800_000_000_000],
  ])('with client_secret_expires_at %j expires at %s', async (expires, expiresAt) => {
    const body = { ...CREATED, client_secret_expires_at: expires }
    expect((await register({ status: 201, body })).expiresAt).toBe(expiresAt)
  })

  it('is accepted with our callback among others, and without a list', async () => {
    for (const uris of [[CALLBACK, 'https://app.example/other'], [], undefined]) {
      const body = { ...CREATED, redirect_uris: uris }
      expect(await register({ status: 201, body })).toMatchObject({ clientID: 'client-1' })
    }
  })
})

describe('a registration that cannot be used', () => {
  it.each<[string, StrangersAnswer, string]>([
    ['has no client_id', { status: 201, body: { client_secret: 's' } }, 'no client_id'],
    ['has a number', { status: 201, body: { client_id: 5, client_secret: 's' } }, 'no client_id'],
    ['has an endless id', { status: 201, body: { client_id: 'x'.repeat(4_001) } }, 'no client_id'],
    ['has no secret', { status: 201, body: { client_id: 'c' } }, 'no client_secret'],
    [
      'has an empty secret',
      { status: 201, body: { ...CREATED, client_secret: '' } },
      'no client_s',
    ],
    [
      'wants another method',
      { status: 201, body: { ...CREATED, token_endpoint_auth_method: 'private_key_jwt' } },
      'another client authentication',
    ],
    [
      'has another callback',
      { status: 201, body: { ...CREATED, redirect_uris: ['https://evil.example/'] } },
      'another redirect_uri',
    ],
    ['is HTML', { status: 200, body: '<html>Sign up</html>' }, 'no client_id'],
    ['is a list', { status: 201, body: [CREATED] }, 'no client_id'],
    ['is null', { status: 201, body: null }, 'no client_id'],
    ['is a redirect', { status: 302, headers: { location: '/other' } }, 'HTTP 302'],
    ['is not there', { status: 404, body: 'Not found' }, 'HTTP 404'],
  ])('because the answer %s is refused', async (_, answer, words) => {
    await expect(register(answer)).rejects.toMatchObject(refusal('registration_refused', words))
    expect(server.asked).toEqual(['POST /register'])
  })

  it('says what the server says, cleaned', async () => {
    const body = { error: 'invalid_redirect_uri', error_description: 'Not\u001B[31m here\u202E' }
    await expect(register({ status: 400, body })).rejects.toMatchObject(
      refusal('registration_refused', /HTTP 400, invalid_redirect_uri, Not \[31m here /),
    )
  })

  it.each([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '120' } }, 429, 120_000],
    ['503 with Retry-After', { status: 503, headers: { 'retry-after': '60' } }, 503, 60_000],
    ['500', { status: 500, body: 'sorry' }, 500, undefined],
  ])('because of HTTP %s can be tried again', async (_, answer, httpStatus, retryAfterMs) => {
    await expect(register(answer)).rejects.toMatchObject({
      ...{ code: 'ERR_DISCOVERY', retryable: true, httpStatus },
      retryAfterMs,
    })
  })

  it('because the answer has 10 MB is a failure of the server', async () => {
    const body = `{"client_id":"${'x'.repeat(10_000_000)}"}`
    await expect(register({ status: 201, body })).rejects.toMatchObject({
      ...{ code: 'ERR_DISCOVERY', networkCode: 'too_large' },
    })
  })
})

describe('a server at which nothing can be registered', () => {
  it.each<[string, Partial<ServerMetadata>]>([
    ['has no registration endpoint', { registration_endpoint: undefined }],
    ['takes no secret', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }],
  ])('because it %s needs a client', async (_, metadata) => {
    await expect(register({}, metadata)).rejects.toMatchObject(
      refusal('client_needed', 'registeredClients'),
    )
    expect(server.asked).toEqual([])
  })
})
