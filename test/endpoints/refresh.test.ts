import { generateKeyPairSync } from 'node:crypto'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import { createClientAuthentication } from '../../src/client/client-authentication.js'
import { readSigningKey } from '../../src/client/client-keys.js'
import { createProofOfPossession } from '../../src/client/dpop.js'
import { createClientRequest } from '../../src/client/requests.js'
import { createTransport } from '../../src/client/transport.js'
import type { Transport } from '../../src/client/transport.js'
import { createTokenEndpoint } from '../../src/endpoints/token.js'
import type { TokenEndpoint } from '../../src/endpoints/token.js'
import { TokenEndpointError } from '../../src/index.js'
import type { AuthorizationCodeOptions, TokenSet } from '../../src/index.js'
import { readOptions } from '../../src/options/read-options.js'
import { advanceClock } from '../support/clock.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await startScriptedProvider()
})
beforeEach(() => provider.reset())
afterEach(() => {
  jest.restoreAllMocks()
})
afterAll(() => provider.close())

const tokens: TokenSet = {
  accessToken: 'old-access-token',
  tokenType: 'bearer',
  refreshToken: 'old-refresh-token',
  scope: 'openid mail',
}

/** The token endpoint of a client, and how its requests leave. */
function endpoint(
  options: Partial<AuthorizationCodeOptions> = {},
): TokenEndpoint & { transport: Transport } {
  const settings = readOptions({
    authorizationURL: provider.authorizationURL,
    tokenURL: provider.tokenURL,
    callbackURL: 'https://app.example/callback',
    clientID: 'client-1',
    clientSecret: 'secret-1',
    ...options,
  })
  const { dpopKey } = settings
  const transport = createTransport(settings)
  const dpop =
    dpopKey === undefined ? undefined : createProofOfPossession(readSigningKey(dpopKey, 'dpopKey'))
  const authenticate = createClientAuthentication(settings, undefined)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  return { ...createTokenEndpoint(settings, request, undefined), transport }
}

function forms(): readonly Record<string, string>[] {
  return provider
    .requestsTo('/token')
    .map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('a refresh', () => {
  it('is stopped by beforeWrite, with exactly what it throws', async () => {
    const refusal = new Error('the mark is too old')
    const beforeWrite = (): never => {
      throw refusal
    }
    expect(await failure(endpoint().refresh(tokens, { beforeWrite }))).toBe(refusal)
    expect(provider.requests).toEqual([])
  })

  it('counts the life of the tokens from when it was written, not from when it began to wait', async () => {
    provider.onToken(json(tokenResponse({ expires_in: 100 })))
    let writtenAt = 0
    const beforeWrite = (): void => {
      advanceClock(3600)
      writtenAt = Date.now()
    }
    const { expiresAt } = await endpoint().refresh(tokens, { beforeWrite })
    expect(expiresAt).toBe(writtenAt + 100_000)
  })

  it('asks beforeWrite again when it is repeated with a nonce, and counts from then', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    provider.onToken((request, response) => {
      const repeated = provider.requestsTo('/token').length > 1
      const members = repeated
        ? tokenResponse({ token_type: 'DPoP', expires_in: 100 })
        : { error: 'use_dpop_nonce' }
      json(members, repeated ? 200 : 400, { 'dpop-nonce': 'nonce-1' })(request, response)
    })
    const writtenAt: number[] = []
    const beforeWrite = (): void => {
      advanceClock(60)
      writtenAt.push(Date.now())
    }
    const renewed = await endpoint({ dpopKey: privateKey }).refresh(tokens, { beforeWrite })
    expect(writtenAt).toHaveLength(2)
    expect(renewed.expiresAt).toBe((writtenAt[1] ?? 0) + 100_000)
  })

  it('can be stopped at its repetition', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    provider.onToken(json({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': 'nonce-1' }))
    const refusal = new Error('the mark is too old')
    let calls = 0
    const beforeWrite = (): void => {
      calls += 1
      if (calls === 2) throw refusal
    }
    expect(await failure(endpoint({ dpopKey: privateKey }).refresh(tokens, { beforeWrite }))).toBe(
      refusal,
    )
    expect(provider.requestsTo('/token')).toHaveLength(1)
  })

  it('listens longer than the option timeoutMs if it is told to', async () => {
    provider.onToken((request, response) => {
      setTimeout(() => json(tokenResponse())(request, response), 200)
    })
    const slow = endpoint({ timeoutMs: 50 })
    expect(await failure(slow.refresh(tokens))).toMatchObject({ networkCode: 'timeout' })
    expect(await slow.refresh(tokens, { timeoutMs: 5_000 })).toMatchObject({
      tokenType: 'bearer',
    })
  })

  it('uses the connection that it is given, and leaves it to its owner', async () => {
    const { refresh, transport } = endpoint({ maximumConnections: 1 })
    const connection = await transport.connections.acquire(false)
    await refresh(tokens, { connection })
    await refresh(tokens, { connection })
    expect(provider.requestsTo('/token')).toHaveLength(2)
    connection.release()
    await refresh(tokens)
  })

  it('lets logins go first', async () => {
    const { refresh, exchange, transport } = endpoint({ maximumConnections: 1 })
    const held = await transport.connections.acquire(false)
    const work = [
      refresh(tokens),
      exchange({ code: 'code-1', redirectUri: 'https://app.example/callback' }),
    ]
    // Both are signed, and wait.
    await new Promise(setImmediate)
    held.release()
    await Promise.all(work)
    expect(forms().map((form) => form['grant_type'])).toEqual([
      'authorization_code',
      'refresh_token',
    ])
  })

  it('sends parameters of its own, which replace those of the options', async () => {
    provider.onToken((request, response) => {
      const members = tokenResponse()
      json(members)(request, response)
    })
    const { refresh } = endpoint({
      tokenParameters: { tenant: 'all', audience: 'api' },
      resource: ['https://one.example', 'https://two.example'],
    })
    const parameters = { tenant: 'one', scope: 'mail', resource: 'https://two.example' }
    const renewed = await refresh(tokens, { parameters })

    expect(provider.requestsTo('/token').map(({ body }) => body.match(/resource=/g))).toEqual([
      ['resource='],
    ])
    expect(forms()).toEqual([
      {
        grant_type: 'refresh_token',
        refresh_token: 'old-refresh-token',
        client_id: 'client-1',
        client_secret: 'secret-1',
        audience: 'api',
        ...parameters,
      },
    ])
    expect(renewed.scope).toBe('mail')
  })
})

describe('Retry-After of the token endpoint', () => {
  it.each<[number, string, number | undefined]>([
    [429, '30', 30_000],
    [503, '86400', 900_000],
    [400, 'soon', undefined],
  ])('of an answer with %s and %j is the error’s retryAfterMs', async (status, value, expected) => {
    provider.onToken(json({ error: 'invalid_request' }, status, { 'retry-after': value }))
    const error = await failure(endpoint().refresh(tokens))
    expect(error).toBeInstanceOf(TokenEndpointError)
    expect(error).toMatchObject({ httpStatus: status, retryAfterMs: expected })
  })
})
