import { beforeEach, describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN, startLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'

/** Requests that are not visits: the method, and the headers. */
const KINDS: Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>> = {
  HEAD: ['HEAD', {}],
  OPTIONS: ['OPTIONS', {}],
  'a prefetch': ['GET', { 'sec-purpose': 'prefetch' }],
  'a prefetch by a proxy': ['GET', { 'sec-purpose': 'prefetch;anonymous-client-ip' }],
  'a prerendering': ['GET', { 'sec-purpose': 'prefetch;prerender' }],
  'a prefetch of an older Chromium': ['GET', { purpose: 'prefetch' }],
  'a preview of an older Safari': ['GET', { 'x-purpose': 'preview' }],
  'a prefetch of an older Firefox': ['GET', { 'x-moz': 'prefetch' }],
  'a prefetch by POST': ['POST', { 'sec-purpose': 'prefetch', 'sec-fetch-site': 'same-origin' }],
}

const ROUTES = [
  'login',
  'callback',
  'logout',
  'logged-out',
  'session',
  'backchannel-logout',
  'jwks.json',
]

const scene = setScene()
let store: RecordingStore
let app: TestApp

beforeEach(async () => {
  store = new RecordingStore()
  app = await scene.start({
    store,
    strategy: {
      endSessionURL: `${scene.provider.origin}/logout`,
      postLogoutRedirectURL: 'http://localhost/auth/logged-out',
    },
    routes: (router, strategy) => {
      // An application's own route, for all methods.
      router.use('/own', passport.authenticate(strategy) as RequestHandler)
    },
  })
})

describe.each(Object.entries(KINDS))('%s', (_kind, [method, headers]) => {
  it.each(ROUTES)('of /%s changes nothing for a person who is logged in', async (route) => {
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const before = await store.contents()
    const cookies = [...browser.cookies(app.origin)]
    scene.provider.requests.length = 0
    store.writes.length = 0

    const page = await browser.request(`${app.origin}/auth/${route}?code=c&state=s`, {
      method,
      headers,
    })

    expect(page.location).toBeUndefined()
    expect(page.headers.getSetCookie()).toEqual([])
    expect(store.writes).toEqual([])
    expect(await store.contents()).toEqual(before)
    expect([...browser.cookies(app.origin)]).toEqual(cookies)
    expect(asked(scene.provider)).toEqual([])
    expect(bodyOf(await browser.visit(`${app.origin}/`))['user']).toMatchObject({ id: 'ada' })
  })

  it('of a route of one’s own starts no login and finishes none', async () => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const before = await store.contents()

    for (const query of ['', new URL(callback).search]) {
      const page = await browser.request(`${app.origin}/own${query}`, { method, headers })
      expect(page.location).toBeUndefined()
      expect([200, 503]).toContain(page.status)
    }
    expect(await store.contents()).toEqual(before)
    expect(asked(scene.provider)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
  })

  it.each(['GET', 'POST'])('of a callback leaves it to the visit, by %s', async (visit) => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const body = new URL(callback).searchParams
    store.writes.length = 0

    await browser.request(method === 'POST' ? app.callbackURL : callback, {
      method,
      headers,
      ...(method === 'POST' && { body }),
    })
    expect(asked(scene.provider)).toEqual([])
    expect(store.writes).toEqual([])

    const page =
      visit === 'GET'
        ? await browser.visit(callback)
        : await browser.post(app.callbackURL, Object.fromEntries(body))
    expect(page.status).toBe(302)
    expect(asked(scene.provider)).toEqual(ONE_LOGIN)
    expect(bodyOf(await browser.visit(`${app.origin}/`))['user']).toMatchObject({ id: 'ada' })
  })
})
