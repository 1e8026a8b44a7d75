import type { RequestHandler } from 'express'
import passport from 'passport'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { authRouter, AuthorizationCodeStrategy, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { createGate } from '../support/gate.js'
import { GRANT_MODES } from '../support/grant-modes.js'
import type { Kept } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import {
  asked,
  bodyOf,
  changed,
  formOf,
  logInAs,
  ONE_LOGIN,
  sessionIdOf,
  startLogin,
} from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import { until } from '../support/until.js'
import { startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import type { SessionRoutes } from '../support/session-routes.js'

const HOUR = 3600
const ONE_REFRESH: readonly string[] = ['POST /token']
const ONE_REVOCATION: readonly string[] = ['POST /revoke']
const IN_STORE = 'grants in a store'

const scene = setScene()
/** The provider people log in with, and the one they connect. */
let home: ScriptedProvider
let bank: ScriptedProvider
let atHome: RotatingProvider
let atBank: RotatingProvider
let routes: SessionRoutes
let store: RecordingStore
let browser: Browser
let bankStrategy: AuthorizationCodeStrategy
/** Says where both strategies of a test keep their tokens. */
let kept: Kept

beforeAll(async () => {
  bank = await startScriptedProvider()
})
beforeEach(() => {
  home = scene.provider
  bank.reset()
  atHome = rotateRefreshTokens(home)
  atBank = rotateRefreshTokens(bank)
  routes = sessionRoutes(atHome.resourceURL)
  store = new RecordingStore()
  browser = new Browser()
})
afterAll(() => bank.close())

const nextError = {
  onError: (error: unknown, _req: unknown, _res: unknown, next: (error: unknown) => void) =>
    next(error),
}

/** People log in at `/auth` and connect their bank at `/bank`. */
function start(options: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  return scene.start({
    store,
    strategy: { name: 'home', ...kept, revocationURL: atHome.revocationURL, ...options },
    routes: (app, strategy, origin) => {
      routes.add(app, strategy)
      const { authorizationURL, tokenURL, profileURL } = bank
      bankStrategy = new AuthorizationCodeStrategy({
        name: 'bank',
        authorizationURL,
        tokenURL,
        profileURL,
        revocationURL: atBank.revocationURL,
        clientID: 'client-2',
        clientSecret: 'secret-2',
        callbackURL: `${origin}/bank/callback`,
        ...kept,
        ...options,
      })
      app.use('/bank', authRouter(bankStrategy, { connect: true, ...nextError }))
      app.get('/bank/token', (req, res, next) => {
        bankStrategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
      })
      app.get('/bank/end-grant', (req, res, next) => {
        bankStrategy.endGrant(req).then(() => res.end(), next)
      })
      const strict = requireLogin({ loginPath: '/bank/login', strategy: bankStrategy })
      app.get('/bank/pockets', strict, (_req, res) => res.send('pockets'))
    },
  })
}

async function startConnected(options: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  const app = await start(options)
  await logInAs('ada', browser, app.loginURL)
  await connect(app)
  home.requests.length = 0
  bank.requests.length = 0
  store.writes.length = 0
  return app
}

function connect({ origin }: TestApp): Promise<Page> {
  return logInAs('customer7', browser, `${origin}/bank/login`)
}

async function whoIs({ origin }: TestApp): Promise<unknown> {
  return (bodyOf(await browser.visit(`${origin}/`))['user'] as { id?: string } | null)?.id
}

async function tokensOf({ origin }: TestApp): Promise<unknown[]> {
  const pages = [
    await browser.visit(`${origin}/token`),
    await browser.visit(`${origin}/bank/token`),
  ]
  return pages.map((page) => bodyOf(page)['accessToken'] ?? page.status)
}

function expectAsked(ofHome: readonly string[], ofBank: readonly string[]): void {
  expect([asked(home), asked(bank)]).toEqual([ofHome, ofBank])
}

describe.each(GRANT_MODES)('with %s:', (where, keep) => {
  beforeEach(() => {
    kept = keep()()
  })

  describe('connecting a second provider', () => {
    it('adds its tokens, and changes neither the person nor the session’s id', async () => {
      const app = await start()
      await logInAs('ada', browser, app.loginURL)
      await browser.visit(`${app.origin}/note?text=mine`)
      const id = sessionIdOf(browser, app.origin)
      expectAsked(ONE_LOGIN, [])

      const page = await connect(app)

      expect([page.status, page.location]).toEqual([302, `${app.origin}/`])
      expect(sessionIdOf(browser, app.origin)).toBe(id)
      expect(await whoIs(app)).toBe('ada')
      expect(bodyOf(await browser.visit(`${app.origin}/read`))).toEqual({ notes: ['mine'] })
      expect(await tokensOf(app)).toEqual(['access-token-1-of-ada', 'access-token-1-of-customer7'])
      expect(Object.keys(await store.contents())).toEqual([id])
      expectAsked(ONE_LOGIN, ONE_LOGIN)
      expect(app.errors).toEqual([])
    })

    it('comes back to where it was started', async () => {
      const app = await start()
      await logInAs('ada', browser, app.loginURL)
      const { callback } = await startLogin(browser, `${app.origin}/bank/login?return_to=/read`)
      expect((await browser.visit(callback)).location).toBe(`${app.origin}/read`)
      // Loaded again, it goes home, too.
      expect((await browser.visit(callback)).location).toBe(`${app.origin}/read`)
      expectAsked(ONE_LOGIN, ONE_LOGIN)
    })

    it('a second time replaces the tokens', async () => {
      const app = await startConnected()
      await connect(app)
      expect(await tokensOf(app)).toEqual(['access-token-1-of-ada', 'access-token-2-of-customer7'])
      expectAsked([], ONE_LOGIN)
    })

    it('loses nothing that another request has changed in the session meanwhile', async () => {
      const app = await start()
      await logInAs('ada', browser, app.loginURL)
      const { callback } = await startLogin(browser, `${app.origin}/bank/login`)
      const gate = createGate()
      bank.onProfile((_request, response) => {
        void gate.pass().then(() => response.end('{"sub":"customer7"}'))
      })
      const connecting = browser.visit(callback)
      await gate.reached
      await browser.visit(`${app.origin}/note?text=quick`)
      gate.open()
      expect((await connecting).status).toBe(302)
      expect(bodyOf(await browser.visit(`${app.origin}/read`))).toEqual({ notes: ['quick'] })
      expect(await tokensOf(app)).toEqual(['access-token-1-of-ada', 'access-token-1-of-ada'])
      expectAsked(ONE_LOGIN, ONE_LOGIN)
    })

    it('is refused with 401 when nobody is logged in', async () => {
      const app = await start()
      const page = await browser.visit(`${app.origin}/bank/login`)
      expect([page.status, page.text]).toEqual([401, '{"code":"ERR_LOGIN_REQUIRED"}'])
      expect(app.errors).toEqual([expect.objectContaining({ reason: 'not_logged_in' })])
      expect(await store.contents()).toEqual({})
      expectAsked([], [])
    })

    it('is refused when the person has logged out meanwhile', async () => {
      const app = await start()
      await logInAs('ada', browser, app.loginURL)
      const { callback } = await startLogin(browser, `${app.origin}/bank/login`)
      await browser.post(`${app.origin}/auth/logout`)
      const page = await browser.visit(callback)
      expect(page.status).toBe(400)
      expect(await tokensOf(app)).toEqual([401, 401])
      expect(asked(bank)).toEqual([])
    })

    it('is refused when one person has started it and another finishes it in the same browser', async () => {
      const app = await start()
      await logInAs('ada', browser, app.loginURL)
      const { callback } = await startLogin(browser, `${app.origin}/bank/login`)
      await logInAs('grace', browser, app.loginURL)
      // Where it is known that she has nothing else, what the login of ada has left is revoked.
      const leftovers = where === IN_STORE ? ONE_REVOCATION : []
      const homeAsked = [...ONE_LOGIN, ...ONE_LOGIN, ...leftovers]
      await until(() => asked(home).length >= homeAsked.length)

      const page = await browser.visit(callback)
      expect([page.status, page.text]).toEqual([400, '{"code":"ERR_PENDING_LOGIN_UNKNOWN"}'])
      expect(await whoIs(app)).toBe('grace')
      expect(await tokensOf(app)).toEqual(['access-token-2-of-grace', 401])
      expectAsked(homeAsked, [])

      await connect(app)
      expect(await tokensOf(app)).toEqual([
        'access-token-2-of-grace',
        'access-token-1-of-customer7',
      ])
    })

    it('is refused when it is denied, and the person stays logged in', async () => {
      const app = await start()
      await logInAs('ada', browser, app.loginURL)
      const { callback } = await startLogin(browser, `${app.origin}/bank/login`)
      const denied = changed(callback, { code: undefined, error: 'access_denied' })
      expect((await browser.visit(denied)).status).toBe(403)
      expect(await whoIs(app)).toBe('ada')
      expect(await tokensOf(app)).toEqual(['access-token-1-of-ada', 401])
      expectAsked(ONE_LOGIN, [])
    })

    it.each<[string, 'GET' | 'POST', Record<string, string>]>([
      ['a link of another site', 'GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' }],
      ['an image of a sibling site', 'GET', { 'sec-fetch-dest': 'image' }],
      ['a frame of a sibling site', 'GET', { 'sec-fetch-dest': 'iframe' }],
      ['a form of a sibling site', 'POST', { 'sec-fetch-user': '?1' }],
      ['a script of a sibling site', 'GET', {}],
      ['a link of a sibling site', 'GET', { 'sec-fetch-user': '?1' }],
    ])('cannot be started by %s', async (_what, method, headers) => {
      const app = await start()
      await browser.follow(app.loginURL)
      const sent = { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'document', ...headers }
      const page = await browser.request(`${app.origin}/bank/login`, { method, headers: sent })
      expect(page.location).toBeUndefined()
      expectAsked(ONE_LOGIN, [])
    })

    it('cannot be finished as a login, nor a login as a connection', async () => {
      const app = await scene.start({
        store,
        routes: (one, strategy) => {
          // The router itself would report that callbackURL does not lead to it.
          one.get('/connect/login', passport.authorize(strategy as never) as RequestHandler)
          one.use('/connect', authRouter(strategy, { connect: true, ...nextError }))
        },
      })
      const login = await startLogin(browser, app.loginURL)
      await logInAs('ada', browser, app.loginURL)
      const connection = await startLogin(browser, `${app.origin}/connect/login`)
      home.requests.length = 0
      const { search } = new URL(login.callback)
      expect((await browser.visit(`${app.origin}/connect/callback${search}`)).status).toBe(400)
      expect((await browser.visit(connection.callback)).status).toBe(400)
      expect(await whoIs(app)).toBe('ada')
      expect(asked(home)).toEqual([])
    })
  })

  describe.each<[string, Partial<AuthorizationCodeOptions>]>([
    ['as they are', {}],
    ['sealed', { tokenSecret: 'a secret of 32 characters or more' }],
  ])('two providers in one session, tokens kept %s', (_how, options) => {
    it('are renewed each at its own provider', async () => {
      const app = await startConnected(options)
      advanceClock(HOUR)
      const pages = await Promise.all(
        ['/token', '/bank/token', '/token', '/bank/token'].map((path) =>
          browser.visit(app.origin + path),
        ),
      )
      expect(pages.map((page) => bodyOf(page)['accessToken'])).toEqual([
        'access-token-2-of-ada',
        'access-token-2-of-customer7',
        'access-token-2-of-ada',
        'access-token-2-of-customer7',
      ])
      expectAsked(ONE_REFRESH, ONE_REFRESH)
      expect(formOf(home.requests[0]).get('refresh_token')).toBe('refresh-token-1-of-ada')
      expect(formOf(bank.requests[0]).get('refresh_token')).toBe('refresh-token-1-of-customer7')

      advanceClock(HOUR)
      expect(await tokensOf(app)).toEqual(['access-token-3-of-ada', 'access-token-3-of-customer7'])
      expect([...atHome.reused, ...atBank.reused]).toEqual([])
      expect(app.errors).toEqual([])
    })

    it.each(['/auth/logout', '/bank/logout'])(
      'are both ended and revoked by POST %s',
      async (path) => {
        const app = await startConnected(options)
        const revoked = [atHome, atBank].map(
          (provider) =>
            new Promise<void>((resolve) => {
              provider.beforeRevoked = () => {
                if (provider.revocations.length === 1) resolve()
                return Promise.resolve()
              }
            }),
        )
        const before = await store.contents()
        expect((await browser.post(app.origin + path)).status).toBe(303)
        await Promise.all(revoked)

        expect([...atHome.revocations].map(({ token }) => token).sort()).toEqual([
          'refresh-token-1-of-ada',
        ])
        expect([...atBank.revocations].map(({ token }) => token).sort()).toEqual([
          'refresh-token-1-of-customer7',
        ])
        expectAsked(ONE_REVOCATION, ONE_REVOCATION)
        expect(await store.contents()).toEqual({})

        // A slow request brings the session back: both grants have ended all the same.
        for (const [id, session] of Object.entries(before)) {
          await new Promise<unknown>((done) => store.set(id, session as never, done))
        }
        advanceClock(HOUR)
        expect(await tokensOf(app)).toEqual([401, 401])
        expectAsked(ONE_REVOCATION, ONE_REVOCATION)
      },
    )

    it('a connected grant that ends does not log the person out', async () => {
      const app = await startConnected(options)
      atBank.endGrants()
      advanceClock(HOUR)
      expect(await tokensOf(app)).toEqual(['access-token-2-of-ada', 401])
      expect(app.errors).toEqual([expect.objectContaining({ reason: 'grant_ended' })])
      expectAsked(ONE_REFRESH, ONE_REFRESH)

      expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
      expect(await whoIs(app)).toBe('ada')
      const sent = await browser.visit(`${app.origin}/bank/pockets`)
      expect(sent.location).toBe(`${app.origin}/bank/login?return_to=%2Fbank%2Fpockets`)
      const back = await browser.follow(`${app.origin}/bank/pockets`)
      expect([back.status, back.text]).toEqual([200, 'pockets'])
      expect(await whoIs(app)).toBe('ada')
      expectAsked(ONE_REFRESH, [...ONE_REFRESH, ...ONE_LOGIN])
    })

    it('the grant of the login that ends sends the person to log in, and the next session begins without the other', async () => {
      const app = await startConnected(options)
      atHome.endGrants()
      advanceClock(HOUR)
      expect(await tokensOf(app)).toEqual([401, 'access-token-2-of-customer7'])
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
      await browser.follow(`${app.origin}/private`)
      expect(await tokensOf(app)).toEqual(['access-token-2-of-ada', 401])
      // Nobody has its tokens any longer. Where it is known that nothing else is alive, they are revoked.
      const leftovers = where === IN_STORE ? ONE_REVOCATION : []
      await until(() => asked(bank).length > leftovers.length)
      expectAsked([...ONE_REFRESH, ...ONE_LOGIN], [...ONE_REFRESH, ...leftovers])
    })

    it('endGrant ends only its own', async () => {
      const app = await startConnected(options)
      expect((await browser.visit(`${app.origin}/bank/end-grant`)).status).toBe(200)
      expect(await tokensOf(app)).toEqual(['access-token-1-of-ada', 401])
      expect(await whoIs(app)).toBe('ada')
      expectAsked([], ONE_REVOCATION)
    })
  })
})
