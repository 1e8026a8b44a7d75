import '../support/own-realm.js'
import { afterEach, describe, expect, it } from '@jest/globals'
import passport from 'passport'
import { adopt, AuthorizationCodeStrategy, discover, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import { Donor } from '../support/donor.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf, startLogin } from '../support/login.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { startTenantsApp } from '../support/tenants-app.js'
import type { TenantsApp, TenantSettings } from '../support/tenants-app.js'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

function run<One extends { close(): Promise<void> }>(one: One): One {
  running.push(one)
  return one
}

describe.each<[string, () => Partial<TenantSettings>]>([
  ['in the session', () => ({})],
  ['in a store', () => ({ grants: new MemoryGrants() })],
  ['of accounts', () => ({ grants: new MemoryGrants(), grantLifetime: 'account' })],
])('a provider that is connected at another tenant, with grants %s', (_, keep) => {
  const browser = new Browser()

  /** Somebody who has logged in at tenant `a`, and has connected the provider of tenant `b`. */
  async function connectOther(): Promise<TenantsApp> {
    const router = { connect: 'also', loginPath: '/login', successRedirect: '/' } as const
    const app = run(await startTenantsApp({ router }))
    const kept = keep()
    for (const [tenant, sub] of [
      ['a', 'alice'],
      ['b', 'mallory'],
    ] as const) {
      const { options } = run(await startTestProvider({ user: { sub } }))
      const { issuer, clientID, clientSecret } = options
      const provider = await discover(issuer)
      app.settings.set(tenant, { ...provider, clientID, clientSecret, scope: 'openid', ...kept })
    }
    await app.logIn(browser, 'a')
    const headers = { accept: 'text/html', 'sec-fetch-site': 'same-origin' }
    let page = await browser.request(app.at('b', '/auth/connect'), { headers })
    while (page.location !== undefined) page = await browser.visit(page.location)
    return app
  }

  const visit = (app: TenantsApp, tenant: string, path: string): Promise<Page> =>
    browser.visit(app.at(tenant, path))

  it('is no login there', async () => {
    const app = await connectOther()
    expect(bodyOf(await visit(app, 'b', '/token'))['tokens']).toBe(true)
    expect((await visit(app, 'a', '/home')).status).toBe(200)
    expect((await visit(app, 'b', '/home')).location).toContain('/b/auth/login')
    expect(bodyOf(await visit(app, 'b', '/auth/session'))['loggedIn']).toBe(false)
    expect(bodyOf(await visit(app, 'a', '/auth/session'))['loggedIn']).toBe(true)
    await app.logIn(browser, 'b')
    expect(bodyOf(await visit(app, 'b', '/home'))['user']).toMatchObject({ provider: 'tenant:b' })
  })
})

describe('a tenant whose metadata are read late', () => {
  const METADATA = '/.well-known/openid-configuration'

  async function startLate(
    provider: ScriptedProvider,
    create: (options: AuthorizationCodeOptions) => AuthorizationCodeStrategy,
  ): Promise<TenantsApp> {
    const { origin, authorizationURL, tokenURL, profileURL } = provider
    provider.on(
      METADATA,
      json({
        issuer: origin,
        authorization_endpoint: authorizationURL,
        token_endpoint: tokenURL,
        userinfo_endpoint: profileURL,
      }),
    )
    const client = { clientID: 'client-1', clientSecret: 'secret-1' }
    const app: TenantsApp = run(
      await startTenantsApp({
        tenants: {
          create,
          optionsOf: (tenant) => ({
            ...discover.lazy(origin),
            ...client,
            callbackURL: app.at(tenant, '/auth/callback'),
          }),
        },
      }),
    )
    return app
  }

  it('keeps them when its settings are asked for again, and finishes a login while they cannot be read', async () => {
    const provider = run(await startScriptedProvider())
    const app = await startLate(provider, (options) => new AuthorizationCodeStrategy(options))
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.at('a', '/auth/login'))
    provider.on(METADATA, json({}, 503))
    expect((await browser.follow(callback)).status).toBe(200)
    expect(bodyOf(await browser.visit(app.at('a', '/home')))['user']).toMatchObject({ id: 'ada' })
    expect(provider.requestsTo(METADATA)).toHaveLength(1)
  })

  it('may have an adopted strategy', async () => {
    const provider = run(await startScriptedProvider())
    const app = await startLate(provider, (options) => adopt(new Donor(provider, {}), options))
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((user: Express.User, done) => done(null, user))
    const browser = new Browser()
    await app.logIn(browser, 'a')
    expect(bodyOf(await browser.visit(app.at('a', '/token')))['tokens']).toBe(true)
  })
})
