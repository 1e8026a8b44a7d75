import { createHash } from 'node:crypto'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import {
  AuthorizationCodeStrategy,
  authRouter,
  ConfigurationError,
  cookiePendingLogins,
  MemoryGrants,
  PendingLoginError,
  StorageError,
} from '../../src/index.js'
import type { AuthorizationCodeOptions, Verify } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { createGate } from '../support/gate.js'
import type { Gate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import {
  asked,
  bodyOf,
  changed,
  formOf,
  ONE_LOGIN,
  sessionIdOf,
  startLogin,
} from '../support/login.js'
import type { StartedLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let app: TestApp
let browser: Browser

beforeEach(async () => {
  ;({ provider } = scene)
  store = new RecordingStore()
  app = await scene.start({ store })
  browser = new Browser()
})

const nextApp = {
  onError: (error: unknown, _req: unknown, _res: unknown, next: (error: unknown) => void) =>
    next(error),
}

/** The ids of the pending logins in the only session of the store, oldest first. */
async function pendingIds(): Promise<string[]> {
  const [session, ...others] = Object.values(await store.contents())
  expect(others).toEqual([])
  const part = session?.['oauth2:oauth2'] as { pendingLogins?: { id: string }[] } | undefined
  return (part?.pendingLogins ?? []).map(({ id }) => id)
}

function idOf(state: string): string {
  return createHash('sha256').update(state).digest('base64url').slice(0, 22)
}

/** Another site sends the browser to log in, in a window that the person sees. */
function fromElsewhere(someone: Browser, { loginURL }: TestApp, site: string): Promise<Page> {
  const headers = {
    'sec-fetch-site': site,
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  return someone.request(loginURL, { headers })
}

async function whoIs(someone: Browser): Promise<unknown> {
  return bodyOf(await someone.visit(`${app.origin}/`))['user']
}

function at(time: number): void {
  jest.spyOn(Date, 'now').mockReturnValue(time)
}

describe('several pending logins', () => {
  it.each([[[0, 1, 2]], [[0, 2, 1]], [[1, 0, 2]], [[1, 2, 0]], [[2, 0, 1]], [[2, 1, 0]]])(
    'of three tabs are finished in the order %j, each with its own verifier and aim [pending-login-3]',
    async (order) => {
      const tabs: StartedLogin[] = []
      for (const name of ['a', 'b', 'c']) {
        tabs.push(await startLogin(browser, `${app.loginURL}?return_to=/tab/${name}`))
      }
      for (const index of order) {
        const tab = tabs[index]
        if (tab === undefined) throw new Error('no such tab')
        provider.requests.length = 0
        const page = await browser.visit(tab.callback)

        expect(page.location).toBe(`${app.origin}/tab/${'abc'.charAt(index)}`)
        expect(asked(provider)).toEqual(ONE_LOGIN)
        const form = formOf(provider.requests[0])
        expect(form.get('code')).toBe(new URL(tab.callback).searchParams.get('code'))
        expect(await challengeOf(form.get('code_verifier') ?? '')).toBe(
          tab.request.get('code_challenge'),
        )
      }
      expect(app.errors).toEqual([])
      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
      expect(Object.keys(await store.contents())).toEqual([sessionIdOf(browser, app.origin)])
    },
  )

  it('can be finished after another one was denied, and after another one failed', async () => {
    const denied = await startLogin(browser, app.loginURL)
    const failed = await startLogin(browser, app.loginURL)
    const good = await startLogin(browser, app.loginURL)
    const refusal = changed(denied.callback, { code: undefined, error: 'access_denied' })
    expect((await browser.visit(refusal)).status).toBe(403)
    provider.onToken(json({ error: 'invalid_grant' }, 400))
    expect((await browser.visit(failed.callback)).status).toBe(400)
    provider.reset()

    expect((await browser.visit(good.callback)).status).toBe(302)
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
  })

  it.each(['cross-site', 'same-site'])(
    'are not pushed out by those that another site has started, which push out each other: %s',
    async (site) => {
      const own: StartedLogin[] = []
      for (let tab = 0; tab < 3; tab++) own.push(await startLogin(browser, app.loginURL))
      const elsewhere = new Map<string, string>()
      for (let count = 0; count < 20; count++) {
        const { location = '' } = await fromElsewhere(browser, app, site)
        const { location: callback = '' } = await browser.visit(location)
        elsewhere.set(idOf(new URL(callback).searchParams.get('state') ?? ''), callback)
      }
      const newest = [...elsewhere.keys()].slice(-5)
      expect(await pendingIds()).toEqual([...own.map(({ state }) => idOf(state)), ...newest])

      // The one that the person has just followed is there, though the session is full of their own.
      for (let tab = 0; tab < 8; tab++) own.push(await startLogin(browser, app.loginURL))
      const { location = '' } = await fromElsewhere(browser, app, site)
      const { location: followed = '' } = await browser.visit(location)
      expect((await browser.visit(followed)).status).toBe(302)
      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
      for (const { callback } of own.slice(-7)) {
        expect((await browser.visit(callback)).status).toBe(302)
      }
    },
  )

  it('push out those that have expired or are over before any other', async () => {
    const started = Date.now()
    const expired = await startLogin(browser, app.loginURL)
    const over = await startLogin(browser, app.loginURL)
    await browser.visit(changed(over.callback, { code: undefined, error: 'access_denied' }))
    at(started + 601_000)
    const pending: string[] = []
    for (let tab = 0; tab < 4; tab++) {
      const { location = '' } = await fromElsewhere(browser, app, 'cross-site')
      pending.push(idOf(new URL(location).searchParams.get('state') ?? ''))
      pending.push(idOf((await startLogin(browser, app.loginURL)).state))
    }
    const ids = await pendingIds()
    expect(ids).toEqual(pending)
    expect(ids).not.toContain(idOf(expired.state))
  })

  it('are at most eight a session: the ninth pushes out the oldest [pending-login-6]', async () => {
    const logins: StartedLogin[] = []
    for (let index = 0; index < 9; index++) {
      logins.push(await startLogin(browser, app.loginURL))
    }
    const [oldest, ...rest] = logins as [StartedLogin, ...StartedLogin[]]
    expect(await pendingIds()).toEqual(rest.map(({ state }) => idOf(state)))

    expect(bodyOf(await browser.visit(oldest.callback))).toEqual({
      code: 'ERR_PENDING_LOGIN_UNKNOWN',
    })
    expect(asked(provider)).toEqual([])
    for (const { callback } of rest) expect((await browser.visit(callback)).status).toBe(302)
    expect(provider.requestsTo('/token')).toHaveLength(8)
  })

  it('do not make the session grow without end, started or finished', async () => {
    for (let index = 0; index < 30; index++) {
      const { callback } = await startLogin(browser, app.loginURL)
      if (index % 3 === 0) await browser.visit(callback)
    }
    expect(await pendingIds()).toHaveLength(8)
  })

  it('of two browsers are strangers to each other [pending-login-4]', async () => {
    const other = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    await startLogin(other, app.loginURL)
    expect(bodyOf(await other.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
    expect(asked(provider)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
  })

  it('do not count as a login', async () => {
    await startLogin(browser, app.loginURL)
    expect(await whoIs(browser)).toBeNull()
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(401)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
  })
})

describe('a pending login expires', () => {
  it.each([
    ['after ten minutes', undefined, 600_000],
    ['after pendingLoginLifetimeMs', 5_000, 5_000],
  ])(
    '%s, not a millisecond earlier [pending-login-2]',
    async (_when, pendingLoginLifetimeMs, lifetimeMs) => {
      app = await scene.start({ store, strategy: { pendingLoginLifetimeMs } })
      const start = Date.now()
      at(start)
      const early = await startLogin(browser, app.loginURL)
      const late = await startLogin(browser, app.loginURL)

      at(start + lifetimeMs - 1)
      expect((await browser.visit(early.callback)).status).toBe(302)
      expect(asked(provider)).toEqual(ONE_LOGIN)
      provider.reset()

      at(start + lifetimeMs)
      const page = await browser.visit(late.callback)
      expect(page.status).toBe(400)
      expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_EXPIRED' })
      expect(app.errors).toEqual([expect.any(PendingLoginError)])
      expect(asked(provider)).toEqual([])
    },
  )

  it('also for a denial, and stays expired', async () => {
    const start = Date.now()
    at(start)
    const { callback } = await startLogin(browser, app.loginURL)
    at(start + 600_000)
    for (const late of [changed(callback, { code: undefined, error: 'access_denied' }), callback]) {
      expect(bodyOf(await browser.visit(late))).toEqual({ code: 'ERR_PENDING_LOGIN_EXPIRED' })
    }
    expect(asked(provider)).toEqual([])
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })
})

describe('a callback without its pending login says why', () => {
  const hintsOf = (of: TestApp) => {
    expect(of.errors).toEqual([expect.any(PendingLoginError)])
    return (of.errors[0] as PendingLoginError).hints.join('\n')
  }

  it('ERR_PENDING_LOGIN_UNKNOWN: the session never heard of it', async () => {
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await browser.visit(changed(callback, { state: 'forged' }))
    expect(page.status).toBe(400)
    expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
    expect(hintsOf(app)).toBe('')
  })

  it('ERR_PENDING_LOGIN_USED: its code was sent once, and refused [pending-login-1]', async () => {
    const { callback } = await startLogin(browser, app.loginURL)
    provider.onToken(json({ error: 'invalid_grant' }, 400))
    await browser.visit(callback)
    expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual(['POST /token'])
  })

  it('ERR_SESSION_COOKIE_MISSING: no cookie came back', async () => {
    const { callback } = await startLogin(browser, app.loginURL)
    const page = await new Browser().visit(callback)
    expect(page.status).toBe(400)
    expect(bodyOf(page)).toEqual({ code: 'ERR_SESSION_COOKIE_MISSING' })
    expect(hintsOf(app)).toMatch(/host as callbackURL/)
    expect(hintsOf(app)).not.toMatch(/secure|SameSite/)
    expect(asked(provider)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
  })

  it('and hints at a secure cookie over plain HTTP', async () => {
    app = await scene.start({ store, session: { cookie: { secure: true } } })
    const { callback } = await startLogin(browser, app.loginURL)
    expect([...browser.cookies(app.origin)]).toEqual([])
    expect(bodyOf(await browser.visit(callback))).toEqual({ code: 'ERR_SESSION_COOKIE_MISSING' })
    expect(hintsOf(app)).toMatch(/`secure`.*plain HTTP.*"auto"/)
  })

  it('and hints at trust proxy for a secure cookie behind a proxy', async () => {
    app = await scene.start({ store, session: { cookie: { secure: true } } })
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.request(callback, { headers: { 'x-forwarded-proto': 'https' } })
    expect(hintsOf(app)).toMatch(/"trust proxy"/)
    expect(hintsOf(app)).not.toMatch(/plain HTTP/)
  })

  it('and has no such hint once trust proxy is set', async () => {
    app = await scene.start({
      store,
      session: { cookie: { secure: true }, proxy: true },
    })
    const headers = { 'x-forwarded-proto': 'https' }
    const { location = '' } = await browser.request(app.loginURL, { headers })
    const state = new URL(location).searchParams.get('state') ?? ''
    const page = await browser.request(`${app.callbackURL}?code=c&state=${state}`, { headers })
    expect(page.status).toBe(302)
  })

  it.each(['strict', true] as const)('and hints at a cookie of SameSite %s', async (sameSite) => {
    app = await scene.start({ store, session: { cookie: { sameSite } } })
    const { callback } = await startLogin(browser, app.loginURL)
    // As browsers do, that come from another site.
    await new Browser().visit(callback)
    expect(hintsOf(app)).toMatch(/SameSite=Strict.*"lax"/)
  })

  it('and hints at form_post, for which browsers hold back cookies of SameSite lax', async () => {
    const { callback } = await startLogin(browser, app.loginURL)
    const form = Object.fromEntries(new URL(callback).searchParams)
    const page = await new Browser().post(app.callbackURL, form)
    expect(bodyOf(page)).toEqual({ code: 'ERR_SESSION_COOKIE_MISSING' })
    expect(hintsOf(app)).toMatch(/form_post.*SameSite=Lax/)
    expect(asked(provider)).toEqual([])
  })

  it('ERR_SESSION_LOST: the cookie came back, and the store is empty', async () => {
    const { callback } = await startLogin(browser, app.loginURL)
    store.forgetAll()
    const page = await browser.visit(callback)
    expect(page.status).toBe(400)
    expect(bodyOf(page)).toEqual({ code: 'ERR_SESSION_LOST' })
    expect(hintsOf(app)).toMatch(/in-memory store/)
    expect(asked(provider)).toEqual([])
    expect(store.writes).toEqual([])
    expect((await browser.follow(app.loginURL)).status).toBe(200)
  })

  it('ERR_SESSION_LOST: the cookie came back, and the secret has changed', async () => {
    await startLogin(browser, app.loginURL)
    const other = await scene.start({ session: { secret: 'another' } })
    const cookie = browser.cookies(app.origin).get('connect.sid') ?? ''
    browser.setCookie(other.origin, 'connect.sid', cookie)
    const page = await browser.visit(`${other.callbackURL}?code=c&state=s`)
    expect(bodyOf(page)).toEqual({ code: 'ERR_SESSION_LOST' })
    expect(hintsOf(other)).toMatch(/secret/)
  })

  it.each(['login', 'callback?code=c&state=s', 'callback'])(
    'ERR_CONFIGURATION: there is no session middleware before /%s',
    async (path) => {
      app = await scene.start({ session: false })
      const page = await browser.visit(`${app.origin}/auth/${path}`)
      expect(page.status).toBe(500)
      expect(app.errors).toEqual([expect.any(ConfigurationError)])
      expect(String(app.errors[0])).toMatch(/app\.use\(session\(…\)\)/)
      expect(asked(provider)).toEqual([])
    },
  )

  it('ERR_CONFIGURATION: there is no session middleware before /logout', async () => {
    app = await scene.start({ session: false })
    const page = await browser.post(`${app.origin}/auth/logout`)
    expect(page.status).toBe(500)
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
  })
})

describe('a pending login is saved before the browser is sent away', () => {
  it('also by a slow store', async () => {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    const reached = new Promise<void>((resolve) => {
      store.beforeSet = () => {
        resolve()
        return released
      }
    })
    let answered = false
    const login = browser.visit(app.loginURL).finally(() => (answered = true))
    await reached
    // A whole other request has its answer, and the login has not.
    expect((await new Browser().visit(`${app.origin}/`)).status).toBe(200)
    expect(answered).toBe(false)
    expect(await store.contents()).toEqual({})

    release()
    const { location = '' } = await login
    expect(await pendingIds()).toEqual([idOf(new URL(location).searchParams.get('state') ?? '')])
    expect(store.writes).toHaveLength(1)
  })

  it('and when it cannot be saved, there is an error instead of a redirect', async () => {
    const failure = new Error('the disk is full')
    store.beforeSet = () => Promise.reject(failure)
    const page = await browser.visit(app.loginURL)
    expect(page.status).toBe(503)
    expect(page.location).toBeUndefined()
    expect(app.errors[0]).toBeInstanceOf(StorageError)
    expect(app.errors[0]).toMatchObject({ code: 'ERR_STORAGE', cause: failure })

    store.beforeSet = () => Promise.resolve()
    expect((await new Browser().follow(app.loginURL)).status).toBe(200)
  })
})

describe('a login that cannot be saved', () => {
  it.each(['set', 'destroy'] as const)(
    'is an error when %s fails, and nobody is logged in',
    async (method) => {
      const { callback } = await startLogin(browser, app.loginURL)
      const failure = new Error('the disk is full')
      if (method === 'set') store.beforeSet = () => Promise.reject(failure)
      else
        jest.spyOn(store, 'destroy').mockImplementation((_id, callback_) => {
          callback_?.(failure)
        })
      const page = await browser.visit(callback)
      expect(page.status).toBe(503)
      expect(page.location).toBeUndefined()
      expect(app.errors[0]).toBeInstanceOf(StorageError)
      expect(app.errors[0]).toMatchObject({ code: 'ERR_STORAGE', cause: failure })

      jest.restoreAllMocks()
      store.beforeSet = () => Promise.resolve()
      expect(await whoIs(browser)).toBeNull()
      expect(asked(provider)).toEqual(ONE_LOGIN)
      expect((await browser.visit(callback)).status).toBe(400)
      expect(asked(provider)).toEqual(ONE_LOGIN)
      expect((await new Browser().follow(app.loginURL)).status).toBe(200)
    },
  )
})

describe('a callback that comes again after success', () => {
  it.each([
    ['to where the login was going', '?return_to=/cart?step=2', '/cart?step=2'],
    ['home', '', '/'],
  ])('leads %s, asks the provider nothing and writes nothing', async (_where, query, path) => {
    const { callback } = await startLogin(browser, app.loginURL + query)
    await browser.visit(callback)
    const before = await store.contents()
    const id = sessionIdOf(browser, app.origin)
    provider.requests.length = 0
    store.writes.length = 0

    for (let times = 0; times < 3; times++) {
      const page = await browser.visit(callback)
      expect(page.status).toBe(302)
      expect(page.location).toBe(app.origin + path)
    }
    const form = Object.fromEntries(new URL(callback).searchParams)
    expect((await browser.post(app.callbackURL, form)).location).toBe(app.origin + path)

    expect(asked(provider)).toEqual([])
    expect(store.writes).toEqual([])
    expect(await store.contents()).toEqual(before)
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
  })

  it('leads to successRedirect where one is set', async () => {
    app = await scene.start({ router: { ...nextApp, successRedirect: '/welcome' } })
    const { callback } = await startLogin(browser, app.loginURL)
    expect((await browser.visit(callback)).location).toBe(`${app.origin}/welcome`)
    expect((await browser.visit(callback)).location).toBe(`${app.origin}/welcome`)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('does not log in again who has logged out', async () => {
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    await browser.post(`${app.origin}/auth/logout`)
    const page = await browser.visit(callback)
    expect(page.status).toBe(400)
    expect(bodyOf(page)).toEqual({ code: 'ERR_SESSION_LOST' })
    expect(await whoIs(browser)).toBeNull()
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })
})

describe('the tabs of two providers in one session', () => {
  let other: ScriptedProvider

  async function startBoth(): Promise<void> {
    other = await startScriptedProvider()
    app = await scene.start({
      store,
      strategy: { name: 'first' },
      routes: (express, _strategy, origin) => {
        const strategy = new AuthorizationCodeStrategy({
          name: 'second',
          authorizationURL: other.authorizationURL,
          tokenURL: other.tokenURL,
          profileURL: other.profileURL,
          clientID: 'client-2',
          callbackURL: `${origin}/second/callback`,
        })
        express.use('/second', authRouter(strategy, nextApp))
      },
    })
  }

  it.each([
    ['first', 'second'],
    ['second', 'first'],
  ])('can be finished in any order: %s, then %s', async (...order) => {
    await startBoth()
    const logins: Record<string, StartedLogin> = {
      first: await startLogin(browser, `${app.loginURL}?return_to=/first`),
      second: await startLogin(browser, `${app.origin}/second/login?return_to=/second`),
    }
    for (const name of order) {
      const page = await browser.visit(logins[name]?.callback ?? '')
      expect(page.location).toBe(`${app.origin}/${name}`)
      expect(await whoIs(browser)).toMatchObject({ provider: name })
    }
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(asked(other)).toEqual(ONE_LOGIN)
    expect(app.errors).toEqual([])
    await other.close()
  })

  it('do not accept each other’s callbacks [pending-login-5]', async () => {
    await startBoth()
    const { callback } = await startLogin(browser, app.loginURL)
    const { search } = new URL(callback)
    const page = await browser.visit(`${app.origin}/second/callback${search}`)
    expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_UNKNOWN' })
    expect(asked(provider)).toEqual([])
    expect(asked(other)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
    await other.close()
  })
})

async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return Buffer.from(hash).toString('base64url')
}

const PLACES: [string, Partial<AuthorizationCodeOptions>][] = [
  ['the session', {}],
  ['the session, beside grants', { grants: new MemoryGrants() }],
  ['cookies', { pendingLogins: cookiePendingLogins({ secret: 'x'.repeat(32) }) }],
]

describe.each(PLACES)('a logout during a login, with pending logins in %s', (_where, options) => {
  /** Somebody is logged in, and logs in with a second strategy, at `/second`. */
  async function startLoggedIn(
    differs: Partial<AuthorizationCodeOptions> = {},
    verify?: Verify,
  ): Promise<void> {
    app = await scene.start({ strategy: options })
    const second = new AuthorizationCodeStrategy(
      {
        authorizationURL: provider.authorizationURL,
        tokenURL: provider.tokenURL,
        profileURL: provider.profileURL,
        clientID: 'client-1',
        clientSecret: 'secret-1',
        callbackURL: `${app.origin}/second/callback`,
        ...options,
        ...differs,
        name: 'second',
      },
      verify,
    )
    app.app.use('/second', authRouter(second, nextApp))
    await browser.follow(app.loginURL)
    expect(await whoIs(browser)).not.toBeNull()
  }

  /** Logs out in another tab, which has no part in what the first one is told after that. */
  async function logOutBeside(slow: Promise<Page>, gate: Gate): Promise<Page> {
    const twin = new Browser()
    for (const cookie of browser.cookies(app.origin)) twin.setCookie(app.origin, ...cookie)
    await gate.reached
    expect((await twin.post(`${app.origin}/auth/logout`)).status).toBe(303)
    gate.open()
    const page = await slow
    for (const one of [browser, twin]) expect(await whoIs(one)).toBeNull()
    return page
  }

  it.each<[string, number, object, number]>([
    ['succeeds', 201, { request_uri: 'urn:one', expires_in: 60 }, 302],
    ['fails', 503, {}, 503],
  ])('is for good when the pushed request %s', async (_what, status, answer, shown) => {
    const gate = createGate()
    provider.on('/par', (request, response) => {
      void gate.pass().then(() => json(answer, status)(request, response))
    })
    await startLoggedIn({ pushedAuthorizationRequestURL: `${provider.origin}/par` })
    const starting = browser.visit(`${app.origin}/second/login`)
    expect((await logOutBeside(starting, gate)).status).toBe(shown)
  })

  it.each<[string, Script, Verify | undefined, number]>([
    ['the exchange fails', json({ error: 'invalid_grant' }, 400), undefined, 400],
    ['verify refuses', json(tokenResponse()), () => Promise.resolve(false), 403],
    ['verify throws', json(tokenResponse()), () => Promise.reject(new Error('no')), 500],
  ])('is for good when %s', async (_what, answer, verify, shown) => {
    await startLoggedIn({}, verify)
    const { callback } = await startLogin(browser, `${app.origin}/second/login`)
    const gate = createGate()
    provider.onToken((request, response) => {
      void gate.pass().then(() => answer(request, response))
    })
    expect((await logOutBeside(browser.visit(callback), gate)).status).toBe(shown)
  })
})

describe('a callback that has failed', () => {
  it('is spent in the stored session too, and other tabs and the login go on', async () => {
    await browser.follow(app.loginURL)
    const failing = await startLogin(browser, app.loginURL)
    const other = await startLogin(browser, app.loginURL)
    provider.onToken(json({ error: 'invalid_grant' }, 400))
    expect((await browser.visit(failing.callback)).status).toBe(400)
    const session = Object.values(await store.contents())[0]
    expect(session).toMatchObject({
      'oauth2:oauth2': {
        pendingLogins: [
          { used: true },
          { id: idOf(other.state), redirectUri: app.callbackURL },
          { id: idOf(failing.state), used: true },
        ],
      },
    })
    expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
    provider.onToken(json(tokenResponse()))
    expect((await browser.visit(other.callback)).status).toBe(302)
  })
})
