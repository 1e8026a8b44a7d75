import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import { base64url } from 'jose'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  cookiePendingLogins,
  guardSessionStore,
  MemoryGrants,
} from '../../src/index.js'
import { providerText } from '../../src/lib/provider-text.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { TestApp } from '../support/app.js'
import { grantsIn } from '../support/grant-modes.js'
import { advanceClock } from '../support/clock.js'
import { hearEvents } from '../support/hear-events.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { asked, bodyOf, changed, formOf, startLogin } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { renewedToken } from '../support/renewed-token.js'

const SECRET = 'a secret of the test, long enough to seal'
const scene = setScene()

describe('a visitor who means harm', () => {
  it('cannot keep the process busy with a text that looks like a JWT over and over [attack-4]', () => {
    const before = process.cpuUsage()
    providerText('eyJ-'.repeat(50_000))
    // A pattern that tries every start against every end would take ten times as long.
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000)
  })

  it('cannot send a code a second time with copied cookies of a pending login [attack-5]', async () => {
    const app = await scene.start({
      strategy: { pendingLogins: cookiePendingLogins({ secret: SECRET }) },
    })
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const cookie = [...browser.cookies(app.origin)]
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')
    await Promise.all([1, 2, 3].map(() => new Browser().request(callback, { headers: { cookie } })))
    await new Browser().request(callback, { headers: { cookie } })
    expect(asked(scene.provider).filter((one) => one === 'POST /token')).toHaveLength(1)
  })

  it('cannot finish with one provider what was started with another, though they share cookies [attack-3]', async () => {
    const pendingLogins = cookiePendingLogins({ secret: SECRET })
    const honest = await scene.start({ strategy: { name: 'honest', pendingLogins } })
    const evil = await scene.start({ strategy: { name: 'evil', pendingLogins } })
    const browser = new Browser()
    const { callback } = await startLogin(browser, evil.loginURL)
    for (const [name, value] of browser.cookies(evil.origin))
      browser.setCookie(honest.origin, name, value)
    const page = await browser.visit(callback.replace(evil.origin, honest.origin))
    expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_PENDING_LOGIN_UNKNOWN' }])
    expect(asked(scene.provider)).toEqual([])
  })

  it('cannot stop the refreshes of others with codes that the provider throttles', async () => {
    scene.provider.onToken(json(tokenResponse({ expires_in: 60 })))
    const app = await scene.start({ strategy: { grants: new MemoryGrants() } })
    const ada = new Browser()
    await ada.follow(app.loginURL)
    scene.provider.onToken(json({ error: 'slow_down' }, 429, { 'retry-after': '900' }))
    const stranger = new Browser()
    const { callback } = await startLogin(stranger, app.loginURL)
    expect((await stranger.visit(changed(callback, { code: 'invented' }))).status).toBe(503)
    scene.provider.onToken(json(tokenResponse({ access_token: 'refreshed' })))
    advanceClock(120)
    expect(bodyOf(await ada.visit(`${app.origin}/token`))).toEqual({ accessToken: 'refreshed' })
  })

  it('cannot stop the refreshes of others by a limit of their own', async () => {
    const { provider } = scene
    const grants = new MemoryGrants()
    const app = await scene.start({ strategy: { grants } })
    const [ada, mallory] = [new Browser(), new Browser()]
    for (const [name, browser] of Object.entries({ ada, mallory })) {
      provider.onToken(json(tokenResponse({ expires_in: 60, refresh_token: `of-${name}` })))
      await browser.follow(app.loginURL)
    }
    provider.onToken((request, response) => {
      const isLimited = formOf(request).get('refresh_token') === 'of-mallory'
      const limit = json({ error: 'slow_down' }, 429, { 'retry-after': '900' })
      const refreshed = json(tokenResponse({ access_token: 'refreshed' }))
      ;(isLimited ? limit : refreshed)(request, response)
    })
    advanceClock(120)
    expect((await mallory.visit(`${app.origin}/token`)).status).toBe(503)
    expect(bodyOf(await ada.visit(`${app.origin}/token`))).toEqual({ accessToken: 'refreshed' })
  })

  it.each(
    ['cross-site', 'same-site'].flatMap((site) =>
      [
        ...['image', 'iframe', 'frame', 'embed', 'object', 'empty', 'script', 'style', 'video'],
        ...['track', 'worker', 'fencedframe'],
      ].map((destination) => [site, destination] as const),
    ),
  )(
    'cannot start a login from another origin (%s) by way of %s, so that cookies pile up [attack-6]',
    async (site, destination) => {
      const app = await scene.start({})
      const browser = new Browser()
      const headers = { 'sec-fetch-site': site, 'sec-fetch-dest': destination }
      const page = await browser.request(app.loginURL, { headers })
      expect([page.status, bodyOf(page)]).toEqual([403, { code: 'ERR_CROSS_SITE_REQUEST' }])
      expect(browser.cookies(app.origin).size).toBe(0)
      expect((await browser.follow(app.loginURL)).status).toBe(200)
    },
  )

  it.each<[string, (app: TestApp, jwt: string) => Promise<Page>]>([
    [
      'a logout token',
      ({ origin }, jwt) =>
        new Browser().post(`${origin}/auth/backchannel-logout`, { logout_token: jwt }),
    ],
    [
      'a signed response',
      ({ origin }, jwt) => new Browser().visit(`${origin}/auth/callback?response=${jwt}`),
    ],
  ])('cannot write a line of their own into the log by %s', async (_what, send) => {
    const events: unknown[] = []
    const { options } = await speakOpenId(scene.provider)
    const app = await scene.start({
      strategy: { ...options, backchannelLogout: true, signedAuthorizationResponses: true },
    })
    const crit = ['x\n\u001b[2J2026-01-01 somebody else has logged in']
    const header = base64url.encode(JSON.stringify({ alg: 'PS256', kid: 'key-1', crit }))
    const stopHearing = hearEvents((event) => events.push(event))
    try {
      expect((await send(app, `${header}.e30.AAAA`)).status).toBe(400)
    } finally {
      stopHearing()
    }
    const said = [...events, ...app.errors.map(String)]
    expect(said.length).toBeGreaterThan(0)
    expect(JSON.stringify(said)).toContain('not supported')
    expect(JSON.stringify(said)).not.toMatch(/somebody else|\\n|\\u001b/)
  })

  it('cannot fill the store of grants by logging out without a session [attack-2]', async () => {
    const grants = new MemoryGrants()
    const noted: string[] = []
    const counting = Object.assign(grants, {
      endSession: (id: string) => Promise.resolve(void noted.push(id)),
    })
    const store = guardSessionStore(new (await import('express-session')).MemoryStore(), {
      grants: counting,
    })
    const app = await scene.start({ store, strategy: { grants } })
    expect((await new Browser().post(`${app.origin}/auth/logout`)).status).toBe(303)
    expect(noted).toEqual([])
  })
})

describe('an application', () => {
  it.each([
    ['/login?return_to=%2Fa%2520b%3Fq%3D%25C3%25A9', {}, '/a%20b?q=%C3%A9'],
    ['/login', { successRedirect: '/a%20b' }, '/a%20b'],
    ['/login', { successRedirect: '/日本' }, '/%E6%97%A5%E6%9C%AC'],
  ])('sends a callback that comes again where %s %j led before', async (login, router, path) => {
    const onError = (error: unknown, _req: unknown, _res: unknown, next: express.NextFunction) => {
      next(error)
    }
    const app = await scene.start({ router: { ...router, onError } })
    const browser = new Browser()
    const { callback } = await startLogin(browser, `${app.origin}/auth${login}`)
    expect((await browser.visit(callback)).location).toBe(app.origin + path)
    expect((await browser.visit(callback)).location).toBe(app.origin + path)
  })

  it('lives on when an answer was sent before the login was done', async () => {
    const app = await scene.start({
      routes: (one) => {
        one.use('/auth/callback', (_req, res, next) => {
          res.status(503).end('too slow')
          next()
        })
      },
    })
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    expect((await browser.visit(callback)).status).toBe(503)
    expect((await browser.visit(`${app.origin}/`)).status).toBe(200)
  })

  it('may have a field of its own with `ended` in it', async () => {
    const app = await scene.start({
      routes: (one) => {
        one.get('/quiz', (req, res) => {
          Object.assign(req.session, { quiz: { ended: true } })
          res.end()
        })
      },
    })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    await browser.visit(`${app.origin}/quiz`)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
  })

  it('can lengthen the cookie of the session right after login', async () => {
    const remember = express.Router()
    const app = await scene.start({
      routes: (one, strategy) => {
        passport.use('remembering', strategy)
        const login = passport.authenticate('remembering') as express.RequestHandler
        remember.get('/callback', login, (req, res, next) => {
          req.session.cookie.maxAge = 30 * 24 * 3_600_000
          req.session.save((error) => (error ? next(error) : res.redirect('/')))
        })
        one.use('/auth', remember)
      },
    })
    // It stands still: express-session reads it twice, to set a maxAge and to keep that.
    advanceClock(0)
    await new Browser().follow(app.loginURL)
    const sessions = await new Promise<object>((resolve) => {
      app.store.all?.((_error, all) => resolve(all ?? {}))
    })
    expect(Object.values(sessions)).toMatchObject([{ cookie: { originalMaxAge: 2_592_000_000 } }])
  })

  it.each([
    ['9007199254740993 of one and of another', '9007199254740993'],
    ['a number without end', '1e400'],
  ])('takes no id of %s for a person', async (_what, id) => {
    scene.provider.onProfile((_request, response) => response.end(`{"sub":${id}}`))
    const app = await scene.start({})
    const page = await new Browser().follow(app.loginURL)
    expect([page.status, app.errors]).toEqual([
      502,
      [expect.objectContaining({ code: 'ERR_PROFILE' })],
    ])
  })
})

describe('two providers whose strategies were given no name, so that both have the same', () => {
  let other: ScriptedProvider
  beforeAll(async () => {
    other = await startScriptedProvider()
  })
  beforeEach(() => other.reset())
  afterAll(() => other.close())

  /** Logs in at the scene's provider under `/auth`, and at the other one under `/other`. */
  const start = (): Promise<TestApp> => {
    // Two processes share a store: within one, the second strategy would be refused.
    const store = createMemoryStore()
    return scene.start({
      strategy: { grants: grantsIn(store), revocationURL: `${scene.provider.origin}/revoke` },
      routes: (app, _strategy, origin) => {
        const strategy = new AuthorizationCodeStrategy({
          authorizationURL: other.authorizationURL,
          tokenURL: other.tokenURL,
          clientID: 'client-1',
          clientSecret: 'secret-2',
          grants: grantsIn(store),
          callbackURL: `${origin}/other/callback`,
        })
        app.use(
          '/other',
          authRouter(strategy, { onError: (error, _req, _res, next) => next(error) }),
        )
        app.get('/other-api', (req, res, next) => {
          strategy
            .fetch(req, `${other.origin}/api`)
            .then(({ status }) => res.json({ status }), next)
        })
        app.get('/other-renewal', (req, res, next) => {
          renewedToken(strategy, req).then((token) => res.json({ token }), next)
        })
        app.get('/other-end', (req, res, next) => {
          strategy.endGrant(req).then(() => res.end(), next)
        })
      },
    })
  }

  it('do not get the code that was meant for one another [attack-8]', async () => {
    const app = await start()
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await browser.visit(callback.replace('/auth/', '/other/'))
    expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_PENDING_LOGIN_UNKNOWN' }])
    expect([asked(scene.provider), asked(other)]).toEqual([[], []])
  })

  it('do not get one another’s tokens, and neither can end them [attack-7]', async () => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    for (const path of ['/other-api', '/other-renewal']) {
      const page = await browser.visit(app.origin + path)
      expect([page.status, bodyOf(page)]).toEqual([401, { code: 'ERR_LOGIN_REQUIRED' }])
    }
    expect((await browser.visit(`${app.origin}/other-end`)).status).toBe(200)
    expect(asked(other)).toEqual([])
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
  })

  it('are each told of the end of their own tokens, wherever somebody logs out', async () => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    scene.provider.requests.length = 0
    const revoked = new Promise((resolve) => {
      scene.provider.on('/revoke', (_request, response) => resolve(response.end()))
    })
    expect((await browser.post(`${app.origin}/other/logout`)).status).toBe(303)
    await revoked
    expect(asked(scene.provider)).toContain('POST /revoke')
    expect(asked(other)).toEqual([])
    expect((await browser.visit(`${app.origin}/private`)).status).not.toBe(200)
  })
})

describe('a provider', () => {
  it('does not end a grant by invalid_grant on an error page of its gateway', async () => {
    const app = await scene.start({})
    const browser = new Browser()
    await browser.follow(app.loginURL)
    advanceClock(3600)
    scene.provider.onToken(json({ error: 'invalid_grant' }, 503))
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(503)
    scene.provider.onToken(json(tokenResponse()))
    advanceClock(2)
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
  })

  it('ends a grant by invalid_grant whatever parameters the application sends', async () => {
    const app = await scene.start({ strategy: { tokenParameters: { region: 'in' } } })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    advanceClock(3600)
    scene.provider.onToken(json({ error: 'invalid_grant' }, 400))
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
    expect(app.errors).toEqual([expect.objectContaining({ reason: 'grant_ended' })])
  })

  it.each([
    ['is sent for the profile', {}],
    ['would be kept', { profileURL: undefined }],
  ])(
    'is refused an access token that no header can carry, before it %s, and nobody reads it [attack-1]',
    async (_when, strategy) => {
      for (const token of ['SECRET\nTOKEN', 'SECRET\u00e9', 'SECRET\u0000']) {
        scene.provider.onToken(json(tokenResponse({ access_token: token })))
        const app = await scene.start({ strategy })
        expect((await new Browser().follow(app.loginURL)).status).toBe(502)
        expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT' })])
        expect(String(app.errors)).not.toContain('SECRET')
      }
      expect(new Set(asked(scene.provider))).toEqual(new Set(['POST /token']))
    },
  )
})
