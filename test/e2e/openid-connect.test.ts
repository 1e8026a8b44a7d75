import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { base64url, decodeJwt } from 'jose'
import { cookiePendingLogins } from '../../src/index.js'
import type { AuthorizationCodeOptions, VerifiedLogin } from '../../src/index.js'
import { GRANT_MODES } from '../support/grant-modes.js'
import type { KeepTokens } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { takeKeyPair } from '../support/keys.js'
import { asked, bodyOf, startLogin } from '../support/login.js'
import {
  createProviderKey,
  LOGOUT_EVENT,
  signWith,
  speakOpenId,
} from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { TestApp } from '../support/app.js'
import { renewedToken } from '../support/renewed-token.js'

const scene = setScene()
let provider: OpenIdProvider

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
})

function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  return scene.start({ ...options, strategy: { ...provider.options, ...strategy } })
}

async function isLoggedIn(app: TestApp, browser: Browser): Promise<boolean> {
  return (await browser.visit(`${app.origin}/private`)).status === 200
}

describe('an OpenID Connect login', () => {
  it('sends a nonce of its own each time, and takes an ID token that is all it should be [oidc-4]', async () => {
    const app = await start()
    for (const browser of [new Browser(), new Browser()]) {
      expect((await browser.follow(app.loginURL)).status).toBe(200)
      const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
        tokens: { idToken?: string }
      }
      expect(tokens.idToken).toMatch(/^eyJ/)
    }
    const nonces = scene.provider.authorizationRequests.map((path) =>
      new URL(path, provider.issuer).searchParams.get('nonce'),
    )
    expect(nonces[0]).toMatch(/^[\w-]{43}$/)
    expect(new Set(nonces).size).toBe(2)
  })

  it.each([
    ['a comma joins its scopes', { scope: ['openid', 'email'], scopeSeparator: ',' }],
    ['its scope was joined by a comma already', { scope: 'openid,email', scopeSeparator: ',' }],
    [
      'its separator is a comma, and its one scope openid',
      { scope: 'openid', scopeSeparator: ',' },
    ],
  ])('sends a nonce and takes the ID token although %s', async (_, options) => {
    const app = await start(options)
    const browser = new Browser()
    expect((await browser.follow(app.loginURL)).status).toBe(200)
    const [path = ''] = scene.provider.authorizationRequests
    expect(new URL(path, provider.issuer).searchParams.has('nonce')).toBe(true)
    const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
      tokens: { idToken?: string }
    }
    expect(tokens.idToken).toMatch(/^eyJ/)
  })

  it('reads the provider’s keys once for many logins', async () => {
    const app = await start()
    for (let count = 0; count < 3; count++) await new Browser().follow(app.loginURL)
    expect(scene.provider.requestsTo('/jwks')).toHaveLength(1)
  })

  it('gives verify the claims, and makes the profile of them where there is no profileURL', async () => {
    const seen: VerifiedLogin[] = []
    provider.claims = { name: 'Ada Lovelace', email: 'ada@example.com' }
    const app = await start(
      { profileURL: undefined },
      { verify: (login) => (seen.push(login), { id: 'ada' }) },
    )
    await new Browser().follow(app.loginURL).catch(() => undefined)
    expect(seen[0]?.claims).toMatchObject({ sub: 'ada', sid: provider.sid })
    expect(seen[0]?.profile).toMatchObject({ id: 'ada', displayName: 'Ada Lovelace' })
  })

  it('remembers the nonce in the sealed cookie, too', async () => {
    const secret = 'a secret of the test, long enough to seal'
    const app = await start({ pendingLogins: cookiePendingLogins({ secret }) })
    expect((await new Browser().follow(app.loginURL)).status).toBe(200)
  })

  it('asks for a fresh authentication where maxAgeSeconds says so, and is told of it', async () => {
    provider.claims = { auth_time: Math.floor(Date.now() / 1000), acr: 'gold' }
    const app = await start({ maxAgeSeconds: 60, acrValues: ['gold', 'silver'] })
    const browser = new Browser()
    const { request, callback } = await startLogin(browser, app.loginURL)
    expect(request.get('max_age')).toBe('60')
    expect(request.get('acr_values')).toBe('gold silver')
    expect((await browser.follow(callback)).status).toBe(200)
  })

  it('refuses to expect something of an ID token that nobody asks for', async () => {
    const app = await start({ maxAgeSeconds: 60, scope: 'read' })
    const page = await new Browser().visit(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([500, { code: 'ERR_CONFIGURATION' }])
  })
})

describe('an ID token is refused, and nobody logged in, when it', () => {
  const old = Math.floor(Date.now() / 1000) - 3600
  const elsewhere = { auth_time: old, acr: 'bronze' }

  it.each<[string, Record<string, unknown>, Partial<AuthorizationCodeOptions>]>([
    ['has another issuer', { iss: 'https://evil.example' }, {}],
    ['has no issuer', { iss: undefined }, {}],
    ['is for another client', { aud: 'client-2' }, {}],
    ['has no audience', { aud: undefined }, {}],
    ['is for several clients and authorizes another', { aud: ['client-1', 'x'], azp: 'x' }, {}],
    ['is for several clients and authorizes nobody', { aud: ['client-1', 'x'] }, {}],
    ['authorizes another client', { azp: 'client-2' }, {}],
    ['has expired', { exp: old }, {}],
    ['never expires', { exp: undefined }, {}],
    ['has no time', { iat: undefined }, {}],
    ['is from the future', { iat: Math.floor(Date.now() / 1000) + 3600 }, {}],
    ['is about nobody', { sub: undefined }, {}],
    ['has another nonce', { nonce: 'another' }, {}],
    ['has no nonce', { nonce: undefined }, {}],
    ['belongs to another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, {}],
    ['is of an older authentication', elsewhere, { maxAgeSeconds: 60 }],
    ['does not say when the person was authenticated', {}, { maxAgeSeconds: 60 }],
    ['is of a weaker authentication', elsewhere, { acrValues: ['gold'] }],
    ['does not say how the person was authenticated', {}, { acrValues: ['gold'] }],
  ])('%s [oidc-2]', async (_what, claims, options) => {
    provider.claims = claims
    const app = await start(options)
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)
    const isUnmet = 'maxAgeSeconds' in options || 'acrValues' in options
    const code = isUnmet ? 'ERR_AUTHENTICATION_REQUIREMENTS' : 'ERR_TOKEN_ENDPOINT'
    expect([page.status, bodyOf(page)]).toEqual([isUnmet ? 403 : 502, { code }])
    expect(await isLoggedIn(app, browser)).toBe(false)
    provider.claims = { auth_time: Math.floor(Date.now() / 1000), acr: 'gold' }
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })

  const forgeries: Record<string, () => Promise<string> | string> = {
    'is signed by nobody (alg: none)': () =>
      `${base64url.encode('{"alg":"none"}')}.${base64url.encode(JSON.stringify(lastClaims))}.`,
    'is signed with the public key as a secret': () =>
      signWith(new TextEncoder().encode(JSON.stringify(provider.publicKey)), lastClaims, {
        alg: 'HS256',
        kid: 'key-1',
      }),
    'is signed with the client’s secret': () =>
      signWith(new TextEncoder().encode('secret-1'.repeat(8)), lastClaims, { alg: 'HS256' }),
    'is signed by another key of the same name': async () =>
      signWith((await takeKeyPair('PS256')).privateKey, lastClaims, { kid: 'key-1' }),
    'is signed by a key that the provider does not have': async () =>
      signWith((await takeKeyPair('PS256')).privateKey, lastClaims, { kid: 'key-2' }),
    'was changed after it was signed': async () => {
      const [header, , signature] = (await provider.sign(lastClaims)).split('.')
      return `${header}.${base64url.encode(JSON.stringify({ ...lastClaims, sub: 'eve' }))}.${signature}`
    },
    'is no JWT': () => 'not a token',
  }
  let lastClaims = {}

  it.each(Object.keys(forgeries))('%s [oidc-3]', async (what) => {
    provider.makeIdToken = async (claims) => {
      lastClaims = claims
      return (await forgeries[what]?.()) ?? ''
    }
    const app = await start()
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([502, { code: 'ERR_TOKEN_ENDPOINT' }])
    expect(await isLoggedIn(app, browser)).toBe(false)
    provider.makeIdToken = (claims) => provider.sign(claims)
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })

  it('is missing though it was asked for', async () => {
    scene.provider.onToken(json({ access_token: 'a', token_type: 'Bearer' }))
    const app = await start()
    expect(bodyOf(await new Browser().follow(app.loginURL))).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
  })

  it('cannot be checked, because the keys cannot be had', async () => {
    scene.provider.on('/jwks', (_request, response) => response.writeHead(500).end())
    const app = await start()
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([502, { code: 'ERR_DISCOVERY' }])
    expect(await isLoggedIn(app, browser)).toBe(false)
  })
})

describe('the profile', () => {
  it('is refused when it is about another person than the ID token [oidc-13]', async () => {
    scene.provider.onProfile(json({ sub: 'eve', name: 'Eve' }))
    const app = await start()
    const browser = new Browser()
    expect(bodyOf(await browser.follow(app.loginURL))).toEqual({ code: 'ERR_PROFILE' })
    expect(await isLoggedIn(app, browser)).toBe(false)
  })

  it('is refused when it does not say whom it is about', async () => {
    scene.provider.onProfile(json({ name: 'Ada' }))
    const app = await start()
    expect(bodyOf(await new Browser().follow(app.loginURL))).toEqual({ code: 'ERR_PROFILE' })
  })
})

describe('a refresh', () => {
  const renew = (app: TestApp, browser: Browser): Promise<Page> =>
    browser.visit(`${app.origin}/renew`)
  const withRenewal: Omit<SceneAppOptions, 'strategy'> = {
    routes: (app, strategy) => {
      app.get('/renew', (req, res, next) => {
        renewedToken(strategy, req).then((token) => res.json({ token }), next)
      })
    },
  }

  it('is refused when its ID token is about another person [oidc-1]', async () => {
    const app = await start({}, withRenewal)
    const browser = new Browser()
    await browser.follow(app.loginURL)
    provider.claims = { sub: 'eve' }
    expect(bodyOf(await renew(app, browser))).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
  })
})

describe('logging out at the provider as well', () => {
  /** With a route of its own to come back to, which is strict. */
  const startLogout = (options: Omit<SceneAppOptions, 'strategy'> = {}): Promise<TestApp> =>
    start(
      {
        endSessionURL: `${provider.issuer}/end-session?tenant=1`,
        postLogoutRedirectURL: 'https://app.example/auth/logged-out',
      },
      {
        routes: (app, strategy) => {
          app.get('/own/logged-out', (req, res) => {
            strategy.finishLogOut(req)
            res.redirect('/bye')
          })
        },
        ...options,
      },
    )

  it.each(['/auth/logged-out', '/own/logged-out'])(
    'leads to its logout page with the ID token and a state, and home again by %s [oidc-11]',
    async (path) => {
      const app = await startLogout({ router: { logoutRedirect: '/bye' } })
      const browser = new Browser()
      await browser.follow(app.loginURL)
      const { status, location = '' } = await browser.post(`${app.origin}/auth/logout`)
      const { searchParams: sent, pathname } = new URL(location)
      expect([status, pathname, sent.get('tenant')]).toEqual([303, '/end-session', '1'])
      expect(sent.get('id_token_hint')).toMatch(/^eyJ/)
      expect(sent.get('client_id')).toBe('client-1')
      expect(sent.get('post_logout_redirect_uri')).toBe('https://app.example/auth/logged-out')
      expect(await isLoggedIn(app, browser)).toBe(false)
      const query = `?state=${sent.get('state') ?? ''}`
      const back = await browser.visit(app.origin + path + query)
      expect(back.location).toBe(`${app.origin}/bye`)
      expect((await browser.visit(`${app.origin}/own/logged-out${query}`)).status).toBe(400)
    },
  )

  it.each(['', '?state=', '?state=another', '?state=a&state=a'])(
    'refuses to come back with %j by finishLogOut, and by /logged-out leads home [oidc-12]',
    async (query) => {
      const app = await startLogout({ router: { logoutRedirect: '/bye' } })
      const browser = new Browser()
      await browser.follow(app.loginURL)
      await browser.post(`${app.origin}/auth/logout`)
      const page = await browser.visit(`${app.origin}/own/logged-out${query}`)
      expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_LOGOUT_RESPONSE' }])
      const lenient = await browser.visit(`${app.origin}/auth/logged-out${query}`)
      expect([lenient.status, lenient.location]).toEqual([302, `${app.origin}/bye`])
    },
  )
})

describe.each(GRANT_MODES)('back-channel logout, with %s,', (_where, keep) => {
  let kept: ReturnType<KeepTokens>
  beforeEach(() => {
    kept = keep()
    // A process remembers whom a provider has logged out.
    provider.person = `person-${randomUUID()}`
    scene.provider.onProfile(json({ sub: provider.person }))
  })

  const post = (app: TestApp, token: string): Promise<Page> =>
    new Browser().request(`${app.origin}/auth/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    })

  it.each([
    ['session', {}],
    ['session alone', { sub: undefined }],
    ['person', { sid: undefined }],
  ])(
    'ends the login by the provider’s %s, over all processes that share the store [oidc-5]',
    async (_by, claims) => {
      const one = await start({ backchannelLogout: true, ...kept() })
      const other = await start({ backchannelLogout: true, ...kept() }, { store: one.store })
      const browser = new Browser()
      await browser.follow(one.loginURL)
      expect(await isLoggedIn(one, browser)).toBe(true)
      const answer = await post(other, await provider.logoutToken(claims))
      expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([
        200,
        '',
        'no-store',
      ])
      expect(await isLoggedIn(one, browser)).toBe(false)
      // The session has ended, not the grant alone.
      expect(bodyOf(await browser.visit(`${one.origin}/`))).toEqual({ user: null })
      // The same second counts as before: the login may be the one that was ended.
      provider.claims = { iat: Math.floor(Date.now() / 1000) + 2, sid: 'the next session' }
      expect((await browser.follow(one.loginURL)).status).toBe(200)
    },
  )

  it('ends a login that came before by our clock, though the provider’s clocks do not agree', async () => {
    const app = await start({ backchannelLogout: true, clockToleranceSeconds: 120, ...kept() })
    const browser = new Browser()
    provider.claims = { iat: Math.floor(Date.now() / 1000) + 60 }
    await browser.follow(app.loginURL)
    const iat = Math.floor(Date.now() / 1000) + 1
    const answer = await post(app, await provider.logoutToken({ sid: undefined, iat }))
    expect([answer.status, await isLoggedIn(app, browser)]).toEqual([200, false])
  })

  it('leaves the logins of other sessions and persons alone', async () => {
    const app = await start({ backchannelLogout: true, ...kept() })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    await post(app, await provider.logoutToken({ sid: 'another', sub: 'eve' }))
    await post(app, await provider.logoutToken({ sid: undefined, sub: 'eve' }))
    expect(await isLoggedIn(app, browser)).toBe(true)
  })

  it.each<[string, Record<string, unknown>]>([
    ['with exp', {}],
    ['without exp, as Ory Hydra sends it', { exp: undefined }],
  ])('takes a logout token once: %s [oidc-10]', async (_how, claims) => {
    const app = await start({ backchannelLogout: true, ...kept() })
    const token = await provider.logoutToken(claims)
    expect((await post(app, token)).status).toBe(200)
    expect((await post(app, token)).status).toBe(400)
  })

  it('refuses a login that the logout has overtaken [oidc-6]', async () => {
    const app = await start({ backchannelLogout: true, ...kept() })
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    provider.claims = { iat: Math.floor(Date.now() / 1000) - 5 }
    await post(app, await provider.logoutToken())
    const page = await browser.follow(callback)
    expect([page.status, bodyOf(page)]).toEqual([401, { code: 'ERR_LOGIN_REQUIRED' }])
    expect(await isLoggedIn(app, browser)).toBe(false)
  })

  it.each<[string, Record<string, unknown>]>([
    ['from another issuer', { iss: 'https://evil.example' }],
    ['for another client', { aud: 'client-2' }],
    ['that has expired', { exp: 1 }],
    ['without a time', { iat: undefined }],
    ['that is too old', { iat: Math.floor(Date.now() / 1000) - 3600 }],
    [
      'that is too old and never expires',
      { iat: Math.floor(Date.now() / 1000) - 3600, exp: undefined },
    ],
    ['from the future', { iat: Math.floor(Date.now() / 1000) + 3600 }],
    ['without a jti', { jti: undefined }],
    ['with a jti that is no text', { jti: 5 }],
    ['of no event', { events: undefined }],
    ['of another event', { events: { 'https://example.com/login': {} } }],
    ['of an event that is no object', { events: { [LOGOUT_EVENT]: 'yes' } }],
    ['with a nonce, as an ID token has', { nonce: 'n' }],
    ['about nobody', { sub: undefined, sid: undefined }],
  ])('refuses a logout token %s [oidc-7]', async (_what, claims) => {
    const app = await start({ backchannelLogout: true, ...kept() })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const answer = await post(app, await provider.logoutToken(claims))
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      400,
      { error: 'invalid_request' },
    ])
    expect(await isLoggedIn(app, browser)).toBe(true)
  })

  it('refuses what is signed by another, by nobody, or is not there [oidc-9]', async () => {
    const app = await start({ backchannelLogout: true, ...kept() })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const [, claims = ''] = (await provider.logoutToken()).split('.')
    const unsigned = `${base64url.encode('{"alg":"none"}')}.${claims}.`
    const strange = (await takeKeyPair('PS256')).privateKey
    const same = JSON.parse(String(Buffer.from(claims, 'base64url'))) as Record<string, unknown>
    const forged = await signWith(strange, same, { kid: 'key-1' })
    for (const token of [unsigned, forged, 'x', '']) {
      expect((await post(app, token)).status).toBe(400)
    }
    expect(await isLoggedIn(app, browser)).toBe(true)
  })

  it.each<[string, Partial<AuthorizationCodeOptions>, object]>([
    ['that was not agreed on', { providerSignatureAlgorithms: ['PS256'] }, {}],
    ['that is not the key’s', {}, { alg: 'PS256' }],
  ])(
    'refuses a logout token signed with an algorithm %s by 400, and ends nothing [oidc-8]',
    async (_which, options, names) => {
      const other = await createProviderKey('RS256', { kid: 'other', ...names })
      provider.publish(provider.publicKey, other.jwk)
      const app = await start({ backchannelLogout: true, ...kept(), ...options })
      const browser = new Browser()
      await browser.follow(app.loginURL)
      const token = await provider.logoutToken()
      const header = { alg: 'RS256', typ: 'logout+jwt', kid: 'other' }
      const answer = await post(app, await signWith(other.privateKey, decodeJwt(token), header))
      expect([answer.status, bodyOf(answer)]).toMatchObject([400, { error: 'invalid_request' }])
      expect(await isLoggedIn(app, browser)).toBe(true)
      // Nothing was wrong but the algorithm.
      expect((await post(app, token)).status).toBe(200)
      expect(await isLoggedIn(app, browser)).toBe(false)
    },
  )

  it('is not there for those who have not asked for it', async () => {
    const app = await start()
    expect((await post(app, await provider.logoutToken())).status).toBe(500)
    expect(asked(scene.provider)).toEqual([])
  })
})
