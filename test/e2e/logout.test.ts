import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { guardSessionStore } from '../../src/index.js'
import type { AuthorizationCodeOptions, GrantStore } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { createGate } from '../support/gate.js'
import { GRANT_MODES, grantsIn, inStore } from '../support/grant-modes.js'
import type { KeepTokens } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { asked, bodyOf, formOf, ONE_LOGIN, sessionIdOf } from '../support/login.js'
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
const ONE_REFRESH: readonly string[] = ['POST /token']
const ONE_REVOCATION: readonly string[] = ['POST /revoke']

const scene = setScene()
let provider: ScriptedProvider
let rotating: RotatingProvider
let routes: SessionRoutes
let store: RecordingStore
/** Where each process of a test keeps its tokens. */
let kept: ReturnType<KeepTokens>
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  rotating = rotateRefreshTokens(provider)
  routes = sessionRoutes(rotating.resourceURL)
  store = new RecordingStore()
  browser = new Browser()
})

/** An application whose provider can revoke; all of one test share their stores, as processes do. */
function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: SceneAppOptions = {},
): Promise<TestApp> {
  const { revocationURL } = rotating
  return scene.start({
    store,
    routes: routes.add,
    ...options,
    strategy: { ...kept(), revocationURL, ...strategy },
  })
}

async function logIn(app: TestApp): Promise<void> {
  await browser.follow(app.loginURL)
  provider.requests.length = 0
  store.writes.length = 0
}

function logOut({ origin }: TestApp): Promise<Page> {
  return browser.post(`${origin}/auth/logout`)
}

function tokenPage({ origin }: TestApp): Promise<Page> {
  return browser.visit(`${origin}/token`)
}

async function whoIs({ origin }: TestApp): Promise<unknown> {
  return bodyOf(await browser.visit(`${origin}/`))['user']
}

/** Resolves when the provider has been asked to revoke so many tokens. */
function revocations(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    rotating.beforeRevoked = () => {
      left -= 1
      if (left === 0) resolve()
      return Promise.resolve()
    }
  })
}

/** The same session cookie at another process of the application. */
function goTo(twin: TestApp, from: TestApp): void {
  for (const [name, value] of browser.cookies(from.origin)) {
    browser.setCookie(twin.origin, name, value)
  }
}

const REFRESH_TOKEN = { token: 'refresh-token-1-of-ada', hint: 'refresh_token' }
const ACCESS_TOKEN = { token: 'access-token-1-of-ada', hint: 'access_token' }

/** The two go out together. */
function revoked(): unknown[] {
  return [...rotating.revocations].sort((a, b) => (a.token < b.token ? 1 : -1))
}

describe.each(GRANT_MODES)('logging out, with %s,', (_where, keep) => {
  beforeEach(() => {
    kept = keep()
  })

  it('ends the grant, then destroys the session, and revokes the refresh token [logout-2]', async () => {
    const app = await start()
    await logIn(app)
    const id = sessionIdOf(browser, app.origin) ?? ''
    const answers: number[] = []
    const destroy = store.destroy.bind(store)
    store.destroy = (...args) => {
      // The session is there still, and nobody gets a token for it.
      void tokenPage(app).then(({ status }) => {
        answers.push(status)
        destroy(...args)
      })
    }
    const done = revocations(1)

    const page = await logOut(app)
    await done

    expect([page.status, page.location]).toEqual([303, `${app.origin}/`])
    expect(answers).toEqual([401])
    expect(store.writes.at(-1)).toEqual({ method: 'destroy', id })
    expect(revoked()).toEqual([REFRESH_TOKEN])
    expect(asked(provider)).toEqual(ONE_REVOCATION)
    expect(await store.contents()).toEqual({})
    expect(await whoIs(app)).toBeNull()
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_LOGIN_REQUIRED' })])
  })

  it.each<[string, Partial<AuthorizationCodeOptions>]>([
    ['nothing', {}],
    ['the fields to keep', { keepSession: ['kept'] }],
  ])(
    'ends a session whose id has characters that a cookie encodes, and leaves %s of it',
    async (_what, strategy) => {
      let made = 0
      const genid = () => `+/ü of the application, ${(made += 1)}`
      const app = await start(strategy, {
        session: { genid },
        routes: (one) => {
          one.get('/keep', (req, res) => {
            Object.assign(req.session, { kept: true })
            res.end()
          })
        },
      })
      await logIn(app)
      await browser.visit(`${app.origin}/keep`)
      const cookie = browser.cookies(app.origin).get('connect.sid') ?? ''
      expect((await logOut(app)).status).toBe(303)
      expect(await whoIs(app)).toBeNull()
      browser.setCookie(app.origin, 'connect.sid', cookie)
      expect(await whoIs(app)).toBeNull()
      expect(Object.values(await store.contents())).toHaveLength(strategy.keepSession?.length ?? 0)
    },
  )

  it('revokes the newest tokens, though the session has older ones', async () => {
    const app = await start()
    await logIn(app)
    const slow = browser.visit(`${app.origin}/slow-note?text=slow`)
    await routes.slow.reached
    advanceClock(HOUR)
    await tokenPage(app)
    routes.slow.open()
    await slow

    const done = revocations(1)
    await logOut(app)
    await done
    expect(revoked()).toEqual([{ token: 'refresh-token-2-of-ada', hint: 'refresh_token' }])
    expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REVOCATION])
  })

  it.each<[string, Partial<AuthorizationCodeOptions>, Record<string, string>, string | undefined]>([
    ['client_secret_post', {}, { client_id: 'client-1', client_secret: 'secret-1' }, undefined],
    [
      'client_secret_basic',
      { clientAuthentication: 'client_secret_basic' },
      {},
      `Basic ${Buffer.from('client-1:secret-1').toString('base64')}`,
    ],
    ['none', { clientAuthentication: 'none' }, { client_id: 'client-1' }, undefined],
  ])('revokes with the client’s own authentication: %s', async (_method, options, form, header) => {
    const app = await start(options)
    await logIn(app)
    const done = revocations(1)
    await logOut(app)
    await done
    expect(revoked()).toEqual([REFRESH_TOKEN])
    for (const request of provider.requests) {
      expect(Object.fromEntries(formOf(request))).toEqual({
        token: expect.any(String),
        token_type_hint: expect.any(String),
        ...form,
      })
      expect(request.headers.authorization).toBe(header)
    }
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })

  it('revokes the access token alone when there is no refresh token', async () => {
    rotating.response = { refresh_token: undefined }
    const app = await start()
    await logIn(app)
    const done = revocations(1)
    await logOut(app)
    await done
    expect(revoked()).toEqual([ACCESS_TOKEN])
    expect(asked(provider)).toEqual(['POST /revoke'])
  })

  it('asks the provider nothing when it has no revocation endpoint, and ends the grant all the same', async () => {
    const app = await start({ revocationURL: undefined })
    await logIn(app)
    const before = await store.contents()
    expect((await logOut(app)).status).toBe(303)

    await putBack(before)
    advanceClock(HOUR)
    expect((await tokenPage(app)).status).toBe(401)
    expect(asked(provider)).toEqual([])
  })

  it('asks the provider nothing when nobody is logged in', async () => {
    const app = await start()
    expect((await logOut(app)).status).toBe(303)
    expect(asked(provider)).toEqual([])
    expect(app.errors).toEqual([])
  })

  const FAILURES: [string, Script, number][] = [
    ['answers 400', json({ error: 'invalid_request' }, 400), 2],
    ['answers 401', json({ error: 'invalid_client' }, 401, { 'www-authenticate': 'Basic' }), 2],
    ['answers 500', json({}, 500), 2],
    ['answers with a page', (_request, response) => response.end('<!doctype html><p>Bye'), 1],
    ['answers with {}', json({}), 1],
    ['answers with a redirect', json({}, 302, { location: '/elsewhere' }), 1],
    ['cuts the connection', (_request, response) => response.destroy(), 2],
    ['never answers', () => undefined, 1],
  ]

  it.each(FAILURES)(
    'is not kept from it by a revocation endpoint that %s',
    async (_what, script, count) => {
      const app = await start({ timeoutMs: 200 })
      await logIn(app)
      const came = new Promise<void>((resolve) => {
        let left = count
        provider.on('/revoke', (request, response) => {
          script(request, response)
          left -= 1
          if (left === 0) resolve()
        })
      })
      expect((await logOut(app)).status).toBe(303)
      await came
      expect(await whoIs(app)).toBeNull()
      expect(await store.contents()).toEqual({})
      // The access token is revoked only if the refresh token was not.
      expect(asked(provider)).toEqual(Array<string>(count).fill('POST /revoke'))
      expect(app.errors).toEqual([])

      provider.requests.length = 0
      await browser.follow(app.loginURL)
      expect(await whoIs(app)).toMatchObject({ id: 'ada' })
      expect(asked(provider)).toEqual(ONE_LOGIN)
    },
  )

  it('does not wait for the provider to revoke', async () => {
    const app = await start()
    await logIn(app)
    const gate = createGate()
    rotating.beforeRevoked = gate.pass
    expect((await logOut(app)).status).toBe(303)
    await gate.reached
    expect(await whoIs(app)).toBeNull()
    gate.open()
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })

  it('is a 503 when the session cannot be destroyed; the grant has ended, and the next try succeeds', async () => {
    const app = await start()
    await logIn(app)
    const destroy = store.destroy.bind(store)
    store.destroy = (_id, callback) => callback?.(new Error('the store is down'))
    const done = revocations(1)
    expect((await logOut(app)).status).toBe(503)
    await done
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_STORAGE' })])
    expect(asked(provider)).toEqual(ONE_REVOCATION)

    store.destroy = destroy
    expect((await logOut(app)).status).toBe(303)
    expect(await store.contents()).toEqual({})
  })
})

describe('logging out while the store of the grants', () => {
  it('is out of reach succeeds, and revokes what the process knows', async () => {
    const inner = createMemoryStore()
    const app = await start({ grants: grantsIn(inner) })
    await logIn(app)
    refuse(inner, 'get', 'compareAndSet', 'unlink')
    const done = revocations(1)
    expect((await logOut(app)).status).toBe(303)
    await done
    expect(await store.contents()).toEqual({})
    expect(revoked()).toEqual([REFRESH_TOKEN])
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })

  it('takes no writes ends the grant here at once, and for the others when it does again', async () => {
    const inner = createMemoryStore()
    const app = await start({ grants: grantsIn(inner) })
    const twin = await start({ grants: grantsIn(inner) })
    await logIn(app)
    goTo(twin, app)
    const before = await store.contents()
    const allow = refuse(inner, 'compareAndSet')
    const done = revocations(1)
    expect((await logOut(app)).status).toBe(303)
    await done
    await putBack(before)
    expect((await tokenPage(app)).status).not.toBe(200)
    allow()
    expect((await tokenPage(app)).status).toBe(401)
    expect((await tokenPage(twin)).status).toBe(401)
  })
})

describe.each(GRANT_MODES)('strategy.endGrant, with %s,', (_where, keep) => {
  beforeEach(() => {
    kept = keep()
  })

  it('ends the grant, waits for the provider to revoke it, and leaves the session', async () => {
    const app = await start()
    await logIn(app)
    await browser.visit(`${app.origin}/note?text=mine`)
    const id = sessionIdOf(browser, app.origin)
    const gate = createGate()
    rotating.beforeRevoked = gate.pass
    let ended = false
    const ending = browser.visit(`${app.origin}/end-grant`).then((page) => {
      ended = true
      return page
    })
    await gate.reached
    expect((await tokenPage(app)).status).toBe(401)
    expect(ended).toBe(false)
    gate.open()
    expect((await ending).status).toBe(200)

    expect(revoked()).toEqual([REFRESH_TOKEN])
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(await whoIs(app)).toMatchObject({ id: 'ada' })
    expect(bodyOf(await browser.visit(`${app.origin}/read`))).toEqual({ notes: ['mine'] })
    expect(bodyOf(await tokenPage(app))).toEqual({ code: 'ERR_LOGIN_REQUIRED' })
    expect(app.errors).toEqual([
      expect.objectContaining({ reason: 'no_tokens' }),
      expect.objectContaining({ reason: 'no_tokens' }),
    ])
    expect(asked(provider)).toEqual(ONE_REVOCATION)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
  })

  it('gives up on a provider that never answers', async () => {
    const app = await start({ timeoutMs: 200 })
    await logIn(app)
    provider.on('/revoke', () => undefined)
    expect((await browser.visit(`${app.origin}/end-grant`)).status).toBe(200)
    expect((await tokenPage(app)).status).toBe(401)
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })

  it('does nothing for a session without a grant', async () => {
    const app = await start()
    expect((await browser.visit(`${app.origin}/end-grant`)).status).toBe(200)
    expect(asked(provider)).toEqual([])
    expect(await store.contents()).toEqual({})
  })

  it('leaves nothing to renew to a slow request that writes the old session back', async () => {
    const app = await start()
    await logIn(app)
    const slow = browser.visit(`${app.origin}/slow-note?text=slow`)
    await routes.slow.reached
    await browser.visit(`${app.origin}/end-grant`)
    routes.slow.open()
    await slow
    advanceClock(HOUR)
    expect((await tokenPage(app)).status).toBe(401)
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })
})

describe.each<[string, KeepTokens, isOther: boolean]>([
  ['this process, with tokens in the session', () => () => ({}), false],
  ['this process, with grants in a store', inStore, false],
  ['another process that shares the store of the grants', inStore, true],
])('a request under way when somebody logs out in %s', (_where, keep, isOther) => {
  let app: TestApp
  let exit: TestApp

  async function startBoth(guarded: boolean): Promise<void> {
    kept = keep()
    const one = (): Promise<TestApp> => {
      const own = kept()
      return start(own, { store: guarded ? guardSessionStore(store, own) : store })
    }
    app = await one()
    exit = isOther ? await one() : app
    await logIn(app)
    goTo(exit, app)
  }

  it.each([true, false])(
    'gets no token from a refresh that ends afterwards, whose tokens are revoked (guarded: %s)',
    async (guarded) => {
      await startBoth(guarded)
      advanceClock(HOUR)
      const gate = createGate()
      rotating.beforeAnswer = gate.pass
      const refreshing = tokenPage(app)
      await gate.reached
      const first = revocations(1)
      expect((await logOut(exit)).status).toBe(303)
      await first
      const second = revocations(1)
      gate.open()

      expect(bodyOf(await refreshing)).toEqual({ code: 'ERR_LOGIN_REQUIRED' })
      await second
      expect(revoked()).toEqual([
        { token: 'refresh-token-2-of-ada', hint: 'refresh_token' },
        { token: 'refresh-token-1-of-ada', hint: 'refresh_token' },
      ])
      expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REVOCATION, ...ONE_REVOCATION])
      expect(await store.contents()).toEqual({})
      expect(await whoIs(app)).toBeNull()
      expect(rotating.reused).toEqual([])
    },
  )

  it('revives nothing with a refresh in the background', async () => {
    await startBoth(true)
    advanceClock(HOUR - 30)
    const gate = createGate()
    rotating.beforeAnswer = gate.pass
    expect((await tokenPage(app)).status).toBe(200)
    await gate.reached
    const all = revocations(2)
    await logOut(exit)
    gate.open()
    await all
    expect(await store.contents()).toEqual({})
    expect(rotating.revocations).toHaveLength(2)
    expect(asked(provider)).toEqual([...ONE_REFRESH, ...ONE_REVOCATION, ...ONE_REVOCATION])
  })

  it('does not bring the session back under guardSessionStore when it has changed it', async () => {
    await startBoth(true)
    const slow = browser.visit(`${app.origin}/slow-note?text=slow`)
    await routes.slow.reached
    await logOut(exit)
    routes.slow.open()
    expect((await slow).status).toBe(200)

    expect(await store.contents()).toEqual({})
    expect(await whoIs(app)).toBeNull()
    expect(await whoIs(exit)).toBeNull()
    expect((await tokenPage(app)).status).toBe(401)
  })

  it('does not bring back the session that a login has replaced', async () => {
    await startBoth(true)
    const old = sessionIdOf(browser, app.origin) ?? ''
    const slow = browser.visit(`${app.origin}/slow-note?text=slow`)
    await routes.slow.reached
    await browser.follow(exit.loginURL)
    routes.slow.open()
    await slow
    const fresh = sessionIdOf(browser, exit.origin) ?? ''
    expect(fresh).not.toBe(old)
    expect(Object.keys(await store.contents())).toEqual([fresh])
    expect(await whoIs(exit)).toMatchObject({ id: 'ada' })
  })

  it('cannot revive the grant, even where it brings the session back [logout-1]', async () => {
    await startBoth(false)
    const slow = browser.visit(`${app.origin}/slow-note?text=slow`)
    await routes.slow.reached
    const done = revocations(1)
    await logOut(exit)
    await done
    routes.slow.open()
    await slow
    expect(Object.keys(await store.contents())).toHaveLength(1)

    advanceClock(HOUR)
    expect((await tokenPage(app)).status).toBe(401)
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })

  it('sends no token to a resource in a session that was written back', async () => {
    await startBoth(false)
    const before = await store.contents()
    const done = revocations(1)
    await logOut(exit)
    await done
    await putBack(before)
    expect((await browser.visit(`${app.origin}/resource`)).status).toBe(401)
    expect(asked(provider)).toEqual(ONE_REVOCATION)
  })
})

/** What a slow request without a guard does. */
async function putBack(sessions: Readonly<Record<string, object>>): Promise<void> {
  for (const [id, session] of Object.entries(sessions)) {
    await new Promise<unknown>((done) =>
      MemoryStore.prototype.set.call(store, id, session as never, done),
    )
  }
}

/** Lets methods of a store fail until the result is called. */
function refuse(inner: GrantStore, ...methods: readonly (keyof GrantStore)[]): () => void {
  const spies = methods.map((method) =>
    jest.spyOn(inner, method).mockImplementation(async () => {
      await setImmediate()
      throw new Error('the store is down')
    }),
  )
  return () => spies.forEach((spy) => spy.mockRestore())
}
