import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  authRouter,
  AuthorizationCodeStrategy,
  MemoryGrants,
  requireLogin,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { bodyOf, sessionIdOf } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { serveScopes } from '../support/scope-server.js'
import type { ScopeServer } from '../support/scope-server.js'
import { startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

/** A login for more beside another login: of the provider that is connected, and of the one that people log in with. */

const HOUR = 3600

const scene = setScene()
let bank: ScriptedProvider
let atHome: ScopeServer
let atBank: ScopeServer
let browser: Browser
let store: RecordingStore
let kept: Partial<AuthorizationCodeOptions>

beforeAll(async () => {
  bank = await startScriptedProvider()
})
beforeEach(() => {
  bank.reset()
  atHome = serveScopes(scene.provider)
  atBank = serveScopes(bank)
  atBank.person = 'customer7'
  browser = new Browser()
  store = new RecordingStore()
})
afterAll(() => bank.close())

/** People log in at `/auth` and connect their bank at `/bank`. */
function start(ofBank: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
  const options = { scope: 'profile', revocationEnds: 'token', accountOf: () => 'me' } as const
  return scene.start({
    store,
    strategy: { name: 'home', ...options, revocationURL: atHome.revocationURL, ...kept },
    routes: (app, strategy, origin) => {
      const { authorizationURL, tokenURL, profileURL } = bank
      const bankStrategy = new AuthorizationCodeStrategy({
        name: 'bank',
        ...{ authorizationURL, tokenURL, profileURL, revocationURL: atBank.revocationURL },
        clientID: 'client-2',
        clientSecret: 'secret-2',
        callbackURL: `${origin}/bank/callback`,
        ...options,
        ...kept,
        ...ofBank,
      })
      const onError = (error: unknown, _req: unknown, _res: unknown, next: (e: unknown) => void) =>
        next(error)
      app.use('/bank', authRouter(bankStrategy, { connect: true, onError }))
      const payments = requireLogin({
        strategy: bankStrategy,
        scope: 'payments',
        loginPath: '/bank/login',
      })
      app.get('/payments', payments, (req, res) => res.json({ user: req.user }))
      app.get('/files', requireLogin({ strategy, scope: 'files' }), (_req, res) => res.json({}))
      app.get('/bank/token', (req, res, next) => {
        bankStrategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
      })
    },
  })
}

async function scopesOf({ origin }: TestApp): Promise<unknown[]> {
  const pages = [
    await browser.visit(`${origin}/token`),
    await browser.visit(`${origin}/bank/token`),
  ]
  return pages.map((page) => String(bodyOf(page)['accessToken']).split(':')[1])
}

async function whoIs({ origin }: TestApp): Promise<unknown> {
  return (bodyOf(await browser.visit(`${origin}/`))['user'] as { id?: string } | null)?.id
}

async function startConnected(ofBank: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  const app = await start(ofBank)
  await browser.follow(app.loginURL)
  await browser.follow(`${app.origin}/bank/login`)
  return app
}

/** The person comes from a page of this kind of site. */
async function follow(url: string, site: string): Promise<number> {
  const headers = {
    accept: 'text/html',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': site,
  }
  let page = await browser.request(url, { headers })
  while (page.location !== undefined) page = await browser.request(page.location, { headers })
  return page.status
}

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  ['tokens in the session', () => ({})],
  ['tokens in the session, sealed', () => ({ tokenSecret: 'a secret of 32 characters or more' })],
  ['grants in a store', () => ({ grants: new MemoryGrants() })],
  ['account grants', () => ({ grants: new MemoryGrants(), grantLifetime: 'account' })],
])('with %s, a login for more', (_where, options) => {
  beforeEach(() => {
    kept = options()
  })

  describe('of a connected provider', () => {
    it('connects more, and the person stays who they are', async () => {
      const app = await startConnected()
      const session = sessionIdOf(browser, app.origin)
      const page = await browser.follow(`${app.origin}/payments`)
      expect([page.status, bodyOf(page)]).toMatchObject([200, { user: { id: 'ada' } }])
      expect(atBank.wanted).toEqual(['profile', 'profile payments'])
      expect(sessionIdOf(browser, app.origin)).toBe(session)
      expect(await whoIs(app)).toBe('ada')
      expect(await scopesOf(app)).toEqual(['profile', 'profile payments'])
      expect((await browser.visit(`${app.origin}/payments`)).status).toBe(200)
      expect(app.errors).toEqual([])
    })

    it('keeps what was granted before', async () => {
      const app = await startConnected()
      atBank.grant = () => ({ scope: 'payments', refreshable: false })
      expect((await browser.follow(`${app.origin}/payments`)).status).toBe(200)
      expect(await scopesOf(app)).toEqual(['profile', 'profile'])
      advanceClock(2 * HOUR)
      expect(await scopesOf(app)).toEqual(['profile', 'profile'])
      expect(atBank.revoked).toEqual([])
    })

    it('is refused if it is another person there', async () => {
      const app = await startConnected()
      atBank.person = 'customer8'
      expect((await browser.follow(`${app.origin}/payments`)).status).toBe(403)
      expect(app.errors).toMatchObject([{ code: 'ERR_ANOTHER_PERSON' }])
      expect(await whoIs(app)).toBe('ada')
      expect(await scopesOf(app)).toEqual(['profile', 'profile'])
    })

    it('works on the way back from a login, and from a link of another site', async () => {
      const app = await startConnected()
      expect(await follow(`${app.origin}/payments`, 'cross-site')).toBe(200)
    })

    it('is not started by another site for somebody whom the bank does not name', async () => {
      const app = await startConnected({ profileURL: undefined })
      expect(await follow(`${app.origin}/payments`, 'cross-site')).toBe(403)
      expect(app.errors).toMatchObject([{ code: 'ERR_CROSS_SITE_REQUEST' }])
      expect(atBank.wanted).toHaveLength(1)
      expect(await follow(`${app.origin}/payments`, 'none')).toBe(200)
    })

    it('changes nothing if the session cannot be stored', async () => {
      const app = await startConnected()
      const sent = await browser.visit(`${app.origin}/payments`)
      const { location = '' } = await browser.visit(sent.location ?? '')
      store.beforeSet = () => Promise.reject(new Error('The store is full.'))
      expect((await browser.visit(location)).status).toBe(503)
      store.beforeSet = () => Promise.resolve()
      expect(await scopesOf(app)).toEqual(['profile', 'profile'])
      advanceClock(2 * HOUR)
      expect(await scopesOf(app)).toEqual(['profile', 'profile'])
      expect(await whoIs(app)).toBe('ada')
    })
  })

  it('of the login keeps the provider that is connected', async () => {
    const app = await startConnected()
    expect((await browser.follow(`${app.origin}/files`)).status).toBe(200)
    expect(await scopesOf(app)).toEqual(['profile files', 'profile'])
    advanceClock(2 * HOUR)
    expect(await scopesOf(app)).toEqual(['profile files', 'profile'])
    expect(atBank.revoked).toEqual([])
    await browser.post(`${app.origin}/auth/logout`)
    expect(await scopesOf(app)).toEqual([undefined, undefined])
  })

  it('of the login keeps a connected provider with a place of its own in the session', async () => {
    const app = await startConnected({ sessionKey: 'bank' })
    expect((await browser.follow(`${app.origin}/files`)).status).toBe(200)
    expect(await scopesOf(app)).toEqual(['profile files', 'profile'])
    expect(atBank.revoked).toEqual([])
  })

  it('of the login ends what is connected if the new session cannot be stored', async () => {
    const app = await startConnected()
    const sent = await browser.visit(`${app.origin}/files`)
    const { location = '' } = await browser.visit(sent.location ?? '')
    store.beforeSet = () => Promise.reject(new Error('The store is full.'))
    expect((await browser.visit(location)).status).toBe(503)
    store.beforeSet = () => Promise.resolve()
    expect(await scopesOf(app)).toEqual([undefined, undefined])
    if (kept.grantLifetime === 'account') return
    await until(() => atBank.revoked.length === 1 && atHome.revoked.length === 2)
  })
})
