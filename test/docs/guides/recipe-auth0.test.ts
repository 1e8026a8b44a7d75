import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { auth0 } from '../../../src/index.js'
import type { GuideApp } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin, createRecipeProvider, followWithin } from '../../support/recipe.js'
import type { RecipeOptions, RecipeProvider } from '../../support/recipe.js'

jest.setTimeout(60_000)

const DOMAIN = 'tenant.eu.auth0.com'
const AT = auth0(DOMAIN)
const ORDERS = 'https://api.example.com/orders'

describe('the recipe for Auth0', () => {
  const scene = setRecipeScene()
  let provider: RecipeProvider
  let browser: Browser

  beforeEach(() => {
    browser = new Browser()
    const { issuer, jwksURL, tokenURL } = AT
    provider = createRecipeProvider(scene.elsewhere, { issuer, jwksURL, tokenURL, clientID: 'c1' })
    provider.claims = { sub: 'auth0|1', name: 'Ada', sid: 'session-1', org_id: 'org_1' }
    // Rotated: a new one with each answer.
    let generation = 0
    provider.members = () => ({ refresh_token: `refresh-${(generation += 1)}` })
    scene.elsewhere.answers = {
      ...provider.answers,
      [`GET ${AT.profileURL}`]: () => ({ body: { sub: 'auth0|1', name: 'Ada' } }),
      [`POST ${AT.revocationURL}`]: () => ({}),
      [`GET ${ORDERS}`]: ({ headers }) => ({ body: [headers['authorization']] }),
    }
  })

  const start = (change?: RecipeOptions['change']): Promise<GuideApp> =>
    scene.start(
      'auth0',
      {
        API_URL: ORDERS,
        AUTH0_AUDIENCE: 'https://your-api',
        AUTH0_CLIENT_ID: 'c1',
        AUTH0_CLIENT_SECRET: 'secret-1',
        AUTH0_DOMAIN: DOMAIN,
        AUTH0_ORGANIZATION: 'org_1',
      },
      change,
    )

  async function logIn(app: GuideApp, parameters?: Readonly<Record<string, string>>) {
    const login = await beginLogin(browser, `${app.url}/orders`)
    provider.nonce = login.asked['nonce']
    return { ...login, shown: await login.finish(parameters) }
  }

  it('gets tokens for the API, and uses each refresh token once', async () => {
    const app = await start()
    const { address, asked, shown } = await logIn(app)
    expect(address).toBe(AT.authorizationURL)
    expect(asked).toMatchObject({
      audience: 'https://your-api',
      organization: 'org_1',
      scope: 'openid profile email offline_access read:orders',
    })
    const user = { id: 'auth0|1', name: 'Ada' }
    expect(JSON.parse(shown.text)).toEqual({ user, orders: ['Bearer access-1'] })
    for (const generation of [2, 3]) {
      await scene.passAnHour()
      const { text } = await browser.visit(`${app.url}/orders`)
      expect(JSON.parse(text)).toEqual({ user, orders: [`Bearer access-${generation}`] })
    }
    const used = provider.tokenRequests().flatMap((form) => form['refresh_token'] ?? [])
    expect(used).toEqual(['refresh-1', 'refresh-2'])
  })

  it.each([['org_2'], [undefined]])(
    'refuses a person of the organization %s, whatever the request has asked for',
    async (organization) => {
      provider.claims = { ...provider.claims, org_id: organization }
      expect((await logIn(await start())).shown.status).toBe(403)
    },
  )

  it('takes a blocked person for a refusal', async () => {
    const { shown } = await logIn(await start(), { error: 'unauthorized' })
    expect(shown.status).toBe(403)
    expect(provider.tokenRequests()).toEqual([])
  })

  it('sends the person to log in when the family of refresh tokens has ended', async () => {
    const app = await start()
    await logIn(app)
    await scene.passAnHour()
    const description = 'Unknown or invalid refresh token.'
    provider.members = () => ({ error: 'invalid_grant', error_description: description })
    const { address } = await beginLogin(browser, `${app.url}/orders`)
    expect(address).toBe(AT.authorizationURL)
  })

  it.each([
    ['revokes nothing', undefined, []],
    [
      "revokes, with revocationEnds: 'token',",
      "...auth0(AUTH0_DOMAIN), revocationEnds: 'token'",
      ['access-1', 'refresh-1'],
    ],
  ])(
    '%s when the person logs out, and leads to /oidc/logout and back',
    async (_what, options, expected) => {
      const app = await start((code) =>
        options === undefined ? code : code.replace('...auth0(AUTH0_DOMAIN)', options),
      )
      await logIn(app)
      const { status, location = '' } = await browser.post(`${app.url}/auth/logout`)
      const there = new URL(location)
      expect([status, there.origin + there.pathname]).toEqual([303, AT.endSessionURL])
      expect(Object.fromEntries(there.searchParams)).toMatchObject({
        client_id: 'c1',
        id_token_hint: expect.stringMatching(/^ey/),
        post_logout_redirect_uri: `${app.url}/auth/logged-out`,
      })
      const back = `${app.url}/auth/logged-out?state=${there.searchParams.get('state') ?? ''}`
      expect(await followWithin(browser, back)).toMatchObject({ status: 200, url: `${app.url}/` })
      const revoked = scene.requestsTo(`POST ${AT.revocationURL}`).map(({ form }) => form['token'])
      expect(revoked.sort()).toEqual(expected)
    },
  )

  it('leads to the older logout, if its parameter is named', async () => {
    const app = await start((code) =>
      code.replace(
        'postLogoutRedirectURL:',
        `endSessionURL: 'https://${DOMAIN}/v2/logout', postLogoutRedirectParameter: 'returnTo', postLogoutRedirectURL:`,
      ),
    )
    await logIn(app)
    const there = new URL((await browser.post(`${app.url}/auth/logout`)).location ?? '')
    expect(there.pathname).toBe('/v2/logout')
    expect(Object.fromEntries(there.searchParams)).toEqual({
      client_id: 'c1',
      returnTo: `${app.url}/auth/logged-out`,
    })
  })
})
