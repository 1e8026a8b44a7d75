import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Express, RequestHandler } from 'express'
import passport from 'passport'
import { AuthorizationCodeStrategy, ConfigurationError } from '../../src/index.js'
import type { Profile, Verify, VerifiedLogin } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
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
import type { ScriptedProvider } from '../support/scripted-provider.js'

/** The application's own idea of a person. */
interface Person {
  readonly id: string
}

const findPerson: Verify = ({ profile }) => ({ id: profile?.id ?? 'nobody' }) satisfies Person

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let browser: Browser

beforeAll(() => {
  passport.serializeUser((user, done) => done(null, `person:${(user as Person).id}`))
  passport.deserializeUser((serialized: string, done) =>
    done(null, { id: serialized.replace('person:', '') }),
  )
})
beforeEach(() => {
  ;({ provider } = scene)
  store = new RecordingStore()
  browser = new Browser()
})

/** An application with routes of its own: `/auth/login` and `/auth/callback`, as Passport people write them. */
function startOwn(
  options: SceneAppOptions & {
    readonly login?: object
    readonly callback?: object
    readonly own?: (app: Express, strategy: AuthorizationCodeStrategy) => void
  } = {},
): Promise<TestApp> {
  const { login = {}, callback = { successRedirect: '/', failureRedirect: '/refused' } } = options
  const { own, ...rest } = options
  return scene.start({
    store,
    verify: findPerson,
    ...rest,
    strategy: { name: 'own', ...options.strategy },
    routes: (app, strategy) => {
      passport.use(strategy)
      app.get('/refused', (_req, res) => res.send('refused'))
      if (own === undefined) {
        app.get('/auth/login', authenticate('own', login))
        app.get('/auth/callback', authenticate('own', callback))
      } else {
        own(app, strategy)
      }
    },
  })
}

function authenticate(
  strategy: string | AuthorizationCodeStrategy,
  options: object = {},
  callback?: passport.AuthenticateCallback,
): RequestHandler {
  return passport.authenticate(strategy, options, callback as never) as RequestHandler
}

async function whoIs({ origin }: TestApp, someone = browser): Promise<unknown> {
  return bodyOf(await someone.visit(`${origin}/`))['user']
}

async function tokensOf({ origin }: TestApp, someone = browser): Promise<unknown> {
  return bodyOf(await someone.visit(`${origin}/tokens`))['tokens']
}

describe('passport.use and passport.authenticate on routes of the application’s own', () => {
  it('keep person and tokens, with the session id changed and the session written once', async () => {
    provider.onToken(json(tokenResponse({ access_token: 'at-1', refresh_token: 'rt-1' })))
    const app = await startOwn()
    const { callback } = await startLogin(browser, app.loginURL)
    const before = sessionIdOf(browser, app.origin) ?? ''
    expect(store.writes).toEqual([{ method: 'set', id: before }])
    store.writes.length = 0

    const page = await browser.visit(callback)
    const after = sessionIdOf(browser, app.origin) ?? ''

    expect(page.location).toBe(`${app.origin}/`)
    expect(after).not.toBe(before)
    expect(store.writes).toEqual([
      { method: 'destroy', id: before },
      { method: 'set', id: after },
    ])
    expect(asked(provider)).toEqual(ONE_LOGIN)
    const sessions = await store.contents()
    expect(Object.keys(sessions)).toEqual([after])
    expect(sessions[after]).toMatchObject({
      passport: { user: 'person:ada' },
      'oauth2:own': {
        entry: {
          version: 1,
          held: { tokens: { accessToken: 'at-1', refreshToken: 'rt-1' } },
        },
      },
    })
    expect(await whoIs(app)).toEqual({ id: 'ada' })
    expect(await tokensOf(app)).toEqual({
      accessToken: 'at-1',
      refreshToken: 'rt-1',
      tokenType: 'bearer',
      expiresAt: expect.any(Number),
    })
    expect(app.errors).toEqual([])
  })

  it('write a session that exists already once per step, too', async () => {
    const app = await startOwn()
    await browser.follow(app.loginURL)
    const first = sessionIdOf(browser, app.origin) ?? ''
    store.writes.length = 0

    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    expect(store.writes).toEqual([
      { method: 'set', id: first },
      { method: 'destroy', id: first },
      { method: 'set', id: sessionIdOf(browser, app.origin) },
    ])
  })

  it.each<[string, object]>([
    ['with cookies that expire', { cookie: { maxAge: 60_000 } }],
    ['with rolling sessions', { rolling: true, cookie: { maxAge: 60_000 } }],
  ])('write the session once %s', async (_what, session) => {
    const app = await startOwn({ session })
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    expect(store.writes.map(({ method }) => method)).toEqual(['set', 'destroy', 'set'])
  })

  it('save what the application adds to the session after login', async () => {
    const app = await startOwn({
      own: (one) => {
        one.get('/auth/login', authenticate('own'))
        one.get('/auth/callback', authenticate('own'), (req, res) => {
          Object.assign(req.session, { welcome: true })
          res.redirect('/')
        })
      },
    })
    await browser.follow(app.loginURL)
    const sessions = Object.values(await store.contents())
    expect(sessions).toEqual([
      expect.objectContaining({
        welcome: true,
        passport: { user: 'person:ada' },
        'oauth2:own': expect.objectContaining({ entry: expect.anything() }),
      }),
    ])
  })

  it('lead a denied person to failureRedirect, not logged in', async () => {
    const app = await startOwn()
    const { callback } = await startLogin(browser, app.loginURL)
    const denial = changed(callback, { code: undefined, error: 'access_denied' })
    expect((await browser.visit(denial)).location).toBe(`${app.origin}/refused`)
    expect(asked(provider)).toEqual([])
    expect(app.errors).toEqual([])
    expect(await whoIs(app)).toBeNull()
  })

  it('lead a callback that is loaded again to successRedirect', async () => {
    const app = await startOwn({ callback: { successRedirect: '/welcome' } })
    const { callback } = await startLogin(browser, app.loginURL)
    expect((await browser.visit(callback)).location).toBe(`${app.origin}/welcome`)
    expect((await browser.visit(callback)).location).toBe(`${app.origin}/welcome`)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('tell where the person wanted to go in req.authInfo', async () => {
    const app = await startOwn({
      own: (one) => {
        one.get('/auth/login', authenticate('own'))
        one.get('/auth/callback', authenticate('own'), (req, res) => res.json(req.authInfo))
      },
    })
    const page = await browser.follow(`${app.loginURL}?return_to=/cart`)
    expect(bodyOf(page)).toEqual({ returnTo: '/cart' })
  })

  it('start and finish on one and the same route', async () => {
    const app = await startOwn({
      own: (one) => one.get('/auth/callback', authenticate('own', { successRedirect: '/' })),
    })
    expect((await browser.follow(app.callbackURL)).url).toBe(`${app.origin}/`)
    expect(await whoIs(app)).toEqual({ id: 'ada' })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('start a login by a posted button, too', async () => {
    const app = await startOwn({
      own: (one) => {
        one.post('/auth/login', authenticate('own'))
        one.get('/auth/callback', authenticate('own', { successRedirect: '/' }))
      },
    })
    const { status, location = '' } = await browser.request(app.loginURL, { method: 'POST' })
    expect(status).toBe(302)
    expect((await browser.follow(location)).url).toBe(`${app.origin}/`)
    expect(await whoIs(app)).toEqual({ id: 'ada' })
  })

  it('say that the form of a callback by POST was not read', async () => {
    const app = await startOwn({ own: (one) => one.post('/auth/callback', authenticate('own')) })
    const page = await browser.post(app.callbackURL, { code: 'c', state: 's' })
    expect(page.status).toBe(500)
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
    expect(String(app.errors[0])).toContain('express.urlencoded')
  })

  it('take scope, callbackURL and authorizationParameters of a single route', async () => {
    const callbackURL = 'https://app.example/elsewhere'
    const login = { scope: ['a', 'b'], callbackURL, authorizationParameters: { prompt: 'login' } }
    const app = await startOwn({ login, strategy: { scope: 'everyday' } })
    const { request } = await startLogin(browser, app.loginURL)
    expect(Object.fromEntries(request)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: callbackURL,
      scope: 'a b',
      state: expect.any(String),
      code_challenge: expect.any(String),
      code_challenge_method: 'S256',
      prompt: 'login',
    })
  })
})

describe('authorizationParameters that a function returns', () => {
  const startWith = (authorizationParameters: () => object) =>
    startOwn({ strategy: { authorizationParameters: authorizationParameters as () => never } })

  it('are sent', async () => {
    const app = await startWith(() => ({ prompt: 'consent' }))
    const { request } = await startLogin(browser, app.loginURL)
    expect(request.get('prompt')).toBe('consent')
  })

  it.each([
    ['a promise', () => Promise.resolve({ prompt: 'consent' })],
    ['a list', () => ['prompt']],
    ['one that the library sends', () => ({ state: 'chosen' })],
  ])('are refused if they are %s', async (_, authorizationParameters) => {
    const app = await startWith(authorizationParameters)
    expect((await browser.visit(app.loginURL)).status).toBe(500)
    expect(app.errors).toEqual([
      expect.objectContaining({ option: 'authorizationParameters', status: 500 }),
    ])
  })
})

describe('the custom callback of passport.authenticate', () => {
  const withCallback = (logIn: boolean) =>
    startOwn({
      own: (app) => {
        app.get('/auth/login', authenticate('own'))
        app.get('/auth/callback', (req, res, next) => {
          const finished: passport.AuthenticateCallback = (error: unknown, user, info) => {
            if (error) next(error)
            else if (!user || !logIn) res.json({ user, info })
            else
              req.logIn(user, (failure: unknown) => (failure ? next(failure) : res.redirect('/')))
          }
          void authenticate('own', {}, finished)(req, res, next)
        })
      },
    })

  it('keeps the tokens when it calls req.logIn, and the session is written once', async () => {
    const app = await withCallback(true)
    const { callback } = await startLogin(browser, app.loginURL)
    const before = sessionIdOf(browser, app.origin)
    store.writes.length = 0
    await browser.visit(callback)

    const after = sessionIdOf(browser, app.origin)
    expect(store.writes).toEqual([
      { method: 'destroy', id: before },
      { method: 'set', id: after },
    ])
    expect(await whoIs(app)).toEqual({ id: 'ada' })
    expect(await tokensOf(app)).toMatchObject({ accessToken: expect.any(String) })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('keeps no tokens when it does not', async () => {
    const app = await withCallback(false)
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await browser.visit(callback)
    expect(bodyOf(page)).toEqual({ user: { id: 'ada' }, info: {} })
    expect(await whoIs(app)).toBeNull()
    expect(await tokensOf(app)).toBeNull()
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('hears why a login was refused, and of errors', async () => {
    const app = await withCallback(true)
    const { callback } = await startLogin(browser, app.loginURL)
    const denial = changed(callback, {
      code: undefined,
      error: 'access_denied',
      error_description: 'Not today',
    })
    expect(bodyOf(await browser.visit(denial))).toEqual({
      user: false,
      info: {
        error: 'access_denied',
        errorDescription: 'Not today',
        message: expect.stringContaining('You have not agreed to it'),
      },
    })
    expect(bodyOf(await browser.visit(denial))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual([])
  })
})

describe('session: false', () => {
  it('knows the person for this request only, and keeps no tokens', async () => {
    const app = await startOwn({
      own: (one) => {
        one.get('/auth/login', authenticate('own'))
        one.get('/auth/callback', authenticate('own', { session: false }), (req, res) =>
          res.json(req.user),
        )
      },
    })
    const { callback } = await startLogin(browser, app.loginURL)
    const id = sessionIdOf(browser, app.origin)
    store.writes.length = 0

    expect(bodyOf(await browser.visit(callback))).toEqual({ id: 'ada' })
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(store.writes).toEqual([{ method: 'set', id }])
    expect(await whoIs(app)).toBeNull()
    expect(await tokensOf(app)).toBeNull()
    expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })
})

describe('passport.authorize', () => {
  it('keeps the person who they are, and stores the tokens', async () => {
    logInWhomTheCodeNames(provider)
    let connected: AuthorizationCodeStrategy | undefined
    const app = await startOwn({
      own: (one, strategy) => {
        one.get('/auth/login', authenticate(strategy))
        one.get('/auth/callback', authenticate(strategy, { successRedirect: '/' }))
        const { authorizationURL, tokenURL, profileURL } = provider
        connected = new AuthorizationCodeStrategy(
          {
            name: 'connected',
            authorizationURL,
            tokenURL,
            profileURL,
            clientID: 'client-2',
            callbackURL: 'http://localhost/connect/callback',
          },
          findPerson,
        )
        passport.use(connected)
        const authorize = passport.authorize('connected', {}) as RequestHandler
        one.get('/connect', authorize)
        one.get('/connect/callback', authorize, (req, res) => {
          const { account } = req as unknown as { account: unknown }
          res.json({ user: req.user, account })
        })
        one.get('/connected', (req, res, next) => {
          connected?.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
        })
      },
    })
    await logInAs('ada', browser, app.loginURL)
    const id = sessionIdOf(browser, app.origin)
    store.writes.length = 0
    provider.requests.length = 0

    const { state } = await startLogin(browser, `${app.origin}/connect`)
    const page = await browser.visit(
      `${app.origin}/connect/callback?code=code-of-other&state=${state}`,
    )

    expect(bodyOf(page)).toEqual({ user: { id: 'ada' }, account: { id: 'other' } })
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(store.writes).toEqual([
      { method: 'set', id },
      { method: 'set', id },
    ])
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(await whoIs(app)).toEqual({ id: 'ada' })
    expect(await tokensOf(app)).toMatchObject({ accessToken: 'token-of-ada' })
    const own = bodyOf(await browser.visit(`${app.origin}/connected`))
    expect(own).toEqual({ accessToken: 'token-of-other' })
  })
})

describe('logins of different people at the same time', () => {
  const PEOPLE = Array.from({ length: 20 }, (_value, index) => `person-${index}`)

  it.each<[string, SceneAppOptions]>([
    ['by the strategy’s name', {}],
    [
      'by one strategy instance',
      {
        routes: (app, strategy) => {
          app.get('/auth/login', authenticate(strategy))
          app.get('/auth/callback', authenticate(strategy, { successRedirect: '/' }))
        },
      },
    ],
    ['by authRouter', { routes: () => undefined }],
  ])('never mix up, %s', async (_how, options) => {
    const app =
      options.routes === undefined
        ? await startOwn()
        : await scene.start({ store, verify: findPerson, ...options })
    logInWhomTheCodeNames(provider)
    const releaseAll = answerInReverse(provider, PEOPLE.length)
    const browsers = PEOPLE.map(() => new Browser())
    const pages = await Promise.all(
      browsers.map(async (one, index): Promise<Page> => {
        const { callback } = await startLogin(one, `${app.loginURL}?return_to=/for/${index}`)
        return one.visit(changed(callback, { code: `code-of-${PEOPLE[index] ?? ''}` }))
      }),
    )
    await releaseAll

    for (const [index, one] of browsers.entries()) {
      expect(pages[index]?.status).toBe(302)
      expect(await whoIs(app, one)).toEqual({ id: PEOPLE[index] })
      expect(await tokensOf(app, one)).toMatchObject({
        accessToken: `token-of-${PEOPLE[index] ?? ''}`,
      })
    }
    const codes = provider.requestsTo('/token').map((request) => formOf(request).get('code'))
    expect([...codes].sort()).toEqual(PEOPLE.map((name) => `code-of-${name}`).sort())
    expect(provider.requestsTo('/me')).toHaveLength(PEOPLE.length)
    expect(Object.keys(await store.contents())).toHaveLength(PEOPLE.length)
    expect(app.errors).toEqual([])
  })

  it('each end their own way: one succeeds, one is denied, one fails', async () => {
    const app = await scene.start({
      verify: findPerson,
      routes: (one, strategy) => {
        one.get('/auth/login', authenticate(strategy))
        const options = { successRedirect: '/in', failureRedirect: '/out' }
        one.get('/auth/callback', authenticate(strategy, options))
      },
    })
    const [good, denied, forged] = [new Browser(), new Browser(), new Browser()]
    const { callback } = await startLogin(good, app.loginURL)
    const other = await startLogin(denied, app.loginURL)
    await startLogin(forged, app.loginURL)

    const pages = await Promise.all([
      good.visit(callback),
      denied.visit(changed(other.callback, { code: undefined, error: 'access_denied' })),
      forged.visit(callback),
    ])
    expect(pages.map(({ status, headers }) => [status, headers.get('location')])).toEqual([
      [302, '/in'],
      [302, '/out'],
      [400, null],
    ])
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })
})

/** Holds the answers of the token endpoint until all requests are there, and gives them last first. */
async function answerInReverse(from: ScriptedProvider, count: number): Promise<void> {
  const held: (() => void)[] = []
  await new Promise<void>((resolve) => {
    from.onToken((request, response) => {
      const name = (formOf(request).get('code') ?? '').replace('code-of-', '')
      const script = json(tokenResponse({ access_token: `token-of-${name}` }))
      held.push(() => script(request, response))
      if (held.length < count) return
      for (const answer of held.reverse()) answer()
      resolve()
    })
  })
}

describe('the hooks of passport-oauth2 in a subclass', () => {
  it('authorizationParams and tokenParams add parameters, and see the route’s options', async () => {
    const seen: unknown[] = []
    class Subclass extends AuthorizationCodeStrategy {
      override authorizationParams(options: { audience?: string }): object {
        seen.push(options.audience)
        return { audience: options.audience, access_type: 'offline' }
      }
      override tokenParams(options: { audience?: string }): object {
        seen.push(options.audience)
        return { tenant: options.audience }
      }
    }
    const app = await startOwn({
      strategyClass: Subclass,
      login: { audience: 'api' },
      callback: { successRedirect: '/', audience: 'api-2' },
    })
    const { request, callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)

    expect(request.get('audience')).toBe('api')
    expect(request.get('access_type')).toBe('offline')
    expect(Object.fromEntries(formOf(provider.requests[0]))).toEqual({
      grant_type: 'authorization_code',
      code: new URL(callback).searchParams.get('code'),
      redirect_uri: app.callbackURL,
      code_verifier: expect.any(String),
      client_id: 'client-1',
      client_secret: 'secret-1',
      tenant: 'api-2',
    })
    expect(seen).toEqual(['api', 'api-2'])
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each(['authorizationParams', 'tokenParams'] as const)(
    '%s cannot replace what the library sends itself',
    async (hook) => {
      class Subclass extends AuthorizationCodeStrategy {}
      const reserved = hook === 'tokenParams' ? { code: 'other' } : { state: 'chosen' }
      Object.defineProperty(Subclass.prototype, hook, { value: () => reserved })
      const app = await startOwn({ strategyClass: Subclass })
      const page = await browser.follow(app.loginURL)
      expect(page.status).toBe(500)
      expect(app.errors).toEqual([
        expect.objectContaining({ code: 'ERR_CONFIGURATION', option: hook }),
      ])
      expect(asked(provider)).toEqual([])
    },
  )

  it('userProfile reads a profile by this._oauth2.get, with the token in a header [passport-1]', async () => {
    class Subclass extends AuthorizationCodeStrategy {
      override userProfile(
        accessToken: string,
        done: (error?: unknown, profile?: Profile) => void,
      ): void {
        this._oauth2.get(`${provider.origin}/me?fields=id`, accessToken, (error, body) => {
          if (error as unknown) {
            done(error)
            return
          }
          const parsed = JSON.parse(String(body)) as Record<string, unknown>
          done(null, { provider: 'subclass', id: String(parsed['sub']), _json: parsed })
        })
      }
    }
    const app = await startOwn({ strategyClass: Subclass })
    provider.onToken(json(tokenResponse({ access_token: 'at-2' })))
    await browser.follow(app.loginURL)

    expect(await whoIs(app)).toEqual({ id: 'ada' })
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(provider.requestsTo('/me')[0]?.headers.authorization).toBe('Bearer at-2')
    expect(provider.requestsTo('/me')[0]?.query).toBe('?fields=id')

    provider.onProfile(json({ error: 'no', of: 'at-2' }, 403))
    const page = await new Browser().follow(app.loginURL)
    expect(page.status).toBe(500)
    expect(app.errors).toHaveLength(1)
    // The API has quoted the token.
    const data = JSON.stringify({ error: 'no', of: '[the access token]' })
    expect((app.errors[0] as Error).cause).toMatchObject({ statusCode: 403, data })
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no profile')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no profile'))],
  ])('userProfile that %s ends in next(error)', async (_how, fail) => {
    class Subclass extends AuthorizationCodeStrategy {
      override userProfile(): void {
        return fail() as undefined
      }
    }
    const app = await startOwn({ strategyClass: Subclass })
    expect((await browser.follow(app.loginURL)).status).toBe(500)
    expect(app.errors).toEqual([new Error('no profile')])
    expect(asked(provider)).toEqual(['POST /token'])
    expect(await whoIs(app)).toBeNull()
  })
})

describe('verify', () => {
  it('gets tokens, profile, claims, token response and request, and nothing else', async () => {
    const seen: VerifiedLogin[] = []
    const app = await startOwn({
      verify: (login) => {
        seen.push(login)
        return { id: 'ada' }
      },
    })
    provider.onToken(json(tokenResponse({ access_token: 'at-3', scope: 'read', expires_in: 60 })))
    await browser.follow(app.loginURL)

    expect(seen.map((login) => Object.keys(login).sort())).toEqual([
      ['appState', 'claims', 'connectTo', 'profile', 'req', 'tokenResponse', 'tokens'],
    ])
    expect(seen[0]?.tokens).toMatchObject({ accessToken: 'at-3', scope: 'read' })
    expect(seen[0]?.profile).toEqual({
      provider: 'own',
      id: 'ada',
      displayName: 'Ada Lovelace',
      emails: [{ value: 'ada@example.com' }],
      _json: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
    })
    expect(seen[0]?.req.path).toBe('/auth/callback')
  })

  it.each<[string, Verify]>([
    [
      'throws',
      () => {
        throw new Error('the directory is down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('the directory is down'))],
  ])('that %s ends in next(error), and nobody is logged in', async (_how, verify) => {
    const app = await startOwn({ verify })
    expect((await browser.follow(app.loginURL)).status).toBe(500)
    expect(app.errors).toEqual([new Error('the directory is down')])
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(await whoIs(app)).toBeNull()
    expect(await tokensOf(app)).toBeNull()
  })

  it.each<[string, Verify]>([
    ['returns false', () => false],
    ['returns null', () => null],
    ['resolves to false', () => Promise.resolve(false)],
  ])('that %s refuses the login, and the one before lives on', async (_how, verdict) => {
    logInWhomTheCodeNames(provider)
    const app = await startOwn({
      verify: (login) => (login.profile?.id === 'ada' ? { id: 'ada' } : verdict(login)),
    })
    await logInAs('ada', browser, app.loginURL)
    const id = sessionIdOf(browser, app.origin)

    expect((await logInAs('mallory', browser, app.loginURL)).location).toBe(`${app.origin}/refused`)
    expect(app.errors).toEqual([])
    expect(asked(provider)).toEqual([...ONE_LOGIN, ...ONE_LOGIN])
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(await whoIs(app)).toEqual({ id: 'ada' })
    expect(await tokensOf(app)).toMatchObject({ accessToken: 'token-of-ada' })
  })

  it.each<[string, () => unknown]>([
    ['returns nothing', () => undefined],
    ['resolves to nothing', () => Promise.resolve(undefined)],
    ['returns an empty text', () => ''],
  ])('that %s is reported to the developer, and nobody is logged in', async (_how, verify) => {
    const app = await startOwn({ verify: verify as Verify })
    expect((await browser.follow(app.loginURL)).status).toBe(500)
    expect(app.errors).toMatchObject([
      { code: 'ERR_CONFIGURATION', option: 'verify', message: expect.stringContaining('nothing') },
    ])
    expect(await whoIs(app)).toBeNull()
  })
})

describe('skipUserProfile', () => {
  it.each<[string, boolean | ((accessToken: string) => boolean | Promise<boolean>), string[]]>([
    ['true', true, ['POST /token']],
    ['false', false, [...ONE_LOGIN]],
    ['a function that says yes', () => true, ['POST /token']],
    ['a function that says no', () => false, [...ONE_LOGIN]],
    ['an async function that says yes', () => Promise.resolve(true), ['POST /token']],
    ['an async function that says no', () => Promise.resolve(false), [...ONE_LOGIN]],
  ])('%s', async (_what, skipUserProfile, requests) => {
    const verify = jest.fn<Verify>(() => ({ id: 'somebody' }))
    const app = await startOwn({ verify, strategy: { name: 'own', skipUserProfile } })
    await browser.follow(app.loginURL)
    expect(asked(provider)).toEqual(requests)
    expect(verify).toHaveBeenCalledTimes(1)
    const id = requests.length > 1 ? 'ada' : undefined
    expect(verify.mock.calls[0]?.[0].profile?.id).toBe(id)
  })

  it('as a function gets the access token, and its error ends in next(error)', async () => {
    const asks: string[] = []
    const skipUserProfile = (accessToken: string): Promise<boolean> => {
      asks.push(accessToken)
      return Promise.reject(new Error('cannot tell'))
    }
    const app = await startOwn({ strategy: { name: 'own', skipUserProfile } })
    provider.onToken(json(tokenResponse({ access_token: 'at-4' })))
    expect((await browser.follow(app.loginURL)).status).toBe(500)
    expect(asks).toEqual(['at-4'])
    expect(app.errors).toEqual([
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'skipUserProfile' }),
    ])
    expect(asked(provider)).toEqual(['POST /token'])
  })
})
