import { createRequire } from 'node:module'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const express4 = createRequire(import.meta.url)('express4') as object
jest.unstable_mockModule('express', () => ({ default: express4 }))

// Only what is imported after that gets Express 4, the router of the library included.
const { Browser } = await import('../support/http.js')
const login = await import('../support/login.js')
const { RecordingStore } = await import('../support/recording-store.js')
const { setScene } = await import('../support/scene.js')
const { json } = await import('../support/scripted-provider.js')
const { asked, bodyOf, changed, ONE_LOGIN, sessionIdOf, startLogin } = login

const scene = setScene()
let provider: ScriptedProvider
let browser: InstanceType<typeof Browser>

beforeEach(() => {
  ;({ provider } = scene)
  browser = new Browser()
})

describe('with Express 4', () => {
  it('is really what runs here', async () => {
    const { app } = await scene.start()
    // Gone in Express 5.
    expect(app).toHaveProperty('del')
  })

  it('a person logs in, comes back where they were, and logs out', async () => {
    const store = new RecordingStore()
    const app = await scene.start({ store })
    const page = await browser.follow(`${app.origin}/private?a=b`)
    expect(page.url).toBe(`${app.origin}/private?a=b`)
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(store.writes.map(({ method }) => method)).toEqual(['set', 'destroy', 'set'])
    expect(Object.keys(await store.contents())).toEqual([sessionIdOf(browser, app.origin)])

    const goodbye = await browser.post(`${app.origin}/auth/logout`)
    expect(goodbye.status).toBe(303)
    expect(goodbye.location).toBe(`${app.origin}/`)
    expect(await store.contents()).toEqual({})
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('a person logs in by form_post', async () => {
    const app = await scene.start()
    const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/cart`)
    const form = Object.fromEntries(new URL(callback).searchParams)
    const page = await browser.post(app.callbackURL, form)
    expect(page.location).toBe(`${app.origin}/cart`)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('a person logs in on the application’s own routes', async () => {
    const app = await scene.start({
      strategy: { name: 'four' },
      routes: (express, strategy) => {
        passport.use(strategy)
        const finish = passport.authenticate('four', { successRedirect: '/' }) as RequestHandler
        express.get('/auth/login', passport.authenticate('four') as RequestHandler)
        express.get('/auth/callback', finish)
      },
    })
    const page = await browser.follow(app.loginURL)
    expect(page.url).toBe(`${app.origin}/`)
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each(['GET', 'POST'])(
    'forged callbacks by %s spend nobody’s pending login',
    async (method) => {
      const app = await scene.start()
      const { callback, state } = await startLogin(browser, app.loginURL)
      for (const query of [
        '',
        'code=forged',
        'code=forged&state=unknown',
        'code=forged&state[]=unknown',
        'code=forged&state[x]=unknown&__proto__[state]=y',
        `code=forged&state=${state}&state=${state}`,
        'error=access_denied',
        `code=forged&state=${'a'.repeat(8000)}`,
      ]) {
        const page =
          method === 'GET'
            ? await browser.visit(`${app.callbackURL}?${query}`)
            : await browser.request(app.callbackURL, { method, body: new URLSearchParams(query) })
        expect(page.status).toBe(400)
        expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
      }
      expect(asked(provider)).toEqual([])
      expect((await browser.visit(callback)).status).toBe(302)
      expect(asked(provider)).toEqual(ONE_LOGIN)
    },
  )

  it.each([undefined, 'text/plain', 'application/json'])(
    'a callback by POST that is no form (%s) is the sender’s fault',
    async (type) => {
      const app = await scene.start()
      await startLogin(browser, app.loginURL)
      const page = await browser.request(app.callbackURL, {
        method: 'POST',
        ...(type !== undefined && { headers: { 'content-type': type }, body: '{}' }),
      })
      expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
      expect(asked(provider)).toEqual([])
    },
  )

  it('a form that cannot be read is an error without its content', async () => {
    const app = await scene.start()
    const page = await browser.request(app.callbackURL, {
      method: 'POST',
      body: new URLSearchParams(`code=secret&state=s${'&x=y'.repeat(2000)}`),
    })
    expect(page.status).toBe(413)
    expect(app.errors).toHaveLength(1)
    expect(app.errors[0]).not.toHaveProperty('body')
  })

  it('a provider’s fault reaches the application’s error handler', async () => {
    const app = await scene.start()
    provider.onToken(json({}, 503))
    const page = await browser.follow(app.loginURL)
    expect(page.status).toBe(503)
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT' })])
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it('a denial and a lost login end on plain pages', async () => {
    const app = await scene.start({ router: {} })
    const { callback } = await startLogin(browser, app.loginURL)
    const denial = changed(callback, { code: undefined, error: 'access_denied' })
    for (const [status, title] of [
      [403, 'You are not logged in'],
      [400, 'This login could not be finished'],
    ] as const) {
      const page = await browser.visit(denial)
      expect(page.status).toBe(status)
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(page.text).toContain(`<h1>${title}</h1>`)
    }
    expect(app.errors).toEqual([])
    expect(asked(provider)).toEqual([])
  })

  it('the same callback twice at once sends the code once', async () => {
    const app = await scene.start()
    const { callback } = await startLogin(browser, app.loginURL)
    const pages = await Promise.all([browser.visit(callback), browser.visit(callback)])
    expect(pages.map(({ status }) => status)).toEqual([302, 302])
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('a logout by another site is refused, and missing sessions are told', async () => {
    const app = await scene.start()
    const foreign = { 'sec-fetch-site': 'cross-site' }
    expect((await browser.post(`${app.origin}/auth/logout`, {}, foreign)).status).toBe(403)
    const bare = await scene.start({ session: false })
    expect((await browser.visit(bare.loginURL)).status).toBe(500)
    expect((await browser.visit(`${bare.origin}/private`)).status).toBe(500)
    expect(bare.errors).toEqual([
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    ])
  })
})
