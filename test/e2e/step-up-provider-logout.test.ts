import { beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryGrants, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'

/** The provider's logout, after a login for more. */

const scene = setScene()
let openId: OpenIdProvider
let browser: Browser

beforeEach(async () => {
  openId = await speakOpenId(scene.provider)
  browser = new Browser()
})

function start(options: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
  return scene.start({
    strategy: { ...openId.options, backchannelLogout: true, accountOf: () => 'me', ...options },
    routes: (app, strategy) => {
      app.get('/files', requireLogin({ strategy, scope: 'files' }), (_req, res) => res.json({}))
    },
  })
}

async function logOutThere(app: TestApp, sid: string): Promise<number> {
  const body = new URLSearchParams({ logout_token: await openId.logoutToken({ sid }) })
  const url = `${app.origin}/auth/backchannel-logout`
  return (await new Browser().request(url, { method: 'POST', body })).status
}

async function isLoggedIn({ origin }: TestApp): Promise<boolean> {
  return (await browser.visit(`${origin}/private`)).status === 200
}

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  ['tokens in the session', () => ({})],
  ['grants in a store', () => ({ grants: new MemoryGrants() })],
  ['account grants', () => ({ grants: new MemoryGrants(), grantLifetime: 'account' })],
])('with %s, the provider’s logout', (_where, options) => {
  it('ends a login that was for more', async () => {
    const app = await start(options())
    await browser.follow(app.loginURL)
    expect((await browser.follow(`${app.origin}/files`)).status).toBe(200)
    expect(await isLoggedIn(app)).toBe(true)
    expect(await logOutThere(app, openId.sid)).toBe(200)
    expect(await isLoggedIn(app)).toBe(false)
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
  })

  it('of the session there that the login for more has left does not end it', async () => {
    const app = await start(options())
    await browser.follow(app.loginURL)
    openId.claims = { sid: `${openId.sid}-2` }
    expect((await browser.follow(`${app.origin}/files`)).status).toBe(200)
    expect(await logOutThere(app, openId.sid)).toBe(200)
    expect(await isLoggedIn(app)).toBe(true)
    expect(await logOutThere(app, `${openId.sid}-2`)).toBe(200)
    expect(await isLoggedIn(app)).toBe(false)
  })
})
