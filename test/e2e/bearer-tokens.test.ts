import { describe, expect, it } from '@jest/globals'
import { Browser } from '../support/http.js'
import { asked, bodyOf, changed, ONE_LOGIN, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'

const scene = setScene()

describe('a token in the authorization response', () => {
  it.each(['access_token', 'refresh_token', 'id_token'])(
    'is used for nothing: %s [bearer-1]',
    async (parameter) => {
      scene.provider.onToken(json(tokenResponse({ access_token: 'from-the-token-endpoint' })))
      const app = await scene.start()
      const browser = new Browser()
      const { callback } = await startLogin(browser, app.loginURL)
      const injected = { [parameter]: 'injected', token_type: 'Bearer', expires_in: '3600' }
      expect((await browser.visit(changed(callback, injected))).status).toBe(302)
      const tokens = JSON.stringify(bodyOf(await browser.visit(`${app.origin}/tokens`)))
      expect(tokens).toContain('from-the-token-endpoint')
      expect(tokens).not.toContain('injected')
      expect(asked(scene.provider)).toEqual(ONE_LOGIN)

      const alone = changed((await startLogin(browser, app.loginURL)).callback, {
        ...injected,
        code: undefined,
      })
      expect((await browser.visit(alone)).status).toBe(400)
      expect(asked(scene.provider)).toEqual(ONE_LOGIN)
    },
  )
})

describe('strategy.fetch', () => {
  it('sends the access token in the Authorization header, never in the URL or the body [bearer-3]', async () => {
    scene.provider.onToken(json(tokenResponse({ access_token: 'at-1' })))
    scene.provider.on('/resource', json({}))
    const browser = await loggedInTo(`${scene.provider.origin}/resource`)
    expect((await browser.visit()).status).toBe(200)
    const sent = scene.provider.requests.at(-1)
    expect(sent).toMatchObject({ method: 'GET', path: '/resource', query: '', body: '' })
    expect(sent?.headers.authorization).toBe('Bearer at-1')
  })

  it('sends nothing over plain HTTP to another machine [bearer-2]', async () => {
    // An address for documentation (RFC 5737): nobody answers there, so only a refusal is quick.
    const browser = await loggedInTo('http://192.0.2.1/resource')
    const page = await browser.visit()
    expect(page.text).toMatch(/HTTPS/)
    expect(asked(scene.provider)).toEqual(ONE_LOGIN)
  })

  /** Somebody logged in, and how to let the application call a resource on their behalf. */
  async function loggedInTo(resource: string) {
    const app = await scene.start({
      routes: (one, strategy) => {
        one.get('/call', (req, res) => {
          strategy.fetch(req, resource).then(
            ({ status }) => res.status(status).end(),
            (error: unknown) => res.status(500).end(String(error)),
          )
        })
      },
    })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    return { visit: () => browser.visit(`${app.origin}/call`) }
  }
})
