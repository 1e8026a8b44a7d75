import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, it } from '@jest/globals'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  ConfigurationError,
  PendingLoginError,
  TokenEndpointError,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp, TestAppOptions } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import type { Page } from '../support/http.js'
import {
  asked,
  bodyOf,
  changed,
  formOf,
  logInAs,
  logInWhomTheCodeNames,
  ONE_LOGIN,
  sessionIdOf,
  startLogin,
} from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

const CLIENT_SECRET = 'client secret/with+odd=characters'

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let app: TestApp
/** How many callbacks the application has received. */
let callbacks: number

beforeEach(async () => {
  ;({ provider } = scene)
  store = new RecordingStore()
  callbacks = 0
  app = await start({
    store,
    routes: (router) =>
      router.use('/auth/callback', (_req, _res, next) => {
        callbacks += 1
        next()
      }),
  })
})

function start({ strategy, ...options }: SceneAppOptions = {}): Promise<TestApp> {
  return scene.start({ ...options, strategy: { clientSecret: CLIENT_SECRET, ...strategy } })
}

/** Loads the callback with these parameters, by GET or as `form_post` does. */
function call(
  method: string,
  browser: Browser,
  query: string,
  { callbackURL }: TestApp = app,
): Promise<Page> {
  if (method === 'GET') return browser.visit(query === '' ? callbackURL : `${callbackURL}?${query}`)
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
  return browser.request(callbackURL, { method, headers, body: query })
}

async function whoIs(browser: Browser, of: TestApp = app): Promise<unknown> {
  return bodyOf(await browser.visit(`${of.origin}/`))['user']
}

/** An honest login in a browser of its own, and nothing but it. */
async function expectHonestLogin(of: TestApp = app): Promise<void> {
  const before = provider.requests.length
  const browser = new Browser()
  const page = await browser.follow(of.loginURL)
  expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
  expect(asked(provider).slice(before)).toEqual(ONE_LOGIN)
}

const METHODS = ['GET', 'POST'] as const

describe('1. exactly one token request per code; a code is never sent twice, whatever fails', () => {
  it.each(METHODS)(
    'sends the code once when the same callback comes twice at once by %s [rule-2]',
    async (method) => {
      const browser = new Browser()
      const { callback } = await startLogin(browser, app.loginURL)
      const query = new URL(callback).search.slice(1)

      const pages = await Promise.all([call(method, browser, query), call(method, browser, query)])

      expect(pages.map(({ status }) => status)).toEqual([302, 302])
      expect(app.errors).toEqual([])
      expect(asked(provider)).toEqual(ONE_LOGIN)
      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
    },
  )

  it('sends the code once when the same callback comes ten times while the provider thinks', async () => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    let answer = (): void => undefined
    const others = new Promise<void>((resolve) => (answer = resolve))
    provider.onToken((request, response) => {
      void others.then(() => json(tokenResponse())(request, response))
    })

    const visits = Array.from({ length: 10 }, async () => (await browser.visit(callback)).status)
    await until(() => callbacks === 10)
    answer()

    expect(await Promise.all(visits)).toEqual(Array.from({ length: 10 }, () => 302))
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each<[string, Script]>([
    ['refused', json({ error: 'invalid_grant' }, 400)],
    ['answered with 500', json({}, 500)],
    ['answered with nonsense', (_request, response) => response.end('<html>')],
    ['cut off', (_request, response) => response.destroy()],
    ['answered with 401', json({ error: 'invalid_client' }, 401)],
  ])('does not send the code again after the exchange was %s [rule-1]', async (_what, script) => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    provider.onToken(script)
    await browser.visit(callback)
    expect(asked(provider)).toEqual(['POST /token'])

    provider.onToken(json(tokenResponse()))
    const again = await browser.visit(callback)

    expect(again.status).toBe(400)
    expect(bodyOf(again)).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual(['POST /token'])
    expect(await whoIs(browser)).toBeNull()
    await expectHonestLogin()
  })

  it('does not send the code again after the profile could not be loaded', async () => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    provider.onProfile(json({}, 503))
    expect((await browser.visit(callback)).status).toBe(503)

    expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('does not send the code again in a session that another process has not written yet', async () => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const before = await store.contents()
    provider.onToken(json({ error: 'server_error' }, 500))
    await browser.visit(callback)

    // The session as it was before, which is what a slow request writes back.
    for (const [id, session] of Object.entries(before)) {
      await new Promise<unknown>((done) => store.set(id, session as never, done))
    }
    expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual(['POST /token'])
  })
})

describe('3. no token, code, verifier, state or secret in an error message, an error page or a URL of ours', () => {
  const ACCESS_TOKEN = 'an-access-token-worth-stealing'
  const REFRESH_TOKEN = 'a-refresh-token-worth-stealing'
  const CODE = '4/0AbUR2VN+odd=characters'
  const stolenTokens = tokenResponse({ access_token: ACCESS_TOKEN, refresh_token: REFRESH_TOKEN })

  const quoteTheRequest: Script = (request, response) =>
    json(
      { error: 'invalid_request', error_description: `You sent me: ${request.body}`.slice(0, 250) },
      400,
    )(request, response)

  const quoteDecoded: Script = (request, response) => {
    const text = [...formOf(request).values()].join(' ')
    json({ error: `bad ${text}`, error_description: text }, 400)(request, response)
  }

  /** A broken HTTP message: the parser's own error would hold the bytes it could not read. */
  const breakTheMessage: Script = (_request, response) => {
    response.socket?.end(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n${JSON.stringify(stolenTokens)}`,
    )
  }

  const TOKEN_SCRIPTS: Record<string, Script> = {
    'refuses and quotes the request': quoteTheRequest,
    'refuses and quotes every value': quoteDecoded,
    'refuses and gives tokens all the same': json({ ...stolenTokens, error: 'x' }, 400),
    'gives tokens of an unknown type': json({ ...stolenTokens, token_type: ACCESS_TOKEN }),
    'gives tokens with a wrong scope': json({ ...stolenTokens, scope: { of: REFRESH_TOKEN } }),
    'gives tokens in broken JSON': (_request, response) =>
      response.end(JSON.stringify(stolenTokens).slice(0, -1)),
    'gives tokens in a broken HTTP message': breakTheMessage,
    'gives tokens and is cut off': (_request, response) => {
      response.writeHead(200, { 'content-length': '10000' })
      response.write(JSON.stringify(stolenTokens), () => response.destroy())
    },
    'gives tokens in a redirect': (_request, response) => {
      response.writeHead(302, { location: `/?access_token=${ACCESS_TOKEN}` }).end()
    },
  }

  const PROFILE_SCRIPTS: Record<string, Script> = {
    'refuses and quotes the token': (request, response) =>
      json({ error: request.headers.authorization }, 401)(request, response),
    'answers with the token in broken JSON': (request, response) =>
      response.end(`{"sub": ${request.headers.authorization ?? ''}`),
    'breaks the message': (request, response) => {
      response.socket?.end(
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz${request.headers.authorization ?? ''}`,
      )
    },
  }

  /** Whatever a log could show of an error, and whatever a person could see. */
  function everythingSaid(errors: readonly unknown[], page: Page): string {
    const logged = errors.flatMap((error) => [
      String(error),
      (error as Error).stack ?? '',
      JSON.stringify(error),
      JSON.stringify(Object.assign({}, error)),
      inspect(error, { depth: 10, showHidden: true }),
    ])
    return [...logged, page.text, page.location ?? '', ...page.headers.values()].join('\n')
  }

  /** Names what is found by its place in the list, so that a failure prints no walls of text. */
  function expectNoSecrets(said: string, secrets: readonly string[]): void {
    const found = secrets.flatMap((secret) =>
      [
        secret,
        encodeURIComponent(secret),
        new URLSearchParams({ secret }).toString().slice('secret='.length),
      ].filter((spelling) => said.includes(spelling)),
    )
    expect(found).toEqual([])
  }

  async function failLogin(
    of: TestApp,
    prepare: (login: { state: string; callback: string }) => string,
  ): Promise<void> {
    const browser = new Browser()
    const login = await startLogin(browser, of.loginURL)
    const page = await browser.visit(prepare(login))
    expect(page.status).toBeGreaterThanOrEqual(400)

    const verifier = formOf(provider.requestsTo('/token')[0]).get('code_verifier')
    expectNoSecrets(everythingSaid(of.errors, page), [
      login.state,
      CODE,
      CLIENT_SECRET,
      ACCESS_TOKEN,
      REFRESH_TOKEN,
      ...(verifier === null ? [] : [verifier]),
    ])
  }

  describe.each<[string, TestAppOptions['router']]>([
    ['the application’s own error handler', undefined],
    ['the pages of authRouter', {}],
  ])('in %s', (_where, router) => {
    const withPages = () => start(router === undefined ? {} : { router })

    it.each(Object.entries(TOKEN_SCRIPTS))('when the token endpoint %s', async (_what, script) => {
      provider.onToken(script)
      await failLogin(await withPages(), ({ callback }) => changed(callback, { code: CODE }))
      expect(asked(provider)).toEqual(['POST /token'])
    })

    it.each(Object.entries(PROFILE_SCRIPTS))(
      'when the profile endpoint %s',
      async (_what, script) => {
        provider.onToken(json(stolenTokens))
        provider.onProfile(script)
        await failLogin(await withPages(), ({ callback }) => changed(callback, { code: CODE }))
        expect(asked(provider)).toEqual(ONE_LOGIN)
      },
    )

    it.each(['server_error', 'invalid_request', 'temporarily_unavailable', 'access_denied'])(
      'when the provider ends the login with %s and quotes the state',
      async (error) => {
        await failLogin(await withPages(), ({ callback, state }) =>
          changed(callback, { code: undefined, error, error_description: `Not for ${state}!` }),
        )
        expect(asked(provider)).toEqual([])
      },
    )

    it('when the callback is malformed', async () => {
      await failLogin(await withPages(), ({ callback }) => `${callback}&code=${CODE}&error=e`)
      expect(asked(provider)).toEqual([])
    })

    it('when the form of a callback by POST cannot be read', async () => {
      const of = await withPages()
      const browser = new Browser()
      const { state } = await startLogin(browser, of.loginURL)
      const form = new URLSearchParams({ state, code: CODE }).toString()
      for (const body of [form + '&a=b'.repeat(2000), form + '&a=' + 'b'.repeat(200_000)]) {
        const page = await call('POST', browser, body, of)
        expect(page.status).toBe(413)
        expectNoSecrets(everythingSaid(of.errors, page), [state, CODE])
      }
      expect(asked(provider)).toEqual([])
    })

    it('when the callback comes a second time, or without its session', async () => {
      const of = await withPages()
      const browser = new Browser()
      const { callback, state } = await startLogin(browser, of.loginURL)
      const target = changed(callback, { code: CODE })
      provider.onToken(json({ error: 'invalid_grant' }, 400))
      for (const visitor of [browser, browser, new Browser()]) {
        const page = await visitor.visit(target)
        expect(page.status).toBe(400)
        expectNoSecrets(everythingSaid(of.errors, page), [state, CODE])
      }
      expect(asked(provider)).toEqual(['POST /token'])
    })
  })

  it('keeps secrets out of a logged strategy', async () => {
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const verifier = formOf(provider.requestsTo('/token')[0]).get('code_verifier') ?? ''
    const said = inspect(app.strategy, { depth: 10 }) + JSON.stringify(app.strategy)
    expectNoSecrets(said, [CLIENT_SECRET, verifier])
  })

  it('keeps secrets out of the URL after login and out of the Referer of what is loaded there [rule-9]', async () => {
    const browser = new Browser()
    const { callback, state } = await startLogin(browser, `${app.loginURL}?return_to=/here`)
    const page = await browser.visit(callback)
    expect(page.location).toBe(`${app.origin}/here`)
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-store')
    // Nothing that could be loaded, and nothing that could be followed.
    expect(page.text).toBe('')
    expect([...page.headers.values()].join()).not.toContain(state)
  })
})

describe('4. the session id changes at login and at logout; only named fields survive', () => {
  const withFields = (strategy: Partial<AuthorizationCodeOptions> = {}) =>
    start({
      store,
      strategy,
      routes: (express) => {
        express.post('/fields', (req, res) => {
          Object.assign(req.session, { cart: ['book'], secretOfTheVisit: 'x' })
          res.end()
        })
        express.get('/fields', (req, res) => {
          const { cart, secretOfTheVisit } = req.session as unknown as Record<string, unknown>
          res.json({ cart, secretOfTheVisit })
        })
      },
    })

  it('changes the id at login, and the old id is worth nothing [rule-10]', async () => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const before = sessionIdOf(browser, app.origin) ?? ''
    await browser.visit(callback)
    const after = sessionIdOf(browser, app.origin) ?? ''

    expect(before).not.toBe('')
    expect(after).not.toBe(before)
    expect(Object.keys(await store.contents())).toEqual([after])
    expect(store.writes).toEqual([
      { method: 'set', id: before },
      { method: 'destroy', id: before },
      { method: 'set', id: after },
    ])
  })

  it('changes the id at logout, and the old id is worth nothing [rule-20]', async () => {
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const stolen = browser.cookies(app.origin).get('connect.sid') ?? ''
    await browser.post(`${app.origin}/auth/logout`)

    expect(await store.contents()).toEqual({})
    const thief = new Browser()
    thief.setCookie(app.origin, 'connect.sid', stolen)
    expect(await whoIs(thief)).toBeNull()
    expect((await thief.visit(`${app.origin}/token`)).status).toBe(401)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('keeps only the named fields at login and at logout [rule-21]', async () => {
    const shop = await withFields({ keepSession: ['cart', 'missing'] })
    const browser = new Browser()
    await browser.post(`${shop.origin}/fields`)
    await browser.follow(shop.loginURL)
    const atLogin = bodyOf(await browser.visit(`${shop.origin}/fields`))
    const idAtLogin = sessionIdOf(browser, shop.origin)
    await browser.post(`${shop.origin}/auth/logout`)
    const atLogout = bodyOf(await browser.visit(`${shop.origin}/fields`))

    expect(atLogin).toEqual({ cart: ['book'] })
    expect(atLogout).toEqual({ cart: ['book'] })
    expect(sessionIdOf(browser, shop.origin)).not.toBe(idAtLogin)
    expect(await whoIs(browser, shop)).toBeNull()
    const sessions = Object.values(await store.contents())
    expect(sessions).toEqual([{ cart: ['book'], cookie: expect.anything() }])
  })

  it('keeps nothing when nothing is named', async () => {
    const shop = await withFields()
    const browser = new Browser()
    await browser.post(`${shop.origin}/fields`)
    await browser.follow(shop.loginURL)
    expect(bodyOf(await browser.visit(`${shop.origin}/fields`))).toEqual({})
  })

  it('keeps only the named fields also with Passport’s keepSessionInfo, and the new tokens [rule-12]', async () => {
    logInWhomTheCodeNames(provider)
    const shop = await start({
      store,
      strategy: { keepSession: ['cart'] },
      routes: (express, strategy) => {
        express.get(
          '/auth/callback',
          (req, _res, next) => {
            Object.assign(req.session, { cart: ['book'], secretOfTheVisit: 'x' })
            next()
          },
          passport.authenticate(strategy, { successRedirect: '/', keepSessionInfo: true }) as never,
        )
      },
    })
    const browser = new Browser()
    await logInAs('ada', browser, shop.loginURL)
    const first = sessionIdOf(browser, shop.origin)
    await logInAs('grace', browser, shop.loginURL)

    expect(sessionIdOf(browser, shop.origin)).not.toBe(first)
    const [session, ...others] = Object.values(await store.contents())
    expect(others).toEqual([])
    expect(session).toMatchObject({ cart: ['book'] })
    expect(session).not.toHaveProperty('secretOfTheVisit')
    expect(bodyOf(await browser.visit(`${shop.origin}/token`))).toEqual({
      accessToken: 'token-of-grace',
    })
    expect(await whoIs(browser, shop)).toMatchObject({ id: 'grace' })
  })

  it('gives an attacker nothing who has planted the id of a session of their own [rule-11]', async () => {
    const attacker = new Browser()
    await startLogin(attacker, app.loginURL)
    const planted = attacker.cookies(app.origin).get('connect.sid') ?? ''
    const victim = new Browser()
    victim.setCookie(app.origin, 'connect.sid', planted)

    await victim.follow(app.loginURL)

    expect(await whoIs(victim)).toMatchObject({ id: 'ada' })
    expect(victim.cookies(app.origin).get('connect.sid')).not.toBe(planted)
    expect(await whoIs(attacker)).toBeNull()
    expect((await attacker.visit(`${app.origin}/token`)).status).toBe(401)
  })

  it('does not take an id that it has not signed itself', async () => {
    const browser = new Browser()
    browser.setCookie(app.origin, 'connect.sid', 'chosen-by-the-attacker')
    await browser.follow(app.loginURL)
    expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
    expect(Object.keys(await store.contents())).toEqual([sessionIdOf(browser, app.origin)])
  })
})

describe('5. no header of the request can change redirect_uri', () => {
  it('sends the configured one [rule-13]', async () => {
    const hosts: (string | undefined)[] = []
    const behindProxy = await start({
      routes: (express) => {
        express.set('trust proxy', true)
        express.use((req, _res, next) => {
          hosts.push(req.headers.host)
          next()
        })
      },
    })
    const page = await new Browser().request(
      `${behindProxy.loginURL}?redirect_uri=https://evil.example/&callbackURL=https://evil.example/`,
      {
        headers: {
          host: 'evil.example',
          forwarded: 'host=evil.example;proto=https',
          'x-forwarded-host': 'evil.example',
          'x-forwarded-proto': 'https',
          'x-forwarded-port': '8443',
          'x-forwarded-prefix': '/evil',
          'x-original-url': 'https://evil.example/',
          referer: 'https://evil.example/',
        },
      },
    )
    expect(hosts).toEqual(['evil.example'])
    const { location = '' } = page
    expect(new URL(location).searchParams.getAll('redirect_uri')).toEqual([behindProxy.callbackURL])
    expect(location).not.toContain('evil')
  })

  it('sends the very same one to the token endpoint', async () => {
    const browser = new Browser()
    const { callback, request } = await startLogin(browser, app.loginURL)
    await browser.request(callback, { headers: { 'x-forwarded-host': 'evil.example' } })
    const form = formOf(provider.requestsTo('/token')[0])
    expect(form.getAll('redirect_uri')).toEqual([app.callbackURL])
    expect(request.get('redirect_uri')).toBe(app.callbackURL)
  })
})

describe('6. a provider’s fault is a 502, 503 or 504 with its reason; the user’s refusal is not an error', () => {
  const trickle: Script = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"access_token":')
  }
  const tenMegabytes: Script = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('x'.repeat(10_000_000))
  }
  const cutOff: Script = (_request, response) => response.destroy()
  const silence: Script = () => undefined

  it.each<[string, Script, Record<string, unknown>]>([
    ['answers 500', json({}, 500), { status: 502, httpStatus: 500, retryable: true }],
    ['answers 503', json({}, 503), { status: 503, httpStatus: 503, retryable: true }],
    ['answers 429', json({}, 429), { status: 503, httpStatus: 429, retryable: true }],
    [
      'answers with a page',
      (_r, response) => response.end('<p>'),
      { status: 502, httpStatus: 200 },
    ],
    ['answers with nothing', (_r, response) => response.end(), { status: 502, httpStatus: 200 }],
    ['answers with null', json(null), { status: 502, httpStatus: 200 }],
    ['answers without a token', json({ token_type: 'Bearer' }), { status: 502 }],
    [
      'answers with a redirect',
      json({}, 302, { location: '/me' }),
      { status: 502, httpStatus: 302 },
    ],
    [
      'answers with an error and 200',
      json({ error: 'bad_verification_code' }),
      { status: 502, error: 'bad_verification_code' },
    ],
    [
      'refuses the client',
      json({ error: 'invalid_client' }, 401),
      { status: 500, error: 'invalid_client', fault: 'developer' },
    ],
    [
      'refuses the code',
      json({ error: 'invalid_grant' }, 400),
      { status: 400, error: 'invalid_grant', fault: 'browser' },
    ],
    [
      'cuts the connection',
      cutOff,
      { status: 502, networkCode: 'UND_ERR_SOCKET', retryable: true },
    ],
    ['says nothing', silence, { status: 504, networkCode: 'timeout', retryable: true }],
    ['never comes to an end', trickle, { status: 504, networkCode: 'timeout', retryable: true }],
    ['sends 10 MB', tenMegabytes, { status: 502, networkCode: 'too_large', retryable: false }],
  ])('says so when the token endpoint %s [rule-14]', async (_what, script, facts) => {
    const impatient = await start({ strategy: { timeoutMs: 500 } })
    const browser = new Browser()
    const { callback } = await startLogin(browser, impatient.loginURL)
    provider.onToken(script)
    const page = await browser.visit(callback)

    expect(page.status).toBe(facts['status'])
    expect(impatient.errors).toEqual([expect.any(TokenEndpointError)])
    expect(impatient.errors[0]).toMatchObject({ phase: 'exchange', ...facts })
    expect(asked(provider)).toEqual(['POST /token'])
    expect(await whoIs(browser, impatient)).toBeNull()
    provider.onToken(json(tokenResponse()))
    await expectHonestLogin(impatient)
  })

  it('says so when nobody listens at the token endpoint', async () => {
    const gone = await listen(() => undefined)
    await gone.close()
    const broken = await start({ strategy: { tokenURL: `${gone.origin}/token` } })
    const page = await new Browser().follow(broken.loginURL)
    expect(page.status).toBe(502)
    expect(broken.errors).toEqual([expect.objectContaining({ networkCode: 'ECONNREFUSED' })])
    expect(asked(provider)).toEqual([])
  })

  it.each<[string, Script, Record<string, unknown>]>([
    ['answers 500', json({}, 500), { status: 502, httpStatus: 500 }],
    ['answers 401', json({}, 401), { status: 502, httpStatus: 401 }],
    ['answers with a page', (_r, response) => response.end('<p>'), { status: 502 }],
    ['answers with a list', json(['ada']), { status: 502 }],
    ['cuts the connection', cutOff, { status: 502, networkCode: 'UND_ERR_SOCKET' }],
    ['never comes to an end', trickle, { status: 504, networkCode: 'timeout' }],
    ['sends 10 MB', tenMegabytes, { status: 502, networkCode: 'too_large' }],
  ])('says so when the profile endpoint %s', async (_what, script, facts) => {
    const impatient = await start({ strategy: { timeoutMs: 500 } })
    provider.onProfile(script)
    const browser = new Browser()
    const page = await browser.follow(impatient.loginURL)

    expect(page.status).toBe(facts['status'])
    expect(impatient.errors).toEqual([
      expect.objectContaining({ code: 'ERR_PROFILE', phase: 'profile', ...facts }),
    ])
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(await whoIs(browser, impatient)).toBeNull()
    provider.onProfile(json({ sub: 'ada' }))
    await expectHonestLogin(impatient)
  })

  it.each([
    ['temporarily_unavailable', 503],
    ['server_error', 502],
    ['invalid_scope', 500],
    ['something_new', 502],
  ])('says so when the provider ends the login with %s', async (error, status) => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await browser.visit(changed(callback, { code: undefined, error }))
    expect(page.status).toBe(status)
    expect(app.errors).toEqual([
      expect.objectContaining({ code: 'ERR_AUTHORIZATION_RESPONSE', error, status }),
    ])
    expect(asked(provider)).toEqual([])
    await expectHonestLogin()
  })

  it.each(['access_denied', 'consent_required', 'login_required'])(
    'does not take %s for an error, and spends the pending login',
    async (error) => {
      const browser = new Browser()
      const { callback } = await startLogin(browser, app.loginURL)
      const denied = changed(callback, { code: undefined, error })
      expect((await browser.visit(denied)).status).toBe(403)
      expect(app.errors).toEqual([])
      expect(asked(provider)).toEqual([])

      expect(bodyOf(await browser.visit(denied))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
      expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
      expect(asked(provider)).toEqual([])
    },
  )

  it('throws misconfiguration at start and names the option', () => {
    const { authorizationURL, tokenURL } = provider
    const options = { authorizationURL, tokenURL, clientID: 'c', callbackURL: 'http://localhost/' }
    for (const [option, value] of [
      ['clientID', undefined],
      ['callbackURL', '/relative'],
      ['tokenURL', 'http://provider.example/token'],
      ['authorizationURL', 'nonsense'],
      ['timeoutMs', 0],
      ['clientAuthentication', 'magic'],
      ['tokenUrl', 'https://provider.example/token'],
    ] as const) {
      const create = () => new AuthorizationCodeStrategy({ ...options, [option]: value })
      expect(create).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
    }
  })
})

describe('7. and 8. every outgoing request is limited, and HTTPS everywhere but loopback', () => {
  it('does not follow redirects of the token endpoint [rule-15]', async () => {
    provider.onToken((_request, response) => {
      response.writeHead(307, { location: `${provider.origin}/elsewhere` }).end()
    })
    expect((await new Browser().follow(app.loginURL)).status).toBe(502)
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it('refuses plain HTTP to another machine, for each URL [rule-16]', async () => {
    const { authorizationURL, tokenURL } = provider
    const options = { authorizationURL, tokenURL, clientID: 'c', callbackURL: 'http://localhost/' }
    for (const option of [
      ...['authorizationURL', 'tokenURL', 'callbackURL', 'profileURL', 'issuer', 'revocationURL'],
      ...['pushedAuthorizationRequestURL', 'jwksURL', 'endSessionURL', 'postLogoutRedirectURL'],
    ]) {
      const create = () =>
        new AuthorizationCodeStrategy({ ...options, [option]: 'http://machine.example/' })
      expect(create).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
    }

    const own = await start({
      routes: (express, strategy) => {
        const login = { callbackURL: 'http://machine.example/auth/callback' }
        express.get('/auth/login', passport.authenticate(strategy, login as object) as never)
      },
    })
    const page = await new Browser().visit(own.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([500, { code: 'ERR_CONFIGURATION' }])
    expect(asked(provider)).toEqual([])
  })
})

describe('9. PKCE S256 is always on; plain is refused; state cannot be turned off', () => {
  it('sends a challenge of its own for each login, and its verifier to the token endpoint [rule-19]', async () => {
    const browser = new Browser()
    const logins = [
      await startLogin(browser, app.loginURL),
      await startLogin(browser, app.loginURL),
    ]
    for (const { callback } of logins) await browser.visit(callback)

    const challenges = logins.map(({ request }) => request.get('code_challenge'))
    const verifiers = provider
      .requestsTo('/token')
      .map((request) => formOf(request).get('code_verifier') ?? '')
    expect(verifiers.map(s256)).toEqual(challenges)
    expect(new Set(challenges).size).toBe(2)
    for (const { request, state } of logins) {
      expect(request.getAll('code_challenge_method')).toEqual(['S256'])
      expect(request.getAll('state')).toEqual([state])
      // 128 random bits are 22 characters of base64url.
      expect(state).toMatch(/^[\w-]{22,}$/)
    }
    for (const verifier of verifiers) expect(verifier).toMatch(/^[\w.~-]{43,128}$/)
    const [one = [], other = []] = logins.map(({ state }, index) => [state, verifiers[index] ?? ''])
    // Two random texts of this length have about one character in common at the same place.
    for (const [index, text] of one.entries()) {
      const same = Array.from(text).filter(
        (character, place) => character === other[index]?.[place],
      )
      expect(same.length).toBeLessThan(text.length / 2)
    }
  })

  it('lets neither the query nor Passport’s options turn off or choose state and challenge [rule-17]', async () => {
    const own = await start({
      routes: (express, strategy) => {
        const options = { state: 'chosen', pkce: false, code_challenge_method: 'plain' }
        express.get('/auth/login', passport.authenticate(strategy, options as object) as never)
      },
    })
    const { location = '' } = await new Browser().visit(
      `${own.loginURL}?code_challenge_method=plain&code_challenge=chosen`,
    )
    const request = new URL(location).searchParams
    expect(request.getAll('code_challenge_method')).toEqual(['S256'])
    expect(request.get('code_challenge')).not.toBe('chosen')
    expect(request.get('state')).not.toBe('chosen')
    expect(request.get('state')).toMatch(/^[\w-]{22,}$/)
  })

  it.each([
    [{ pkce: 'plain' }, 'pkce'],
    [{ pkce: false }, 'pkce'],
    [{ state: false }, 'state'],
    [{ authorizationParameters: { code_challenge_method: 'plain' } }, 'authorizationParameters'],
    [{ authorizationParameters: { state: 'chosen' } }, 'authorizationParameters'],
    [{ dangerouslyOmitPkce: true }, 'dangerouslyOmitPkce'],
  ])('refuses the options %j [rule-18]', (changes, option) => {
    const { authorizationURL, tokenURL } = provider
    const options = { authorizationURL, tokenURL, clientID: 'c', callbackURL: 'http://localhost/' }
    const create = () => new AuthorizationCodeStrategy({ ...options, ...changes })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(expect.objectContaining({ option }))
  })

  function s256(verifier: string): string {
    return createHash('sha256').update(verifier).digest('base64url')
  }
})

describe('10. bad input gets a clear error and nothing is lost', () => {
  const LONG = 'a'.repeat(8000)

  /** Callbacks of someone who does not know the state of the pending login. */
  const FORGED: Record<string, string> = {
    'nothing at all': '',
    'a code without a state': 'code=forged',
    'an unknown state': 'code=forged&state=unknown',
    'an empty state': 'code=forged&state=',
    'two unknown states': 'code=forged&state=a&state=b',
    'a state in a list': 'code=forged&state[]=unknown',
    'a state in an object': 'code=forged&state[x]=unknown',
    'the state __proto__': 'code=forged&state=__proto__',
    'the state constructor': 'code=forged&state=constructor',
    'a parameter __proto__': 'code=forged&__proto__=x&__proto__[state]=y&constructor[state]=z',
    'an oversized state': `code=forged&state=${LONG}`,
    'an oversized code': `code=${LONG}&state=unknown`,
    'hundreds of parameters': `code=forged&state=unknown${'&x=y'.repeat(900)}`,
    'broken percent encoding': 'code=%E0%A4%A&state=%ZZ',
    'control characters': 'code=a%00b&state=%0d%0aSet-Cookie:%20a=b',
    'a denial without a state': 'error=access_denied',
    'a denial with an unknown state': 'error=access_denied&state=unknown',
    'an error with an unknown state': 'error=server_error&error_description=forged&state=unknown',
    'a code and an error': 'code=forged&error=access_denied&state=unknown',
  }

  describe.each(METHODS)('by %s', (method) => {
    it.each(Object.keys(FORGED))(
      'a forged callback with %s spends nobody’s pending login [rule-5]',
      async (what) => {
        const victim = new Browser()
        const { callback } = await startLogin(victim, app.loginURL)
        const before = await store.contents()
        store.writes.length = 0

        const page = await call(method, victim, FORGED[what] ?? '')

        expect(page.status).toBe(400)
        expect(app.errors).toEqual([expect.any(PendingLoginError)])
        expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
        expect(asked(provider)).toEqual([])
        expect(store.writes).toEqual([])
        expect(await store.contents()).toEqual(before)

        expect((await victim.visit(callback)).status).toBe(302)
        expect(await whoIs(victim)).toMatchObject({ id: 'ada' })
        expect(asked(provider)).toEqual(ONE_LOGIN)
      },
    )

    it('forged callbacks leave a logged-in user as they were [rule-6]', async () => {
      const victim = new Browser()
      await victim.follow(app.loginURL)
      const cookie = victim.cookies(app.origin).get('connect.sid')
      const before = await store.contents()
      provider.requests.length = 0
      store.writes.length = 0

      for (const query of Object.values(FORGED)) {
        expect((await call(method, victim, query)).status).toBe(400)
      }

      expect(asked(provider)).toEqual([])
      expect(store.writes).toEqual([])
      expect(await store.contents()).toEqual(before)
      expect(victim.cookies(app.origin).get('connect.sid')).toBe(cookie)
      expect(await whoIs(victim)).toMatchObject({ id: 'ada' })
    })

    it('forged callbacks without a session write nothing and set no cookie [rule-7]', async () => {
      for (const query of Object.values(FORGED)) {
        const page = await call(method, new Browser(), query)
        expect(page.status).toBe(400)
        expect(bodyOf(page)).toEqual({ code: 'ERR_SESSION_COOKIE_MISSING' })
        expect(page.headers.getSetCookie()).toEqual([])
      }
      expect(asked(provider)).toEqual([])
      expect(store.writes).toEqual([])
      await expectHonestLogin()
    })

    it.each([
      ['two states, one of them right', 'code=c&state=STATE&state=b', 'ERR_PENDING_LOGIN_UNKNOWN'],
      ['the right state twice', 'code=c&state=STATE&state=STATE', 'ERR_PENDING_LOGIN_UNKNOWN'],
      ['two codes', 'code=a&code=b&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      ['the same code twice', 'code=a&code=a&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      ['no code', 'state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      ['an empty code', 'code=&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      ['a code in a list', 'code[]=a&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      ['a code in an object', 'code[x]=a&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      [
        'a code and a denial',
        'code=a&error=access_denied&state=STATE',
        'ERR_AUTHORIZATION_RESPONSE',
      ],
      ['two errors', 'error=a&error=access_denied&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
      ['two issuers', 'code=a&iss=a&iss=b&state=STATE', 'ERR_AUTHORIZATION_RESPONSE'],
    ])('a callback with %s sends no code [rule-4]', async (_what, query, code) => {
      const browser = new Browser()
      const { state } = await startLogin(browser, app.loginURL)
      const page = await call(method, browser, query.replaceAll('STATE', state))

      expect(page.status).toBe(400)
      expect(bodyOf(page)).toEqual({ code })
      expect(asked(provider)).toEqual([])
      expect(await whoIs(browser)).toBeNull()
      await expectHonestLogin()
    })

    it('parameters that are none of ours do not matter, in any order', async () => {
      const browser = new Browser()
      const { state, callback } = await startLogin(browser, app.loginURL)
      const code = new URL(callback).searchParams.get('code') ?? ''
      const page = await call(
        method,
        browser,
        `session_state=x&session_state=y&scope[]=a&state=${state}&__proto__=z&code=${code}&authuser=0`,
      )
      expect(page.status).toBe(302)
      expect(asked(provider)).toEqual(ONE_LOGIN)
      expect(formOf(provider.requests[0]).getAll('code')).toEqual([code])
    })
  })

  it.each([
    ['no body', undefined],
    ['a body that is no form', 'application/json'],
    ['a body of no type', 'text/plain'],
  ])(
    'a callback by POST with %s is the sender’s fault, not the developer’s',
    async (_what, type) => {
      const browser = new Browser()
      const { callback } = await startLogin(browser, app.loginURL)
      const page = await browser.request(app.callbackURL, {
        method: 'POST',
        ...(type !== undefined && { body: '{"state":"x"}', headers: { 'content-type': type } }),
      })
      expect(page.status).toBe(400)
      expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
      expect(asked(provider)).toEqual([])
      expect((await browser.visit(callback)).status).toBe(302)
    },
  )

  it.each([
    ['too large', `code=forged&state=${'a'.repeat(200_000)}`, 413],
    ['of too many fields', `code=forged&state=unknown${'&x=y'.repeat(2000)}`, 413],
  ])('a form that is %s is refused, and nothing is lost [rule-3]', async (_what, body, status) => {
    const victim = new Browser()
    const { callback } = await startLogin(victim, app.loginURL)
    expect((await call('POST', victim, body)).status).toBe(status)
    expect(asked(provider)).toEqual([])
    expect((await victim.visit(callback)).status).toBe(302)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('nested fields of an application that reads forms with extended: true do no harm [rule-8]', async () => {
    const { default: express } = await import('express')
    const extended = await start({
      routes: (one) => one.use(express.urlencoded({ extended: true })),
    })
    const browser = new Browser()
    const { state, callback } = await startLogin(browser, extended.loginURL)
    const many = Array.from({ length: 30 }, (_value, index) => `state[${index}]=${state}`).join('&')
    for (const query of [
      'code=c&state[x]=y',
      'code=c&state[][]=y',
      `code=c&state[0]=${state}&state[1]=${state}`,
      `code=c&${many}`,
      'code=c&__proto__[state]=y&state[__proto__]=z&state[hasOwnProperty]=z',
    ]) {
      expect((await call('POST', browser, query, extended)).status).toBe(400)
    }
    expect(asked(provider)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
    expect(({} as Record<string, unknown>)['state']).toBeUndefined()

    // Whatever else is nested, with the right state: that login is spent, and no code is sent for it.
    provider.requests.length = 0
    for (const nested of ['code[x]=c', 'code[x][y]=c', 'code=c&iss[x]=a', 'code=c&error[x]=a']) {
      const next = await startLogin(browser, extended.loginURL)
      const page = await call('POST', browser, `${nested}&state=${next.state}`, extended)
      const isSpent = nested.startsWith('code[x]')
      expect([nested, page.status]).toEqual([nested, isSpent ? 400 : 302])
      expect(provider.requestsTo('/token')).toHaveLength(isSpent ? 0 : 1)
      provider.requests.length = 0
      expect((await call('POST', browser, `code=c&state[x]=${next.state}`, extended)).status).toBe(
        400,
      )
    }
    expect(asked(provider)).toEqual([])
  })

  it('a hundred forged callbacks at once do not disturb an honest login among them', async () => {
    const victim = new Browser()
    const { callback } = await startLogin(victim, app.loginURL)
    const forged = Array.from({ length: 100 }, (_value, index) =>
      call('GET', index % 2 === 0 ? victim : new Browser(), `code=forged&state=forged-${index}`),
    )
    const [honest, ...pages] = await Promise.all([victim.visit(callback), ...forged])
    expect(honest.status).toBe(302)
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([400]))
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(await whoIs(victim)).toMatchObject({ id: 'ada' })
  })

  it('a person who loses patience during the exchange loses nothing', async () => {
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const leaving = new AbortController()
    provider.onToken((request, response) => {
      leaving.abort()
      json(tokenResponse())(request, response)
    })
    const profileAsked = new Promise<void>((resolve) => {
      provider.onProfile((request, response) => {
        json({ sub: 'ada' })(request, response)
        resolve()
      })
    })
    await expect(browser.request(callback, { signal: leaving.signal })).rejects.toThrow()
    await profileAsked
    expect(asked(provider)).toEqual(ONE_LOGIN)
    await expectHonestLogin()
  })
})
