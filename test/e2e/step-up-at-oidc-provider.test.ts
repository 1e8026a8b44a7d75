import '../support/own-realm.js'
import { afterEach, describe, expect, it } from '@jest/globals'
import { discover, requireLogin, silentLogin } from '../../src/index.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import { startIdTokenServer } from '../support/id-token-server.js'
import { bodyOf } from '../support/login.js'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

/** An application that logs people in at oidc-provider, which keeps no sessions of its own. */
async function start(): Promise<TestApp> {
  // The server wants to know the callback before the application has a port.
  const behind = { origin: '' }
  const front = await listen((req, res) => {
    res.writeHead(307, { location: `${behind.origin}${req.url ?? ''}` }).end()
  })
  running.push(front)
  const callbackURL = `${front.origin}/auth/callback`
  const server = await startIdTokenServer({ algorithm: 'ES256', callbackURL })
  running.push(server)
  const { clientID, clientSecret } = server
  const provider = await discover(server.origin)
  const app = await startApp({
    strategy: {
      ...{ ...provider, clientID, clientSecret, scope: 'openid', callbackURL },
      profileURL: undefined,
    },
    routes: (one, strategy) => {
      const loginPath = '/auth/login'
      one.get('/news', silentLogin({ strategy }), (req, res) => {
        res.json({ user: req.user ?? null })
      })
      one.get('/recent', requireLogin({ strategy, loginPath, maxAgeSeconds: 300 }), (req, res) => {
        res.json({ user: req.user })
      })
      one.get('/strong', requireLogin({ strategy, loginPath, acrValues: ['mfa'] }), (req, res) => {
        res.json({ user: req.user })
      })
    },
  })
  running.push(app)
  behind.origin = app.origin
  return app
}

describe('at oidc-provider', () => {
  it('prompt=none shows nothing to somebody who is not logged in there', async () => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(`${app.origin}/news`)
    const sent = await browser.visit(`${app.origin}/news`)
    expect(new URL(sent.location ?? '').searchParams.get('prompt')).toBe('none')
    const page = await browser.follow(sent.location ?? '')
    expect([page.url, page.status, bodyOf(page)]).toEqual([
      `${app.origin}/news`,
      200,
      { user: null },
    ])
    expect(app.errors).toEqual([])
  })

  it('a page that needs a recent authentication gets auth_time by max_age', async () => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const sent = await browser.visit(`${app.origin}/recent`)
    expect(new URL(sent.location ?? '').searchParams.get('max_age')).toBe('300')
    const page = await browser.follow(sent.location ?? '')
    expect([page.url, page.status]).toEqual([`${app.origin}/recent`, 200])
    expect((await browser.visit(`${app.origin}/recent`)).status).toBe(200)
  })

  it('an acr that it does not give ends on an error, and the login goes on', async () => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect((await browser.follow(`${app.origin}/strong`)).status).toBe(403)
    expect(app.errors).toMatchObject([{ code: 'ERR_AUTHENTICATION_REQUIREMENTS' }])
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toMatchObject({ user: { id: 'ada' } })
  })
})
