import { beforeEach, describe, expect, it } from '@jest/globals'
import { AuthenticationRequirementsError } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, startLogin } from '../support/login.js'
import {
  LOGOUT_EVENT,
  createProviderKey,
  signWith,
  speakOpenId,
} from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
let provider: OpenIdProvider

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
})

const now = (): number => Math.floor(Date.now() / 1000)

/** A secret of 64 bytes, enough for HS512. */
const SECRET = 'a client secret of sixty-four bytes for every HMAC there is.....'

function start(options: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  return scene.start({ strategy: { ...provider.options, ...options } })
}

/** Whether a person can log in, and why not. */
async function outcomeAt(app: TestApp): Promise<{ status: number; reason: string | undefined }> {
  const { status } = await new Browser().follow(app.loginURL)
  return { status, reason: app.errors.length === 0 ? undefined : String(app.errors.at(-1)) }
}

/** An ID token as LemonLDAP::NG signs it by default: with the client secret, though it publishes keys too. */
function signLikeLemonLdap(secret = SECRET, header: Readonly<Record<string, string>> = {}): void {
  provider.claims = { at_hash: undefined, acr: 'loa-2', azp: 'client-1', auth_time: now() }
  provider.makeIdToken = (claims) =>
    signWith(new TextEncoder().encode(secret), claims, { alg: 'HS512', typ: 'JWT', ...header })
}

describe('an ID token of LemonLDAP::NG, with HS512', () => {
  const named = { clientSecret: SECRET, providerSignatureAlgorithms: ['HS512'] } as const

  it('is accepted if the operator names HS512', async () => {
    signLikeLemonLdap()
    expect(await outcomeAt(await start(named))).toEqual({ status: 200, reason: undefined })
    expect(asked(scene.provider)).not.toContain('GET /jwks')
  })

  it('is accepted where no keys are published, and its signature is checked there too', async () => {
    signLikeLemonLdap()
    const app = await start({ ...named, jwksURL: undefined })
    expect(await outcomeAt(app)).toMatchObject({ status: 200 })
    signLikeLemonLdap(SECRET.toUpperCase())
    expect(await outcomeAt(app)).toMatchObject({
      status: 502,
      reason: expect.stringContaining('signature verification failed'),
    })
  })

  it('is refused unless it is named', async () => {
    signLikeLemonLdap()
    const { status, reason } = await outcomeAt(await start({ clientSecret: SECRET }))
    expect(status).toBe(502)
    expect(reason).toMatch(/its ID token .*signed with HS512; accepted: RS256, /)
    expect(reason).not.toContain('HS256')
  })

  it('is refused if it names a published key, which then must have signed it', async () => {
    const app = await start({ ...named, providerSignatureAlgorithms: ['PS256', 'HS512'] })
    signLikeLemonLdap(SECRET, { kid: 'key-1' })
    const { status, reason } = await outcomeAt(app)
    expect(status).toBe(502)
    expect(reason).toMatch(/names a published key.*signed with HS512; accepted: PS256, HS512\)/)
    signLikeLemonLdap(SECRET, { kid: 'of-the-secret' })
    expect(await outcomeAt(app)).toMatchObject({ status: 200 })
  })

  it('is refused if a published key is its secret', async () => {
    signLikeLemonLdap(JSON.stringify(provider.publicKey))
    expect(await outcomeAt(await start(named))).toMatchObject({ status: 502 })
  })

  it('lets its logout tokens have the same algorithm, and no other', async () => {
    signLikeLemonLdap()
    const app = await start({ ...named, backchannelLogout: true })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const claims = {
      ...{ iss: provider.issuer, aud: 'client-1', iat: now(), jti: 'logout-of-ada' },
      ...{ sub: 'ada', sid: provider.sid, events: { [LOGOUT_EVENT]: {} } },
    }
    const post = async (token: string) =>
      new Browser().post(`${app.origin}/auth/backchannel-logout`, { logout_token: token })
    const refused = await post(await provider.sign(claims, { typ: 'logout+jwt' }))
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringMatching(/logout token .*signed with PS256; accepted: HS512\)/),
    ])
    const secret = new TextEncoder().encode(SECRET)
    const token = await signWith(secret, claims, { alg: 'HS512', typ: 'logout+jwt' })
    expect((await post(token)).status).toBe(200)
    expect((await browser.visit(`${app.origin}/private`)).status).not.toBe(200)
  })
})

describe('a client secret for HMAC', () => {
  it('that a function returns is checked when it is used', async () => {
    signLikeLemonLdap('short')
    const app = await start({
      clientSecret: () => 'short',
      providerSignatureAlgorithms: ['HS512'],
    })
    const { status, reason } = await outcomeAt(app)
    expect([status, reason]).toEqual([500, expect.stringContaining('at least 64 bytes')])
  })
})

describe('an ID token for further audiences', () => {
  const API = 'https://api.example.com'

  it.each<[string, Readonly<Record<string, unknown>>, readonly string[] | undefined, boolean]>([
    [
      'with azp, as Keycloak’s: accepted',
      { aud: ['account', 'client-1'], azp: 'client-1' },
      undefined,
      true,
    ],
    ['without azp, and trusted: accepted', { aud: [API, 'client-1'] }, [API], true],
    ['without azp, and nobody is trusted: refused', { aud: [API, 'client-1'] }, undefined, false],
    ['without azp, and one is not trusted: refused', { aud: [API, 'client-1', 'x'] }, [API], false],
    ['that are no text: refused', { aud: ['client-1', 5] }, [API, '5'], false],
    ['of which none is the client: refused', { aud: [API] }, [API], false],
    ['with azp of another client: refused', { aud: [API, 'client-1'], azp: API }, [API], false],
  ])('%s', async (_what, claims, trustedAudiences, isAccepted) => {
    provider.claims = claims
    const { status } = await outcomeAt(await start({ trustedAudiences }))
    expect(status).toBe(isAccepted ? 200 : 502)
  })
})

describe('an authentication that is not the one that was asked for', () => {
  const old = now() - 3600
  const gold = { acrValues: ['gold', 'silver'] }
  const recent = { maxAgeSeconds: 60 }
  const both = { ...gold, ...recent }

  it.each<
    [string, Readonly<Record<string, unknown>>, Partial<AuthorizationCodeOptions>, object, string]
  >([
    [
      'another acr',
      { acr: 'bronze' },
      gold,
      { acr: 'bronze' },
      'acr gold or silver was requested, got bronze.',
    ],
    ['no acr', {}, gold, {}, 'got none'],
    ['an acr that is no text', { acr: 5 }, gold, {}, 'got none'],
    [
      'an older authentication',
      { auth_time: old },
      recent,
      { authenticatedAt: old * 1000 },
      `max_age 60 was requested, got an authentication of ${new Date(old * 1000).toISOString()}`,
    ],
    ['no auth_time', {}, recent, {}, 'an unknown time'],
    ['an auth_time that is no number', { auth_time: 'now' }, recent, {}, 'an unknown time'],
    [
      'neither',
      { acr: 'bronze', auth_time: old },
      both,
      { acr: 'bronze', authenticatedAt: old * 1000 },
      'got bronze; max_age',
    ],
  ])('is one error with both values: %s', async (_what, claims, requested, got, words) => {
    provider.claims = claims
    const app = await start(requested)
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([403, { code: 'ERR_AUTHENTICATION_REQUIREMENTS' }])
    const [error] = app.errors
    expect(error).toBeInstanceOf(AuthenticationRequirementsError)
    expect(error).toMatchObject({ requested, got, status: 403, retryable: false })
    expect(String(error)).toContain(words)
    expect(JSON.stringify(error)).not.toContain('nonce')
    expect((await browser.visit(`${app.origin}/private`)).status).not.toBe(200)
  })

  it('is the same error if the provider says unmet_authentication_requirements', async () => {
    const app = await start(both)
    scene.provider.onAuthorize((parameters) => ({
      error: 'unmet_authentication_requirements',
      error_description: 'the requested acr cannot be met',
      state: parameters.get('state') ?? '',
    }))
    const page = await new Browser().follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([403, { code: 'ERR_AUTHENTICATION_REQUIREMENTS' }])
    expect(app.errors).toEqual([expect.objectContaining({ requested: both, got: {} })])
    expect(JSON.stringify(app.errors)).not.toContain('nonce')
  })

  it('is said of a valid ID token only', async () => {
    const { privateKey } = await createProviderKey('PS256')
    provider.claims = { acr: 'bronze' }
    provider.makeIdToken = (claims) => signWith(privateKey, claims, { kid: 'key-1' })
    expect(await outcomeAt(await start(gold))).toMatchObject({
      status: 502,
      reason: expect.stringContaining('signature'),
    })
  })
})

describe('a JWT that is refused', () => {
  it('is named with its algorithm and those that are accepted: a signed authorization response', async () => {
    const app = await start({
      signedAuthorizationResponses: true,
      providerSignatureAlgorithms: ['ES256', 'RS256'],
    })
    const browser = new Browser()
    const { callback, state } = await startLogin(browser, app.loginURL)
    const claims = { iss: provider.issuer, aud: 'client-1', exp: now() + 60, code: 'c', state }
    const url = new URL(callback)
    url.search = new URLSearchParams({ response: await provider.sign(claims) }).toString()
    await browser.visit(url.href)
    expect(String(app.errors[0])).toMatch(
      /The signed authorization response cannot be trusted: .*\(it is signed with PS256; accepted: RS256, ES256\)\.$/,
    )
  })

  it('does not bring its own words into the message', async () => {
    provider.makeIdToken = (claims) => {
      const header = Buffer.from('{"alg":"none\\nADMIN LOGGED IN"}').toString('base64url')
      return Promise.resolve(
        `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`,
      )
    }
    const { reason } = await outcomeAt(await start())
    expect(reason).toContain('it is signed with an unknown algorithm; accepted: RS256')
    expect(reason).not.toContain('ADMIN')
  })
})
