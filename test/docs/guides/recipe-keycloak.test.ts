import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import { keycloak } from '../../../src/index.js'
import { readGuide } from '../../support/documentation.js'
import type { GuideApp } from '../../support/guide-app.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'
import { Browser } from '../../support/http.js'
import { LOGOUT_EVENT } from '../../support/openid-provider.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import type { PostgresProcess } from '../../support/postgres-process.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin, createRecipeProvider, followWithin } from '../../support/recipe.js'
import type { RecipeProvider } from '../../support/recipe.js'
import { describeWithPostgres } from '../../support/requirements.js'

jest.setTimeout(60_000)

const REALM = 'https://login.example.com/realms/demo'
const AT = keycloak(REALM)
const API = 'https://api.example.com/report'

/** A job of the same app, for the test to start. */
const JOB = `app.get('/job/:account', async (req, res) => {
  const answer = await strategy.fetch({ account: req.params.account }, API_URL)
  res.json(await answer.json())
})`

describeWithPostgres('the recipe for Keycloak', (postgres) => {
  const scene = setRecipeScene()
  let database: PostgresProcess
  let provider: RecipeProvider
  let app: GuideApp
  let browser: Browser
  let person = 0
  /** Somebody else in each test: the app remembers people. */
  let sub: string

  beforeAll(async () => {
    database = await startPostgresProcess(postgres)
    const environment = {
      API_URL: API,
      DATABASE_URL: database.url,
      GRANT_SECRET,
      KEYCLOAK_CLIENT_ID: 'your-app',
      KEYCLOAK_CLIENT_SECRET: 'secret-1',
      KEYCLOAK_REALM: REALM,
    }
    app = await scene.start('keycloak', environment, (code) =>
      code.replace('app.listen(', `${JOB}\napp.listen(`),
    )
  })
  beforeEach(() => {
    person += 1
    sub = `person-${person}`
    browser = new Browser()
    const { issuer, jwksURL, tokenURL } = AT
    const at = { issuer, jwksURL, tokenURL, clientID: 'your-app' }
    provider = createRecipeProvider(scene.elsewhere, at)
    provider.claims = {
      sub,
      sid: `session-of-${sub}`,
      realm_access: { roles: ['admin', 'offline_access'] },
      typ: 'ID',
    }
    // An offline token: it has no end.
    provider.members = () => ({
      refresh_expires_in: 0,
      refresh_token: `offline-of-${sub}`,
      scope: 'openid offline_access profile email',
      'not-before-policy': 0,
    })
    scene.elsewhere.answers = {
      ...provider.answers,
      [`GET ${AT.profileURL}`]: () => ({ body: { sub, name: 'Ada' } }),
      [`POST ${AT.revocationURL}`]: () => ({}),
      [`GET ${API}`]: ({ headers }) => ({ body: { token: headers['authorization'] } }),
    }
  })
  afterAll(() => database.close())

  async function logIn(page = '/me') {
    const login = await beginLogin(browser, app.url + page)
    provider.nonce = login.asked['nonce']
    return { ...login, shown: await login.finish() }
  }

  it('makes users with the roles of the realm', async () => {
    const { address, asked, shown } = await logIn()
    expect(address).toBe(AT.authorizationURL)
    expect(asked['scope']).toBe('openid profile email offline_access')
    const user = { id: sub, name: 'Ada', roles: ['admin', 'offline_access'] }
    expect(JSON.parse(shown.text)).toMatchObject({ user })
    expect((await browser.visit(`${app.url}/admin`)).status).toBe(200)
  })

  it('lets nobody be an administrator while roles are not in the ID token', async () => {
    provider.claims = { ...provider.claims, realm_access: undefined }
    expect((await logIn('/admin')).shown.status).toBe(403)
  })

  it('takes UserInfo as a JWT as well', async () => {
    const claims = { iss: REALM, aud: 'your-app', sub, name: 'Ada from a JWT' }
    const jwt = await scene.elsewhere.sign(claims)
    const answer = { [`GET ${AT.profileURL}`]: () => ({ body: jwt }) }
    scene.elsewhere.answers = { ...scene.elsewhere.answers, ...answer }
    const { shown } = await logIn()
    expect(JSON.parse(shown.text)).toMatchObject({ user: { name: 'Ada from a JWT' } })
  })

  it('leads to the logout and back, and a job goes on with the offline token', async () => {
    await logIn()
    const there = new URL((await browser.post(`${app.url}/auth/logout`)).location ?? '')
    expect(there.origin + there.pathname).toBe(AT.endSessionURL)
    expect(there.searchParams.get('post_logout_redirect_uri')).toBe(`${app.url}/auth/logged-out`)
    expect(there.searchParams.has('id_token_hint')).toBe(true)
    const back = `${app.url}/auth/logged-out?state=${there.searchParams.get('state') ?? ''}`
    expect(await followWithin(browser, back)).toMatchObject({ status: 200, url: `${app.url}/` })
    expect(scene.requestsTo(`POST ${AT.revocationURL}`)).toEqual([])

    await scene.passAnHour()
    expect((await browser.visit(`${app.url}/job/${sub}`)).status).toBe(200)
    const [, refresh] = provider.tokenRequests()
    expect(refresh).toMatchObject({ refresh_token: `offline-of-${sub}` })
  })

  it('ends the session when Keycloak says so, and not the grant of jobs', async () => {
    await logIn()
    const now = scene.appSeconds()
    const token = await scene.elsewhere.sign({
      iss: REALM,
      aud: 'your-app',
      iat: now,
      exp: now + 120,
      jti: `logout-of-${sub}`,
      sub,
      sid: `session-of-${sub}`,
      typ: 'Logout',
      events: { [LOGOUT_EVENT]: {} },
    })
    const form = { logout_token: token }
    const posted = await new Browser().post(`${app.url}/auth/backchannel-logout`, form)
    expect([posted.status, posted.text]).toEqual([200, ''])
    expect((await browser.visit(`${app.url}/me`)).status).toBe(302)
    expect((await browser.visit(`${app.url}/job/${sub}`)).status).toBe(200)
  })

  it('sends the person to log in after SSO Session Max', async () => {
    await logIn()
    await scene.passAnHour()
    provider.members = () => ({
      error: 'invalid_grant',
      error_description: 'Token is not active',
    })
    expect((await beginLogin(browser, `${app.url}/me`)).address).toBe(AT.authorizationURL)
  })

  it('fails the login of a person without the role offline_access', async () => {
    const login = await beginLogin(browser, `${app.url}/me`)
    const description = 'Offline tokens not allowed for the user or client'
    provider.members = () => ({ error: 'not_allowed', error_description: description })
    const { status, text } = await login.finish()
    expect([status, text]).toEqual([502, expect.stringContaining(description)])
  })

  it('has a compose file with everything that the app reads, and nothing else', async () => {
    const { blocks } = await readGuide('docs/recipes/keycloak.md')
    const [compose] = blocks.filter(({ language }) => language === 'yaml')
    const code = blocks.find((block) => block.code.includes('app.listen('))?.code ?? ''
    const [, service = ''] = compose?.code.split(/^ {2}app:$/m) ?? []
    const given = [...service.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name]) => name)
    const read = [...code.matchAll(/const \{([^}]+)\} = process\.env/g)].flatMap(([, names = '']) =>
      [...names.matchAll(/[A-Z_]{3,}/g)].map(([name]) => name),
    )
    expect([...given].sort()).toEqual([...read].sort())
    expect(compose?.code).toContain('KC_HOSTNAME: http://localhost:8080')
    expect(service).toContain('KEYCLOAK_REALM: http://localhost:8080/realms/demo')
    // Names as in the guide that it leads to.
    const { text } = await readGuide('docs/providers.md')
    expect(text).toContain("host === 'localhost' ? 'keycloak'")
    expect(compose?.code).toMatch(/^ {2}keycloak:$/m)
  })
})
