import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { exportJWK } from 'jose'
import { askara, discover, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions, Grants } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider, TestProviderOptions } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { findFreePort } from '../support/child-process.js'
import { Browser } from '../support/http.js'
import { takeKeyPair } from '../support/keys.js'
import { bodyOf, startLogin } from '../support/login.js'
import { renewedToken } from '../support/renewed-token.js'

let provider: TestProvider
const running: { close(): Promise<void> }[] = []
let browser: Browser

beforeAll(async () => {
  provider = await startTestProvider()
})
beforeEach(() => {
  browser = new Browser()
})
afterEach(async () => {
  provider.reset()
  for (const one of running.splice(0)) await one.close()
})
afterAll(() => provider.close())

/** An application with a route that renews. */
async function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  at: TestProvider = provider,
): Promise<TestApp> {
  const app = await startApp({
    strategy: { ...at.options, ...strategy },
    routes: (express, one) => {
      express.get('/renew', (req, res, next) => {
        renewedToken(one, req).then((token) => res.json({ token }), next)
      })
      express.get('/me', (req, res, next) => {
        one.fetch(req, at.options.profileURL).then((answer) => res.json(answer.status), next)
      })
    },
  })
  running.push(app)
  return app
}

async function startOther(options: TestProviderOptions): Promise<TestProvider> {
  const other = await startTestProvider(options)
  running.push(other)
  return other
}

async function tokensIn(app: TestApp): Promise<Record<string, unknown>> {
  const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`))
  return tokens as Record<string, unknown>
}

describe('a test provider', () => {
  it('logs anybody in by the whole flow, and remembers what it was asked', async () => {
    const app = await start({ scope: 'read write' })
    expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({
      user: { id: 'ada', profile: { displayName: 'Ada Lovelace' } },
    })
    expect(await tokensIn(app)).toMatchObject({ scope: 'read write', tokenType: 'bearer' })
    expect(provider.requests.map(({ endpoint }) => endpoint)).toEqual([
      'authorize',
      'token',
      'userinfo',
    ])
    const [exchange] = provider.requestsTo('token')
    expect(exchange?.parameters).toMatchObject({ grant_type: 'authorization_code' })
  })

  it('logs in whom it is told to, with the scope and lifetime that it is told', async () => {
    const other = await startOther({ user: { sub: 'eve' }, scope: 'read', accessTokenSeconds: 900 })
    const app = await start({ scope: 'read write' }, other)
    expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({ user: { id: 'eve' } })
    const { scope, expiresAt } = await tokensIn(app)
    expect(scope).toBe('read')
    expect(Math.abs(Number(expiresAt) - Date.now() - 900_000)).toBeLessThan(60_000)

    Object.assign(other, { user: { sub: 'grace' }, scope: undefined })
    expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({ user: { id: 'grace' } })
    expect(await tokensIn(app)).toMatchObject({ scope: 'read write' })
  })

  it('stands in for Askara: JSON token requests, and a profile that the test gives', async () => {
    const user = { uuid: 'ada-1', firstName: 'Ada', lastName: 'Lovelace' }
    const other = await startOther({ user })
    const app = await start({ ...askara, ...other.options }, other)
    expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({ user: { id: 'ada-1' } })
    const [exchange] = other.requestsTo('token')
    expect(exchange?.headers['content-type']).toBe('application/json')
  })

  it('is found by discover, and signs ID tokens where the scope has openid', async () => {
    const { clientID, clientSecret, issuer } = provider.options
    const found = await discover(issuer)
    const app = await start({ ...found, clientID, clientSecret, scope: 'openid' })
    expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({ user: { id: 'ada' } })
    expect(provider.requestsTo('jwks')).toHaveLength(1)
  })

  it.each(['client_secret_basic', 'client_secret_post'] as const)(
    'knows the client by %s, and no other',
    async (clientAuthentication) => {
      const app = await start({ clientAuthentication })
      expect((await browser.follow(app.loginURL)).status).toBe(200)
      const stranger = await start({ clientAuthentication, clientSecret: 'wrong' })
      await browser.follow(stranger.loginURL)
      expect(stranger.errors).toEqual([expect.objectContaining({ error: 'invalid_client' })])
    },
  )

  it('knows the client by its key where it has one', async () => {
    const own = await takeKeyPair('PS256')
    const another = await takeKeyPair('PS256')
    const other = await startOther({ clientKeys: { keys: [await exportJWK(own.publicKey)] } })
    const options = { clientSecret: undefined, clientAuthentication: 'private_key_jwt' } as const
    const app = await start({ ...options, privateKey: own.privateKey }, other)
    expect((await browser.follow(app.loginURL)).status).toBe(200)
    const stranger = await start({ ...options, privateKey: another.privateKey }, other)
    await browser.follow(stranger.loginURL)
    expect(stranger.errors).toEqual([expect.objectContaining({ error: 'invalid_client' })])
  })

  it('listens on the port that was chosen, and says so if it is taken', async () => {
    const port = await findFreePort()
    const other = await startOther({ port })
    expect(other.options.issuer).toBe(`http://127.0.0.1:${port}`)
    expect((await discover(other.options.issuer)).tokenURL).toBe(other.options.tokenURL)
    await expect(startTestProvider({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it.each([-1, 65_536, 80.5, '4000'])('has no port %p', async (port) => {
    await expect(startTestProvider({ port: port as number })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'port',
      message: 'port must be a whole number from 0 to 65535.',
    })
  })

  it('takes a code once, from whoever has its verifier', async () => {
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    const code = new URL(callback).searchParams.get('code') ?? ''
    const { tokenURL, clientID, clientSecret } = provider.options
    const ask = async (code_verifier: string): Promise<unknown> => {
      const form = { grant_type: 'authorization_code', code, code_verifier }
      const client = { client_id: clientID, client_secret: clientSecret }
      const body = new URLSearchParams({ ...form, ...client })
      return (await fetch(tokenURL, { method: 'POST', body })).json()
    }
    expect(await ask('a-guess')).toMatchObject({ error: 'invalid_grant' })
    await browser.visit(callback)
    expect(app.errors).toEqual([expect.objectContaining({ error: 'invalid_grant' })])
  })

  it('refuses options that it does not know', async () => {
    const options = { lifetime: 1 } as TestProviderOptions
    await expect(startTestProvider(options)).rejects.toThrow("There is no option 'lifetime'")
  })
})

describe('the refresh tokens of a test provider', () => {
  const refresh = async (at: TestProvider, refresh_token: unknown): Promise<unknown> => {
    const { tokenURL, clientID, clientSecret } = at.options
    const client = { client_id: clientID, client_secret: clientSecret }
    const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token), ...client }
    const answer = await fetch(tokenURL, { method: 'POST', body: new URLSearchParams(form) })
    return answer.json()
  }

  it('rotate, and end the grant when one comes again', async () => {
    const app = await start()
    await browser.follow(app.loginURL)
    const { refreshToken } = await tokensIn(app)
    await browser.visit(`${app.origin}/renew`)
    expect(bodyOf(await browser.visit(`${app.origin}/me`))).toBe(200)
    expect(provider.reused).toEqual([])

    expect(await refresh(provider, refreshToken)).toMatchObject({ error: 'invalid_grant' })
    expect(provider.reused).toEqual([refreshToken])
    expect((await browser.visit(`${app.origin}/renew`)).status).toBe(401)
  })

  it('stay good when they are to be kept', async () => {
    const other = await startOther({ refreshTokens: 'keep' })
    const app = await start({}, other)
    await browser.follow(app.loginURL)
    const { refreshToken } = await tokensIn(app)
    expect(await refresh(other, refreshToken)).toHaveProperty('access_token')
    expect(await refresh(other, refreshToken)).toHaveProperty('access_token')
    expect(other.reused).toEqual([])
  })

  it('are not there when there are to be none', async () => {
    const app = await start({}, await startOther({ refreshTokens: 'none' }))
    await browser.follow(app.loginURL)
    expect(await tokensIn(app)).not.toHaveProperty('refreshToken')
  })

  it('end with the grant', async () => {
    const app = await start()
    await browser.follow(app.loginURL)
    provider.endGrants()
    expect((await browser.visit(`${app.origin}/renew`)).status).toBe(401)
  })

  it('help where access tokens are refused before their time', async () => {
    const app = await start()
    await browser.follow(app.loginURL)
    provider.expireAccessTokens()
    expect(bodyOf(await browser.visit(`${app.origin}/me`))).toBe(200)
    expect(provider.requestsTo('token')).toHaveLength(2)
  })

  it('end when they are revoked', async () => {
    const app = await start()
    await browser.follow(app.loginURL)
    const { refreshToken } = await tokensIn(app)
    const { revocationURL, clientID, clientSecret } = provider.options
    const client = { client_id: clientID, client_secret: clientSecret }
    const body = new URLSearchParams({ token: String(refreshToken), ...client })
    expect((await fetch(revocationURL, { method: 'POST', body })).status).toBe(200)
    expect(await refresh(provider, refreshToken)).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('a refresh for less scope, or for another API', () => {
  const grants = (): Grants => new MemoryGrants()
  const ADA = { account: 'default-user/oauth2/ada' }

  it('brings a token that can do no more, and leaves the grant as it is', async () => {
    const app = await start({ scope: 'email calendar', grants: grants() })
    await browser.follow(app.loginURL)
    const own = await app.strategy.accessToken(ADA)
    const less = await app.strategy.accessToken(ADA, { scope: 'email' })
    expect(less).not.toBe(own)
    const [, refresh] = provider.requestsTo('token')
    expect(refresh?.parameters).toMatchObject({ grant_type: 'refresh_token', scope: 'email' })
    expect(await app.strategy.accessToken(ADA)).toBe(own)
    await app.strategy.accessToken(ADA, { refused: own })
    expect((await app.strategy.tokens(ADA))?.scope).toBe('email calendar')
    expect(provider.reused).toEqual([])
  })

  it('is refused for a scope that was not granted, and the refresh token stays usable', async () => {
    const app = await start({ scope: 'email', grants: grants() })
    await browser.follow(app.loginURL)
    const own = await app.strategy.accessToken(ADA)
    const asked = app.strategy.accessToken(ADA, { scope: 'calendar' })
    await expect(asked).rejects.toMatchObject({ error: 'invalid_scope' })
    expect(await app.strategy.accessToken(ADA, { refused: own })).toMatch(/^access-token-/)
  })

  it('is sent with the name of the API, which must be an absolute URI', async () => {
    const app = await start({ scope: 'email', grants: grants() })
    await browser.follow(app.loginURL)
    const resource = 'https://files.example'
    expect(await app.strategy.accessToken(ADA, { resource })).not.toBe(
      await app.strategy.accessToken(ADA),
    )
    expect(provider.requestsTo('token')[1]?.parameters).toMatchObject({ resource })
    const { tokenURL, clientID, clientSecret } = provider.options
    const client = { client_id: clientID, client_secret: clientSecret }
    const body = new URLSearchParams({ grant_type: 'refresh_token', resource: 'files', ...client })
    const answer = await fetch(tokenURL, { method: 'POST', body })
    expect(await answer.json()).toMatchObject({ error: 'invalid_target' })
  })
})

describe('the faults of a test provider', () => {
  it.each([
    ['authorize', 'denied', 403, []],
    ['authorize', 'wrong_iss', 400, ['ERR_AUTHORIZATION_RESPONSE']],
    ['token', 'invalid_grant', 400, ['ERR_TOKEN_ENDPOINT']],
    ['token', 503, 503, ['ERR_TOKEN_ENDPOINT']],
    ['token', 'hangs', 504, ['ERR_TOKEN_ENDPOINT']],
    ['token', { slowMs: 5000 }, 504, ['ERR_TOKEN_ENDPOINT']],
    ['userinfo', 500, 502, ['ERR_PROFILE']],
  ] as const)('at %s: %j happens once', async (endpoint, fault, status, codes) => {
    const app = await start({ timeoutMs: 1_000 })
    provider.fail(endpoint, fault)
    expect((await browser.follow(app.loginURL)).status).toBe(status)
    expect(app.errors.map((error) => (error as { code?: string }).code)).toEqual(codes)
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })

  it('happen as often as they are asked for, and are forgotten by reset', async () => {
    const app = await start()
    provider.fail('token', 500, 3)
    for (let count = 0; count < 2; count++) {
      expect((await browser.follow(app.loginURL)).status).toBe(502)
    }
    provider.reset()
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })

  it('that are only slow end well', async () => {
    const app = await start()
    provider.fail('token', { slowMs: 20 })
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })

  it('cannot be asked for where they cannot happen', () => {
    expect(() => provider.fail('token', 'denied')).toThrow("'denied' happens at 'authorize'")
  })
})
