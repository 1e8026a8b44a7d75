import { beforeEach, describe, expect, it } from '@jest/globals'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { damageIdTokens } from '../support/damaged-id-token.js'
import { GRANT_MODES } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { bodyOf, formOf } from '../support/login.js'
import { createProviderKey, signWith, speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { renewedToken } from '../support/renewed-token.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
let provider: OpenIdProvider
let browser: Browser

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
  browser = new Browser()
})

/** An application in which somebody is logged in. */
async function startLoggedIn(options: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  const app = await scene.start({
    strategy: { ...provider.options, ...options },
    routes: (one, strategy) => {
      one.get('/damage', damageIdTokens)
      one.get('/renew', (req, res, next) => {
        renewedToken(strategy, req).then((accessToken) => res.json({ accessToken }), next)
      })
    },
  })
  expect((await browser.follow(app.loginURL)).status).toBe(200)
  return app
}

interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly idToken: string
}

async function tokensIn(app: TestApp): Promise<Tokens> {
  return (bodyOf(await browser.visit(`${app.origin}/tokens`)) as { tokens: Tokens }).tokens
}

/** What the application answers after a refresh: the new access token, or the code of the error. */
async function renew(app: TestApp): Promise<{ accessToken?: string; code?: string }> {
  return bodyOf(await browser.visit(`${app.origin}/renew`))
}

/** The refresh tokens that the provider has received. */
function sentRefreshTokens(): readonly (string | null)[] {
  return scene.provider
    .requestsTo('/token')
    .map((request) => formOf(request).get('refresh_token'))
    .filter((token) => token !== null)
}

/** The nonce of the login. */
function sentNonce(): string | null {
  const [path = ''] = scene.provider.authorizationRequests
  return new URL(path, provider.issuer).searchParams.get('nonce')
}

type Spoil = () => Promise<void> | void

const claims =
  (changed: Readonly<Record<string, unknown>>): Spoil =>
  () => {
    provider.claims = changed
  }

const REFUSED: readonly (readonly [string, Spoil, RegExp])[] = [
  ['has another iss', claims({ iss: 'https://evil.example' }), /"iss"/],
  ['has no iss', claims({ iss: undefined }), /"iss"/],
  ['has another sub', claims({ sub: 'eve' }), /another person/],
  ['has no sub', claims({ sub: undefined }), /"sub"/],
  ['has another aud', claims({ aud: 'client-2' }), /"aud"/],
  ['has a further aud that is not trusted', claims({ aud: ['client-1', 'x'] }), /trustedAudiences/],
  ['authorizes another client', claims({ azp: 'client-2' }), /"azp"/],
  ['has another nonce', claims({ nonce: 'another' }), /"nonce"/],
  ['has a nonce that is no text', claims({ nonce: ['another'] }), /"nonce"/],
  ['has another at_hash', claims({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }), /"at_hash"/],
  ['has expired', claims({ exp: 1 }), /expired.*and ours says/],
  ['is from the future', claims({ iat: 9_999_999_999 }), /future.*and ours says/],
  ['has no iat', claims({ iat: undefined }), /"iat"/],
  [
    'has a bad signature',
    async () => {
      const { privateKey } = await createProviderKey('PS256')
      provider.makeIdToken = (said) => signWith(privateKey, said, { kid: 'key-1' })
    },
    /signature verification failed \(it is signed with PS256; accepted: RS256, /,
  ],
  [
    'is signed with the client secret, which nobody has allowed',
    () => {
      const secret = new TextEncoder().encode('secret-1')
      provider.makeIdToken = (said) => signWith(secret, said, { alg: 'HS256' })
    },
    /it is signed with HS256; accepted: RS256, /,
  ],
  [
    'is no JWT',
    () => {
      provider.makeIdToken = () => Promise.resolve('not a token')
    },
    /not a signed JWT/,
  ],
]

describe.each(GRANT_MODES)('a refresh response, with %s,', (_where, kept) => {
  it.each(REFUSED)('is refused if its ID token %s [refreshed-2]', async (_what, spoil, reason) => {
    const app = await startLoggedIn(kept()())
    const before = await tokensIn(app)
    await spoil()
    expect(await renew(app)).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
    expect(app.errors.map(String)).toEqual([expect.stringMatching(reason)])
    expect(String(app.errors)).toContain('its ID token cannot be trusted')
    expect(await tokensIn(app)).toEqual(before)
  })
})

describe('a refresh response', () => {
  it('is refused for its claims also while the keys cannot be loaded', async () => {
    const app = await startLoggedIn()
    advanceClock(601)
    scene.provider.on('/jwks', (_request, response) => response.writeHead(503).end())
    provider.claims = { sub: 'eve' }
    expect(await renew(app)).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
  })

  it.each([
    ['fail', 503, 'down'],
    ['are no key set', 200, '<html>'],
  ])('is checked by the keys from before, while the keys %s', async (_how, status, body) => {
    const app = await startLoggedIn()
    const before = await tokensIn(app)
    advanceClock(601)
    scene.provider.on('/jwks', (_request, response) => response.writeHead(status).end(body))
    expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
    expect((await tokensIn(app)).idToken).not.toBe(before.idToken)
  })

  it('is used, with the ID token from before, while the key of its own cannot be loaded', async () => {
    const app = await startLoggedIn()
    const before = await tokensIn(app)
    advanceClock(601)
    scene.provider.on('/jwks', (_request, response) => response.writeHead(503).end())
    const { privateKey } = await createProviderKey('PS256')
    provider.makeIdToken = (said) => signWith(privateKey, said, { kid: 'key-2' })
    expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
    const after = await tokensIn(app)
    expect(after.idToken).toBe(before.idToken)
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(after.refreshToken).not.toBe(before.refreshToken)
  })

  it('may have the nonce of the login, as those of Keycloak had, or none [refreshed-1]', async () => {
    const app = await startLoggedIn()
    const before = await tokensIn(app)
    for (const nonce of [sentNonce(), undefined]) {
      provider.claims = { nonce, jti: String(nonce) }
      expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
    }
    expect((await tokensIn(app)).idToken).not.toBe(before.idToken)
  })

  it('may be signed by a key that was changed a moment ago', async () => {
    const app = await startLoggedIn()
    const next = await createProviderKey('PS256', { kid: 'key-2' })
    provider.publish(next.jwk)
    provider.makeIdToken = (said) => signWith(next.privateKey, said, { kid: 'key-2' })
    const before = await tokensIn(app)
    expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
    expect((await tokensIn(app)).idToken).not.toBe(before.idToken)
  })
})

describe('a refresh response after an ID token that cannot be read', () => {
  it('is used, and its ID token is not, because nobody knows whom it has to be about', async () => {
    const app = await startLoggedIn()
    const before = await tokensIn(app)
    await browser.visit(`${app.origin}/damage`)
    expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
    const after = await tokensIn(app)
    expect(after.refreshToken).not.toBe(before.refreshToken)
    expect(after.idToken).toBe('damaged')
    expect(app.errors).toEqual([])
  })
})

describe('a refresh response whose ID token names a key that the provider has not published', () => {
  it('is used, and the ID token is not', async () => {
    const app = await startLoggedIn()
    const before = await tokensIn(app)
    const { privateKey } = await createProviderKey('PS256')
    provider.makeIdToken = (said) => signWith(privateKey, said, { kid: 'key-2' })
    expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
    const after = await tokensIn(app)
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(after.idToken).toBe(before.idToken)
  })

  it('is refused if the ID token is about another person', async () => {
    const app = await startLoggedIn()
    const { privateKey } = await createProviderKey('PS256')
    provider.claims = { sub: 'eve' }
    provider.makeIdToken = (said) => signWith(privateKey, said, { kid: 'key-2' })
    expect(await renew(app)).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
  })
})

describe('a person whose refresh response was refused', () => {
  it('goes on with the access token as long as it is valid, and the next refresh is tried', async () => {
    const app = await startLoggedIn()
    const before = await tokensIn(app)
    provider.claims = { nonce: 'another' }
    // It is due, and valid for 30 seconds more.
    advanceClock(3570)
    const token = async (): Promise<unknown> =>
      bodyOf(await browser.visit(`${app.origin}/token`))['accessToken']
    expect(await renew(app)).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
    expect(await token()).toBe(before.accessToken)

    provider.claims = {}
    advanceClock(32)
    expect(await token()).toMatch(/^access-token-/)
    expect((await tokensIn(app)).accessToken).not.toBe(before.accessToken)
    expect(sentRefreshTokens()).toEqual([before.refreshToken, before.refreshToken])
  })

  it('can log in again at once', async () => {
    const app = await startLoggedIn()
    provider.claims = { sub: 'eve' }
    expect(await renew(app)).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
    provider.claims = {}
    expect((await browser.follow(app.loginURL)).status).toBe(200)
    expect(await renew(app)).toEqual({ accessToken: expect.any(String) })
  })

  it('never gets a token of it, and none is revoked', async () => {
    const app = await startLoggedIn({ revocationURL: `${provider.issuer}/revoke` })
    const before = await tokensIn(app)
    provider.claims = { sub: 'eve' }
    await renew(app)
    advanceClock(60)
    expect(await tokensIn(app)).toEqual(before)
    expect(bodyOf(await browser.visit(`${app.origin}/token`))).toMatchObject({
      accessToken: before.accessToken,
    })
    expect(scene.provider.requestsTo('/revoke')).toEqual([])
  })
})
