import { beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { AuthRouterOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'

const HOUR_MS = 60 * 60 * 1000

const scene = setScene()
let browser: Browser

beforeEach(() => {
  browser = new Browser()
})

async function loggedIn(options: SceneAppOptions = {}): Promise<TestApp> {
  const app = await scene.start(options)
  await browser.follow(app.loginURL)
  return app
}

const ask = ({ origin }: TestApp, headers: Record<string, string> = {}): Promise<Page> =>
  browser.request(`${origin}/auth/session`, { headers })

describe('GET /session', () => {
  it('says that nobody is logged in, and where to log in, and starts no session', async () => {
    const app = await scene.start()
    const page = await ask(app)
    expect([page.status, bodyOf(page)]).toEqual([
      200,
      { loggedIn: false, loginPath: '/auth/login' },
    ])
    expect(page.headers.get('content-type')).toMatch(/^application\/json/)
    expect(browser.cookies(app.origin).size).toBe(0)
  })

  it('says who is logged in, without a secret', async () => {
    const page = await ask(await loggedIn())
    expect(bodyOf(page)).toEqual({
      loggedIn: true,
      user: {
        provider: 'oauth2',
        id: 'ada',
        displayName: 'Ada Lovelace',
        emails: [{ value: 'ada@example.com' }],
      },
      loginPath: '/auth/login',
      logoutPath: '/auth/logout',
    })
  })

  it('says of a user of the application only the id', async () => {
    const app = await loggedIn({
      routes: (one) =>
        one.use((req, _res, next) => {
          // As `deserializeUser` of the application would.
          if (req.user) req.user = { id: 7, passwordHash: 'secret' }
          next()
        }),
    })
    expect(bodyOf(await ask(app))['user']).toEqual({ id: 7 })
  })

  it.each<[string, AuthRouterOptions['sessionUser'], unknown]>([
    [
      'what sessionUser returns',
      (user, req) => ({ user, at: req.path }),
      { user: expect.objectContaining({ id: 'ada' }), at: '/session' },
    ],
    ['what it resolves to', () => Promise.resolve('Ada'), 'Ada'],
    ['nothing of it', () => undefined, undefined],
  ])('says %s', async (_what, sessionUser, expected) => {
    const app = await loggedIn({ router: { sessionUser } })
    expect(bodyOf(await ask(app))['user']).toEqual(expected)
  })

  it('passes what sessionUser throws to the error handler', async () => {
    const onError: AuthRouterOptions['onError'] = (error, _req, _res, next) => next(error)
    const sessionUser = (): never => {
      throw new Error('no such person')
    }
    const app = await loggedIn({ router: { sessionUser, onError } })
    expect((await ask(app)).status).toBe(500)
    expect(app.errors).toEqual([new Error('no such person')])
  })

  it('answers 304 for as long as it is so', async () => {
    const app = await loggedIn()
    const etag = (await ask(app)).headers.get('etag') ?? ''
    const again = await ask(app, { 'if-none-match': etag })
    expect([again.status, again.text]).toEqual([304, ''])

    await browser.post(`${app.origin}/auth/logout`)
    const after = await ask(app, { 'if-none-match': etag })
    expect([after.status, bodyOf(after)['loggedIn']]).toEqual([200, false])
  })

  it('has an ETag of its own in an application that turned them off', async () => {
    const app = await loggedIn({ routes: (one) => one.disable('etag') })
    const etag = (await ask(app)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    expect((await ask(app, { 'if-none-match': etag })).status).toBe(304)
  })

  it('is kept by nobody but this browser, which asks each time', async () => {
    const { headers } = await ask(await loggedIn())
    expect(headers.get('cache-control')).toBe('private, no-cache')
    expect(headers.get('vary')).toMatch(/\bCookie\b/)
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it.each([
    ['a minute', HOUR_MS, 60_000],
    ['a second, if it ends soon', HOUR_MS / 10 - 1, 1000],
  ])('says when the session ends, to %s', async (_to, maxAge, step) => {
    const app = await loggedIn({ session: { cookie: { maxAge } } })
    const from = Date.now()
    const end = Number(bodyOf(await ask(app))['expiresAt'])
    expect(end % step).toBe(0)
    expect(end).toBeGreaterThan(from + maxAge - step)
    expect(end).toBeLessThanOrEqual(Date.now() + maxAge)
  })

  it('says that nobody is logged in once the login has been ended elsewhere', async () => {
    const store = createMemoryStore()
    const app = await loggedIn({
      strategy: { grants: grantsIn(store), accountOf: () => 'account-1' },
    })
    expect(bodyOf(await ask(app))['loggedIn']).toBe(true)
    await app.strategy.endGrant({ account: 'account-1' })
    expect(bodyOf(await ask(app))['loggedIn']).toBe(false)
  })

  it('gives the addresses that the browser sees, behind a proxy that adds a prefix', async () => {
    const app = await scene.start({
      strategy: { callbackURL: 'https://example.com/shop/auth/callback' },
    })
    expect(bodyOf(await ask(app))['loginPath']).toBe('/shop/auth/login')
  })

  it('is not there where a second provider is connected', async () => {
    const app = await loggedIn({ router: { connect: true } })
    expect((await ask(app)).status).toBe(404)
  })

  it('says in which order passport.session() belongs', async () => {
    const onError: AuthRouterOptions['onError'] = (error, _req, _res, next) => next(error)
    const app = await scene.start({ session: false, router: { onError } })
    expect((await ask(app)).status).toBe(500)
    expect(app.errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }])
  })
})
