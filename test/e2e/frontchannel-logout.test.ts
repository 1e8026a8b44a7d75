import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import helmet from 'helmet'
import { AuthorizationCodeStrategy } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { TestApp } from '../support/app.js'
import { GRANT_MODES, grantsIn } from '../support/grant-modes.js'
import type { KeepTokens } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const scene = setScene()
let provider: OpenIdProvider
let browser: Browser

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
  provider.person = `person-${randomUUID()}`
  scene.provider.onProfile(json({ sub: provider.person }))
  browser = new Browser()
})

function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  return scene.start({
    ...options,
    strategy: { ...provider.options, frontchannelLogout: true, ...strategy },
  })
}

async function isLoggedIn({ origin }: TestApp, who = browser): Promise<boolean> {
  return (await who.visit(`${origin}/private`)).status === 200
}

/** What the provider loads in a frame: without cookies, unless `by` says whose. */
function frame(
  { origin }: TestApp,
  query: Record<string, string> | string = { iss: provider.issuer, sid: provider.sid },
  { by = new Browser(), headers = {} }: { by?: Browser; headers?: Record<string, string> } = {},
): Promise<Page> {
  return by.request(`${origin}/auth/frontchannel-logout?${new URLSearchParams(query).toString()}`, {
    headers: {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'iframe',
      accept: 'text/html',
      ...headers,
    },
  })
}

describe.each(GRANT_MODES)('front-channel logout, with %s,', (_where, keep) => {
  let kept: ReturnType<KeepTokens>
  beforeEach(() => {
    kept = keep()
  })

  it('ends the login without a cookie, in all processes that share the store [frontchannel-1]', async () => {
    const helmeted: SceneAppOptions['routes'] = (app) => app.use(helmet())
    const one = await start(kept(), { routes: helmeted })
    const other = await start(kept(), { store: one.store, routes: helmeted })
    await browser.follow(one.loginURL)
    expect(await isLoggedIn(one)).toBe(true)

    const page = await frame(other)
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(page.headers.get('x-frame-options')).toBeNull()
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; frame-ancestors ${provider.issuer}`,
    )
    expect(page.text).not.toMatch(/<script|<style|<img|<form|<a /)
    expect(await isLoggedIn(one)).toBe(false)

    // The session at the provider may go on, if somebody has forged the request.
    expect((await browser.follow(one.loginURL)).status).toBe(200)
    expect(await isLoggedIn(one)).toBe(true)
  })

  it.each<[string, number, () => Record<string, string> | string]>([
    ['of another issuer', 400, () => ({ iss: 'https://evil.example', sid: provider.sid })],
    ['without an issuer', 400, () => ({ sid: provider.sid })],
    ['without a session', 400, () => ({ iss: provider.issuer })],
    ['with an empty session', 400, () => ({ iss: provider.issuer, sid: '' })],
    [
      'about a person',
      400,
      () => `iss=${encodeURIComponent(provider.issuer)}&sub=${provider.person}`,
    ],
    ['with nothing', 400, () => ({})],
    [
      'with two sessions',
      400,
      () => `iss=${encodeURIComponent(provider.issuer)}&sid=x&sid=${provider.sid}`,
    ],
    [
      'with a session as long as a book',
      400,
      () => ({ iss: provider.issuer, sid: 'x'.repeat(5_000) }),
    ],
    ['of a session that is not known', 200, () => ({ iss: provider.issuer, sid: 'guessed' })],
    [
      'that names the person as session',
      200,
      () => ({ iss: provider.issuer, sid: provider.person }),
    ],
  ])(
    'ends nothing by a request %s, with the cookie or without [frontchannel-2]',
    async (_which, status, query) => {
      const app = await start(kept())
      await browser.follow(app.loginURL)
      const before = JSON.stringify([...browser.cookies(app.origin)])
      expect((await frame(app, query())).status).toBe(status)
      expect((await frame(app, query(), { by: browser })).status).toBe(status)
      expect(await isLoggedIn(app)).toBe(true)
      expect(JSON.stringify([...browser.cookies(app.origin)])).toBe(before)
    },
  )

  it('says the same of a session that is known and of one that is not', async () => {
    const app = await start(kept())
    await browser.follow(app.loginURL)
    const [unknown, known] = [
      await frame(app, { iss: provider.issuer, sid: 'x' }),
      await frame(app),
    ]
    expect(known.text).toBe(unknown.text)
  })

  it.each(['prefetch', 'prefetch;prerender'])('changes nothing by a %s', async (purpose) => {
    const app = await start(kept())
    await browser.follow(app.loginURL)
    expect((await frame(app, undefined, { headers: { 'sec-purpose': purpose } })).status).toBe(503)
    expect(await isLoggedIn(app)).toBe(true)
  })

  it('leaves the logins of other sessions at the provider alone', async () => {
    const app = await start(kept())
    await browser.follow(app.loginURL)
    const { sid } = provider
    provider.claims = { sid: 'the other session' }
    const other = new Browser()
    await other.follow(app.loginURL)
    await frame(app, { iss: provider.issuer, sid })
    expect([await isLoggedIn(app), await isLoggedIn(app, other)]).toEqual([false, true])
  })

  it('is repeated without harm, and twice at once', async () => {
    const app = await start(kept())
    await browser.follow(app.loginURL)
    const pages = await Promise.all([frame(app), frame(app)])
    pages.push(await frame(app))
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await isLoggedIn(app)).toBe(false)
  })

  it('does not count if the session store fails, and can be repeated', async () => {
    const store = new RecordingStore()
    const app = await start(kept(), { store })
    await browser.follow(app.loginURL)
    const destroy = store.destroy.bind(store)
    store.destroy = (_id, callback) => callback?.(new Error('the disk is full'))
    expect((await frame(app)).status).toBe(503)
    store.destroy = destroy
    expect((await frame(app)).status).toBe(200)
    expect(await isLoggedIn(app)).toBe(false)
  })
})

describe('front-channel logout', () => {
  it('ends the session of the cookie, if one comes, though another process began it', async () => {
    const one = await start()
    await browser.follow(one.loginURL)
    const twin = await scene.startAnew({
      store: one.store,
      strategy: { ...provider.options, frontchannelLogout: true },
    })
    for (const [name, value] of browser.cookies(one.origin))
      browser.setCookie(twin.origin, name, value)
    expect(await isLoggedIn(twin)).toBe(true)
    expect((await frame(twin, undefined, { by: browser })).status).toBe(200)
    expect(await isLoggedIn(twin)).toBe(false)
  })

  it('writes nothing for sessions that nobody has, however many are guessed', async () => {
    const store = createMemoryStore()
    const writes: string[] = []
    const [compareAndSet, link] = [store.compareAndSet.bind(store), store.link.bind(store)]
    store.compareAndSet = (id, ...rest) => (writes.push(id), compareAndSet(id, ...rest))
    store.link = (name, ...rest) => (writes.push(name), link(name, ...rest))
    const app = await start({ grants: grantsIn(store) })
    for (let count = 0; count < 50; count++) {
      await frame(app, { iss: provider.issuer, sid: randomUUID() })
    }
    expect(writes).toEqual([])
  })

  it('answers 503 while the store of grants fails', async () => {
    const store = createMemoryStore()
    const app = await start({ grants: grantsIn(store) })
    await browser.follow(app.loginURL)
    const linked = store.linked.bind(store)
    store.linked = () => Promise.reject(new Error('away'))
    expect((await frame(app)).status).toBe(503)
    store.linked = linked
    expect((await frame(app)).status).toBe(200)
    expect(await isLoggedIn(app)).toBe(false)
  })

  it('lets the logout page show the frame too, if that is elsewhere', async () => {
    const app = await start({ endSessionURL: 'https://logout.example.com/end' })
    expect((await frame(app)).headers.get('content-security-policy')).toBe(
      `default-src 'none'; frame-ancestors ${provider.issuer} https://logout.example.com`,
    )
  })

  it('is there only with the option, which needs the provider’s keys', async () => {
    const app = await start(
      { frontchannelLogout: false },
      {
        routes: (express, strategy) => {
          express.get('/own', (req, res, next) => {
            strategy.frontchannelLogout(req).then(() => res.end(), next)
          })
        },
      },
    )
    expect((await frame(app)).status).toBe(404)
    expect(bodyOf(await browser.visit(`${app.origin}/own`))).toEqual({ code: 'ERR_CONFIGURATION' })
    const options = { clientID: 'client-1', callbackURL: app.callbackURL, frontchannelLogout: true }
    const { authorizationURL, tokenURL } = scene.provider
    expect(() => new AuthorizationCodeStrategy({ ...options, authorizationURL, tokenURL })).toThrow(
      'frontchannelLogout needs the option jwksURL',
    )
  })
})
