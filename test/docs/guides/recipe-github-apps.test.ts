import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { github } from '../../../src/index.js'
import type { GuideApp } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin } from '../../support/recipe.js'

jest.setTimeout(60_000)

const TOKEN = `POST ${github.tokenURL}`
const EMAILS = 'GET https://api.github.com/user/emails'
const INSTALLATIONS = 'GET https://api.github.com/user/installations'

/** GitHub's answer with tokens that expire. */
function tokens(generation: number): object {
  return {
    access_token: `ghu_${generation}`,
    expires_in: 28_800,
    refresh_token: `ghr_${generation}`,
    refresh_token_expires_in: 15_897_600,
    scope: '',
    token_type: 'bearer',
  }
}

describe('the recipe for GitHub Apps', () => {
  const scene = setRecipeScene()
  let app: GuideApp
  let browser: Browser
  /** What the token endpoint answers, always with HTTP 200. */
  let answer: object

  beforeAll(async () => {
    const client = { GITHUB_CLIENT_ID: 'Iv1.client', GITHUB_CLIENT_SECRET: 'secret-1' }
    app = await scene.start('github-apps', client)
  })
  beforeEach(() => {
    browser = new Browser()
    answer = tokens(1)
    scene.elsewhere.answers = {
      [TOKEN]: () => ({ body: answer }),
      [`GET ${github.profileURL}`]: () => ({ body: { id: 1, login: 'ada', email: null } }),
      [EMAILS]: () => ({ body: [{ email: 'ada@example.com', verified: true }] }),
      [INSTALLATIONS]: ({ headers }) => ({ body: { asked: headers['authorization'] } }),
    }
  })

  const logIn = async () => {
    const login = await beginLogin(browser, `${app.url}/me`)
    return { ...login, shown: await login.finish() }
  }
  const passEightHours = async () => {
    for (let hour = 0; hour < 8; hour++) await scene.passAnHour()
  }
  const refreshes = () => scene.requestsTo(TOKEN).flatMap(({ form }) => form['refresh_token'] ?? [])

  it('asks for no scope, and gets the email addresses of a person who shows none', async () => {
    const { address, asked, shown } = await logIn()
    expect(address).toBe(github.authorizationURL)
    expect(Object.keys(asked).sort()).toEqual([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'redirect_uri',
      'response_type',
      'state',
    ])
    expect(JSON.parse(shown.text)).toMatchObject({
      user: { provider: 'github', id: '1', profile: { displayName: 'ada' } },
      emails: [{ email: 'ada@example.com', verified: true }],
    })
  })

  it('refreshes after eight hours, with each refresh token once', async () => {
    await logIn()
    for (const generation of [2, 3]) {
      answer = tokens(generation)
      await passEightHours()
      const { text } = await browser.visit(`${app.url}/installations`)
      expect(JSON.parse(text)).toEqual({ asked: `Bearer ghu_${generation}` })
    }
    expect(refreshes()).toEqual(['ghr_1', 'ghr_2'])
  })

  it('sends the person to log in after bad_refresh_token, which comes with HTTP 200', async () => {
    await logIn()
    await passEightHours()
    answer = { error: 'bad_refresh_token', error_description: 'It is incorrect or expired.' }
    const login = await beginLogin(browser, `${app.url}/installations`)
    expect(login.address).toBe(github.authorizationURL)
    answer = tokens(4)
    expect(await login.finish()).toMatchObject({ status: 200, url: `${app.url}/installations` })
  })

  it('logs nobody out for incorrect_client_credentials', async () => {
    await logIn()
    await passEightHours()
    answer = { error: 'incorrect_client_credentials' }
    const failed = await browser.visit(`${app.url}/installations`)
    expect([failed.status, failed.location]).toEqual([500, undefined])
  })

  it('refuses a login that began with an installation, without a state', async () => {
    const callback = `${app.url}/auth/callback?code=of-github&installation_id=7&setup_action=install`
    const { status, text } = await browser.visit(callback)
    expect([status, text]).toEqual([400, expect.stringContaining('/auth/login')])
    expect(scene.requestsTo(TOKEN)).toEqual([])
  })

  it('finds out at once that the person has revoked the app', async () => {
    await logIn()
    scene.elsewhere.answers = {
      ...scene.elsewhere.answers,
      [INSTALLATIONS]: () => ({ status: 401, body: { message: 'Bad credentials' } }),
    }
    answer = { error: 'bad_refresh_token' }
    expect((await browser.visit(`${app.url}/installations`)).status).toBe(401)
    expect(refreshes()).toEqual(['ghr_1'])
    expect((await beginLogin(browser, `${app.url}/me`)).address).toBe(github.authorizationURL)
  })

  it('asks nothing of GitHub when the person logs out', async () => {
    await logIn()
    scene.elsewhere.requests.length = 0
    const { status, location } = await browser.post(`${app.url}/auth/logout`)
    expect([status, location]).toEqual([303, `${app.url}/`])
    expect(scene.elsewhere.requests).toEqual([])
  })
})
