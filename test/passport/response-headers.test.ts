import { describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter } from '../../src/index.js'
import { flowInspector } from '../../src/flow-inspector.js'
import { Browser } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
const KEY = 'the-key-of-the-inspector-of-this-test'

const REQUESTS: readonly (readonly [string, string, string, number])[] = [
  ['a login that starts', 'GET', '/auth/login', 302],
  ['a login that another site starts', 'GET', '/auth/login?other-site', 302],
  ['a callback with a code that nobody has asked for', 'GET', '/auth/callback?code=a&state=b', 400],
  ['a callback without anything', 'GET', '/auth/callback', 400],
  ['a callback with an error', 'GET', '/auth/callback?error=access_denied', 400],
  ['a callback by a form', 'POST', '/auth/callback', 400],
  ['a logout', 'POST', '/auth/logout', 303],
  ['the way back from the provider’s logout', 'GET', '/auth/logged-out?state=a', 302],
  ['a logout token where the option is off', 'POST', '/auth/backchannel-logout', 500],
  ['a login by passport.authenticate', 'GET', '/own/login', 302],
  ['a callback by passport.authenticate', 'GET', '/own/callback?code=a&state=b', 400],
  ['a connection that nobody is logged in for', 'GET', '/bank/login', 401],
  ['a callback of a connection', 'GET', '/bank/callback?code=a&state=b', 400],
  ['a page that needs a login', 'GET', '/private?a=b', 302],
  ['the address of the inspector with the key', 'GET', `/flow?key=${KEY}`, 303],
  ['the inspector without its key', 'GET', '/flow', 403],
  ['the script of the inspector', 'GET', `/flow/script.js?key=${KEY}`, 200],
]

describe('Cache-Control: no-store and Referrer-Policy: no-referrer', () => {
  it.each(REQUESTS)('are in the response to %s', async (_title, method, path, status) => {
    const app = await scene.start({
      routes: (express, strategy, origin) => {
        const authenticate = passport.authenticate(strategy) as RequestHandler
        express.get(['/own/login', '/own/callback'], authenticate)
        const bank = new AuthorizationCodeStrategy({
          authorizationURL: scene.provider.authorizationURL,
          tokenURL: scene.provider.tokenURL,
          name: 'bank',
          clientID: 'client-1',
          clientSecret: 'secret-1',
          callbackURL: `${origin}/bank/callback`,
        })
        express.use('/bank', authRouter(bank, { connect: true }))
        express.use('/flow', flowInspector(strategy, { key: KEY, print: () => undefined }))
      },
    })

    const page = await new Browser().request(app.origin + path, {
      method,
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': 'same-origin',
      },
    })

    expect([
      page.status,
      page.headers.get('cache-control'),
      page.headers.get('referrer-policy'),
    ]).toEqual([status, 'no-store', 'no-referrer'])
  })

  it.each([
    ['one', 200],
    ['none', 400],
  ] as const)('are in the response to a logout token: %s', async (which, status) => {
    const openId = await speakOpenId(scene.provider)
    const app = await scene.start({ strategy: { ...openId.options, backchannelLogout: true } })
    const logoutToken = which === 'one' ? await openId.logoutToken() : 'nonsense'

    const page = await new Browser().post(`${app.origin}/auth/backchannel-logout`, {
      logout_token: logoutToken,
    })

    expect([
      page.status,
      page.headers.get('cache-control'),
      page.headers.get('referrer-policy'),
    ]).toEqual([status, 'no-store', 'no-referrer'])
  })

  it('are in the response to a login that is finished', async () => {
    const app = await scene.start()
    const browser = new Browser()
    const { location = '' } = await browser.visit(app.loginURL)
    const { location: callback = '' } = await browser.visit(location)

    const { status, headers } = await browser.visit(callback)

    expect([status, headers.get('cache-control'), headers.get('referrer-policy')]).toEqual([
      302,
      'no-store',
      'no-referrer',
    ])
  })
})
