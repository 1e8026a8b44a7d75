import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { microsoft } from '../../../src/index.js'
import type { GuideApp } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin, createRecipeProvider, followWithin } from '../../support/recipe.js'
import type { RecipeOptions, RecipeProvider } from '../../support/recipe.js'

jest.setTimeout(60_000)

const TENANT = '00000000-1111-2222-3333-444444444444'
const AT = microsoft(TENANT)
const GRAPH = 'https://graph.microsoft.com/v1.0/me'
const ORDERS = 'https://api.example.com/orders'
const API_SCOPE = 'api://orders/Orders.Read'
const GRAPH_SCOPE = 'openid profile email offline_access User.Read'

describe('the recipe for Microsoft Entra', () => {
  const scene = setRecipeScene()
  let provider: RecipeProvider
  let browser: Browser

  beforeEach(() => {
    browser = new Browser()
    const { issuer = '', jwksURL = '', tokenURL } = AT
    provider = createRecipeProvider(scene.elsewhere, { issuer, jwksURL, tokenURL, clientID: 'c1' })
    provider.claims = {
      sub: 'pairwise-ada',
      oid: 'object-ada',
      name: 'Ada',
      email: 'ada@example.com',
      login_hint: 'hint-of-ada',
      sid: 'session-1',
      tid: TENANT,
      xms_edov: true,
    }
    // One API at a time: that of the first scope.
    provider.members = ({ scope = '' }) => {
      const isForOrders = scope.startsWith('api://')
      return {
        access_token: isForOrders ? 'for-orders' : 'for-graph',
        refresh_token: 'refresh-1',
        scope: isForOrders ? API_SCOPE : 'openid profile email User.Read',
      }
    }
    /** An API that takes one token alone. */
    const only =
      (token: string) =>
      ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }) =>
        headers['authorization'] === `Bearer ${token}` ? { body: { token } } : { status: 401 }
    scene.elsewhere.answers = {
      ...provider.answers,
      [`GET ${GRAPH}`]: only('for-graph'),
      [`GET ${ORDERS}`]: only('for-orders'),
      [`GET ${AT.profileURL ?? ''}`]: () => ({ status: 401 }),
    }
  })

  const start = (change?: RecipeOptions['change'], tenant = TENANT): Promise<GuideApp> =>
    scene.start(
      'microsoft-entra',
      {
        API_SCOPE,
        API_URL: ORDERS,
        ENTRA_CLIENT_ID: 'c1',
        ENTRA_CLIENT_SECRET: 'secret-1',
        ENTRA_TENANT_ID: tenant,
      },
      change,
    )

  async function logIn(app: GuideApp) {
    const login = await beginLogin(browser, `${app.url}/me`)
    provider.nonce = login.asked['nonce']
    return { ...login, shown: await login.finish() }
  }

  it('logs in, and calls Graph and another API with a token for each', async () => {
    const app = await start()
    const { address, asked, shown } = await logIn(app)
    expect(address).toBe(AT.authorizationURL)
    expect(asked['scope']).toBe(`${GRAPH_SCOPE} ${API_SCOPE}`)
    const user = { id: 'object-ada', name: 'Ada', email: 'ada@example.com' }
    expect(JSON.parse(shown.text)).toEqual({ user, graph: { token: 'for-graph' } })
    const orders = await browser.visit(`${app.url}/orders`)
    expect(JSON.parse(orders.text)).toEqual({ token: 'for-orders' })
    const [first, second] = provider.tokenRequests()
    expect(first).toMatchObject({ grant_type: 'authorization_code', scope: GRAPH_SCOPE })
    expect(second).toMatchObject({ refresh_token: 'refresh-1', scope: API_SCOPE })

    await scene.passAnHour()
    expect((await browser.visit(`${app.url}/me`)).status).toBe(200)
    expect((await browser.visit(`${app.url}/orders`)).status).toBe(200)
    const [, , third] = provider.tokenRequests()
    expect(third).toMatchObject({ grant_type: 'refresh_token', scope: GRAPH_SCOPE })
    expect(scene.requestsTo(`GET ${AT.profileURL ?? ''}`)).toEqual([])
  })

  it('shows no email address unless the owner of its domain was verified', async () => {
    provider.claims = { ...provider.claims, xms_edov: undefined }
    const { shown } = await logIn(await start())
    const user = { id: 'object-ada', name: 'Ada' }
    expect(JSON.parse(shown.text)).toMatchObject({ user })
    expect(shown.text).not.toContain('ada@example.com')
  })

  it.each([
    [400, 'AADSTS65001: The user or administrator has not consented.', 'invalid_grant'],
    [502, 'AADSTS50076: You must use multi-factor authentication.', 'interaction_required'],
  ])('goes on with Graph after %d for %s', async (status, description, error) => {
    const app = await start()
    await logIn(app)
    const { members } = provider
    provider.members = (form) =>
      form['scope'] === API_SCOPE ? { error, error_description: description } : members(form)
    const refused = await browser.visit(`${app.url}/orders`)
    expect([refused.status, refused.location]).toEqual([status, undefined])
    expect(refused.text).toContain(description.slice(0, 11))
    await scene.passAnHour()
    expect((await browser.visit(`${app.url}/me`)).status).toBe(200)
    provider.members = members
    await scene.passAnHour()
    expect((await browser.visit(`${app.url}/orders`)).status).toBe(200)
  })

  it('logs out with the login hint, and comes back', async () => {
    const app = await start()
    await logIn(app)
    const there = new URL((await browser.post(`${app.url}/auth/logout`)).location ?? '')
    expect(there.origin + there.pathname).toBe(AT.endSessionURL)
    const parameters = Object.fromEntries(there.searchParams)
    expect(parameters).toMatchObject({
      logout_hint: 'hint-of-ada',
      post_logout_redirect_uri: `${app.url}/auth/logged-out`,
    })
    expect(parameters['id_token_hint']).toBeUndefined()
    const back = `${app.url}/auth/logged-out?state=${parameters['state'] ?? ''}`
    expect(await followWithin(browser, back)).toMatchObject({ status: 200, url: `${app.url}/` })
  })

  it('ends the session when the logout page of Entra says so', async () => {
    const app = await start()
    await logIn(app)
    const query = new URLSearchParams({ iss: AT.issuer ?? '', sid: 'session-1' })
    const frame = await new Browser().visit(
      `${app.url}/auth/frontchannel-logout?${query.toString()}`,
    )
    expect(frame.status).toBe(200)
    const { address } = await beginLogin(browser, `${app.url}/me`)
    expect(address).toBe(AT.authorizationURL)
  })

  it('has a profile and no claims for the accounts of all tenants', async () => {
    const { tokenURL } = microsoft('common')
    scene.elsewhere.answers = {
      ...scene.elsewhere.answers,
      [`POST ${tokenURL}`]: scene.elsewhere.answers[`POST ${AT.tokenURL}`] ?? (() => ({})),
      [`GET ${AT.profileURL ?? ''}`]: () => ({ body: { sub: 'pairwise-ada', name: 'Ada' } }),
    }
    const app = await start(
      (code) =>
        code
          .replace('skipUserProfile: true,', '')
          .replace('frontchannelLogout: true,', '')
          .replace(
            '({ claims }) => {',
            '({ claims, profile }) => {\n return { id: profile.id, claims }',
          ),
      'common',
    )
    const { address, shown } = await logIn(app)
    expect(address).toBe('https://login.microsoftonline.com/common/oauth2/v2.0/authorize')
    expect(JSON.parse(shown.text)).toMatchObject({ user: { id: 'pairwise-ada' } })
    expect(shown.text).not.toContain('claims')
  })

  it('cannot use the logout page of Entra without the keys of one tenant', async () => {
    const starting = start((code) => code, 'common')
    await expect(starting).rejects.toThrow('jwksURL')
  })

  it('cannot log in for another API without skipUserProfile: UserInfo is Graph’s', async () => {
    const app = await start((code) =>
      code
        .replace('{ scope: GRAPH }', '{ scope: API_SCOPE }')
        .replace('skipUserProfile: true,', ''),
    )
    const { shown } = await logIn(app)
    expect([shown.status, shown.text]).toEqual([502, expect.stringContaining('UserInfo')])
  })
})
