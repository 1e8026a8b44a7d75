import { beforeEach, describe, expect, it } from '@jest/globals'
import { AuthorizationCodeStrategy, authRouter, CrossSiteRequestError } from '../../src/index.js'
import type { AuthRouterOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import {
  asked,
  bodyOf,
  changed,
  logInAs,
  logInWhomTheCodeNames,
  ONE_LOGIN,
  sessionIdOf,
  startLogin,
} from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  store = new RecordingStore()
  browser = new Browser()
})

const nextApp: AuthRouterOptions = { onError: (error, _req, _res, next) => next(error) }

async function deny(app: TestApp, parameters: Record<string, string> = {}): Promise<Page> {
  const { callback } = await startLogin(browser, app.loginURL)
  return browser.visit(
    changed(callback, { code: undefined, error: 'access_denied', ...parameters }),
  )
}

async function whoIs({ origin }: TestApp): Promise<unknown> {
  return bodyOf(await browser.visit(`${origin}/`))['user']
}

/** A page that is safe under any Content-Security-Policy, and is not kept. */
function expectPlainPage(page: Page): void {
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  expect(page.text).toMatch(/^<!doctype html>\n<html lang="en">/)
  const links = [...page.text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, to]) => to)
  expect(links.filter((to) => !to?.match(/^\/(?!\/)/))).toEqual([])
  expect(page.text).not.toMatch(/<script|<style|<img|<link|<iframe|style=|\son\w+=|javascript:/i)
}

describe('a denied consent', () => {
  it('ends at failureRedirect', async () => {
    const app = await scene.start({ store, router: { ...nextApp, failureRedirect: '/sorry' } })
    const page = await deny(app)
    expect(page.status).toBe(302)
    expect(page.location).toBe(`${app.origin}/sorry?error=access_denied`)
    expect(app.errors).toEqual([])
    expect(asked(provider)).toEqual([])
    expect(await whoIs(app)).toBeNull()
  })

  it('ends on a plain page that says what it means, in our words', async () => {
    const page = await deny(await scene.start({ router: {} }), {
      error_description: 'Ada pressed “No”.',
    })
    expect(page.status).toBe(403)
    expectPlainPage(page)
    expect(page.text).toContain('href="/auth/login"')
    expect(page.text).toContain('You have not agreed to it at the login service')
    expect(page.text).not.toContain('Ada pressed')
    expect(asked(provider)).toEqual([])
  })

  const DESCRIPTIONS: readonly (readonly [string, string])[] = [
    ['<script>alert(1)</script>', '&#60;script&#62;alert(1)&#60;/script&#62;'],
    ['"><img src=x onerror=alert(1)>', '&#34;&#62;&#60;img src=x onerror=alert(1)&#62;'],
    ["' onmouseover='alert(1)", '&#39; onmouseover=&#39;alert(1)'],
    ['&lt;b&gt; &amp; &#60;i&#62;', '&#38;lt;b&#38;gt; &#38;amp; &#38;#60;i&#38;#62;'],
    [
      '</p></html><h1>Log in here</h1>',
      '&#60;/p&#62;&#60;/html&#62;&#60;h1&#62;Log in here&#60;/h1&#62;',
    ],
  ]

  it.each(DESCRIPTIONS)('never shows the description, such as %s', async (description) => {
    const page = await deny(await scene.start({ router: {} }), { error_description: description })
    expect(page.status).toBe(403)
    expectPlainPage(page)
    expect(page.text.match(/<h1>/g)).toHaveLength(1)
    expect(page.text).not.toMatch(/alert|onmouseover|Log in here|&#38;amp;/)
  })

  it.each(DESCRIPTIONS)(
    'of a login that nobody has started shows the developer %s as text [router-3]',
    async (description, escaped) => {
      const app = await scene.start({ router: {} })
      const query = new URLSearchParams({ error: 'denied', error_description: description })
      const page = await browser.visit(`${app.callbackURL}?${query.toString()}`)
      expect(page.status).toBe(400)
      expect(page.text).toContain(`denied (${escaped})`)
      expect(page.text.match(/<h1>/g)).toHaveLength(1)
      expect(page.text.match(/<(script|img|b|i)\b/g)).toBeNull()
    },
  )

  it('is believed only with the state of a pending login [router-2]', async () => {
    const app = await scene.start({ router: { failureRedirect: '/sorry' } })
    for (const query of ['error=access_denied', 'error=access_denied&state=forged']) {
      const page = await browser.visit(`${app.callbackURL}?${query}`)
      expect(page.status).toBe(400)
      expect(page.location).toBeUndefined()
    }
  })
})

describe('a refusal by verify', () => {
  it('ends on a plain page, or at failureRedirect', async () => {
    const plain = await scene.start({ router: {}, verify: () => false })
    const page = await browser.follow(plain.loginURL)
    expect(page.status).toBe(403)
    expectPlainPage(page)
    expect(page.text).toContain('href="/auth/login"')
    expect(page.text).toContain('This account may not log in here.')

    const sent = await scene.start({ router: { failureRedirect: '/sorry' }, verify: () => false })
    const { callback } = await startLogin(browser, sent.loginURL)
    expect((await browser.visit(callback)).location).toBe(`${sent.origin}/sorry?error=verify`)
    expect(asked(provider)).toEqual([...ONE_LOGIN, ...ONE_LOGIN])
    expect(await whoIs(sent)).toBeNull()
  })
})

describe('errors', () => {
  it('that the person can mend end on a plain page that offers to start again [router-4]', async () => {
    const app = await scene.start({ router: {} })
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    await browser.post(`${app.origin}/auth/logout`)
    const page = await browser.visit(callback)
    expect(page.status).toBe(400)
    expectPlainPage(page)
    expect(page.text).toContain('href="/auth/login"')
    expect(page.text).toContain('This login could not be finished')
    expect(app.errors).toEqual([])

    expect((await browser.follow(new URL('/auth/login', page.url).href)).url).toBe(`${app.origin}/`)
    expect(await whoIs(app)).toMatchObject({ id: 'ada' })
  })

  it('show their details while developing, and keep them to themselves in production', async () => {
    const details = 'No session cookie came back'
    const app = await scene.start({ router: {} })
    expect((await browser.visit(`${app.callbackURL}?code=c&state=s`)).text).toContain(details)
    app.app.set('env', 'production')
    const page = await browser.visit(`${app.callbackURL}?code=c&state=s`)
    expectPlainPage(page)
    expect(page.text).toContain('href="/auth/login"')
    expect(page.text).not.toContain(details)
    expect(page.text).toContain('not started in this browser')
  })

  it('that the person cannot mend go to the application', async () => {
    const app = await scene.start({ router: {} })
    provider.onToken(json({}, 500))
    const page = await browser.follow(app.loginURL)
    expect(page.status).toBe(502)
    expect(bodyOf(page)).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT' })])
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it.each([
    ['a forged callback', 'callback?code=c&state=forged', 'GET', 'ERR_SESSION_COOKIE_MISSING'],
    ['a logout from elsewhere', 'logout', 'POST', 'ERR_CROSS_SITE_REQUEST'],
  ])('all go to onError where there is one: %s', async (_what, path, method, code) => {
    const app = await scene.start({
      router: {
        onError: (error, req, res) => {
          res.status(418).json({ code: (error as { code: string }).code, method: req.method })
        },
      },
    })
    const page = await browser.request(`${app.origin}/auth/${path}`, {
      method,
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(page.status).toBe(418)
    expect(bodyOf(page)).toEqual({ code, method })
    expect(app.errors).toEqual([])
    expect(asked(provider)).toEqual([])
  })
})

describe('POST /logout', () => {
  async function startLoggedIn(router: AuthRouterOptions = nextApp): Promise<TestApp> {
    const app = await scene.start({ store, router })
    await browser.follow(app.loginURL)
    provider.requests.length = 0
    store.writes.length = 0
    return app
  }

  it.each<[string, (app: TestApp) => Record<string, string>]>([
    ['another site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['a sibling site', () => ({ 'sec-fetch-site': 'same-site' })],
    ['a site that claims to be none', () => ({ 'sec-fetch-site': 'nonsense' })],
    ['a foreign origin', () => ({ origin: 'https://evil.example' })],
    ['another port', () => ({ origin: 'http://127.0.0.1:1' })],
    ['an opaque origin', () => ({ origin: 'null' })],
    ['an origin that is no URL', () => ({ origin: 'evil' })],
    ['another site with our origin', ({ origin }) => ({ 'sec-fetch-site': 'cross-site', origin })],
  ])('is refused from %s, and nothing changes [router-1]', async (_where, headersFor) => {
    const app = await startLoggedIn()
    const before = await store.contents()
    const page = await browser.request(`${app.origin}/auth/logout`, {
      method: 'POST',
      headers: headersFor(app),
    })
    expect(page.status).toBe(403)
    expect(app.errors).toEqual([expect.any(CrossSiteRequestError)])
    expect(store.writes).toEqual([])
    expect(await store.contents()).toEqual(before)
    expect(await whoIs(app)).toMatchObject({ id: 'ada' })
    expect(asked(provider)).toEqual([])
  })

  it.each<[string, (app: TestApp) => Record<string, string>]>([
    ['a page of ours', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['the person’s own hand', () => ({ 'sec-fetch-site': 'none' })],
    ['a page of ours in an older browser', ({ origin }) => ({ origin })],
    ['a client that is no browser', () => ({})],
  ])('is accepted from %s, and destroys the session', async (_where, headersFor) => {
    const app = await startLoggedIn()
    const id = sessionIdOf(browser, app.origin)
    const page = await browser.request(`${app.origin}/auth/logout`, {
      method: 'POST',
      headers: headersFor(app),
    })
    expect(page.status).toBe(303)
    expect(page.location).toBe(`${app.origin}/`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(store.writes).toEqual([{ method: 'destroy', id }])
    expect(await store.contents()).toEqual({})
    expect(await whoIs(app)).toBeNull()
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
    expect(asked(provider)).toEqual([])
  })

  it('leads to logoutRedirect, and a second one does no harm', async () => {
    const app = await startLoggedIn({ ...nextApp, logoutRedirect: '/bye' })
    for (let times = 0; times < 2; times++) {
      const page = await browser.post(`${app.origin}/auth/logout`)
      expect(page.status).toBe(303)
      expect(page.location).toBe(`${app.origin}/bye`)
    }
    expect(app.errors).toEqual([])
    expect(await store.contents()).toEqual({})
  })

  it('is a page of its own when it is refused', async () => {
    const app = await startLoggedIn({})
    const page = await browser.post(
      `${app.origin}/auth/logout`,
      {},
      { 'sec-fetch-site': 'cross-site' },
    )
    expect(page.status).toBe(403)
    expectPlainPage(page)
    expect(page.text).toContain('Another website made your browser send this request.')
    expect(page.text).not.toContain('<a ')
  })

  it('says so when the store fails, and the person is still logged in', async () => {
    const app = await startLoggedIn()
    const failure = new Error('the disk is full')
    const destroy = store.destroy.bind(store)
    store.destroy = (_id, callback) => callback?.(failure)
    const page = await browser.post(`${app.origin}/auth/logout`)
    store.destroy = destroy
    expect(page.status).toBe(503)
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_STORAGE', cause: failure })])
    expect((await browser.post(`${app.origin}/auth/logout`)).status).toBe(303)
    expect(await whoIs(app)).toBeNull()
  })
})

describe('a callbackURL', () => {
  /** Mounts a router of its own for this callback URL, and starts a login there. */
  async function loginWith(
    path: string,
    mount = '/mounted',
  ): Promise<{ page: Page; app: TestApp }> {
    const app = await scene.start({
      routes: (one, _strategy, origin) => {
        const strategy = new AuthorizationCodeStrategy({
          authorizationURL: `${provider.origin}/authorize`,
          tokenURL: `${provider.origin}/token`,
          clientID: 'client-1',
          callbackURL: origin + path,
        })
        one.use(mount, authRouter(strategy, nextApp))
      },
    })
    return { page: await browser.visit(`${app.origin}${mount}/login`), app }
  }

  it.each(['/elsewhere/callback', '/mounted/oauth/return', '/'])(
    '%s that leads to no route of the router is reported at the first login',
    async (path) => {
      const { page, app } = await loginWith(path)
      expect(page.status).toBe(500)
      expect(app.errors).toMatchObject([
        {
          code: 'ERR_CONFIGURATION',
          option: 'callbackURL',
          message: expect.stringContaining('/mounted/callback'),
        },
      ])
      expect(asked(provider)).toEqual([])
    },
  )

  it.each([
    '/mounted/callback',
    '/mounted/callback/',
    '/Mounted/Callback',
    '/prefix/of/a/proxy/mounted/callback',
  ])('%s that leads to the router starts the login', async (path) => {
    const { page, app } = await loginWith(path)
    expect(page.status).toBe(302)
    expect(app.errors).toEqual([])
  })
})

describe('other methods', () => {
  it.each([
    ['GET', 'logout'],
    ['HEAD', 'logout'],
    ['PUT', 'logout'],
    ['POST', 'login'],
    ['DELETE', 'callback'],
    ['GET', 'elsewhere'],
  ])('%s /%s is not a route', async (method, path) => {
    const app = await scene.start({ store })
    await browser.follow(app.loginURL)
    provider.requests.length = 0
    store.writes.length = 0
    const page = await browser.request(`${app.origin}/auth/${path}`, { method })
    expect(page.status).toBe(404)
    expect(store.writes).toEqual([])
    expect(asked(provider)).toEqual([])
    expect(await whoIs(app)).toMatchObject({ id: 'ada' })
  })
})

describe('a login by somebody who is logged in as somebody else', () => {
  it('changes person, tokens and session id, and leaves nothing of the one before', async () => {
    logInWhomTheCodeNames(provider)
    const app = await scene.start({ store })
    await logInAs('ada', browser, app.loginURL)
    const first = sessionIdOf(browser, app.origin)
    await logInAs('grace', browser, app.loginURL)
    const second = sessionIdOf(browser, app.origin)

    expect(await whoIs(app)).toMatchObject({ id: 'grace' })
    expect(bodyOf(await browser.visit(`${app.origin}/token`))).toEqual({
      accessToken: 'token-of-grace',
    })
    expect(second).not.toBe(first)
    const sessions = await store.contents()
    expect(Object.keys(sessions)).toEqual([second])
    expect(JSON.stringify(sessions)).not.toContain('ada')
    expect(asked(provider)).toEqual([...ONE_LOGIN, ...ONE_LOGIN])
  })

  it('that is denied or fails leaves the one before as they were', async () => {
    logInWhomTheCodeNames(provider)
    const app = await scene.start({ store })
    await logInAs('ada', browser, app.loginURL)
    const first = sessionIdOf(browser, app.origin)
    expect((await deny(app)).status).toBe(403)
    provider.onToken(json({ error: 'invalid_grant' }, 400))
    expect((await logInAs('grace', browser, app.loginURL)).status).toBe(400)

    expect(sessionIdOf(browser, app.origin)).toBe(first)
    expect(await whoIs(app)).toMatchObject({ id: 'ada' })
    expect(bodyOf(await browser.visit(`${app.origin}/token`))).toEqual({
      accessToken: 'token-of-ada',
    })
  })
})
