import { beforeEach, describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import {
  ConfigurationError,
  cookiePendingLogins,
  CrossSiteRequestError,
  StorageError,
} from '../../src/index.js'
import type { StartLoginOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { bodyOf, changed } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'

const scene = setScene()
let browser: Browser
let seen: unknown[]

beforeEach(() => {
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user, done) => done(null, user as Express.User))
  browser = new Browser()
  seen = []
})

/** An app whose `/start` starts a login with these options. */
function startWith(options: StartLoginOptions, others: SceneAppOptions = {}): Promise<TestApp> {
  return scene.start({
    ...others,
    verify: ({ appState }) => {
      seen.push(appState)
      return { id: 'ada' }
    },
    routes: (app, strategy) => {
      app.all('/start', (req, res, next) => {
        strategy.startLogin(req, res, options).catch(next)
      })
    },
  })
}

async function begin(app: TestApp): Promise<URLSearchParams> {
  const { location } = await browser.visit(`${app.origin}/start`)
  return new URL(location ?? 'about:blank').searchParams
}

describe('startLogin', () => {
  it('sends the options of this login to the provider, and comes back to returnTo', async () => {
    const app = await startWith({
      scope: ['profile', 'files'],
      prompt: 'select_account',
      loginHint: 'ada@example.com',
      authorizationParameters: { ui_locales: 'de' },
      returnTo: '/settings?tab=2',
    })
    const request = await begin(app)
    expect(Object.fromEntries(request)).toMatchObject({
      scope: 'profile files',
      prompt: 'select_account',
      login_hint: 'ada@example.com',
      ui_locales: 'de',
    })
    expect((await browser.follow(`${app.origin}/start`)).url).toBe(`${app.origin}/settings?tab=2`)
  })

  it('takes ?return_to= of the request if returnTo is left out', async () => {
    const app = await startWith({})
    const page = await browser.follow(`${app.origin}/start?return_to=${encodeURIComponent('/x')}`)
    expect(page.url).toBe(`${app.origin}/x`)
  })

  it.each(['//evil.example', 'https://evil.example/', 'cart', '', `/${'a'.repeat(2048)}`])(
    'refuses to come back to %j',
    async (returnTo) => {
      const app = await startWith({ returnTo })
      expect((await browser.visit(`${app.origin}/start`)).status).toBe(500)
      expect(app.errors).toEqual([expect.any(ConfigurationError)])
      expect(app.errors[0]).toMatchObject({ option: 'returnTo' })
    },
  )

  it('refuses an option that does not exist, and a prompt that contradicts itself', async () => {
    const unknown = await startWith({ loginhint: 'ada' } as never)
    await browser.visit(`${unknown.origin}/start`)
    expect(unknown.errors[0]).toMatchObject({ message: expect.stringContaining('loginHint') })

    const both = await startWith({ prompt: 'none login' })
    await browser.visit(`${both.origin}/start`)
    expect(both.errors[0]).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'prompt' })
  })

  it('starts nothing for a prefetch or HEAD', async () => {
    const store = new RecordingStore()
    const app = await startWith({}, { store })
    const prefetched = await browser.request(`${app.origin}/start`, {
      headers: { 'sec-purpose': 'prefetch' },
    })
    const head = await browser.request(`${app.origin}/start`, { method: 'HEAD' })
    expect([prefetched.status, head.status]).toEqual([503, 200])
    expect(store.writes).toEqual([])
  })

  it('starts nothing that another site begins in a frame', async () => {
    const app = await startWith({})
    await browser.request(`${app.origin}/start`, {
      headers: {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'iframe',
      },
    })
    expect(app.errors).toEqual([expect.any(CrossSiteRequestError)])
  })

  it('redirects with 303 after a form', async () => {
    const app = await startWith({})
    expect((await browser.post(`${app.origin}/start`)).status).toBe(303)
  })

  it('fails with a StorageError, and redirects nowhere, while the session store is down', async () => {
    const store = new RecordingStore()
    store.set = (_id, _session, callback) => callback?.(new Error('away'))
    const app = await startWith({}, { store })
    const page = await browser.visit(`${app.origin}/start`)
    expect(page.location).toBeUndefined()
    expect(app.errors).toEqual([expect.any(StorageError)])
  })
})

describe('appState', () => {
  const state = { cart: 'cart-4711', items: [1, 2] }

  it.each<[string, SceneAppOptions]>([
    ['the session', {}],
    ['a sealed session', { strategy: { tokenSecret: 'a secret of at least 32 characters' } }],
    [
      'a cookie',
      {
        strategy: {
          pendingLogins: cookiePendingLogins({ secret: 'a secret of at least 32 characters' }),
        },
      },
    ],
  ])('comes back in verify from %s, and is in no URL', async (where, others) => {
    const store = new RecordingStore()
    const app = await startWith({ appState: state }, { ...others, store })
    const { location = '' } = await browser.visit(`${app.origin}/start`)
    expect(location).not.toContain('4711')
    const stored = JSON.stringify(await store.contents()) + [...browser.cookies(app.origin)].join()
    expect(stored.includes('4711')).toBe(where === 'the session')

    await browser.follow(location)
    expect(seen).toEqual([state])
    expect(app.errors).toEqual([])
  })

  it('comes back in req.authInfo, with returnTo', async () => {
    const app = await scene.start({
      routes: (express, strategy) => {
        express.get(
          '/auth/callback',
          passport.authenticate(strategy) as RequestHandler,
          (req, res) => {
            res.json(req.authInfo)
          },
        )
        express.get(
          '/start',
          passport.authenticate(strategy, { appState: state, returnTo: '/a' }) as RequestHandler,
        )
      },
    })
    expect(bodyOf(await browser.follow(`${app.origin}/start`))).toEqual({
      appState: state,
      returnTo: '/a',
    })
  })

  it('belongs to its own login when two tabs finish in the other order', async () => {
    const app = await scene.start({
      verify: ({ appState }) => {
        seen.push(appState)
        return { id: 'ada' }
      },
      routes: (express, strategy) => {
        express.get('/start/:tab', (req, res, next) => {
          strategy.startLogin(req, res, { appState: req.params.tab }).catch(next)
        })
      },
    })
    const first = await browser.visit(`${app.origin}/start/first`)
    const second = await browser.visit(`${app.origin}/start/second`)
    await browser.follow(second.location ?? '')
    await browser.follow(first.location ?? '')
    expect(seen).toEqual(['second', 'first'])
  })

  const circle: Record<string, unknown> = {}
  circle['self'] = circle

  it.each<[string, unknown]>([
    ['a circle', circle],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['more than 1 KB', 'x'.repeat(1024)],
  ])('is refused if it is %s, and the message does not contain it', async (_, appState) => {
    const app = await startWith({ appState })
    expect((await browser.visit(`${app.origin}/start`)).status).toBe(500)
    expect(app.errors[0]).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'appState' })
    expect((app.errors[0] as Error).message).not.toContain('xxx')
  })

  it('cannot be set by the callback', async () => {
    const app = await startWith({ appState: state })
    const { location = '' } = await browser.visit(`${app.origin}/start`)
    const { location: callback = '' } = await browser.visit(location)
    await browser.visit(changed(callback, { appState: 'forged' }))
    expect(seen).toEqual([state])
  })
})
