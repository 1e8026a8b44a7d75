import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import {
  auth0,
  AuthorizationResponseError,
  ConfigurationError,
  PendingLoginError,
  TokenEndpointError,
} from '../../src/index.js'
import type { AuthorizationCodeOptions, FailureInfo } from '../../src/index.js'
import { refusalOfRefresh } from '../../src/endpoints/refresh-refusal.js'
import type { TestApp } from '../support/app.js'
import { hearEvents } from '../support/hear-events.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { asked, bodyOf, changed, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { Script } from '../support/scripted-provider.js'

const scene = setScene()

type Query = Readonly<Record<string, string | undefined>>

/** Starts a login, and comes back with these parameters beside the state, in place of a code. */
async function comeBack(app: TestApp, query: Query, browser = new Browser()): Promise<Page> {
  const { callback } = await startLogin(browser, app.loginURL)
  return browser.visit(changed(callback, { code: undefined, ...query }))
}

/** The next login of the same browser works, and the person is who they are. */
async function expectHonestLogin(app: TestApp, browser = new Browser()): Promise<void> {
  await browser.follow(app.loginURL)
  expect(bodyOf(await browser.visit(app.origin))).toMatchObject({ user: { id: 'ada' } })
}

/** The pages of the router, and what reaches `onError`. */
function withPages(
  strategy: Partial<AuthorizationCodeOptions> = {},
  production = true,
): Promise<TestApp> {
  return scene.start({
    strategy,
    router: {},
    routes: (app) => app.set('env', production ? 'production' : 'development'),
  })
}

const AGREED = 'You have not agreed to it at the login service'

describe('a callback with a refusal', () => {
  it.each<[string, Query, string]>([
    [
      'LinkedIn: the person leaves its login page',
      {
        error: 'user_cancelled_login',
        error_description: 'The user cancelled LinkedIn login',
      },
      AGREED,
    ],
    [
      'LinkedIn: the person does not give the permission',
      {
        error: 'user_cancelled_authorize',
        error_description: 'The user cancelled the authorization',
      },
      AGREED,
    ],
    [
      'Facebook: the person does not give the permission',
      {
        error: 'access_denied',
        error_code: '200',
        error_description: 'Permissions error',
        error_reason: 'user_denied',
      },
      AGREED,
    ],
    [
      'Facebook: only its own parameters',
      { error_code: '200', error_message: 'Permissions error', error_reason: 'user_denied' },
      AGREED,
    ],
    [
      'Twitch: the person does not give the permission',
      { error: 'access_denied', error_description: 'The user denied you access' },
      AGREED,
    ],
    ['Strava: the person does not give the permission', { error: 'access_denied' }, AGREED],
    ['a server that writes codes in capitals', { error: 'ACCESS_DENIED' }, AGREED],
    [
      'Keycloak: prompt=none, and the person is not logged in there',
      { error: 'login_required' },
      'You are not logged in at the login service.',
    ],
  ])('%s: is no error, and the page says what it means', async (_, query, words) => {
    const app = await withPages()
    const browser = new Browser()
    const page = await comeBack(app, query, browser)

    expect(page.status).toBe(403)
    expect(page.text).toContain(words)
    expect(page.text).toContain('href="/auth/login"')
    const raw = [query['error_description'], query['error_message']]
    expect(raw.filter((text) => text !== undefined && page.text.includes(text))).toEqual([])
    expect(app.errors).toEqual([])
    expect(asked(scene.provider)).toEqual([])
    await expectHonestLogin(app, browser)
  })

  it('is in the diagnostics with the provider’s words, for the developer', async () => {
    const events: unknown[] = []
    const stopHearing = hearEvents((event) => events.push(event))
    try {
      await comeBack(await scene.start(), {
        error: 'access_denied',
        error_description: 'Not today',
      })
    } finally {
      stopHearing()
    }
    expect(events).toContainEqual(
      expect.objectContaining({
        step: 'callback',
        outcome: 'refused',
        reason: 'access_denied',
        errorDescription: 'Not today',
      }),
    )
  })

  it('reaches the application with the words of both: the person’s and the provider’s', async () => {
    const infos: unknown[] = []
    const app = await scene.start({
      routes: (express, strategy) => {
        express.get('/auth/callback', (req, res, next) => {
          const passport = Object.create(strategy) as typeof strategy
          Object.assign(passport, {
            fail: (info: FailureInfo) => {
              infos.push(info)
              res.end()
            },
            error: next,
          })
          passport.authenticate(req)
        })
      },
    })
    await comeBack(app, { error: 'ACCESS_DENIED', error_description: 'Not today' })

    expect(infos).toEqual([
      {
        error: 'access_denied',
        errorDescription: 'Not today',
        message: expect.stringContaining(AGREED),
      },
    ])
  })
})

describe('Keycloak: a login page that was left open (authentication_expired)', () => {
  const query = {
    error: 'temporarily_unavailable',
    error_description: 'authentication_expired',
    session_state: 'b3c5',
  }

  it('ends on a page with “Log in again”, and the next login works', async () => {
    const app = await withPages()
    const browser = new Browser()
    const page = await comeBack(app, query, browser)

    expect(page.status).toBe(400)
    expect(page.text).toContain('The page of the login service was left open for too long.')
    expect(page.text).toContain('<a href="/auth/login">Log in again</a>')
    expect(page.text).not.toContain('authentication_expired')
    await expectHonestLogin(app, browser)
  })

  it('is the browser’s fault, and keeps the provider’s words for the developer', async () => {
    const app = await scene.start()
    await comeBack(app, query)

    expect(app.errors).toEqual([expect.any(AuthorizationResponseError)])
    expect(app.errors[0]).toMatchObject({
      status: 400,
      fault: 'browser',
      retryable: false,
      error: 'temporarily_unavailable',
      errorDescription: 'authentication_expired',
    })
  })

  it('is not confused with a provider that is really unavailable', async () => {
    const app = await scene.start()
    await comeBack(app, { error: 'temporarily_unavailable', error_description: 'Maintenance' })

    expect(app.errors).toEqual([expect.any(AuthorizationResponseError)])
    expect(app.errors[0]).toMatchObject({ status: 503, fault: 'provider', retryable: true })
  })
})

describe('a callback with an error', () => {
  it.each<[string, Query, object]>([
    [
      'Facebook: an application that is not live',
      { error_code: '1349126', error_message: 'App Not Set Up: This app is still in development.' },
      {
        status: 502,
        error: '1349126',
        errorDescription: 'App Not Set Up: This app is still in development.',
      },
    ],
    [
      'GitHub: another callback URL',
      {
        error: 'redirect_uri_mismatch',
        error_description: 'The redirect_uri MUST match the registered callback URL.',
        error_uri: 'https://docs.github.com/apps',
      },
      { status: 500, fault: 'developer', error: 'redirect_uri_mismatch' },
    ],
    [
      'Twitch: another callback URL',
      {
        error: 'redirect_mismatch',
        error_description: 'Parameter redirect_uri does not match registered URI',
      },
      { status: 502, error: 'redirect_mismatch' },
    ],
    ['a server that writes codes in capitals', { error: 'INVALID_SCOPE' }, { status: 500 }],
  ])('%s', async (_, query, facts) => {
    const app = await scene.start()
    const browser = new Browser()
    await comeBack(app, query, browser)

    expect(app.errors).toEqual([expect.any(AuthorizationResponseError)])
    expect(app.errors[0]).toMatchObject(facts)
    expect(asked(scene.provider)).toEqual([])
    await expectHonestLogin(app, browser)
  })

  it('says what a known one means, and that parseAuthorizationError can map an unknown one', async () => {
    const app = await scene.start()
    await comeBack(app, { error: 'invalid_scope' })
    await comeBack(app, { error: 'user_went_away', error_description: 'Gone' })

    const [known, unknown] = app.errors as [Error, Error]
    expect(known.message).toContain('invalid_scope. The scope is unknown, malformed')
    expect(unknown.message).toContain('user_went_away (Gone). No specification has this error')
    expect(unknown.message).toContain('parseAuthorizationError')
  })

  it('Facebook: on a route of one’s own, an error without state starts no login', async () => {
    const app = await scene.start({
      routes: (express, strategy) => {
        express.get('/own', (req, res, next) => {
          const passport = Object.create(strategy) as typeof strategy
          const redirect = (to: string): void => res.redirect(to)
          Object.assign(passport, { redirect, error: next, fail: () => res.end() })
          passport.authenticate(req)
        })
      },
    })
    const page = await new Browser().visit(`${app.origin}/own?error_code=1349126&error_message=No`)
    expect([page.status, page.location]).toEqual([400, undefined])
  })
})

describe('parseAuthorizationError', () => {
  it('makes a refusal of a code that no specification has', async () => {
    const seen: unknown[] = []
    const app = await withPages({
      parseAuthorizationError: (response) => {
        seen.push(response)
        return response['error'] === 'user_went_away' ? { error: 'access_denied' } : undefined
      },
    })
    const page = await comeBack(app, { error: 'user_went_away', why: 'bored' })

    expect(page.status).toBe(403)
    expect(page.text).toContain(AGREED)
    expect(seen).toEqual([{ error: 'user_went_away', why: 'bored', state: expect.any(String) }])
    expect(app.errors).toEqual([])
  })

  it('can read an error of other names', async () => {
    const app = await scene.start({
      strategy: {
        parseAuthorizationError: ({ failure, reason }) => ({
          error: failure,
          error_description: reason,
        }),
      },
    })
    await comeBack(app, { failure: 'server_error', reason: 'Broken' })
    expect(app.errors[0]).toMatchObject({
      status: 502,
      retryable: true,
      error: 'server_error',
      errorDescription: 'Broken',
    })
  })

  it('is not asked about a code, and cannot make one of an error', async () => {
    const app = await scene.start({
      strategy: {
        parseAuthorizationError: () => ({ error: 'access_denied', code: 'forged' }),
      },
    })
    await expectHonestLogin(app)
    await comeBack(app, {})
    expect(asked(scene.provider)).toEqual(['POST /token', 'GET /me'])
  })

  it('is not asked about a callback that nobody has started', async () => {
    const seen: unknown[] = []
    const app = await scene.start({
      strategy: {
        parseAuthorizationError: (response) => {
          seen.push(response)
          return undefined
        },
      },
    })
    await new Browser().visit(`${app.callbackURL}?error=user_went_away&state=forged`)
    expect(seen).toEqual([])
    expect(app.errors).toEqual([expect.any(PendingLoginError)])
  })

  it('that throws is the developer’s fault, and what it throws is not shown', async () => {
    const app = await scene.start({
      strategy: {
        parseAuthorizationError: ({ state }) => {
          throw new RangeError(`state ${state ?? ''}`)
        },
      },
    })
    await comeBack(app, { error: 'user_went_away' })
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
    expect(app.errors[0]).toMatchObject({
      option: 'parseAuthorizationError',
      message: 'The function parseAuthorizationError failed (RangeError).',
    })
  })
})

describe('an error without a state', () => {
  it('is shown to the developer with its meaning, and touches no pending login', async () => {
    const app = await scene.start()
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const query = 'error=unauthorized_client&error_description=Client+is+disabled'
    const page = await browser.visit(`${app.callbackURL}?${query}`)

    expect(page.status).toBe(400)
    expect(app.errors).toEqual([expect.any(PendingLoginError)])
    expect(app.errors[0]).toMatchObject({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
    const { message } = app.errors[0] as Error
    expect(message).toContain(
      'The callback has no state, and reports the error unauthorized_client (Client is disabled). The client is not registered for this grant',
    )
    expect(message).toContain('Anybody can send such a callback')

    expect((await browser.visit(callback)).status).toBe(302)
    expect(bodyOf(await browser.visit(app.origin))).toMatchObject({ user: { id: 'ada' } })
  })

  it('is not on the page for the person, in production', async () => {
    const app = await withPages()
    const query = 'error=invalid_request&error_description=Call+0900+123456+now'
    const page = await new Browser().visit(`${app.callbackURL}?${query}`)
    expect(page.status).toBe(400)
    expect(page.text).not.toContain('0900')
    expect(page.text).not.toContain('invalid_request')
  })

  it('cannot write lines into the log, nor show a code or state that it quotes', async () => {
    const app = await scene.start()
    const query = 'error=a%0d%0ab&error_description=the-code+of+the-state&code=the-code'
    await new Browser().visit(`${app.callbackURL}?${query}&state=the-state`)
    const { message } = app.errors[0] as Error
    expect(message).toContain('reports the error a b (… of …)')
    expect(message).not.toMatch(/[\r\n]|the-code|the-state/)
  })

  it.each([
    ['a semicolon', 'error=odd;code=the-code'],
    ['an encoded ampersand', 'error=odd&error_description=x%26code=the-code'],
    ['an ampersand of HTML', 'error=odd&error_description=x%26amp;code=the-code'],
  ])('does not show a code that %s made a part of another parameter', async (_what, query) => {
    const app = await scene.start()
    await new Browser().visit(`${app.callbackURL}?${query}`)
    const { message } = app.errors[0] as Error
    expect(message).toContain('code=…')
    expect(message).not.toContain('the-code')
  })
})

describe('parseAuthorizationError that returns', () => {
  const sent = { error: 'server_error', error_description: 'the reason' }

  it.each<[string, unknown]>([
    ['no error', { error: undefined }],
    ['an empty error', { error: '', error_description: 'other' }],
    ['a number as the error', { error: 5 }],
    ['null', null],
  ])('%s leaves the parameters as they were sent', async (_, returned) => {
    const app = await scene.start({
      strategy: { parseAuthorizationError: () => returned as undefined },
    })
    await comeBack(app, sent)
    expect(app.errors).toEqual([
      expect.objectContaining({ error: 'server_error', errorDescription: 'the reason' }),
    ])
  })

  it.each<[string, () => unknown]>([
    ['a text', () => 'access_denied'],
    ['a number', () => 5],
    ['a promise', () => Promise.resolve({ error: 'access_denied' })],
    ['a promise that rejects', () => Promise.reject(new Error('of the application'))],
  ])('%s is the developer’s fault, and says so', async (_, returns) => {
    const app = await scene.start({
      strategy: { parseAuthorizationError: () => returns() as undefined },
    })
    await comeBack(app, sent)
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
    expect(app.errors[0]).toMatchObject({ option: 'parseAuthorizationError', status: 500 })
  })
})

describe('an error of OpenID Connect or RFC 9101 in a callback', () => {
  it.each([
    'invalid_request_object',
    'invalid_request_uri',
    'request_not_supported',
    'request_uri_not_supported',
    'REGISTRATION_NOT_SUPPORTED',
  ])('%s is the developer’s to correct, and says how', async (error) => {
    const app = await scene.start()
    await comeBack(app, { error })
    expect(app.errors[0]).toMatchObject({
      ...{ status: 500, fault: 'developer', error: error.toLowerCase() },
      message: expect.not.stringContaining('No specification'),
    })
  })

  it.each(['invalid_request_object', 'request_not_supported'])(
    '%s comes with advice from a pushed authorization request, too',
    async (error) => {
      scene.provider.on('/par', json({ error }, 400))
      const pushedAuthorizationRequestURL = `${scene.provider.origin}/par`
      const app = await scene.start({ strategy: { pushedAuthorizationRequestURL } })
      await new Browser().follow(app.loginURL)
      expect(app.errors[0]).toMatchObject({
        ...{ code: 'ERR_PUSHED_AUTHORIZATION_REQUEST', status: 500, error },
        message: expect.stringMatching(
          /\. The provider (?:does not accept|takes no) .+ [A-Z].+\.$/,
        ),
      })
    },
  )

  it('is an unmet requirement in any case of letters', async () => {
    const app = await scene.start()
    await comeBack(app, { error: 'Unmet_Authentication_Requirements' })
    expect(app.errors[0]).toMatchObject({ code: 'ERR_AUTHENTICATION_REQUIREMENTS', status: 403 })
  })

  it('that is unknown gets no advice that cannot be followed if it has no state', async () => {
    const app = await scene.start()
    await new Browser().visit(`${app.callbackURL}?error=odd_error`)
    const { message } = app.errors[0] as Error
    expect(message).toContain('reports the error odd_error. No specification has this error:')
    expect(message).not.toContain('parseAuthorizationError')
  })
})

it('Auth0: unauthorized, for a person who is blocked, is a refusal', async () => {
  const { parseAuthorizationError } = auth0('tenant.eu.auth0.com')
  const app = await withPages({ parseAuthorizationError })
  const page = await comeBack(app, {
    error: 'unauthorized',
    error_description: 'user is blocked',
  })
  expect([page.status, app.errors]).toEqual([403, []])
  expect(page.text).toContain(AGREED)
  await comeBack(app, { error: 'server_error' })
  expect(app.errors).toEqual([expect.objectContaining({ error: 'server_error' })])
})

describe('an error response of the token endpoint', () => {
  /** What a login that gets this answer fails with; the next one works. */
  async function failureOf(script: Script): Promise<TokenEndpointError> {
    const app = await scene.start()
    scene.provider.onToken(script)
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect(asked(scene.provider)).toEqual(['POST /token'])
    expect(app.errors).toEqual([expect.any(TokenEndpointError)])
    scene.provider.reset()
    await expectHonestLogin(app, browser)
    return app.errors[0] as TokenEndpointError
  }

  it.each<[string, number, unknown, object]>([
    [
      'Facebook: a code that was used',
      400,
      {
        error: {
          message: 'This authorization code has been used.',
          type: 'OAuthException',
          code: 100,
          error_subcode: 36009,
          fbtrace_id: 'A1b2',
        },
      },
      {
        error: undefined,
        errorDescription: 'This authorization code has been used. (OAuthException, 100)',
      },
    ],
    [
      'Twitch: a code that it does not know',
      400,
      { status: 400, message: 'Invalid authorization code' },
      { error: undefined, errorDescription: 'Invalid authorization code' },
    ],
    [
      'Twitch: a wrong secret',
      403,
      { status: 403, message: 'invalid client secret' },
      { error: undefined, errorDescription: 'invalid client secret' },
    ],
    [
      'Twitch: the name of the status as an error',
      400,
      { error: 'Bad Request', status: 400, message: 'Invalid refresh token' },
      { error: undefined, errorDescription: 'Invalid refresh token' },
    ],
    [
      'HubSpot: a code that it does not know',
      400,
      {
        status: 'BAD_AUTH_CODE',
        message: 'missing or unknown auth code',
        correlationId: '4b7bff7f-1c7d',
      },
      { error: undefined, errorDescription: 'missing or unknown auth code (BAD_AUTH_CODE)' },
    ],
    [
      'Strava: a code that it does not know',
      400,
      {
        message: 'Bad Request',
        errors: [{ resource: 'AuthorizationCode', field: 'code', code: 'invalid' }],
      },
      { error: undefined, errorDescription: 'Bad Request (AuthorizationCode, code, invalid)' },
    ],
    [
      'Strava: a wrong secret',
      401,
      {
        message: 'Authorization Error',
        errors: [{ resource: 'Application', field: 'client_secret', code: 'invalid' }],
      },
      {
        error: undefined,
        errorDescription: 'Authorization Error (Application, client_secret, invalid)',
      },
    ],
    [
      'Zoom: a token that it does not know',
      400,
      { reason: 'Invalid Token!', error: 'invalid_request' },
      { error: 'invalid_request', errorDescription: 'Invalid Token!' },
    ],
    [
      'a code of OAuth’s, nested',
      400,
      { error: { code: 'invalid_grant', message: 'The code has expired' } },
      { status: 400, error: 'invalid_grant' },
    ],
    [
      'a code of OAuth’s in capitals',
      400,
      { error: 'INVALID_GRANT' },
      { status: 400, error: 'invalid_grant' },
    ],
    [
      'problem details (RFC 9457)',
      400,
      { type: 'about:blank', title: 'Bad Request', status: 400, detail: 'The code is unknown' },
      { error: undefined, errorDescription: 'The code is unknown' },
    ],
  ])('%s', async (_, status, body, facts) => {
    expect(await failureOf(json(body, status))).toMatchObject({ httpStatus: status, ...facts })
  })

  it.each([
    ['Twitch', { error: 'Bad Request', status: 400, message: 'Invalid refresh token' }],
    ['HubSpot', { status: 'BAD_REFRESH_TOKEN', message: 'missing or unknown refresh token' }],
    ['Strava', { message: 'Bad Request', errors: [{ resource: 'RefreshToken', code: 'invalid' }] }],
  ])('%s: refuses a refresh for good, once the access token has expired', async (_, body) => {
    const error = await failureOf(json(body, 400))
    expect(refusalOfRefresh(error, true)).toBeUndefined()
    expect(refusalOfRefresh(error, false)).toBe('http_400')
  })

  it('shows no secret that is quoted in a nested message', async () => {
    const error = await failureOf((request, response) => {
      const message = `Got ${request.body}`
      json({ error: { message, type: request.body } }, 400)(request, response)
    })
    expect(error.errorDescription).toContain('Got code=…&redirect_uri=')
    expect(error.message).not.toContain('secret-1')
  })

  it.each<[string, Script, string]>([
    [
      'an HTML page',
      (_request, response) => response.writeHead(200).end('<!DOCTYPE html><p>Log in</p>'),
      'HTTP 200 with an HTML page instead of a JSON object (content type none). Check that tokenURL is',
    ],
    [
      '200 with nothing',
      (_request, response) => response.writeHead(200).end(),
      'HTTP 200 with an empty body instead of a JSON object',
    ],
    ['204', (_request, response) => response.writeHead(204).end(), 'HTTP 204 with an empty body'],
    ['a JSON list', json([]), 'HTTP 200 with JSON that is not an object'],
    [
      'old Facebook: a form that is called text',
      (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'text/plain' })
          .end('access_token=EAAB&expires=5183999'),
      'It looks like a form. If the provider documents that, read it with parseTokenResponse: (body) =>',
    ],
    [
      'GitHub without Accept, or old Facebook: a form without a type',
      (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' })
          .end('access_token=gho_1&scope=user'),
      'it has no "token_type". If the provider documents that its tokens are bearer tokens, say so with parseTokenResponse',
    ],
    [
      'a token under another name',
      json({ token: 'a', token_type: 'bearer' }),
      'it has no "access_token". If the token has another name or place, return it from parseTokenResponse.',
    ],
    [
      '404 with an HTML page',
      (_request, response) => response.writeHead(404).end('<html>Not found</html>'),
      'with HTTP 404 (no reason given, but an HTML page). Check the address of the endpoint',
    ],
    [
      '400 with JSON that has no reason',
      json({ trace: '1' }, 400),
      'with HTTP 400 (no reason given, but a JSON object).',
    ],
    [
      '429 with Retry-After',
      json({}, 429, { 'retry-after': '30' }),
      'The provider limits how many requests it takes. Wait for 30 s, as it asks.',
    ],
    [
      '503 with nothing',
      (_request, response) => response.writeHead(503).end(),
      'with HTTP 503 (no reason given, but an empty body). The provider has failed. Try again after a while.',
    ],
    [
      'a redirect',
      (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      'Redirects of this endpoint are not followed: set the address that it redirects to.',
    ],
    [
      '200 with an error inside',
      json({ error: 'invalid_client' }),
      'with HTTP 200 (invalid_client). The provider does not accept the client’s id',
    ],
  ])('says what came and what to do about it: %s', async (_, script, words) => {
    expect((await failureOf(script)).message).toContain(words)
  })
})

describe('a token response', () => {
  /** Logs in with this answer and returns the tokens. */
  async function tokensOf(
    members: Record<string, unknown>,
    strategy: Partial<AuthorizationCodeOptions> = {},
  ): Promise<Record<string, unknown>> {
    const app = await scene.start({ strategy })
    scene.provider.onToken(json(tokenResponse(members)))
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect(app.errors).toEqual([])
    const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`))
    return tokens as Record<string, unknown>
  }

  /** It is so many seconds after a time between `from` and now; `undefined` for no seconds. */
  function expectEnd(at: unknown, seconds: number | undefined, from: number): void {
    const start = seconds === undefined ? undefined : Number(at) - seconds * 1000
    expect(start === undefined ? at : start >= from && start <= Date.now()).toBe(
      start === undefined ? undefined : true,
    )
  }

  it.each<[string, unknown, unknown]>([
    ['Twitch: a list', ['user:read:email', 'chat:read'], 'user:read:email chat:read'],
    ['GitHub: separated by commas', 'repo,user', 'repo,user'],
    ['a list with nothing in it', [], undefined],
    ['empty', '', undefined],
    ['null', null, undefined],
  ])('with a scope, %s', async (_, scope, read) => {
    expect((await tokensOf({ scope }))['scope']).toBe(read)
  })

  it('Twitch: its list of scopes is what was granted when an API is asked for', async () => {
    const app = await scene.start({ strategy: { scope: 'a b' } })
    scene.provider.onToken(json(tokenResponse({ scope: ['a', 'b'], expires_in: 3600 })))
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
    expect(asked(scene.provider)).toEqual(['POST /token', 'GET /me'])
  })

  it('with an empty refresh token has none', async () => {
    expect(await tokensOf({ refresh_token: '' })).not.toHaveProperty('refreshToken')
  })

  it('with an empty refresh token to a refresh keeps the old one', async () => {
    const app = await scene.start()
    scene.provider.onToken(json(tokenResponse({ refresh_token: 'first', expires_in: 0 })))
    const browser = new Browser()
    await browser.follow(app.loginURL)
    scene.provider.onToken(json(tokenResponse({ refresh_token: '', expires_in: 60 })))
    await browser.visit(`${app.origin}/token`)
    const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`))

    expect(tokens).toMatchObject({ refreshToken: 'first' })
    expect(app.errors).toEqual([])
  })

  const inAnHour = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000).toISOString()
  it.each<[string, unknown, number | undefined]>([
    ['a number in a text', '3600', 3600],
    ['a duration in a text', '3600s', 3600],
    ['a date', inAnHour, 3600],
    ['a date that is over', '2001-02-03T04:05:06Z', 0],
    ['a year, which is no date', '2026', 2026],
    ['negative', -1, undefined],
    ['a negative text', '-1', undefined],
    ['a word', 'never', undefined],
    ['a list', [3600], undefined],
    ['null', null, undefined],
  ])('with a lifetime that is %s', async (_, lifetime, seconds) => {
    const before = Date.now()
    const { expiresAt } = await tokensOf({ expires_in: lifetime })
    // A date was made when this file began.
    expectEnd(expiresAt, seconds, before - 120_000)
  })

  it.each<[string, Record<string, unknown>, number | undefined]>([
    ['Keycloak: refresh_expires_in', { refresh_expires_in: 1800 }, 1800],
    ['Keycloak: refresh_expires_in of an offline token', { refresh_expires_in: 0 }, undefined],
    ['Google: refresh_token_expires_in', { refresh_token_expires_in: 604_800 }, 604_800],
    ['Intuit: x_refresh_token_expires_in', { x_refresh_token_expires_in: 8_726_400 }, 8_726_400],
    ['GitHub without Accept: a text', { refresh_token_expires_in: '15897600' }, 15_897_600],
  ])('%s', async (_, members, seconds) => {
    const before = Date.now()
    const { refreshTokenExpiresAt } = await tokensOf(members)
    expectEnd(refreshTokenExpiresAt, seconds, before)
  })

  /** The sample of docs/providers.md, which is run as it is there. */
  function documentedParseTokenResponse(): AuthorizationCodeOptions['parseTokenResponse'] {
    const guide = readFileSync('docs/providers.md', 'utf8')
    const [, sample = ''] = /^ {2}parseTokenResponse: ([\s\S]+?\n {2}\})\),\n/m.exec(guide) ?? []
    return runInThisContext(`(${sample}))`, {}) as AuthorizationCodeOptions['parseTokenResponse']
  }

  it.each([
    ['old Facebook: a form that is called text', 'text/plain', 'access_token=EAAB&expires_in=60'],
    [
      'GitHub without Accept: a form',
      'application/x-www-form-urlencoded',
      'access_token=gho_1&scope=user',
    ],
    ['JSON without token_type', 'application/json', '{"access_token":"a"}'],
    ['JSON', 'application/json', '{"access_token":"a","token_type":"bearer"}'],
  ])('%s, is read by the parseTokenResponse of the guide', async (_, type, body) => {
    const parseTokenResponse = documentedParseTokenResponse()
    const app = await scene.start({ strategy: { parseTokenResponse } })
    scene.provider.onToken((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(body)
    })
    await expectHonestLogin(app)
    expect(app.errors).toEqual([])
  })

  it('that is an error keeps its reason with the parseTokenResponse of the guide', async () => {
    const parseTokenResponse = documentedParseTokenResponse()
    const app = await scene.start({ strategy: { parseTokenResponse } })
    scene.provider.onToken(json({ error: 'invalid_grant' }, 400))
    await new Browser().follow(app.loginURL)
    expect(app.errors).toEqual([expect.objectContaining({ error: 'invalid_grant' })])
  })

  it.each<[string, () => unknown]>([
    ['a text', () => 'text'],
    ['a promise that rejects', () => Promise.reject(new Error('of the application'))],
  ])('is refused if parseTokenResponse returns %s', async (_, returns) => {
    const app = await scene.start({ strategy: { parseTokenResponse: () => returns() as never } })
    await new Browser().follow(app.loginURL)
    expect(app.errors).toEqual([expect.any(TokenEndpointError)])
  })
})

describe('what a token response has beside the tokens', () => {
  /** What `verify` gets; it refuses the login, because these users are not to be stored. */
  async function tokenResponseGivenToVerify(script: Script): Promise<Record<string, unknown>> {
    const seen: Record<string, unknown>[] = []
    const app = await scene.start({
      verify: ({ tokenResponse: given }) => {
        seen.push(given)
        return false
      },
    })
    scene.provider.onToken(script)
    const browser = new Browser()
    await browser.follow(app.loginURL)
    expect(app.errors).toEqual([])
    return seen[0] ?? {}
  }

  it('Strava: its athlete reaches verify, without the tokens', async () => {
    const athlete = { id: 7, username: 'ada', city: null }
    const given = await tokenResponseGivenToVerify(
      json(tokenResponse({ athlete, id_token: 'unchecked', scope: ['read'] })),
    )
    expect(given).toEqual({ token_type: 'Bearer', expires_in: 3600, scope: 'read', athlete })
  })

  it('is harmless: __proto__ is left out, and of two members the last one counts', async () => {
    const given = await tokenResponseGivenToVerify((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(
          '{"access_token":"a","token_type":"bearer","__proto__":{"isAdmin":true},"team":1,"team":2}',
        )
    })
    expect(given).toEqual({ token_type: 'bearer', team: 2 })
    expect(Object.hasOwn(given, '__proto__')).toBe(false)
    expect(Object.assign({}, given)).not.toHaveProperty('isAdmin')
  })
})
