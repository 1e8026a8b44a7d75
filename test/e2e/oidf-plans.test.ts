import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { base64url, decodeJwt, decodeProtectedHeader } from 'jose'
import type { JWK } from 'jose'
import { discover } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { takeKeyPair } from '../support/keys.js'
import { asked, bodyOf, startLogin } from '../support/login.js'
import type { StartedLogin } from '../support/login.js'
import { createProviderKey, signWith, speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import { OIDF_PLANS } from './oidf-modules.js'

const scene = setScene()
let provider: OpenIdProvider

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
})

/** What a module lets the provider do, and what becomes of the login. */
interface Play {
  readonly module: string
  readonly act: () => void | Promise<void>
  /** The code of the error; the person is logged in if there is none. */
  readonly code?: string
}

const claims = (changed: Readonly<Record<string, unknown>>) => (): void => {
  provider.claims = changed
}

/** Publishes keys for RS256, under these names, and signs ID tokens with the last of them, or with one that is not among them. */
const signBy =
  (names: readonly JWK[], { kid, stranger = false }: { kid?: string; stranger?: boolean } = {}) =>
  async (): Promise<void> => {
    const keys = await Promise.all(names.map((name) => createProviderKey('RS256', name)))
    provider.publish(...keys.map(({ jwk }) => jwk))
    const key = stranger ? await createProviderKey('RS256') : keys.at(-1)
    if (key === undefined) throw new Error('No key to sign with.')
    const header = { alg: 'RS256', ...(kid !== undefined && { kid }) }
    provider.makeIdToken = (said) => signWith(key.privateKey, said, header)
  }

function signByNobody(): void {
  provider.makeIdToken = (said) =>
    Promise.resolve(
      `${['{"alg":"none"}', JSON.stringify(said)].map((part) => base64url.encode(part)).join('.')}.`,
    )
}

const REFUSED = 'ERR_TOKEN_ENDPOINT'
const TWO_KEYS = [{ kid: 'a' }, { kid: 'b' }]

/** The modules of the Basic plan; the expectations of those that succeed are in {@link expectLogin}. */
const PLAYS: readonly Play[] = [
  { module: 'oidcc-client-test', act: claims({}) },
  {
    module: 'oidcc-client-test-invalid-iss',
    act: claims({ iss: 'https://evil.example' }),
    code: REFUSED,
  },
  { module: 'oidcc-client-test-missing-sub', act: claims({ sub: undefined }), code: REFUSED },
  { module: 'oidcc-client-test-invalid-aud', act: claims({ aud: 'client-2' }), code: REFUSED },
  { module: 'oidcc-client-test-missing-iat', act: claims({ iat: undefined }), code: REFUSED },
  { module: 'oidcc-client-test-kid-absent-single-jwks', act: signBy([{}]) },
  { module: 'oidcc-client-test-kid-absent-multiple-jwks', act: signBy(TWO_KEYS) },
  {
    module: 'oidcc-client-test-kid-absent-multiple-jwks',
    act: signBy(TWO_KEYS, { stranger: true }),
    code: REFUSED,
  },
  { module: 'oidcc-client-test-idtoken-sig-rs256', act: signBy([{ kid: 'a' }], { kid: 'a' }) },
  { module: 'oidcc-client-test-idtoken-sig-none', act: signByNobody, code: REFUSED },
  {
    module: 'oidcc-client-test-invalid-sig-rs256',
    act: signBy([{ kid: 'a' }], { kid: 'a', stranger: true }),
    code: REFUSED,
  },
  {
    module: 'oidcc-client-test-userinfo-invalid-sub',
    act: () => scene.provider.onProfile(json({ sub: 'eve', name: 'Ada Lovelace' })),
    code: 'ERR_PROFILE',
  },
  { module: 'oidcc-client-test-nonce-invalid', act: claims({ nonce: 'another' }), code: REFUSED },
  { module: 'oidcc-client-test-nonce-invalid', act: claims({ nonce: undefined }), code: REFUSED },
  { module: 'oidcc-client-test-scope-userinfo-claims', act: claims({}) },
  { module: 'oidcc-client-test-client-secret-basic', act: claims({}) },
]

const TABLE = PLAYS.map(({ module, act, code }) => [module, code ?? 'succeeds', act, code] as const)

/** A secret that has to be form-encoded in Basic credentials. */
const SECRET = 'secret: 1+1'

/** An application whose metadata offer nothing but `client_secret_basic`. */
function start(options: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
  return scene.start({
    strategy: {
      ...provider.options,
      scope: 'openid profile email',
      clientSecret: SECRET,
      clientAuthenticationMethodsSupported: ['client_secret_basic'],
      ...options,
    },
  })
}

/** The login has the outcome of its module, and the requests were well formed. */
async function expectOutcome(
  app: TestApp,
  browser: Browser,
  page: Page,
  code: string | undefined,
): Promise<void> {
  const [request] = scene.provider.requestsTo('/token')
  expect(credentialsIn(request?.headers.authorization)).toEqual(['client-1', SECRET])
  expect(request?.body).not.toContain('client_secret')
  const home = await browser.visit(`${app.origin}/private`)
  if (code !== undefined) {
    expect([page.status, bodyOf(page), home.status]).toEqual([502, { code }, 302])
    return
  }
  expect(app.errors).toEqual([])
  expect([page.status, home.status]).toEqual([302, 200])
  expect(asked(scene.provider)).toEqual(['POST /token', 'GET /jwks', 'GET /me'])
  const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
    tokens: { idToken: string; accessToken: string }
  }
  expect(decodeJwt(tokens.idToken)).toMatchObject({ sub: 'ada', iss: provider.issuer })
  const [userInfo] = scene.provider.requestsTo('/me')
  expect(userInfo?.headers.authorization).toBe(`Bearer ${tokens.accessToken}`)
  const { user } = bodyOf(await browser.visit(page.location ?? ''))
  expect(user).toMatchObject({
    profile: { displayName: 'Ada Lovelace', emails: [{ value: 'ada@example.com' }] },
  })
}

/** The parts of Basic credentials, form-decoded as RFC 6749, section 2.3.1 has them. */
function credentialsIn(authorization = ''): readonly string[] {
  const basic = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
  return basic.split(':').map((part) => decodeURIComponent(part.replaceAll('+', '%20')))
}

/** Another login of the same application has a nonce of its own. */
async function expectOwnNonce(app: TestApp, request: URLSearchParams): Promise<void> {
  const other = await startLogin(new Browser(), app.loginURL)
  expect(nonceIn(request)).toMatch(/^[\w-]{22,}$/)
  expect(nonceIn(other.request)).not.toBe(nonceIn(request))
}

function nonceIn(request: URLSearchParams): unknown {
  const object = request.get('request')
  return object === null ? request.get('nonce') : decodeJwt(object)['nonce']
}

/** The response as a page of the provider posts it. */
function postResponse(browser: Browser, { callbackURL }: TestApp, login: StartedLogin) {
  const { searchParams, origin } = new URL(login.callback)
  expect(origin).toBe(new URL(callbackURL).origin)
  return browser.request(callbackURL, {
    method: 'POST',
    body: searchParams,
    headers: { origin: provider.issuer, 'sec-fetch-site': 'cross-site' },
  })
}

describe('the modules of the Basic plan', () => {
  it('are all played', () => {
    const names = OIDF_PLANS['oidcc-client-basic-certification-test-plan']?.map(({ name }) => name)
    expect([...new Set(PLAYS.map(({ module }) => module))]).toEqual(names)
  })

  it.each(TABLE)('by form_post: %s %s [oidf-1]', async (_module, _outcome, act, code) => {
    await act()
    const app = await start({ authorizationParameters: { response_mode: 'form_post' } })
    const browser = new Browser()
    const login = await startLogin(browser, app.loginURL)
    expect(login.request.get('response_mode')).toBe('form_post')
    const page = await postResponse(browser, app, login)
    await expectOutcome(app, browser, page, code)
    await expectOwnNonce(app, login.request)
  })

  it.each(TABLE)('with a request object: %s %s [oidf-2]', async (_module, _outcome, act, code) => {
    await act()
    const app = await start({
      privateKey: (await takeKeyPair('PS256')).privateKey,
      clientAuthentication: 'client_secret_basic',
      signedAuthorizationRequests: true,
    })
    const browser = new Browser()
    const { request, callback } = await startLogin(browser, app.loginURL)
    const object = request.get('request') ?? ''
    expect(Object.fromEntries(request)).toEqual({
      client_id: 'client-1',
      response_type: 'code',
      scope: 'openid profile email',
      request: object,
    })
    expect(decodeProtectedHeader(object).alg).toBe('PS256')
    expect(decodeJwt(object)).toMatchObject({
      iss: 'client-1',
      aud: provider.issuer,
      scope: 'openid profile email',
      redirect_uri: app.callbackURL,
    })
    await expectOutcome(app, browser, await browser.visit(callback), code)
    await expectOwnNonce(app, request)
  })
})

describe('the Config plan', () => {
  it('lets the provider move its keys: they are read from the jwks_uri of the metadata [oidf-3]', async () => {
    const path = `/jwks-${randomUUID()}`
    const { issuer } = provider
    scene.provider.on('/jwks', json({}, 500))
    scene.provider.on(path, json({ keys: [provider.publicKey] }))
    scene.provider.on(
      '/.well-known/openid-configuration',
      json({
        issuer,
        authorization_endpoint: scene.provider.authorizationURL,
        token_endpoint: scene.provider.tokenURL,
        jwks_uri: `${issuer}${path}`,
        code_challenge_methods_supported: ['S256'],
      }),
    )
    const app = await scene.start({ strategy: { ...(await discover(issuer)), scope: 'openid' } })
    const page = await new Browser().follow(app.loginURL)
    expect(app.errors).toEqual([])
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
    expect(asked(scene.provider)).toContain(`GET ${path}`)
  })
})
