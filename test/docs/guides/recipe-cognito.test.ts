import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { GuideApp } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin, createRecipeProvider, followWithin } from '../../support/recipe.js'
import type { RecipeProvider } from '../../support/recipe.js'

jest.setTimeout(60_000)

const ISSUER = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1b2c3'
const DOMAIN = 'https://your-domain.auth.eu-central-1.amazoncognito.com'
const AT = {
  issuer: ISSUER,
  jwksURL: `${ISSUER}/.well-known/jwks.json`,
  tokenURL: `${DOMAIN}/oauth2/token`,
}

/** As Cognito publishes it: the issuer is on one host, the endpoints on another. */
const METADATA = {
  authorization_endpoint: `${DOMAIN}/oauth2/authorize`,
  end_session_endpoint: `${DOMAIN}/logout`,
  id_token_signing_alg_values_supported: ['RS256'],
  issuer: ISSUER,
  jwks_uri: AT.jwksURL,
  response_types_supported: ['code', 'token'],
  revocation_endpoint: `${DOMAIN}/oauth2/revoke`,
  scopes_supported: ['openid', 'email', 'phone', 'profile'],
  subject_types_supported: ['public'],
  token_endpoint: AT.tokenURL,
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  userinfo_endpoint: `${DOMAIN}/oauth2/userInfo`,
}

describe('the recipe for Cognito', () => {
  const scene = setRecipeScene()
  let provider: RecipeProvider
  let app: GuideApp
  let browser: Browser

  beforeAll(async () => {
    const path = `GET ${ISSUER}/.well-known/openid-configuration`
    scene.elsewhere.answers = { [path]: () => ({ body: METADATA }) }
    app = await scene.start('cognito', {
      COGNITO_CLIENT_ID: 'client-1',
      COGNITO_CLIENT_SECRET: 'secret-1',
      COGNITO_DOMAIN: new URL(DOMAIN).host,
      COGNITO_USER_POOL: 'eu-central-1_a1b2c3',
    })
  })
  beforeEach(() => {
    browser = new Browser()
    provider = createRecipeProvider(scene.elsewhere, { ...AT, clientID: 'client-1' })
    provider.claims = {
      sub: 'ada',
      'cognito:groups': ['admins'],
      'cognito:username': 'ada',
      email_verified: true,
      token_use: 'id',
    }
    // A refresh token with the login alone.
    provider.members = (form) =>
      form['grant_type'] === 'authorization_code' ? { refresh_token: 'refresh-1' } : {}
    scene.elsewhere.answers = {
      ...provider.answers,
      [`GET ${DOMAIN}/oauth2/userInfo`]: () => ({
        body: { sub: 'ada', email_verified: 'true', username: 'ada' },
      }),
      [`POST ${DOMAIN}/oauth2/revoke`]: () => ({}),
    }
  })

  async function logIn(page = '/me') {
    const login = await beginLogin(browser, app.url + page)
    provider.nonce = login.asked['nonce']
    return { ...login, shown: await login.finish() }
  }

  it('logs in at the domain, and makes users with groups', async () => {
    const { address, shown } = await logIn()
    expect(address).toBe(`${DOMAIN}/oauth2/authorize`)
    expect(JSON.parse(shown.text)).toMatchObject({
      user: { id: 'ada', groups: ['admins'] },
      userInfo: { email_verified: 'true' },
    })
    expect((await browser.visit(`${app.url}/admin`)).status).toBe(200)
  })

  it('lets nobody without a group be an administrator', async () => {
    provider.claims = { ...provider.claims, 'cognito:groups': undefined }
    expect((await logIn('/admin')).shown.status).toBe(403)
  })

  it('keeps the refresh token of the login', async () => {
    await logIn()
    for (let hour = 0; hour < 2; hour++) {
      await scene.passAnHour()
      expect((await browser.visit(`${app.url}/me`)).status).toBe(200)
    }
    const used = provider.tokenRequests().flatMap((form) => form['refresh_token'] ?? [])
    expect(used).toEqual(['refresh-1', 'refresh-1'])
  })

  it('logs out by logout_uri and client_id alone, revokes, and lets the person come back', async () => {
    await logIn()
    const { status, location } = await browser.post(`${app.url}/auth/logout`)
    const back = `${app.url}/auth/logged-out`
    const query = new URLSearchParams({ client_id: 'client-1', logout_uri: back })
    expect([status, location]).toEqual([303, expect.stringContaining(`${DOMAIN}/logout?`)])
    expect(Object.fromEntries(new URL(location ?? '').searchParams)).toEqual(
      Object.fromEntries(query),
    )
    expect(await followWithin(browser, back)).toMatchObject({ status: 200, url: `${app.url}/` })
    const revoked = scene.requestsTo(`POST ${DOMAIN}/oauth2/revoke`)
    expect(revoked.map(({ form }) => form['token'])).toEqual(['refresh-1'])
    expect((await browser.visit(`${app.url}/admin`)).status).toBe(302)
  })

  it('sends the person to log in when the refresh token has ended', async () => {
    await logIn()
    await scene.passAnHour()
    provider.members = () => ({ error: 'invalid_grant' })
    expect((await beginLogin(browser, `${app.url}/me`)).address).toBe(`${DOMAIN}/oauth2/authorize`)
  })
})
