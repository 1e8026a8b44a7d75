import { beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryGrants, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'

const scene = setScene()
let browser: Browser

beforeEach(() => {
  browser = new Browser()
})

const MODES: readonly (readonly [string, () => Partial<AuthorizationCodeOptions>])[] = [
  ['tokens in the session', () => ({})],
  ['grants', () => ({ grants: new MemoryGrants() })],
]

/** An app with a page that needs a token. */
function start(strategy: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
  return scene.start({
    strategy,
    routes: (app, one) => {
      app.get('/page', requireLogin({ strategy: one, loginPath: '/auth/login' }), (_req, res) => {
        res.send('the page')
      })
    },
  })
}

describe.each(MODES)('a login that brings nothing better (%s)', (_mode, options) => {
  it('is not started again and again for a token that has expired when it comes', async () => {
    scene.provider.onToken(json(tokenResponse({ expires_in: 0, refresh_token: undefined })))
    const app = await start(options())
    const page = await browser.follow(`${app.origin}/page`)
    expect([page.url, page.status]).toEqual([`${app.origin}/page`, 500])
    expect(scene.provider.authorizationRequests).toHaveLength(1)
    expect(String(app.errors[0])).toContain('has expired within seconds after the login')
  })

  it('is started when the token has lived for a while', async () => {
    scene.provider.onToken(json(tokenResponse({ expires_in: 60, refresh_token: undefined })))
    const app = await start(options())
    await browser.follow(`${app.origin}/page`)
    advanceClock(61)
    await browser.follow(`${app.origin}/page`)
    expect(scene.provider.authorizationRequests).toHaveLength(2)
  })
})
