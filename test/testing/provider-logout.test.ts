import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestLogout } from '../../src/testing.js'
import type { TestApp } from '../support/app.js'
import { startChromium } from '../support/chromium.js'
import { Browser } from '../support/http.js'
import { describeWithChromium } from '../support/requirements.js'
import { setTestProviderScene } from '../support/test-provider-scene.js'

const scene = setTestProviderScene()

afterEach(() => {
  scene.provider.register({
    backchannelLogoutURL: undefined,
    frontchannelLogoutURL: undefined,
    postLogoutRedirectURLs: undefined,
  })
})

/** An app whose addresses are registered at the provider. */
async function start(strategy: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  const app = await scene.start({
    backchannelLogout: true,
    frontchannelLogout: true,
    ...strategy,
  })
  scene.provider.register({ backchannelLogoutURL: `${app.origin}/auth/backchannel-logout` })
  return app
}

/** Logs a person in, in a browser of their own. */
async function logIn(app: TestApp, sub = 'ada'): Promise<Browser> {
  scene.provider.user = { sub }
  scene.provider.newBrowser()
  const browser = new Browser()
  await browser.follow(app.loginURL)
  return browser
}

/** Who is logged in at the app, in each browser. */
function whoAre(app: TestApp, browsers: readonly Browser[]): Promise<readonly unknown[]> {
  return Promise.all(browsers.map((browser) => scene.whoIs(app, browser)))
}

const statusesOf = (logouts: readonly TestLogout[]): unknown => logouts.map((one) => one.status)

describe('back-channel logout by a test provider', () => {
  it('ends all logins of a person, by the sub', async () => {
    const app = await start()
    const browsers = [await logIn(app), await logIn(app), await logIn(app, 'grace')]
    const logouts = await scene.provider.logOut({ sub: 'ada' })
    expect(statusesOf(logouts)).toEqual([200])
    expect(decodeJwt(logouts[0]?.logoutToken ?? '')).not.toHaveProperty('sid')
    expect(await whoAre(app, browsers)).toEqual([undefined, undefined, 'grace'])
    expect(scene.provider.sessions).toMatchObject([{ sub: 'grace' }])
  })

  it('ends what was logged in through one session, by the sid', async () => {
    const app = await start()
    const browsers = [await logIn(app), await logIn(app)]
    const [first, second] = scene.provider.sessions
    const logouts = await scene.provider.logOut({ sid: first?.sid })
    expect(statusesOf(logouts)).toEqual([200])
    expect(decodeJwt(logouts[0]?.logoutToken ?? '')).not.toHaveProperty('sub')
    expect(await whoAre(app, browsers)).toEqual([undefined, 'ada'])
    expect(scene.provider.sessions).toEqual([second])
  })

  it('ends everything, by a logout token with both for each session', async () => {
    const app = await start()
    const browsers = [await logIn(app), await logIn(app, 'grace')]
    const before = scene.provider.sessions
    const logouts = await scene.provider.logOut()
    expect(statusesOf(logouts)).toEqual([200, 200])
    expect(logouts.map((one) => decodeJwt(one.logoutToken))).toMatchObject(
      before.map(({ sid, sub }) => ({ sid, sub })),
    )
    expect(await whoAre(app, browsers)).toEqual([undefined, undefined])
    expect(scene.provider.sessions).toEqual([])
  })

  it('has a logout token for a test to send, where no address is registered', async () => {
    const app = await start()
    scene.provider.register({ backchannelLogoutURL: undefined })
    const browser = await logIn(app)
    const [logout] = await scene.provider.logOut({ sub: 'ada' })
    expect(logout?.status).toBeUndefined()
    expect(await scene.whoIs(app, browser)).toBe('ada')
    const form = { logout_token: logout?.logoutToken ?? '' }
    const url = `${app.origin}/auth/backchannel-logout`
    expect((await new Browser().post(url, form)).status).toBe(200)
    expect(await scene.whoIs(app, browser)).toBeUndefined()
    expect((await new Browser().post(url, form)).status).toBe(400)
  })

  it('says what the app has answered, and fails if it cannot be reached', async () => {
    const app = await start({ backchannelLogout: false })
    await logIn(app)
    expect(statusesOf(await scene.provider.logOut({ sub: 'ada' }))).not.toEqual([200])
    await app.close()
    await expect(scene.provider.logOut({ sub: 'ada' })).rejects.toThrow('fetch failed')
  })

  it('leaves nobody logged in at the provider, who would be logged in again without a question', async () => {
    const app = await start()
    const browser = await logIn(app)
    await scene.provider.logOut({ sub: 'ada' })
    await browser.follow(`${app.origin}/start?prompt=none`)
    expect(await scene.whoIs(app, browser)).toBeUndefined()
    // The second time all is in one second, in which nothing is mixed up.
    for (let time = 1; time <= 2; time++) {
      await browser.follow(app.loginURL)
      expect(await scene.whoIs(app, browser)).toBe('ada')
      await scene.provider.logOut({ sub: 'ada' })
      expect(await scene.whoIs(app, browser)).toBeUndefined()
    }
  })
})

describe('logging out at the app and at a test provider', () => {
  const withReturn = async (): Promise<TestApp> => {
    const app = await start()
    await app.close()
    return start({ postLogoutRedirectURL: `${app.origin}/auth/logged-out` })
  }

  it('ends the session there, tells the other apps, and comes back', async () => {
    const { provider, browser } = scene
    const back = 'http://127.0.0.1:9/auth/logged-out'
    const app = await start({ postLogoutRedirectURL: back })
    provider.register({ postLogoutRedirectURLs: [back] })
    const other = await logIn(app, 'grace')
    provider.user = { sub: 'ada' }
    await browser.follow(app.loginURL)
    const { location = '' } = await browser.post(`${app.origin}/auth/logout`)
    expect(new URL(location).searchParams.get('id_token_hint')).toMatch(/^ey/)
    const { location: returned } = await browser.visit(location)

    const { state = '', client_id } = provider.requestsTo('logout')[0]?.parameters ?? {}
    expect(returned).toBe(`${back}?state=${state}`)
    expect([state.length > 20, client_id]).toEqual([true, 'test-client'])
    expect(await scene.whoIs(app)).toBeUndefined()
    expect(provider.sessions).toMatchObject([{ sub: 'grace' }])
    expect(await scene.whoIs(app, other)).toBe('grace')
    await browser.follow(`${app.origin}/start?prompt=none`)
    expect(await scene.whoIs(app)).toBeUndefined()
  })

  it('ends another login of the same session by back-channel logout', async () => {
    const { provider, browser } = scene
    const app = await start()
    await browser.follow(app.loginURL)
    const tab = new Browser()
    await tab.follow(app.loginURL)
    expect(provider.sessions).toHaveLength(1)
    const { location = '' } = await browser.post(`${app.origin}/auth/logout`)
    expect((await browser.visit(location)).status).toBe(200)
    expect(await scene.whoIs(app, tab)).toBeUndefined()
  })

  it.each([
    ['another client', { client_id: 'another' }],
    ['an ID token that is none', { id_token_hint: 'none' }],
    ['an address that is not registered', { post_logout_redirect_uri: 'https://other.example/' }],
  ])('is refused for %s', async (_what, changes) => {
    const app = await withReturn()
    scene.provider.register({ postLogoutRedirectURLs: [`${app.origin}/auth/logged-out`] })
    await scene.browser.follow(app.loginURL)
    const { location = '' } = await scene.browser.post(`${app.origin}/auth/logout`)
    const url = new URL(location)
    for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value)
    expect((await scene.browser.visit(url.href)).status).toBe(400)
    expect(scene.provider.sessions).toHaveLength(1)
  })
})

describe('front-channel logout by a test provider', () => {
  it('is at an address with iss and sid for each session', async () => {
    const app = await start()
    scene.provider.register({
      backchannelLogoutURL: undefined,
      frontchannelLogoutURL: `${app.origin}/auth/frontchannel-logout`,
    })
    const browsers = [await logIn(app), await logIn(app)]
    const [first] = scene.provider.sessions
    const [logout] = await scene.provider.logOut({ sid: first?.sid })
    expect(logout?.frontchannelURLs).toHaveLength(1)
    expect(await whoAre(app, browsers)).toEqual(['ada', 'ada'])
    for (const url of logout?.frontchannelURLs ?? []) {
      expect((await new Browser().visit(url)).status).toBe(200)
    }
    expect(await whoAre(app, browsers)).toEqual([undefined, 'ada'])
  })
})

describeWithChromium('the logout page of a test provider in a real browser', (executable) => {
  jest.setTimeout(60_000)

  it('loads the frame of front-channel logout, and goes on to the app', async () => {
    const { provider } = scene
    const app = await start({ postLogoutRedirectURL: 'http://127.0.0.1:9/logged-out' })
    provider.register({
      backchannelLogoutURL: undefined,
      frontchannelLogoutURL: `${app.origin}/auth/frontchannel-logout`,
    })
    const chromium = await startChromium(executable)
    try {
      const { page, complaints } = await chromium.arrive()
      await page.goto(app.loginURL)
      const elsewhere = new Browser()
      await elsewhere.follow(app.loginURL)
      expect(await scene.whoIs(app, elsewhere)).toBe('ada')

      const url = new URL(provider.options.endSessionURL)
      url.searchParams.set('post_logout_redirect_uri', `${app.origin}/`)
      await page.goto(url.href)
      await page.waitForURL(`${app.origin}/`)
      expect(await page.textContent('body')).toContain('"user":null')
      // There is no favicon.
      expect(complaints.filter((one) => !one.includes('404'))).toEqual([])
      expect(await scene.whoIs(app, elsewhere)).toBeUndefined()
    } finally {
      await chromium.close()
    }
  })
})
