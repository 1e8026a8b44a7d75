import { beforeEach, describe, expect, it } from '@jest/globals'
import { Browser } from '../support/http.js'
import { asked, bodyOf, changed, ONE_LOGIN, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'

const ISSUER = 'https://issuer.example/tenant'
const scene = setScene()
let browser: Browser

beforeEach(() => {
  browser = new Browser()
})

describe('the issuer of an authorization response', () => {
  const others: readonly (readonly [string, string])[] = [
    ['another one', 'https://evil.example'],
    ['another one of the same origin', 'https://issuer.example/tenant-2'],
    ['the same but for a slash', `${ISSUER}/`],
    ['the same but for the case', ISSUER.toUpperCase()],
    ['empty', ''],
  ]

  it.each(others)(
    'is refused when it is %s, and no code is sent [mix-up-3]',
    async (_what, iss) => {
      const app = await scene.start({ strategy: { issuer: ISSUER } })
      const { callback } = await startLogin(browser, app.loginURL)
      const page = await browser.visit(changed(callback, { iss }))
      expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_AUTHORIZATION_RESPONSE' }])
      expect(asked(scene.provider)).toEqual([])
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
    },
  )

  it.each(others)('is refused when it is %s, also with a denial [mix-up-2]', async (_what, iss) => {
    const app = await scene.start({ strategy: { issuer: ISSUER } })
    const { callback } = await startLogin(browser, app.loginURL)
    const denial = changed(callback, { code: undefined, error: 'access_denied', iss })
    const page = await browser.visit(denial)
    expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_AUTHORIZATION_RESPONSE' }])
    expect(asked(scene.provider)).toEqual([])
  })

  it('is missed where the provider always sends it, and no code is sent [mix-up-1]', async () => {
    const app = await scene.start({
      strategy: { issuer: ISSUER, authorizationResponseIssParameterSupported: true },
    })
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await browser.visit(callback)
    expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_AUTHORIZATION_RESPONSE' }])
    expect(asked(scene.provider)).toEqual([])
  })

  it.each([
    ['is the one that was asked', { iss: ISSUER }, true],
    ['is left out by a provider that does not promise it', {}, false],
  ])(
    'is accepted when it %s',
    async (_what, parameters, authorizationResponseIssParameterSupported) => {
      const app = await scene.start({
        strategy: { issuer: ISSUER, authorizationResponseIssParameterSupported },
      })
      const { callback } = await startLogin(browser, app.loginURL)
      expect((await browser.visit(changed(callback, parameters))).status).toBe(302)
      expect(asked(scene.provider)).toEqual(ONE_LOGIN)
    },
  )
})
