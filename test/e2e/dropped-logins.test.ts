import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import passport from 'passport'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { authRouter, AuthorizationCodeStrategy, guardSessionStore } from '../../src/index.js'
import type { AuthorizationCodeOptions, GrantStore, Grants } from '../../src/index.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { setEndingScene } from '../support/ending-scene.js'
import { createGate } from '../support/gate.js'
import type { Gate } from '../support/gate.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { changed, logInAs, startLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { until } from '../support/until.js'

/** What a session held, and holds no more: nobody would ever end it. */

const scene = setEndingScene()
const WHERE = ['in the session', 'in a store'] as const

let store: GrantStore
let grants: Grants | undefined
let sessions: RecordingStore
let browser: Browser
let user: { id: string }
let slowLogout: Gate
let serialize: (user: { id: string }) => Promise<object>
/** The strategies of the application, by the path of their routes. */
let strategies: Record<string, AuthorizationCodeStrategy>

beforeAll(() => {
  passport.serializeUser((one, done) => {
    serialize(one as { id: string }).then((same) => done(null, same), done)
  })
  passport.deserializeUser((one: object, done) => done(null, one))
})
beforeEach(() => {
  store = createMemoryStore()
  grants = grantsIn(store)
  sessions = new RecordingStore()
  browser = new Browser()
  user = { id: 'me' }
  slowLogout = createGate()
  serialize = (one) => Promise.resolve(one)
  strategies = {}
})

/** People log in at `/auth` and `/other`, and connect providers at `/calendar` and `/files`. */
async function start(
  options: Partial<AuthorizationCodeOptions> = {},
  ofCalendar: Partial<AuthorizationCodeOptions> = {},
  sessionStore = sessions,
): Promise<TestApp> {
  const { provider, rotating } = scene
  const { authorizationURL, tokenURL, profileURL } = provider
  const common = {
    authorizationURL,
    tokenURL,
    profileURL,
    revocationURL: rotating.revocationURL,
    revocationEnds: 'token',
    clientSecret: 'secret-1',
    ...(grants && { grants }),
    ...options,
  } as const
  const onError = (error: unknown, _req: unknown, _res: unknown, next: (e: unknown) => void) =>
    next(error)
  return startApp({
    strategy: { ...common, name: 'home' },
    verify: () => user,
    store: sessionStore,
    routes: (app, home, origin) => {
      strategies = { auth: home }
      app.get('/slow-logout', (req, res, next) => {
        slowLogout
          .pass()
          .then(() => home.logOut(req))
          .then(() => res.end(), next)
      })
      for (const name of ['other', 'calendar', 'files']) {
        const strategy = new AuthorizationCodeStrategy(
          {
            ...common,
            clientID: 'client-1',
            name,
            callbackURL: `${origin}/${name}/callback`,
            ...(name === 'calendar' && ofCalendar),
          },
          () => user,
        )
        strategies[name] = strategy
        app.use(`/${name}`, authRouter(strategy, { connect: name !== 'other', onError }))
      }
    },
  })
}

async function withApp(
  work: (app: TestApp) => Promise<void>,
  ...given: Parameters<typeof start>
): Promise<void> {
  const app = await start(...given)
  await work(app).finally(() => app.close())
}

/** The whole login of an account at the provider, by the strategy of this path. */
async function logIn(app: TestApp, path: string, who: string): Promise<void> {
  const { status } = await logInAs(who, browser, `${app.origin}/${path}/login`)
  if (status !== 302) throw new Error(`It ended with ${status}: ${app.errors.join()}`)
}

/** A callback that has not been visited yet. */
async function callbackOf(app: TestApp, path: string, who: string): Promise<string> {
  const { callback } = await startLogin(browser, `${app.origin}/${path}/login`)
  return changed(callback, { code: `code-of-${who}` })
}

/** From which accounts refresh tokens were revoked, in alphabetical order; waits until it is so many accounts. */
async function revokedFrom(count: number): Promise<readonly (string | undefined)[]> {
  const tokens = await scene.revoked(count)
  return tokens.map((token) => token.split('-of-')[1]).sort()
}

/** What a job gets: an access token, or why there is none. */
function jobOf(path: string): Promise<unknown> | undefined {
  return strategies[path]
    ?.accessToken({ account: 'me' })
    .catch((error: unknown) => (error as { reason?: unknown }).reason)
}

describe.each(WHERE)('a login over a login, with tokens %s,', (where) => {
  beforeEach(() => {
    if (where === 'in the session') grants = undefined
  })

  it('ends what another provider had there', () =>
    withApp(async (app) => {
      await logIn(app, 'auth', 'ada')
      await logIn(app, 'other', 'adele')
      expect(await revokedFrom(1)).toEqual(['ada'])
      expect(await jobOf('auth')).toBe(grants && 'no_tokens')
    }))

  it.each(['me', 'somebody else'])('of %s, ends what was connected', (id) =>
    withApp(async (app) => {
      await logIn(app, 'auth', 'ada')
      await logIn(app, 'calendar', 'calvin')
      user = { id }
      await logIn(app, 'auth', 'ada2')
      expect(await revokedFrom(2)).toEqual(['ada', 'calvin'])
      expect(await jobOf('calendar')).toBe(grants && 'no_tokens')
    }),
  )

  it('leaves what keepSession keeps', () =>
    withApp(
      async (app) => {
        await logIn(app, 'auth', 'ada')
        await logIn(app, 'calendar', 'calvin')
        await logIn(app, 'auth', 'ada2')
        expect(await revokedFrom(1)).toEqual(['ada'])
        const page = await browser.post(`${app.origin}/auth/logout`)
        expect(page.status).toBe(303)
        expect(await revokedFrom(3)).toEqual(['ada', 'ada2', 'calvin'])
      },
      { keepSession: ['kept'] },
      { sessionKey: 'kept', keepSession: [] },
    ))

  it('ends it too if the new one then fails', () =>
    withApp(async (app) => {
      await logIn(app, 'auth', 'ada')
      await logIn(app, 'calendar', 'calvin')
      serialize = () => Promise.reject(new Error('Not a user of ours.'))
      const page = await browser.visit(await callbackOf(app, 'other', 'adele'))
      expect(page.status).toBe(500)
      expect(await revokedFrom(3)).toEqual(['ada', 'adele', 'calvin'])
    }))
})

describe('a login over a login', () => {
  it('leaves grants that survive logging out', () =>
    withApp(
      async (app) => {
        await logIn(app, 'auth', 'ada')
        await logIn(app, 'calendar', 'calvin')
        await logIn(app, 'other', 'adele')
        expect(await jobOf('auth')).toMatch('-of-ada')
        expect(await jobOf('calendar')).toMatch('-of-calvin')
        expect(await revokedFrom(0)).toEqual([])
      },
      { grantLifetime: 'account' },
    ))

  it('succeeds if the store of another provider’s grants fails', async () => {
    let isAway = false
    const failing = new Proxy(createMemoryStore(), {
      get: (target, name) =>
        isAway
          ? () => Promise.reject(new Error('The store is away.'))
          : (Reflect.get(target, name) as unknown),
    })
    await withApp(
      async (app) => {
        await logIn(app, 'auth', 'ada')
        await logIn(app, 'calendar', 'calvin')
        isAway = true
        await logIn(app, 'other', 'adele')
        expect(await revokedFrom(2)).toEqual(['ada', 'calvin'])
      },
      {},
      { grants: grantsIn(failing) },
    )
  })

  it('ends it too if the new grant cannot be stored', async () => {
    let isFull = false
    grants = grantsIn({
      ...store,
      link: (...link) =>
        isFull ? Promise.reject(new Error('The store is full.')) : store.link(...link),
    })
    await withApp(async (app) => {
      await logIn(app, 'auth', 'ada')
      isFull = true
      const page = await browser.visit(await callbackOf(app, 'other', 'adele'))
      expect(page.status).toBe(503)
      expect(await revokedFrom(2)).toEqual(['ada', 'adele'])
    })
  })
})

describe('a provider that is being connected', () => {
  /** Lets the person do something while the provider answers. */
  async function during(callback: string, work: () => Promise<unknown>): Promise<Page> {
    const gate = createGate()
    scene.provider.onProfile((_request, response) => {
      void gate.pass().then(() => response.end('{"sub":"calvin"}'))
    })
    const page = browser.visit(callback)
    await gate.reached
    await work()
    gate.open()
    return page
  }

  it.each([
    [undefined, true, 0],
    ['grant', true, 0],
    ['token', true, 1],
    [undefined, false, 1],
    ['grant', false, 1],
  ] as const)(
    'when the person logs out, is revoked if that ends nothing else: revocationEnds %s, connected elsewhere: %s',
    (revocationEnds, isElsewhere, count) =>
      withApp(
        async (app) => {
          if (isElsewhere) {
            await logIn(app, 'auth', 'ada')
            await logIn(app, 'calendar', 'calvin')
            browser = new Browser()
          }
          await logIn(app, 'auth', 'ada')
          const callback = await callbackOf(app, 'calendar', 'calvin')
          const page = await during(callback, () => browser.post(`${app.origin}/auth/logout`))
          expect(page.status).toBe(401)
          const revoked = await scene.revoked(count)
          expect(revoked.filter((token) => token.endsWith('calvin'))).toHaveLength(count)
        },
        {},
        { revocationEnds },
      ),
  )

  it.each(['plain', 'guarded'])(
    'ends if the logout had read the session before: a %s session store',
    (kind) =>
      withApp(
        async (app) => {
          await logIn(app, 'auth', 'ada')
          const callback = await callbackOf(app, 'calendar', 'calvin')
          const leaving = browser.visit(`${app.origin}/slow-logout`)
          await slowLogout.reached
          expect((await browser.visit(callback)).status).toBe(302)
          slowLogout.open()
          await leaving
          expect(await revokedFrom(2)).toEqual(['ada', 'calvin'])
          expect(await jobOf('calendar')).toBe('no_tokens')
        },
        {},
        {},
        kind === 'guarded' ? guardSessionStore(sessions) : sessions,
      ),
  )

  it('ends if the person logs out while the session is written', () =>
    withApp(
      async (app) => {
        await logIn(app, 'auth', 'ada')
        const callback = await callbackOf(app, 'calendar', 'calvin')
        const gate = createGate()
        sessions.beforeSet = gate.pass
        const connecting = browser.visit(callback)
        await gate.reached
        const leaving = browser.post(`${app.origin}/auth/logout`)
        await until(() => jobOf('auth')?.then((token) => token === 'no_tokens') ?? true)
        gate.open()
        await leaving
        expect((await connecting).status).toBe(401)
        expect(await revokedFrom(2)).toEqual(['ada', 'calvin'])
        expect(await jobOf('calendar')).toBe('no_tokens')
      },
      {},
      {},
      guardSessionStore(sessions),
    ))

  it('is revoked if the session cannot be read', () =>
    withApp(async (app) => {
      await logIn(app, 'auth', 'ada')
      const callback = await callbackOf(app, 'calendar', 'calvin')
      const page = await during(callback, () => {
        sessions.get = (_id, done) => done(new Error('The store is away.'))
        return Promise.resolve()
      })
      expect(page.status).toBe(503)
      expect(await revokedFrom(1)).toEqual(['calvin'])
    }))

  it('stays if another one is connected at the same time', () =>
    withApp(async (app) => {
      await logIn(app, 'auth', 'ada')
      const callbacks = [
        await callbackOf(app, 'calendar', 'calvin'),
        await callbackOf(app, 'files', 'fiona'),
      ]
      const gate = createGate()
      sessions.beforeSet = gate.pass
      const connecting = callbacks.map((callback) => browser.visit(callback))
      await gate.reached
      await until(() => scene.provider.requestsTo('/me').length === 3)
      gate.open()
      for (const page of connecting) expect((await page).status).toBe(302)
      await browser.post(`${app.origin}/auth/logout`)
      expect(await revokedFrom(3)).toEqual(['ada', 'calvin', 'fiona'])
    }))
})
