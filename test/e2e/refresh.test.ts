import { beforeEach, describe, expect, it } from '@jest/globals'
import { requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { createGate } from '../support/gate.js'
import { GRANT_MODES, inStore } from '../support/grant-modes.js'
import type { Kept } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, formOf, logInAs, ONE_LOGIN } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import type { SessionRoutes } from '../support/session-routes.js'

const HOUR = 3600
/** Longer than the pause after a first failure, in seconds. */
const PAUSE = 2
const ONE_REFRESH: readonly string[] = ['POST /token']

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider
let routes: SessionRoutes
let store: RecordingStore
let browser: Browser
/** Says where the strategies of a test keep their tokens. */
let kept: Kept

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
  routes = sessionRoutes(rotating.resourceURL)
  store = new RecordingStore()
  browser = new Browser()
  kept = {}
})

/** Starts an application and logs Ada in; what that asked the provider is forgotten. */
async function startLoggedIn(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: SceneAppOptions = {},
): Promise<TestApp> {
  const app = await scene.start({
    store,
    routes: routes.add,
    ...options,
    strategy: { ...kept, ...strategy },
  })
  await browser.follow(app.loginURL)
  provider.requests.length = 0
  store.writes.length = 0
  return app
}

async function tokenOf({ origin }: TestApp, someone = browser): Promise<unknown> {
  const page = await someone.visit(`${origin}/token`)
  expect(page.status).toBe(200)
  return bodyOf(page)['accessToken']
}

/** The refresh tokens that were sent, oldest first. */
function refreshTokensSent(): (string | null)[] {
  return provider.requestsTo('/token').map((request) => formOf(request).get('refresh_token'))
}

/** Two more lifetimes of the access token bring a refresh each, and nothing came twice. */
async function expectLoginAlive(app: TestApp, someone = browser): Promise<void> {
  for (let lifetime = 0; lifetime < 2; lifetime++) {
    const before = await tokenOf(app, someone)
    provider.requests.length = 0
    advanceClock(HOUR)
    expect(await tokenOf(app, someone)).not.toBe(before)
    expect(asked(provider)).toEqual(ONE_REFRESH)
  }
  expect(rotating.reused).toEqual([])
  expect(app.errors).toEqual([])
}

describe.each(GRANT_MODES)('with %s:', (_where, keep) => {
  beforeEach(() => {
    kept = keep()()
  })

  describe('an access token that has expired', () => {
    it.each<[string, Partial<AuthorizationCodeOptions>]>([
      ['as they are', {}],
      ['sealed', { tokenSecret: 'a secret of 32 characters or more' }],
    ])(
      'is renewed once for fifty requests at once, with tokens kept %s [refresh-1]',
      async (_how, options) => {
        const app = await startLoggedIn(options)
        advanceClock(HOUR)
        const everybody = routes.arrivals(50)
        rotating.beforeAnswer = () => everybody

        const pages = Promise.all(
          Array.from({ length: 50 }, () => browser.visit(`${app.origin}/token`)),
        )

        const answers = (await pages).map(({ status, text }) => `${status} ${text}`)
        expect(new Set(answers)).toEqual(new Set(['200 {"accessToken":"access-token-2-of-ada"}']))
        expect(asked(provider)).toEqual(ONE_REFRESH)
        expect(refreshTokensSent()).toEqual(['refresh-token-1-of-ada'])
        await expectLoginAlive(app)
      },
    )

    it('is renewed once for all requests that come one after the other', async () => {
      const app = await startLoggedIn()
      advanceClock(HOUR)
      for (let visit = 0; visit < 5; visit++) {
        expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      }
      expect(asked(provider)).toEqual(ONE_REFRESH)
      // With grants in a store, a refresh writes no session.
      expect(store.writes).toHaveLength(kept.grants === undefined ? 1 : 0)
      await expectLoginAlive(app)
    })

    it('is renewed once when one request asks for it many times', async () => {
      const app = await startLoggedIn(
        {},
        {
          routes: (one, strategy) => {
            one.get('/many', (req, res, next) => {
              Promise.all(Array.from({ length: 10 }, () => strategy.accessToken(req))).then(
                (tokens) => res.json([...new Set(tokens)]),
                next,
              )
            })
          },
        },
      )
      advanceClock(HOUR)
      const { text } = await browser.visit(`${app.origin}/many`)
      expect(text).toBe('["access-token-2-of-ada"]')
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })

    it('is renewed with the client’s credentials', async () => {
      const app = await startLoggedIn()
      advanceClock(HOUR)
      await tokenOf(app)
      expect(Object.fromEntries(formOf(provider.requests[0]))).toEqual({
        grant_type: 'refresh_token',
        refresh_token: 'refresh-token-1-of-ada',
        client_id: 'client-1',
        client_secret: 'secret-1',
      })
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('is renewed by JSON where the provider wants that', async () => {
      provider.onToken(
        json({ access_token: 'a', refresh_token: 'r', token_type: 'Bearer', expires_in: HOUR }),
      )
      provider.onProfile(json({ sub: 'ada' }))
      const app = await startLoggedIn({ tokenRequestFormat: 'json' })
      advanceClock(HOUR)
      expect(await tokenOf(app)).toBe('a')
      expect(JSON.parse(provider.requests[0]?.body ?? '')).toEqual({
        grant_type: 'refresh_token',
        refresh_token: 'r',
        client_id: 'client-1',
        client_secret: 'secret-1',
      })
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('is renewed though the browser leaves in the middle, and the next request finds the new one', async () => {
      const app = await startLoggedIn()
      advanceClock(HOUR)
      const gate = createGate()
      rotating.beforeAnswer = gate.pass
      const leaving = new AbortController()
      const left = browser.request(`${app.origin}/token`, { signal: leaving.signal })
      await gate.reached
      leaving.abort()
      await expect(left).rejects.toThrow()
      const next = browser.visit(`${app.origin}/token`)
      gate.open()

      expect(bodyOf(await next)).toEqual({ accessToken: 'access-token-2-of-ada' })
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })
  })

  describe('an access token that is due and has not expired', () => {
    it('is used without waiting, while one renewal runs for all; the next request finds its result', async () => {
      const app = await startLoggedIn()
      advanceClock(HOUR - 30)
      const gate = createGate()
      rotating.beforeAnswer = gate.pass

      for (let visit = 0; visit < 3; visit++) {
        expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      }
      await gate.reached
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)

      gate.open()
      await settled(app)
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })

    it('is not touched a moment before it is due', async () => {
      const app = await startLoggedIn()
      advanceClock(HOUR - 61)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual([])
      expect(store.writes).toEqual([])
    })

    it.each([
      [10, 20, 5],
      [600, 599, 590],
    ])('counts as due refreshBeforeSeconds (%d) before its end', async (seconds, early, due) => {
      const app = await startLoggedIn({ refreshBeforeSeconds: seconds })
      advanceClock(HOUR - Math.max(seconds, early) - 1)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual([])
      advanceClock(Math.max(seconds, early) + 1 - due)
      await tokenOf(app)
      await settled(app)
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('counts as due after half of its lifetime at the earliest', async () => {
      rotating.response = { expires_in: 1000 }
      const app = await startLoggedIn({ refreshBeforeSeconds: 600 })
      advanceClock(490)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual([])

      advanceClock(20)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      await settled(app)
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it.each([
      ['an hour', HOUR, 3],
      ['five seconds', 5, 0.3],
    ])(
      'waits for the renewal in its last moments, of a lifetime of %s',
      async (_life, life, left) => {
        rotating.response = { expires_in: life }
        const app = await startLoggedIn()
        advanceClock(life - left)
        expect(await tokenOf(app)).toBe('access-token-2-of-ada')
        expect(asked(provider)).toEqual(ONE_REFRESH)
        expect(rotating.reused).toEqual([])
      },
    )

    it('is used to its end when there is no refresh token, then the person has to log in', async () => {
      rotating.response = { refresh_token: undefined }
      const app = await startLoggedIn()
      advanceClock(HOUR - 1)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      advanceClock(1)
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
      expect(app.errors).toEqual([
        expect.objectContaining({ code: 'ERR_LOGIN_REQUIRED', reason: 'expired' }),
      ])
      expect(asked(provider)).toEqual([])
    })

    it('never ends by itself when the provider does not say how long it lives', async () => {
      rotating.response = { expires_in: undefined }
      const app = await startLoggedIn()
      advanceClock(300 * HOUR)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual([])

      expect(bodyOf(await browser.visit(`${app.origin}/resource`))).toMatchObject({ person: 'ada' })
      rotating.revokeAccessTokens()
      provider.requests.length = 0
      expect(bodyOf(await browser.visit(`${app.origin}/resource`))).toMatchObject({ person: 'ada' })
      expect(asked(provider)).toEqual(['GET /resource', 'POST /token', 'GET /resource'])
      expect(rotating.reused).toEqual([])
    })
  })

  describe('strategy.fetch, answered with a 401', () => {
    it('renews once and repeats once', async () => {
      const app = await startLoggedIn()
      rotating.revokeAccessTokens()
      const page = await browser.post(`${app.origin}/resource?body=the%20body`)
      expect(page.status).toBe(200)
      expect(bodyOf(page)).toEqual({ person: 'ada', body: 'the body' })
      expect(asked(provider)).toEqual(['POST /resource', 'POST /token', 'POST /resource'])
      expect(bearers('/resource')).toEqual(['access-token-1-of-ada', 'access-token-2-of-ada'])
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      await expectLoginAlive(app)
    })

    it('renews once for twenty requests at once', async () => {
      const app = await startLoggedIn()
      rotating.revokeAccessTokens()
      const everybody = routes.arrivals(20)
      rotating.beforeAnswer = () => everybody
      const pages = await Promise.all(
        Array.from({ length: 20 }, () => browser.visit(`${app.origin}/resource`)),
      )
      expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]))
      expect(asked(provider).filter((one) => one !== 'GET /resource')).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })

    it('takes the token that somebody else has got meanwhile, without a renewal', async () => {
      const app = await startLoggedIn()
      const gate = createGate()
      let held = false
      provider.on('/resource', (request, response) => {
        const first = !held
        held = true
        const answer = request.headers.authorization?.includes('token-2')
          ? json({ person: 'ada' })
          : json({}, 401)
        void (first ? gate.pass() : Promise.resolve()).then(() => answer(request, response))
      })
      const slow = browser.visit(`${app.origin}/resource`)
      await gate.reached
      expect((await browser.visit(`${app.origin}/resource`)).status).toBe(200)
      gate.open()
      expect((await slow).status).toBe(200)
      expect([...asked(provider)].sort()).toEqual([
        'GET /resource',
        'GET /resource',
        'GET /resource',
        'GET /resource',
        'POST /token',
      ])
      await expectLoginAlive(app)
    })

    it('renews once for two calls of one request, the second of which is answered late', async () => {
      const app = await startLoggedIn(
        {},
        {
          routes: (one, strategy) => {
            one.get('/twice', (req, res, next) => {
              const call = () => strategy.fetch(req, rotating.resourceURL)
              const first = call()
              // What the first has brought is in this request's session when the second is refused.
              const second = call()
              void first.then(late.open, late.open)
              Promise.all([first, second]).then(
                (answers) => res.json(answers.map(({ status }) => status)),
                next,
              )
            })
          },
        },
      )
      const late = createGate()
      let calls = 0
      provider.on('/resource', (request, response) => {
        calls += 1
        const answer = request.headers.authorization?.includes('token-2')
          ? json({ person: 'ada' })
          : json({}, 401)
        void (calls === 2 ? late.pass() : Promise.resolve()).then(() => answer(request, response))
      })
      expect((await browser.visit(`${app.origin}/twice`)).text).toBe('[200,200]')
      expect(asked(provider).filter((one) => one !== 'GET /resource')).toEqual(ONE_REFRESH)
      expect(calls).toBe(4)
      expect(rotating.reused).toEqual([])
    })

    it('returns the second 401', async () => {
      const app = await startLoggedIn()
      provider.on('/resource', json({ why: 'no' }, 401))
      const page = await browser.visit(`${app.origin}/resource`)
      expect([page.status, page.text]).toEqual([401, '{"why":"no"}'])
      expect(asked(provider)).toEqual(['GET /resource', 'POST /token', 'GET /resource'])
      expect(app.errors).toEqual([])
    })

    it.each<[string, Record<string, string>]>([
      ['has no challenge', {}],
      ['has a challenge without an error', { 'www-authenticate': 'Bearer realm="api"' }],
      ['says invalid_token', { 'www-authenticate': 'Bearer error="invalid_token"' }],
      ['says invalid_token without quotes', { 'www-authenticate': 'Bearer error=invalid_token' }],
      [
        'describes the error first',
        { 'www-authenticate': 'Bearer error_description="old", error="invalid_token"' },
      ],
    ])('renews when it %s', async (_what, headers) => {
      const app = await startLoggedIn()
      provider.on('/resource', json({}, 401, headers))
      await browser.visit(`${app.origin}/resource`)
      expect(asked(provider)).toEqual(['GET /resource', 'POST /token', 'GET /resource'])
    })

    it.each([
      ['insufficient_scope', 403],
      ['invalid_request', 401],
      ['insufficient_user_authentication', 403],
    ])('does not renew when it says %s', async (error, status) => {
      const app = await startLoggedIn()
      provider.on('/resource', json({}, 401, { 'www-authenticate': `Bearer error="${error}"` }))
      expect((await browser.visit(`${app.origin}/resource`)).status).toBe(status)
      expect(asked(provider)).toEqual(['GET /resource'])
    })

    it.each([400, 403, 404, 500])('does not renew on a %d', async (status) => {
      const app = await startLoggedIn()
      provider.on('/resource', json({}, status))
      expect((await browser.visit(`${app.origin}/resource`)).status).toBe(status)
      expect(asked(provider)).toEqual(['GET /resource'])
    })

    it('renews once a minute for an API that refuses every token of the person', async () => {
      const app = await startLoggedIn()
      provider.on('/resource', json({}, 401))
      const refreshes = (): number => asked(provider).filter((one) => one === 'POST /token').length
      for (let visit = 0; visit < 5; visit++) {
        expect((await browser.visit(`${app.origin}/resource`)).status).toBe(401)
      }
      expect(refreshes()).toBe(1)
      expect(app.errors).toEqual([])
      advanceClock(60)
      await browser.visit(`${app.origin}/resource`)
      expect(refreshes()).toBe(2)
      await expectLoginAlive(app)
    })

    it('does not repeat a body that is a stream', async () => {
      const app = await startLoggedIn(
        {},
        {
          routes: (one, strategy) => {
            one.get('/upload', (req, res, next) => {
              const body = new Blob(['the body']).stream()
              const init: RequestInit = { method: 'POST', body, duplex: 'half' }
              strategy
                .fetch(req, rotating.resourceURL, init)
                .then((answer) => res.status(answer.status).end(), next)
            })
          },
        },
      )
      rotating.revokeAccessTokens()
      expect((await browser.visit(`${app.origin}/upload`)).status).toBe(401)
      expect(provider.requestsTo('/resource').map(({ body }) => body)).toEqual(['the body'])
    })

    it('gives the 401 back when there is no refresh token', async () => {
      rotating.response = { refresh_token: undefined }
      const app = await startLoggedIn()
      rotating.revokeAccessTokens()
      expect((await browser.visit(`${app.origin}/resource`)).status).toBe(401)
      expect(app.errors).toEqual([])
      expect(asked(provider)).toEqual(['GET /resource'])
    })

    it('ends the login when the provider has ended the grant', async () => {
      const app = await startLoggedIn()
      rotating.endGrants()
      expect(bodyOf(await browser.visit(`${app.origin}/resource`))).toEqual({
        code: 'ERR_LOGIN_REQUIRED',
      })
      expect(asked(provider)).toEqual(['GET /resource', 'POST /token'])
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
    })

    it('says so when the token cannot be renewed for the moment, and a request after a pause tries again', async () => {
      const app = await startLoggedIn()
      rotating.revokeAccessTokens()
      rotating.fault = json({}, 503)
      expect((await browser.visit(`${app.origin}/resource`)).status).toBe(503)
      expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT' })])
      rotating.fault = undefined
      advanceClock(PAUSE)
      expect((await browser.visit(`${app.origin}/resource`)).status).toBe(200)
      expect(asked(provider)).toEqual([
        'GET /resource',
        'POST /token',
        'GET /resource',
        'POST /token',
        'GET /resource',
      ])
    })

    function bearers(path: string): string[] {
      return provider
        .requestsTo(path)
        .map(({ headers }) => (headers.authorization ?? '').replace('Bearer ', ''))
    }
  })

  describe('accessToken(req, { refused })', () => {
    it('renews a token that is fresh', async () => {
      const app = await startLoggedIn()
      const page = await browser.visit(`${app.origin}/renewed`)
      expect(bodyOf(page)).toEqual({ accessToken: 'access-token-2-of-ada' })
      expect(asked(provider)).toEqual(ONE_REFRESH)
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      await expectLoginAlive(app)
    })

    it('renews each token that is refused, and once for those who ask at the same time', async () => {
      const app = await startLoggedIn()
      await browser.visit(`${app.origin}/renewed`)
      await browser.visit(`${app.origin}/renewed`)
      expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REFRESH])

      provider.requests.length = 0
      const everybody = routes.arrivals(10)
      rotating.beforeAnswer = () => everybody
      const pages = await Promise.all(
        Array.from({ length: 10 }, () => browser.visit(`${app.origin}/renewed`)),
      )
      const tokens = new Set(pages.map((page) => bodyOf(page)['accessToken']))
      expect(tokens).toEqual(new Set(['access-token-4-of-ada']))
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })

    it('throws when the provider fails, though the old token is still valid', async () => {
      const app = await startLoggedIn()
      rotating.fault = json({}, 500)
      expect((await browser.visit(`${app.origin}/renewed`)).status).toBe(502)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('asks for login when there is no refresh token', async () => {
      rotating.response = { refresh_token: undefined }
      const app = await startLoggedIn()
      expect((await browser.visit(`${app.origin}/renewed`)).status).toBe(401)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(asked(provider)).toEqual([])
    })
  })

  describe('what the answer leaves out', () => {
    it('stays as it was: refresh token, its end, and scope [refresh-3]', async () => {
      rotating.response = { scope: 'read write', refresh_token_expires_in: 10 * HOUR }
      const app = await startLoggedIn()
      const before = bodyOf(await browser.visit(`${app.origin}/tokens`))['tokens']
      rotating.response = { refresh_token: undefined }
      advanceClock(HOUR)
      await tokenOf(app)

      expect(bodyOf(await browser.visit(`${app.origin}/tokens`))['tokens']).toEqual({
        ...(before as object),
        accessToken: 'access-token-2-of-ada',
        expiresAt: Date.now() + HOUR * 1000,
      })
      expect(asked(provider)).toEqual(ONE_REFRESH)
      advanceClock(HOUR)
      expect(await tokenOf(app)).toBe('access-token-3-of-ada')
      expect(refreshTokensSent()).toEqual(['refresh-token-1-of-ada', 'refresh-token-1-of-ada'])
    })

    it('is replaced when it is there [refresh-2]', async () => {
      rotating.response = { scope: 'read write' }
      const app = await startLoggedIn()
      rotating.response = { scope: 'read', refresh_token: 'another' }
      advanceClock(HOUR)
      await tokenOf(app)
      expect(bodyOf(await browser.visit(`${app.origin}/tokens`))['tokens']).toMatchObject({
        scope: 'read',
        refreshToken: 'another',
      })
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })
  })

  describe('a grant that the provider has ended', () => {
    const mountStrict: SceneAppOptions['routes'] = (one, strategy) => {
      one.get('/strict', requireLogin({ loginPath: '/auth/login', strategy }), (req, res, next) => {
        strategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
      })
    }

    it('answers 401, then sends the person to log in, and all is well afterwards', async () => {
      const app = await startLoggedIn()
      rotating.endGrants()
      advanceClock(HOUR)
      expect(bodyOf(await browser.visit(`${app.origin}/token`))).toEqual({
        code: 'ERR_LOGIN_REQUIRED',
      })
      expect(app.errors).toEqual([expect.objectContaining({ status: 401, reason: 'grant_ended' })])
      expect(asked(provider)).toEqual(ONE_REFRESH)

      const sent = await browser.visit(`${app.origin}/private?page=2`)
      expect(sent.location).toBe(`${app.loginURL}?return_to=%2Fprivate%3Fpage%3D2`)
      const script = await browser.request(`${app.origin}/private`)
      expect([script.status, script.text]).toEqual([
        401,
        '{"error":"login_required","loginPath":"/auth/login"}',
      ])
      expect(asked(provider)).toEqual(ONE_REFRESH)

      const back = await browser.follow(`${app.origin}/private?page=2`)
      expect([back.url, back.status]).toEqual([`${app.origin}/private?page=2`, 200])
      expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_LOGIN])
      app.errors.length = 0
      await expectLoginAlive(app)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
    })

    it('is not asked for again', async () => {
      const app = await startLoggedIn()
      rotating.endGrants()
      advanceClock(HOUR)
      for (let visit = 0; visit < 3; visit++) {
        expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
      }
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('answers fifty requests at once with 401 after one request', async () => {
      const app = await startLoggedIn()
      rotating.endGrants()
      advanceClock(HOUR)
      const pages = await Promise.all(
        Array.from({ length: 50 }, () => browser.visit(`${app.origin}/token`)),
      )
      expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([401]))
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('sends a page visit to log in at once where requireLogin knows the strategy', async () => {
      const app = await startLoggedIn({}, { routes: mountStrict })
      rotating.endGrants()
      advanceClock(HOUR)
      const sent = await browser.visit(`${app.origin}/strict`)
      expect(sent.location).toBe(`${app.loginURL}?return_to=%2Fstrict`)
      expect(asked(provider)).toEqual(ONE_REFRESH)
      expect((await browser.request(`${app.origin}/strict`)).status).toBe(401)

      const back = await browser.follow(`${app.origin}/strict`)
      expect(bodyOf(back)).toEqual({ accessToken: 'access-token-2-of-ada' })
      expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_LOGIN])
      await expectLoginAlive(app)
    })

    it('is noticed in the background, once, and costs nobody a token that is still valid', async () => {
      const app = await startLoggedIn()
      rotating.endGrants()
      advanceClock(HOUR - 30)
      for (let visit = 0; visit < 3; visit++) {
        expect(await tokenOf(app)).toBe('access-token-1-of-ada')
        await settled(app)
        advanceClock(PAUSE)
      }
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
      expect(asked(provider)).toEqual(ONE_REFRESH)

      advanceClock(30)
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    it('lets a person pass whose token requireLogin renews', async () => {
      const app = await startLoggedIn({}, { routes: mountStrict })
      advanceClock(HOUR)
      expect((await browser.visit(`${app.origin}/strict`)).status).toBe(200)
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })

    const UNCLEAR: [string, Script][] = [
      [
        'says invalid_request of the refresh token',
        json({ error: 'invalid_request', error_description: 'Unknown refresh token' }, 400),
      ],
      ['answers 400 with nothing', (_request, response) => response.writeHead(400).end()],
    ]

    it.each(UNCLEAR)(
      'may be meant by a provider that %s: once the access token has expired, the person logs in again',
      async (_what, fault) => {
        const app = await startLoggedIn()
        rotating.fault = fault
        advanceClock(HOUR - 3)
        expect(await tokenOf(app)).toBe('access-token-1-of-ada')
        rotating.fault = undefined
        advanceClock(PAUSE)
        await expectLoginAlive(app)

        rotating.fault = fault
        advanceClock(2 * HOUR)
        expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
        expect(app.errors).toEqual([expect.objectContaining({ reason: 'grant_ended' })])
      },
    )

    const text =
      (status: number, type: string, body: string): Script =>
      (_request, response) =>
        response.writeHead(status, { 'content-type': type }).end(body)

    it.each<[string, Script]>([
      ['is behind a firewall with a page', text(400, 'text/html', '<html>Blocked</html>')],
      ['is behind a proxy with a page', text(401, 'text/html', '<h1>401 Unauthorized</h1>')],
      ['is behind a proxy with a text', text(401, 'text/plain', 'Jwt is missing')],
      ['is behind a proxy with a list', json(['refused'], 400)],
      [
        'is HubSpot with a wrong secret',
        json({ status: 'BAD_CLIENT_SECRET', message: 'missing or invalid client secret' }, 400),
      ],
      [
        'is Strava with a wrong secret',
        json(
          {
            message: 'Authorization Error',
            errors: [{ resource: 'Application', field: 'client_secret', code: 'invalid' }],
          },
          401,
        ),
      ],
      [
        'is Facebook with a wrong secret',
        json(
          {
            error: { message: 'Error validating client secret.', type: 'OAuthException', code: 1 },
          },
          400,
        ),
      ],
      ['is Twitch with a wrong id', json({ status: 400, message: 'invalid client' }, 400)],
      [
        'is behind Apigee with a wrong key',
        json({ fault: { faultstring: 'Invalid ApiKey for given resource' } }, 401),
      ],
      [
        'does not know a parameter',
        json({ error: 'invalid_request', error_description: 'Unknown parameter: audiense' }, 400),
      ],
      ['says invalid_request alone', json({ error: 'invalid_request' }, 400)],
      ['refuses the client', json({ error: 'invalid_client' }, 401)],
      ['refuses the scope', json({ error: 'invalid_scope' }, 400)],
      ['has moved', json({}, 404)],
    ])('is not meant by a provider that %s', async (_what, fault) => {
      const app = await startLoggedIn()
      rotating.fault = fault
      advanceClock(HOUR)
      expect((await browser.visit(`${app.origin}/token`)).status).toBeGreaterThanOrEqual(500)
      rotating.fault = undefined
      advanceClock(PAUSE)
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    })

    it('is not confused with a provider that fails for a moment', async () => {
      const app = await startLoggedIn({}, { routes: mountStrict })
      rotating.fault = json({}, 503)
      advanceClock(HOUR)
      expect((await browser.visit(`${app.origin}/strict`)).status).toBe(503)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
      expect(asked(provider)).toEqual(ONE_REFRESH)
    })
  })

  describe('a provider that fails for a moment', () => {
    const reset: Script = (_request, response) => response.destroy()
    const PASSING: [string, Script, number][] = [
      ['answers 429', json({ error: 'slow_down' }, 429), 503],
      ['answers 500', json({}, 500), 502],
      ['answers 503', json({}, 503), 503],
      ['answers 500 and says invalid_request', json({ error: 'invalid_request' }, 500), 502],
      ['cuts the connection', reset, 502],
      ['answers with a page', (_request, response) => response.end('<p>'), 502],
    ]

    it('that answers late is waited for in the background, and its answer counts', async () => {
      const app = await startLoggedIn({ timeoutMs: 50 })
      const late = createGate()
      rotating.beforeAnswer = late.pass
      advanceClock(HOUR - 30)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      await late.reached
      // Later than `timeoutMs`, which is for those who wait.
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      late.open()
      expect(await app.strategy.idle({ timeoutMs: 20_000 })).toBe(0)
      advanceClock(30)
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(asked(provider)).toEqual(ONE_REFRESH)
      await expectLoginAlive(app)
    })

    it.each(PASSING)(
      'that %s keeps the tokens: the valid one is used, and a request after a pause tries again',
      async (_what, fault) => {
        const app = await startLoggedIn({ timeoutMs: 1_500 })
        rotating.fault = fault
        advanceClock(HOUR - 3)
        expect(await tokenOf(app)).toBe('access-token-1-of-ada')
        expect(await tokenOf(app)).toBe('access-token-1-of-ada')
        expect(asked(provider)).toEqual(ONE_REFRESH)
        rotating.fault = undefined
        advanceClock(PAUSE)
        expect(await tokenOf(app)).toBe('access-token-2-of-ada')
        expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REFRESH])
        await expectLoginAlive(app)
      },
    )

    it.each(PASSING)(
      'that %s is an error once the token has expired, for all until a request after a pause tries again',
      async (_what, fault, status) => {
        const app = await startLoggedIn({ timeoutMs: 1_500 })
        rotating.fault = fault
        advanceClock(HOUR)
        for (let visit = 0; visit < 2; visit++) {
          const page = await browser.visit(`${app.origin}/token`)
          expect([page.status, page.text]).toEqual([status, '{"code":"ERR_TOKEN_ENDPOINT"}'])
        }
        const failure = expect.objectContaining({ phase: 'refresh', status })
        expect(app.errors).toEqual([failure, failure])
        expect(asked(provider)).toEqual(ONE_REFRESH)
        rotating.fault = undefined
        advanceClock(PAUSE)
        expect(await tokenOf(app)).toBe('access-token-2-of-ada')
        expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REFRESH])
        app.errors.length = 0
        await expectLoginAlive(app)
      },
    )

    it('is asked once for fifty requests at once', async () => {
      const app = await startLoggedIn()
      advanceClock(HOUR)
      const everybody = routes.arrivals(50)
      rotating.fault = (request, response) =>
        void everybody.then(() => json({}, 503)(request, response))
      const pages = await Promise.all(
        Array.from({ length: 50 }, () => browser.visit(`${app.origin}/token`)),
      )
      expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([503]))
      expect(asked(provider)).toEqual(ONE_REFRESH)
      rotating.fault = undefined
      advanceClock(PAUSE)
      app.errors.length = 0
      await expectLoginAlive(app)
    })

    it('that refuses the client is the developer’s concern, and ends no login', async () => {
      const app = await startLoggedIn()
      rotating.fault = json({ error: 'invalid_client' }, 401)
      advanceClock(HOUR)
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(500)
      rotating.fault = undefined
      advanceClock(PAUSE)
      expect(await tokenOf(app)).toBe('access-token-2-of-ada')
      expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REFRESH])
    })
  })

  describe('the lifetime of the refresh token', () => {
    it.each<[string, Partial<AuthorizationCodeOptions>, Record<string, unknown>]>([
      ['an option says', { refreshTokenLifetimeSeconds: 10 * HOUR }, {}],
      ['the answer says', {}, { refresh_token_expires_in: 10 * HOUR }],
      ['the answer says in a string', {}, { refresh_token_expires_in: String(10 * HOUR) }],
      [
        'the answer says better than the option',
        { refreshTokenLifetimeSeconds: 99 * HOUR },
        { refresh_token_expires_in: 10 * HOUR },
      ],
    ])(
      'that %s is over: the person logs in again, without a request',
      async (_who, options, members) => {
        rotating.response = members
        const app = await startLoggedIn(options)
        advanceClock(10 * HOUR)
        expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
        expect(asked(provider)).toEqual([])
        expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
        await browser.follow(`${app.origin}/private`)
        expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
        expect(asked(provider)).toEqual(ONE_LOGIN)
      },
    )

    it('begins again with each new refresh token', async () => {
      const app = await startLoggedIn({ refreshTokenLifetimeSeconds: 10 * HOUR })
      for (let refresh = 2; refresh < 5; refresh++) {
        advanceClock(9 * HOUR)
        expect(await tokenOf(app)).toBe(`access-token-${refresh}-of-ada`)
      }
      expect(asked(provider)).toHaveLength(3)
    })

    it('that is over does not cost an access token that is still valid', async () => {
      rotating.response = { refresh_token_expires_in: HOUR / 2 }
      const app = await startLoggedIn()
      advanceClock(HOUR - 30)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      advanceClock(27)
      expect(await tokenOf(app)).toBe('access-token-1-of-ada')
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
      expect(asked(provider)).toEqual([])
      advanceClock(3)
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
      expect(asked(provider)).toEqual([])
    })
  })

  describe('several sessions', () => {
    it('of one person are renewed each for itself', async () => {
      const app = await startLoggedIn()
      const other = new Browser()
      await other.follow(app.loginURL)
      provider.requests.length = 0
      advanceClock(HOUR)
      const tokens = await Promise.all([tokenOf(app), tokenOf(app, other), tokenOf(app)])
      expect(new Set(tokens).size).toBe(2)
      expect(tokens[0]).toBe(tokens[2])
      expect(refreshTokensSent().sort()).toEqual([
        'refresh-token-1-of-ada',
        'refresh-token-2-of-ada',
      ])
      expect(await tokenOf(app)).toBe(tokens[0])
      expect(await tokenOf(app, other)).toBe(tokens[1])
      await expectLoginAlive(app, other)
      expect(rotating.reused).toEqual([])
    })

    it('of many people never mix, whoever is answered first', async () => {
      const app = await startLoggedIn()
      const names = Array.from({ length: 12 }, (_value, index) => `person${index}`)
      const browsers = await Promise.all(
        names.map(async (name) => {
          const one = new Browser()
          await logInAs(name, one, app.loginURL)
          return one
        }),
      )
      provider.requests.length = 0
      advanceClock(HOUR)
      const waiting: (() => void)[] = []
      rotating.beforeAnswer = () =>
        new Promise((resolve) => {
          waiting.push(resolve)
          if (waiting.length === names.length) for (const answer of waiting.reverse()) answer()
        })
      const answers = await Promise.all(
        browsers.flatMap((one, index) =>
          Array.from({ length: 4 }, async () => [names[index], await tokenOf(app, one)] as const),
        ),
      )
      for (const [name, token] of answers) expect(token).toMatch(new RegExp(`-of-${name ?? ''}$`))
      expect(new Set(answers.map(([, token]) => token)).size).toBe(names.length)
      expect(asked(provider)).toEqual(names.map(() => 'POST /token'))
      expect(rotating.reused).toEqual([])
    })
  })
})

describe('an application of two processes that share store and grants', () => {
  it('renews once for both', async () => {
    const keep = inStore()
    const app = await startLoggedIn(keep())
    const twin = await scene.start({ store, strategy: keep() })
    const [[name, value] = ['', '']] = [...browser.cookies(app.origin)]
    browser.setCookie(twin.origin, name, value)
    advanceClock(HOUR)
    const tokens = await Promise.all([app, twin, app, twin].map((one) => tokenOf(one)))
    expect(new Set(tokens)).toEqual(new Set(['access-token-2-of-ada']))
    expect(asked(provider)).toEqual(ONE_REFRESH)
    await expectLoginAlive(twin)
  })
})

/** Waits for the renewal in the background. */
async function settled({ strategy }: TestApp): Promise<void> {
  expect(await strategy.idle({ timeoutMs: 5_000 })).toBe(0)
}
