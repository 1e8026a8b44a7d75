import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Agent, request as send } from 'undici'
import type { AuthorizationCodeOptions, TokenSet } from '../../src/index.js'
import { startApp } from '../support/app.js'
import type { TestApp, TestAppOptions } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { expectNoneOf } from '../support/errors.js'
import { consent, startGlewlwyd } from '../support/glewlwyd.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { startJmondiServer } from '../support/jmondi-server.js'
import { bodyOf, changed } from '../support/login.js'
import { startNodeOauthServer } from '../support/node-oauth-server.js'
import { hearEvents } from '../support/hear-events.js'
import { CLIENT_ID, CLIENT_SECRET } from '../support/other-server.js'
import type { OtherServer } from '../support/other-server.js'
import { describeWithGlewlwyd } from '../support/requirements.js'
import { sessionRoutes } from '../support/session-routes.js'

const browser = new Browser()
/** What the application under test has asked the server, such as `POST /token`, oldest first. */
const asked: string[] = []
/** How the revocations have ended. */
const outcomes: string[] = []
const running: TestApp[] = []
let server: OtherServer

const agent = new Agent().compose((dispatch) => (options, handler) => {
  asked.push(`${options.method} ${options.path}`)
  return dispatch(options, handler)
})

const stopHearing = hearEvents(({ step, outcome }) => {
  if (step === 'revocation') outcomes.push(outcome)
})

beforeEach(() => {
  asked.length = 0
  outcomes.length = 0
})
afterEach(async () => {
  jest.restoreAllMocks()
  for (const app of running.splice(0)) await app.close()
  browser.clearCookies(server.origin)
})
afterAll(async () => {
  stopHearing()
  await agent.close()
})

/** Starts an application that is registered with the server, and ends with the test. */
async function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<TestAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  const app = await startApp({
    routes: sessionRoutes(server.options.profileURL).add,
    ...options,
    strategy: { ...server.options, clientID: CLIENT_ID, dispatcher: agent, ...strategy },
  })
  running.push(app)
  await server.register(app.callbackURL)
  return app
}

/** Sends the browser to the server and back, without loading the callback. */
async function comeBack(app: TestApp): Promise<string> {
  const { location = '' } = await browser.visit(app.loginURL)
  return server.allow(browser, location)
}

async function logIn(app: TestApp): Promise<Page> {
  return browser.follow(await comeBack(app))
}

async function tokensOf({ origin }: TestApp): Promise<TokenSet> {
  const { tokens } = bodyOf(await browser.visit(`${origin}/tokens`))
  return tokens as TokenSet
}

/** Refreshes behind the application's back: afterwards the server takes this refresh token no more. */
async function useUp(refreshToken: string | undefined): Promise<number> {
  const { statusCode, body } = await send(server.options.tokenURL, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken ?? '',
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
    }).toString(),
  })
  await body.dump()
  return statusCode
}

async function statusOfProfile(accessToken: string): Promise<number> {
  const { statusCode, body } = await send(server.options.profileURL, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  await body.dump()
  return statusCode
}

/** What one server does where servers differ. */
interface Peculiarities {
  readonly start: () => Promise<OtherServer>
  /** Its endpoints, as requests to them are recorded. */
  readonly token: string
  readonly profile: string
  readonly revoke?: string
  /** What a code that was used before comes to: what the server says, and the error's status. */
  readonly usedCode: Refused
  /** What a client secret that is wrong comes to. */
  readonly wrongSecret: Refused
  /** What it says of a refresh token that is no longer good, in the words of the diagnostics. */
  readonly deadRefreshToken: string
}

interface Refused {
  readonly httpStatus: number
  readonly error?: string
  readonly status: number
}

function said({ httpStatus, error = 'nothing' }: Refused): string {
  return `HTTP ${httpStatus} and ${error}`
}

/** What has to work with every server. */
function describeLogins(one: Peculiarities): void {
  const { token, profile, revoke } = one

  beforeAll(async () => {
    server = await one.start()
  })
  afterAll(() => server.close())

  it.each<[string, Partial<AuthorizationCodeOptions>]>([
    ['client_secret_post', {}],
    [
      'client_secret_basic, which it reads raw, against RFC 6749',
      { clientAuthentication: 'client_secret_basic', basicCredentials: 'raw' },
    ],
  ])('logs a person in with %s, calls its API, and refreshes', async (_method, strategy) => {
    const app = await start(strategy)
    const page = await logIn(app)
    expect(app.errors).toEqual([])
    expect(bodyOf(page)).toMatchObject({ user: { profile: { displayName: 'Ada Lovelace' } } })
    const login = asked.splice(0).filter((line) => !line.endsWith('/jwks'))
    expect(login).toEqual([`POST ${token}`, `GET ${profile}`])

    const first = await tokensOf(app)
    expect(first).toMatchObject({ tokenType: 'bearer', scope: server.options.scope })
    expect(Math.abs((first.expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(10_000)
    const answer = await browser.visit(`${app.origin}/resource`)
    expect([answer.status, bodyOf(answer)['name']]).toEqual([200, 'Ada Lovelace'])

    expect((await browser.visit(`${app.origin}/renewed`)).status).toBe(200)
    expect(asked).toEqual([`GET ${profile}`, `POST ${token}`])
    const second = await tokensOf(app)
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(second.scope).toBe(first.scope)
    expect((await browser.visit(`${app.origin}/resource`)).status).toBe(200)
    expect(app.errors).toEqual([])
  })

  it('keeps the rotated refresh token, and the server refuses the old one', async () => {
    const app = await start()
    await logIn(app)
    const first = await tokensOf(app)
    await browser.visit(`${app.origin}/renewed`)
    const second = await tokensOf(app)
    await browser.visit(`${app.origin}/renewed`)
    const third = await tokensOf(app)
    const refreshTokens = [first, second, third].map(({ refreshToken }) => refreshToken)
    expect(new Set(refreshTokens).size).toBe(3)
    expect(app.errors).toEqual([])
    expect(await useUp(first.refreshToken)).toBe(400)
  })

  it('shows the person who does not say yes a page, and asks the server nothing', async () => {
    const app = await start({}, { router: {} })
    const { location = '' } = await browser.visit(app.loginURL)
    const page = await browser.visit(await server.deny(browser, location))
    expect(page.status).toBe(403)
    expect(page.text).toContain('href="/auth/login"')
    expect([app.errors, asked]).toEqual([[], []])
    expect(bodyOf(await logIn(app))).toMatchObject({ user: { provider: app.strategy.name } })
  })

  it(`takes ${said(one.usedCode)} for a code that was used before, and gives no secret away`, async () => {
    const app = await start()
    const used = new URL(await comeBack(app)).searchParams
    const replayed = Object.fromEntries(used)
    await browser.visit(`${app.callbackURL}?${used.toString()}`)
    asked.length = 0

    const thief = await comeBack(app)
    const code = replayed['code'] ?? ''
    const page = await browser.visit(changed(thief, { code }))
    expect([page.status, page.text]).toEqual([one.usedCode.status, '{"code":"ERR_TOKEN_ENDPOINT"}'])
    expect(app.errors).toEqual([expect.objectContaining({ phase: 'exchange', ...one.usedCode })])
    expect(asked).toEqual([`POST ${token}`])
    const verifier = new URL(thief).searchParams.get('state') ?? ''
    expectNoneOf([code, verifier, CLIENT_SECRET], app.errors[0])
  })

  it(`takes ${said(one.wrongSecret)} for a wrong client secret, and gives none away`, async () => {
    const clientSecret = 'not the secret of this client'
    const app = await start({ clientSecret })
    const callback = await comeBack(app)
    await browser.visit(callback)
    expect(app.errors).toEqual([
      expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT', ...one.wrongSecret }),
    ])
    expect(asked).toEqual([`POST ${token}`])
    const code = new URL(callback).searchParams.get('code') ?? ''
    expectNoneOf([code, clientSecret], app.errors[0])
  })

  it(`asks the person to log in again after ${one.deadRefreshToken} for a refresh token that is over`, async () => {
    const app = await start()
    await logIn(app)
    const { refreshToken = '' } = await tokensOf(app)
    expect(await useUp(refreshToken)).toBe(200)
    asked.length = 0
    advanceClock(3600)

    const page = await browser.visit(`${app.origin}/token`)
    expect([page.status, page.text]).toEqual([401, '{"code":"ERR_LOGIN_REQUIRED"}'])
    expect(app.errors).toEqual([expect.objectContaining({ reason: 'grant_ended' })])
    expectNoneOf([refreshToken, CLIENT_SECRET], app.errors[0])
    const sent = await browser.visit(`${app.origin}/private`)
    expect(sent.location).toBe(`${app.loginURL}?return_to=%2Fprivate`)
    expect(asked).toEqual([`POST ${token}`])

    jest.restoreAllMocks()
    await logIn(app)
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
  })

  it(`revokes ${revoke === undefined ? 'nothing at a server without revocation' : 'the grant'} when the person logs out`, async () => {
    const app = await start({ endSessionURL: undefined })
    await logIn(app)
    const { accessToken, refreshToken } = await tokensOf(app)
    expect(await statusOfProfile(accessToken)).toBe(200)
    asked.length = 0

    const out = await browser.post(`${app.origin}/auth/logout`)
    expect([out.status, out.location]).toEqual([303, `${app.origin}/`])
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })
    const count = server.options.revocationEnds === 'token' ? 2 : 1
    const revocations = revoke === undefined ? [] : Array<string>(count).fill(`POST ${revoke}`)
    // Nobody's logout waits for a revocation.
    expect(await app.strategy.idle({ timeoutMs: 20_000 })).toBe(0)
    expect([asked, outcomes]).toEqual([revocations, revocations.map(() => 'ok')])
    expect(await statusOfProfile(accessToken)).toBe(revoke === undefined ? 200 : 401)
    expect(await useUp(refreshToken)).toBe(revoke === undefined ? 200 : 400)
    expect(app.errors).toEqual([])
  })
}

describe('@node-oauth/oauth2-server', () => {
  describeLogins({
    start: startNodeOauthServer,
    token: '/token',
    profile: '/me',
    usedCode: { httpStatus: 400, error: 'invalid_grant', status: 400 },
    wrongSecret: { httpStatus: 400, error: 'invalid_client', status: 500 },
    deadRefreshToken: 'invalid_grant',
  })
})

describe('@jmondi/oauth2-server', () => {
  describeLogins({
    start: startJmondiServer,
    token: '/token',
    profile: '/me',
    revoke: '/revoke',
    usedCode: { httpStatus: 400, error: 'invalid_request', status: 500 },
    wrongSecret: { httpStatus: 401, error: 'invalid_client', status: 500 },
    deadRefreshToken: 'invalid_request',
  })
})

describeWithGlewlwyd('Glewlwyd', (glewlwyd) => {
  describeLogins({
    start: () => startGlewlwyd(glewlwyd),
    token: '/api/oidc/token',
    profile: '/api/oidc/userinfo',
    revoke: '/api/oidc/revoke',
    usedCode: { httpStatus: 403, error: 'invalid_code', status: 502 },
    wrongSecret: { httpStatus: 403, error: 'unauthorized_client', status: 500 },
    deadRefreshToken: 'HTTP 400 with nothing',
  })

  it('signs an ID token with ES256, which is checked by its published keys', async () => {
    const app = await start()
    await logIn(app)
    expect(asked).toEqual(['POST /api/oidc/token', 'GET /api/oidc/jwks', 'GET /api/oidc/userinfo'])
    const { idToken = '' } = await tokensOf(app)
    expect(decodeProtectedHeader(idToken).alg).toBe('ES256')
    const { sub } = decodeJwt(idToken)
    expect(bodyOf(await browser.visit(`${app.origin}/`))).toMatchObject({ user: { id: sub } })
  })

  it('is believed by the issuer in its response, and by no other', async () => {
    const app = await start()
    const callback = await comeBack(app)
    expect(new URL(callback).searchParams.get('iss')).toBe(server.options.issuer)
    const page = await browser.visit(changed(callback, { iss: 'https://other.example.com' }))
    expect(page.status).toBe(400)
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_AUTHORIZATION_RESPONSE' })])
    expect(asked).toEqual([])
  })

  it('says what was granted when the person grants less than was asked for', async () => {
    const app = await start()
    const { location = '' } = await browser.visit(app.loginURL)
    await browser.follow(await consent(browser, server.origin, location, 'openid'))
    expect(await tokensOf(app)).toMatchObject({ scope: 'openid' })
    expect(app.errors).toEqual([])
  })

  it('is told of the logout by the browser, too', async () => {
    const app = await start()
    await logIn(app)
    const out = await browser.post(`${app.origin}/auth/logout`)
    expect(out.location).toMatch(`${server.origin}/api/oidc/end_session?`)
    const page = await browser.visit(out.location ?? '')
    expect(new URL(page.location ?? '').searchParams.get('prompt')).toBe('end_session')
  })
})
