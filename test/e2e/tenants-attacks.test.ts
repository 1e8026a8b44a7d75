import '../support/own-realm.js'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryGrants } from '../../src/index.js'
import { Browser } from '../support/http.js'
import type { IdTokenServer } from '../support/id-token-server.js'
import { bodyOf, changed, startLogin } from '../support/login.js'
import { present } from '../support/present.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { startTenantProvider } from '../support/tenant-provider.js'
import { startTenantsApp } from '../support/tenants-app.js'
import type { TenantsApp, TenantsAppOptions, TenantSettings } from '../support/tenants-app.js'

/** A provider that does whatever its tenant wants. */
interface Hostile {
  readonly provider: ScriptedProvider
  readonly openId: OpenIdProvider
  readonly settings: TenantSettings
}

const running: { close(): Promise<void> }[] = []
let app: TenantsApp

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

async function startHostile(): Promise<Hostile> {
  const provider = await startScriptedProvider()
  running.push(provider)
  const openId = await speakOpenId(provider)
  const { authorizationURL, tokenURL, profileURL } = provider
  const client = { clientID: 'client-1', clientSecret: 'secret-1' }
  const settings = { authorizationURL, tokenURL, profileURL, ...client, ...openId.options }
  return { provider, openId, settings }
}

async function startReal(tenant: string): Promise<IdTokenServer> {
  const server = await startTenantProvider(app, tenant)
  running.push(server)
  return server
}

async function startApp(options: TenantsAppOptions = {}): Promise<void> {
  app = await startTenantsApp(options)
  running.push(app)
}

async function isLoggedInAt(tenant: string, browser: Browser): Promise<boolean> {
  return (await browser.visit(app.at(tenant, '/home'))).status === 200
}

function tokenRequests({ requests }: IdTokenServer): number {
  return requests.filter((one) => one === 'POST /token').length
}

describe('two real tenants and two hostile ones', () => {
  let [a, b]: IdTokenServer[] = []
  let evil: Hostile
  let twin: Hostile

  beforeEach(async () => {
    await startApp()
    a = await startReal('a')
    b = await startReal('b')
    evil = await startHostile()
    twin = await startHostile()
    app.settings.set('evil', evil.settings)
    // It says that it has the issuer and the client of tenant a, and the name of its strategy.
    const { issuer, clientID } = present(app.settings.get('a'))
    app.settings.set('twin', { ...twin.settings, issuer, clientID, name: 'tenant:a' })
  })

  /** A login at the tenant a, up to the address of its callback. */
  async function startAtA(browser: Browser): Promise<string> {
    let page = await browser.visit(app.at('a', '/auth/login'))
    while (page.location?.includes('/auth/callback') === false) {
      page = await browser.visit(page.location)
    }
    return page.location ?? ''
  }

  it.each(['evil', 'twin', 'b'])(
    'a callback of a login at one tenant is refused at another, which gets no code (%s)',
    async (other) => {
      const browser = new Browser()
      const callback = await startAtA(browser)
      const stolen = callback.replace('/a/auth/', `/${other}/auth/`)
      for (const address of [stolen, changed(stolen, { iss: undefined })]) {
        expect((await browser.visit(address)).status).toBe(400)
      }
      const sent = [evil, twin].flatMap(({ provider }) => provider.requests)
      expect([sent, b && tokenRequests(b), a && tokenRequests(a)]).toEqual([[], 0, 0])
      // The login itself is not used up.
      expect((await browser.visit(callback)).status).toBe(302)
      expect(await isLoggedInAt('a', browser)).toBe(true)
    },
  )

  it.each(['evil', 'twin'])(
    'a code that an honest provider has sent for the state of a hostile tenant goes nowhere (%s)',
    async (hostile) => {
      const browser = new Browser()
      const { state } = await startLogin(browser, app.at(hostile, '/auth/login'))
      const callback = await startAtA(browser)
      // The hostile provider has sent the browser on to the honest one, which sends it to its own tenant.
      expect((await browser.visit(changed(callback, { state }))).status).toBe(400)
      const code = new URL(callback).searchParams.get('code') ?? ''
      const bodies = [evil, twin]
        .flatMap(({ provider }) => provider.requests)
        .map(({ body }) => body)
      expect([bodies.filter((body) => body.includes(code)), a && tokenRequests(a)]).toEqual([[], 0])
    },
  )

  it.each(['evil', 'twin'])(
    'a login at a hostile tenant is none at the others (%s)',
    async (hostile) => {
      const browser = new Browser()
      evil.openId.claims = { sub: 'ada' }
      twin.openId.claims = { iss: a?.origin, sub: 'ada' }
      await app.logIn(browser, hostile)
      const found = await Promise.all([hostile, 'a', 'b'].map((one) => isLoggedInAt(one, browser)))
      expect(found).toEqual([true, false, false])
      const at = await browser.visit(app.at('a', '/token'))
      expect(bodyOf(at)).toEqual({ accessToken: 'ERR_LOGIN_REQUIRED', tokens: false })
      const { user } = bodyOf(await browser.visit(`${app.origin}/`))
      expect(user).toMatchObject({ account: `default-user/tenant:${hostile}/ada` })
    },
  )

  it('a session of an honest tenant is none at a hostile one, which gets no token of it', async () => {
    const browser = new Browser()
    await app.logIn(browser, 'a')
    for (const hostile of ['evil', 'twin']) {
      expect(await isLoggedInAt(hostile, browser)).toBe(false)
      const page = await browser.visit(app.at(hostile, '/token'))
      expect(bodyOf(page)).toEqual({ accessToken: 'ERR_LOGIN_REQUIRED', tokens: false })
    }
    expect([evil, twin].flatMap(({ provider }) => provider.requests)).toEqual([])
    expect(await isLoggedInAt('a', browser)).toBe(true)
  })

  it('logging out by the route of a hostile tenant leads to no page of its provider', async () => {
    const endSessionURL = `${evil.provider.origin}/phishing`
    app.settings.set('evil', { ...evil.settings, endSessionURL })
    const browser = new Browser()
    await app.logIn(browser, 'a')
    const page = await browser.post(app.at('evil', '/auth/logout'))
    expect(page.location).toBe(`${app.origin}/`)
    expect(await isLoggedInAt('a', browser)).toBe(false)
  })
})

describe('the names of tenants', () => {
  it.each([
    ['a:b', 'a%3Ab'],
    ['a/b', 'a%2Fb'],
    ['A', 'a'],
    ['__proto__', 'constructor'],
  ])('are the names of different strategies: %s and %s', async (one, other) => {
    const { settings } = await startHostile()
    await startApp({
      tenants: {
        optionsOf: (tenant) => ({
          ...settings,
          callbackURL: app.at(encodeURIComponent(tenant), '/auth/callback'),
        }),
      },
    })
    const strategies = [await app.tenants.forTenant(one), await app.tenants.forTenant(other)]
    expect(new Set(strategies.map((strategy) => strategy?.name)).size).toBe(2)
  })

  it('are what keeps them apart: settings cannot set sessionKey or tenant, nor create another name', async () => {
    const { settings } = await startHostile()
    await startApp()
    for (const own of [{ sessionKey: 'oauth2:tenant:a' }, { tenant: 'a' }]) {
      app.settings.set('evil', { ...settings, ...own })
      await expect(app.tenants.forTenant('evil')).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: Object.keys(own)[0],
      })
    }
  })

  it('are not shared by a callback address', async () => {
    const { settings } = await startHostile()
    await startApp({
      tenants: {
        optionsOf: () => ({ ...settings, callbackURL: 'http://localhost/auth/callback' }),
      },
    })
    await app.tenants.forTenant('a')
    await expect(app.tenants.forTenant('evil')).rejects.toMatchObject({ option: 'callbackURL' })
    await expect(app.tenants.forTenant('a')).resolves.toMatchObject({ name: 'tenant:a' })
  })
})

describe.each(['login', 'account'] as const)('an account of two tenants (%s)', (grantLifetime) => {
  it('is another one at each, although its id is the same text', async () => {
    const shared = { grants: new MemoryGrants(), grantLifetime }
    await startApp({ verify: () => ({ id: '7' }), routes: () => undefined })
    const [victim, evil] = [await startHostile(), await startHostile()]
    app.settings.set('a', { ...victim.settings, ...shared })
    app.settings.set('evil', { ...evil.settings, ...shared })
    const serialize = await import('passport')
    serialize.default.serializeUser((user, done) => done(null, user))
    serialize.default.deserializeUser((user: Express.User, done) => done(null, user))
    await app.logIn(new Browser(), 'a')
    const [a, other] = [await app.tenants.forTenant('a'), await app.tenants.forTenant('evil')]
    expect([await a?.tokens({ account: '7' }), await other?.tokens({ account: '7' })]).toEqual([
      expect.anything(),
      undefined,
    ])
    expect([await a?.listGrants('7'), await other?.listGrants('7')]).toEqual([
      [expect.anything()],
      [],
    ])
    // Whoever has the account at the hostile tenant does not get the grant of the other.
    const attacker = new Browser()
    await app.logIn(attacker, 'evil')
    expect(await isLoggedInAt('a', attacker)).toBe(false)
    const page = await attacker.visit(app.at('a', '/token'))
    expect(bodyOf(page)).toEqual({ accessToken: 'ERR_LOGIN_REQUIRED', tokens: false })
  })
})

describe.each<[string, () => Partial<TenantSettings>]>([
  ['the sessions', () => ({})],
  ['a store', () => ({ grants: new MemoryGrants() })],
])('a logout that a provider reports, with tokens in %s', (_where, keep) => {
  it('ends nothing at other tenants, whatever issuer and client they say they have', async () => {
    await startApp()
    const more = { ...keep(), backchannelLogout: true, frontchannelLogout: true }
    const [victim, twin] = [await startHostile(), await startHostile()]
    const { issuer } = victim.openId
    app.settings.set('a', { ...victim.settings, ...more })
    app.settings.set('twin', { ...twin.settings, ...more, issuer })
    const browser = new Browser()
    await app.logIn(browser, 'a')
    const { sid, person } = victim.openId
    const forged = await twin.openId.logoutToken({ iss: issuer, sid, sub: person })
    const byPerson = await twin.openId.logoutToken({ iss: issuer, sid: undefined, sub: person })
    const post = async (tenant: string, logoutToken: string): Promise<number> => {
      const address = app.at(tenant, '/auth/backchannel-logout')
      return (await new Browser().post(address, { logout_token: logoutToken })).status
    }
    expect([await post('a', forged), await post('a', byPerson)]).toEqual([400, 400])
    expect([await post('twin', forged), await post('twin', byPerson)]).toEqual([200, 200])
    const query = new URLSearchParams({ iss: issuer, sid }).toString()
    await new Browser().visit(app.at('twin', `/auth/frontchannel-logout?${query}`))
    expect(await isLoggedInAt('a', browser)).toBe(true)
    const next = new Browser()
    await app.logIn(next, 'a')
    expect(await isLoggedInAt('a', next)).toBe(true)

    expect(await post('twin', await victim.openId.logoutToken())).toBe(400)
    expect(await isLoggedInAt('a', browser)).toBe(true)
    expect(await post('a', await victim.openId.logoutToken())).toBe(200)
    expect(await isLoggedInAt('a', browser)).toBe(false)
  })
})
