import '../support/own-realm.js'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import {
  AuthorizationCodeStrategy,
  authRouter,
  ConfigurationError,
  discover,
  MemoryGrants,
  requireLogin,
  silentLogin,
  strategyPerTenant,
} from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider, TestProviderOptions } from '../../src/testing.js'
import { Browser } from '../support/http.js'
import { bodyOf, startLogin } from '../support/login.js'
import { present } from '../support/present.js'
import { startTenantProvider } from '../support/tenant-provider.js'
import { startTenantsApp } from '../support/tenants-app.js'
import type { TenantsApp, TenantsAppOptions, TenantSettings } from '../support/tenants-app.js'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close()
})

async function start(options: TenantsAppOptions = {}): Promise<TenantsApp> {
  const app = await startTenantsApp(options)
  running.push(app)
  return app
}

async function startProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
  const provider = await startTestProvider(options)
  running.push(provider)
  return provider
}

async function settingsAt(
  { options }: TestProvider,
  more: Partial<TenantSettings> = {},
): Promise<TenantSettings> {
  const { clientID, clientSecret } = options
  const provider = await discover(options.issuer)
  return { ...provider, clientID, clientSecret, scope: 'openid', ...more }
}

/** An application of two tenants, each with a provider. */
async function startTwo(
  more: Partial<TenantSettings> = {},
  options: TenantsAppOptions = {},
): Promise<{ app: TenantsApp; a: TestProvider; b: TestProvider }> {
  const app = await start(options)
  const [a, b] = [await startProvider(), await startProvider({ user: { sub: 'grace' } })]
  app.settings.set('a', await settingsAt(a, more))
  app.settings.set('b', await settingsAt(b, more))
  return { app, a, b }
}

async function tokensAt(app: TenantsApp, tenant: string, browser: Browser): Promise<unknown> {
  return bodyOf(await browser.visit(app.at(tenant, '/token')))['tokens']
}

async function userOf(app: TenantsApp, browser: Browser): Promise<unknown> {
  return bodyOf(await browser.visit(`${app.origin}/`))['user']
}

describe('two tenants at oidc-provider', () => {
  it('have routes, logins and sessions of their own', async () => {
    const app = await start()
    for (const tenant of ['a', 'b']) {
      running.push(await startTenantProvider(app, tenant))
    }
    const [ada, bob] = [new Browser(), new Browser()]
    const home = await ada.follow(app.at('a', '/home'))
    expect([home.url, bodyOf(home)]).toEqual([
      app.at('a', '/home'),
      { user: expect.objectContaining({ provider: 'tenant:a', id: 'ada' }) },
    ])
    const asked = await ada.visit(app.at('b', '/home'))
    expect([asked.status, asked.location]).toEqual([
      302,
      `${app.at('b', '/auth/login')}?return_to=%2Fb%2Fhome`,
    ])
    await bob.follow(app.at('b', '/home'))
    expect(await userOf(app, bob)).toMatchObject({
      provider: 'tenant:b',
      account: 'default-user/tenant:b/ada',
    })
    expect([await tokensAt(app, 'a', ada), await tokensAt(app, 'b', ada)]).toEqual([true, false])
    expect([await tokensAt(app, 'a', bob), await tokensAt(app, 'b', bob)]).toEqual([false, true])
    expect(app.errors).toEqual([])
  })
})

describe('routes of a strategy that is chosen', () => {
  it('do not exist for a tenant who does not, and no page lets anybody pass', async () => {
    const { app } = await startTwo()
    const browser = new Browser()
    await app.logIn(browser, 'a')
    for (const path of ['/auth/login', '/auth/session', '/home']) {
      expect((await browser.visit(app.at('made-up', path))).status).toBe(404)
    }
    expect(app.tenants.size()).toBe(1)
    expect(app.errors).toEqual([])
  })

  it('pass what the function throws to onError once, and refuse what is no strategy', async () => {
    const seen: unknown[] = []
    const app = await start({
      tenants: { optionsOf: () => Promise.reject(new Error('The database is down.')) },
      router: {
        onError(error, _req, _res, next) {
          seen.push(error)
          next(error)
        },
      },
      routes: (one) =>
        one.use(
          '/odd',
          authRouter(() => ({}) as never),
        ),
    })
    const browser = new Browser()
    expect((await browser.visit(app.at('a', '/auth/login'))).status).toBe(500)
    expect(seen).toEqual([expect.objectContaining({ message: 'The database is down.' })])
    expect((await browser.visit(app.at('a', '/home'))).status).toBe(500)
    expect(bodyOf(await browser.visit(`${app.origin}/odd/login`))).toEqual({
      code: 'ERR_CONFIGURATION',
    })
  })

  it('choose once for each request', async () => {
    const { app } = await startTwo({}, { tenants: { checkAfterMs: 1_000_000 } })
    const strategy = await app.tenants.forTenant('a')
    let chosen = 0
    app.app.use(
      '/once',
      authRouter(() => {
        chosen += 1
        return strategy
      }),
    )
    await new Browser().visit(`${app.origin}/once/session`)
    expect(chosen).toBe(1)
  })

  it('lead back to the login of the tenant from the error page and the page of a refusal', async () => {
    const { app } = await startTwo({}, { router: {} })
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.at('a', '/auth/login?return_to=/a/home'))
    const refused = await browser.visit(callback.replace(/code=[^&]+/, 'error=access_denied'))
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining('href="/a/auth/login?return_to=%2Fa%2Fhome"'),
    ])
    const lost = await new Browser().visit(callback)
    expect([lost.status, lost.text]).toEqual([
      expect.any(Number),
      expect.stringContaining('href="/a/auth/login'),
    ])
  })

  it('say in GET /session whether somebody has logged in at this tenant', async () => {
    const { app } = await startTwo()
    const browser = new Browser()
    await app.logIn(browser, 'a')
    const of = async (tenant: string): Promise<unknown> =>
      bodyOf(await browser.visit(app.at(tenant, '/auth/session')))
    expect(await of('a')).toMatchObject({ loggedIn: true, logoutPath: '/a/auth/logout' })
    expect(await of('b')).toEqual({ loggedIn: false, loginPath: '/b/auth/login' })
  })
})

describe('a strategy that is created anew', () => {
  it('logs people in although its name was in use with another issuer a moment ago', async () => {
    const app = await start()
    const issuers = ['https://login.example.com', 'https://login.example.org']
    for (const issuer of issuers) {
      app.settings.set('a', {
        ...{ issuer, authorizationURL: `${issuer}/authorize`, tokenURL: `${issuer}/token` },
        ...{ clientID: 'client-1', clientSecret: 'secret-1' },
      })
      const page = await new Browser().visit(app.at('a', '/auth/login'))
      expect(page.location).toMatch(`${issuer}/authorize?`)
    }
  })

  it('after a restart finds people logged in who come before it', async () => {
    const { app, a } = await startTwo()
    const browser = new Browser()
    await app.logIn(browser, 'a')
    jest.resetModules()
    const loaded = await import('../support/tenants-app.js')
    const next = await loaded.startTenantsApp({ store: app.store })
    running.push(next)
    for (const [name, value] of browser.cookies(app.origin)) {
      browser.setCookie(next.origin, name, value)
    }
    expect([next.asked, await userOf(next, browser)]).toEqual([
      [],
      expect.objectContaining({ provider: 'tenant:a' }),
    ])
    next.settings.set('a', await settingsAt(a))
    expect(await tokensAt(next, 'a', browser)).toBe(true)
  })
})

describe('requireLogin with a function for the login path', () => {
  it('sends people there, and refuses an address of another origin', async () => {
    const { app } = await startTwo(
      {},
      {
        routes: (one, { strategyFor: strategy }) => {
          one.get(
            '/:tenant/own',
            requireLogin({ strategy, loginPath: (req) => req.query['to'] as string }),
          )
        },
      },
    )
    const browser = new Browser()
    const page = await browser.visit(app.at('a', '/own?to=/a/start'))
    expect(page.location).toMatch(/\/a\/start\?return_to=/)
    const odd = await browser.visit(app.at('a', '/own?to=//evil.example'))
    expect([odd.status, odd.location]).toEqual([500, undefined])
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
  })
})

describe('silentLogin with a function', () => {
  it('logs in at the tenant, and shows the page where there is none or its settings fail', async () => {
    let isDown = false
    const { app } = await startTwo(
      {},
      {
        tenants: { checkAfterMs: 1_000_000 },
        routes: (one, { strategyFor }) => {
          const strategy: typeof strategyFor = async (req) => {
            if (isDown) await discover('http://127.0.0.1:9', { timeoutMs: 500 })
            return strategyFor(req)
          }
          one.get('/:tenant/news', silentLogin({ strategy }), (req, res) => {
            res.json({ user: req.user ?? null })
          })
        },
      },
    )
    const browser = new Browser()
    expect(bodyOf(await browser.visit(app.at('made-up', '/news')))).toEqual({ user: null })
    isDown = true
    expect(bodyOf(await browser.visit(app.at('a', '/news')))).toEqual({ user: null })
    isDown = false
    await browser.visit(app.at('a', '/news'))
    const sent = await browser.visit(app.at('a', '/news'))
    expect(new URL(sent.location ?? '').searchParams.get('prompt')).toBe('none')
  })
})

const grants = (): Partial<TenantSettings> => ({ grants: new MemoryGrants() })

describe.each<[string, () => Partial<TenantSettings>]>([
  ['the sessions', () => ({})],
  ['a store', grants],
])('tenants with tokens in %s', (_where, keep) => {
  it('log out of everything that the session has, also of another tenant', async () => {
    const { app, a, b } = await startTwo(keep())
    const connected = strategyPerTenant<AuthorizationCodeStrategy>({
      tenantOf: (req) => req.params['tenant'] as string,
      optionsOf: (tenant) => ({
        ...present(app.settings.get(tenant)),
        callbackURL: app.at(tenant, '/connect/callback'),
      }),
      create: (options) => new AuthorizationCodeStrategy(options),
      name: 'connected',
    })
    app.app.use('/:tenant/connect', authRouter(connected.strategyFor, { connect: true }))
    app.app.get('/:tenant/connected', (req, res, next) => {
      connected
        .strategyFor(req)
        .then((one) => one?.tokens(req))
        .then((tokens) => res.json({ tokens: tokens !== undefined }), next)
    })
    const browser = new Browser()
    await app.logIn(browser, 'a')
    const { location = '' } = await browser.post(app.at('b', '/connect/login'))
    await browser.follow(location)
    const both = await browser.visit(app.at('b', '/connected'))
    expect([both.text, await tokensAt(app, 'a', browser)]).toEqual(['{"tokens":true}', true])
    await browser.post(app.at('a', '/auth/logout'))
    expect(await userOf(app, browser)).toBeNull()
    await Promise.all([app.tenants.idle(), connected.idle()])
    expect([a.requestsTo('revoke').length, b.requestsTo('revoke').length]).toEqual([1, 1])
  })

  it('end the login at one tenant when the browser logs in at another', async () => {
    const { app, a, b } = await startTwo({ ...keep(), revocationEnds: 'token' })
    const browser = new Browser()
    await app.logIn(browser, 'a')
    await app.logIn(browser, 'b')
    expect([await tokensAt(app, 'a', browser), await tokensAt(app, 'b', browser)]).toEqual([
      false,
      true,
    ])
    await app.tenants.idle()
    expect([a.requestsTo('revoke').length, b.requestsTo('revoke').length]).toEqual([2, 0])
  })

  it('finish a login that was started before the settings changed, if the client is the same', async () => {
    const { app, a } = await startTwo(keep())
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.at('a', '/auth/login'))
    const before = await app.tenants.forTenant('a')
    app.settings.set('a', { ...present(app.settings.get('a')), timeoutMs: 9_000 })
    const page = await browser.visit(callback)
    expect([page.status, await tokensAt(app, 'a', browser)]).toEqual([302, true])
    expect(await app.tenants.forTenant('a')).not.toBe(before)
    expect(a.requestsTo('token')).toHaveLength(1)
  })

  it('offer a new login if the client is another one, and send no code there', async () => {
    const { app, a, b } = await startTwo(keep(), { router: {} })
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.at('a', '/auth/login'))
    app.settings.set('a', await settingsAt(b, keep()))
    const page = await browser.visit(callback)
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('href="/a/auth/login')])
    expect([a.requestsTo('token'), b.requestsTo('token')]).toEqual([[], []])
    expect((await app.logIn(browser, 'a')).status).toBe(200)
  })

  it('never send a refresh token twice, however often the strategy is created anew', async () => {
    const { app, a } = await startTwo(keep(), {
      routes: (one, { strategyFor }) => {
        one.get('/:tenant/another-token', (req, res, next) => {
          const another = async (): Promise<string | undefined> => {
            const strategy = await strategyFor(req)
            const refused = await strategy?.accessToken(req)
            return strategy?.accessToken(req, { refused })
          }
          another().then((accessToken) => res.json({ accessToken }), next)
        })
      },
    })
    const browser = new Browser()
    await app.logIn(browser, 'a')
    const { sessions } = app.store as unknown as { sessions: Record<string, string> }
    const [id = ''] = Object.keys(sessions)
    const old = sessions[id] ?? ''
    const strategies = new Set<unknown>()
    for (let round = 0; round < 3; round++) {
      const settings = present(app.settings.get('a'))
      app.settings.set('a', { ...settings, timeoutMs: 9_000 + round })
      // A slow request writes the session back as it was at the login.
      sessions[id] = old
      expect((await browser.visit(app.at('a', '/another-token'))).status).toBe(200)
      strategies.add(await app.tenants.forTenant('a'))
    }
    expect([strategies.size, a.requestsTo('token').length, a.reused]).toEqual([3, 4, []])
  })
})
