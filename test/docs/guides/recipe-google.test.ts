import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import { google } from '../../../src/index.js'
import type { GuideApp } from '../../support/guide-app.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'
import { Browser } from '../../support/http.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import type { PostgresProcess } from '../../support/postgres-process.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin, createRecipeProvider } from '../../support/recipe.js'
import type { RecipeProvider } from '../../support/recipe.js'
import { describeWithPostgres } from '../../support/requirements.js'

jest.setTimeout(60_000)

const CALENDAR = 'https://www.googleapis.com/auth/calendar.readonly'
const EVENTS = 'GET https://www.googleapis.com/calendar/v3/calendars/primary/events'
const USERINFO = 'https://www.googleapis.com/auth/userinfo'
const LOGIN_SCOPE = `openid ${USERINFO}.email ${USERINFO}.profile`

/** A job of the same app, for the test to start. */
const JOB = `app.get('/job/:sub', async (req, res) => {
  const account = 'google:' + req.params.sub
  const answer = await strategy.fetch({ account }, '${EVENTS.slice('GET '.length)}')
  res.json(await answer.json())
})`

describeWithPostgres('the recipe for Google', (postgres) => {
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
      DATABASE_URL: database.url,
      GOOGLE_CLIENT_ID: 'client-1',
      GOOGLE_CLIENT_SECRET: 'secret-1',
      GRANT_SECRET,
      WORKSPACE_DOMAIN: 'example.com',
    }
    app = await scene.start('google', environment, (code) =>
      code.replace('app.listen(', `${JOB}\napp.listen(`),
    )
  })
  beforeEach(() => {
    person += 1
    sub = `person-${person}`
    browser = new Browser()
    const at = { issuer: google.issuer, tokenURL: google.tokenURL, jwksURL: google.jwksURL }
    provider = createRecipeProvider(scene.elsewhere, { ...at, clientID: 'client-1' })
    provider.claims = { sub, name: 'Ada Lovelace', hd: 'example.com' }
    scene.elsewhere.answers = {
      ...provider.answers,
      [`GET ${google.profileURL}`]: () => ({ body: { sub, name: 'Ada Lovelace' } }),
      [`POST ${google.revocationURL}`]: () => ({}),
      [EVENTS]: ({ headers }) => ({ body: { token: headers['authorization'] } }),
    }
  })
  afterAll(() => database.close())

  /** Answers as Google does: a refresh token comes with a consent. */
  async function logIn(page: string, consents: boolean, scope = LOGIN_SCOPE) {
    const login = await beginLogin(browser, app.url + page)
    provider.nonce = login.asked['nonce']
    provider.members = () => ({
      ...(consents && { refresh_token: `refresh-${scope === LOGIN_SCOPE ? 1 : 2}` }),
      scope,
    })
    const shown = await login.finish()
    return { ...login, shown }
  }

  const refreshes = () =>
    provider
      .tokenRequests()
      .filter((form) => form['grant_type'] === 'refresh_token')
      .map((form) => form['refresh_token'])

  const revoked = () => scene.requestsTo(`POST ${google.revocationURL}`)

  it('logs in with offline access, and asks for the calendar when it is needed', async () => {
    const { address, asked, shown } = await logIn('/me', true)
    expect(address).toBe(google.authorizationURL)
    expect(asked).toMatchObject({
      access_type: 'offline',
      hd: 'example.com',
      include_granted_scopes: 'true',
      redirect_uri: `${app.url}/auth/callback`,
      scope: 'openid email profile',
    })
    expect(asked['prompt']).toBeUndefined()
    expect(JSON.parse(shown.text)).toEqual({ id: `google:${sub}`, name: 'Ada Lovelace' })

    const more = await logIn('/calendar', true, `${LOGIN_SCOPE} ${CALENDAR}`)
    expect(more.asked['scope']?.split(' ')).toEqual(expect.arrayContaining(['openid', CALENDAR]))
    expect(more.shown).toMatchObject({ status: 200, url: `${app.url}/calendar` })
  })

  it('answers 403 if the person leaves the calendar out', async () => {
    await logIn('/me', true)
    const { shown } = await logIn('/calendar', true)
    expect(shown.status).toBe(403)
    expect(scene.requestsTo(EVENTS)).toEqual([])
  })

  it('keeps the refresh token over a logout and a login that brings none, for requests and jobs', async () => {
    await logIn('/me', true)
    const { status, location } = await browser.post(`${app.url}/auth/logout`)
    expect([status, location]).toEqual([303, `${app.url}/`])
    expect(revoked()).toEqual([])
    await scene.passAnHour()
    expect(JSON.parse((await browser.visit(`${app.url}/job/${sub}`)).text)).toEqual({
      token: expect.stringMatching(/^Bearer access-\d+$/),
    })
    expect(refreshes()).toEqual(['refresh-1'])

    const again = await logIn('/me', false)
    expect(again.asked['prompt']).toBeUndefined()
    expect(again.shown).toMatchObject({ status: 200, url: `${app.url}/me` })
    await scene.passAnHour()
    await browser.visit(`${app.url}/job/${sub}`)
    expect(refreshes()).toEqual(['refresh-1', 'refresh-1'])
  })

  it('asks for consent if there is no refresh token, once', async () => {
    const { shown } = await logIn('/me', false)
    expect(shown.location).toContain('prompt=consent')
    const second = await logIn('/me', true)
    expect(second.asked['prompt']).toBe('consent')
    expect(second.shown).toMatchObject({ status: 200, url: `${app.url}/me` })
  })

  it('asks for consent for the calendar too, if it was allowed before and no refresh token came', async () => {
    await logIn('/me', true)
    await browser.post(`${app.url}/disconnect`)
    const { shown } = await logIn('/calendar', false, `${LOGIN_SCOPE} ${CALENDAR}`)
    expect(shown.location).toContain('prompt=consent')
    const again = await logIn('/calendar', true, `${LOGIN_SCOPE} ${CALENDAR}`)
    expect(again.asked).toMatchObject({ include_granted_scopes: 'true', prompt: 'consent' })
    expect(again.shown).toMatchObject({ status: 200, url: `${app.url}/calendar` })
  })

  it('sends the person to log in when the refresh token has ended, as after 7 days of testing', async () => {
    await logIn('/calendar', true, `${LOGIN_SCOPE} ${CALENDAR}`)
    await scene.passAnHour()
    provider.members = () => ({
      error: 'invalid_grant',
      error_description: 'Token has been expired or revoked.',
    })
    const login = await beginLogin(browser, `${app.url}/calendar`)
    expect(login.address).toBe(google.authorizationURL)
  })

  it('revokes everything when the person disconnects', async () => {
    await logIn('/me', true)
    expect((await browser.post(`${app.url}/disconnect`)).status).toBe(303)
    expect(revoked().map(({ form }) => form['token'])).toContain('refresh-1')
  })

  it.each([['another.example'], [undefined]])(
    'refuses an account of %s, whatever the request has asked for',
    async (hd) => {
      provider.claims = { sub, email: 'eve@example.com', hd }
      const { shown } = await logIn('/me', true)
      expect(shown.status).toBe(403)
      expect((await browser.visit(`${app.url}/me`)).status).toBe(302)
    },
  )
})
