import { beforeEach, describe, expect, it } from '@jest/globals'
import { AuthorizationCodeStrategy, cookiePendingLogins, silentLogin } from '../../src/index.js'
import type { SilentLoginOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { bodyOf, changed, logInAs, logInWhomTheCodeNames, sessionIdOf } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  store = new RecordingStore()
  browser = new Browser()
})

/** An app with a page for everybody. */
function publicApp(
  options: Omit<SilentLoginOptions, 'strategy'> = {},
  others: SceneAppOptions = {},
): Promise<TestApp> {
  return scene.start({
    store,
    ...others,
    routes: (app, strategy) => {
      app.all('/news', silentLogin({ strategy, ...options }), (req, res) => {
        res.json({ user: (req.user as { id?: string } | undefined)?.id ?? null })
      })
      app.post('/log-out', (req, res, next) => {
        strategy.logOut(req).then(() => res.redirect(303, '/'), next)
      })
      app.get('/start', (req, res, next) => {
        const { prompt } = req.query as { prompt?: string }
        strategy.startLogin(req, res, { prompt, returnTo: '/news' }).catch(next)
      })
    },
  })
}

/** From now on, nobody is logged in at the provider. */
function answerSilently(error: string): void {
  provider.onAuthorize((parameters) => ({
    ...(parameters.get('prompt') === 'none' ? { error } : { code: 'code-of-ada' }),
    state: parameters.get('state') ?? '',
  }))
}

function attempts(): number {
  return provider.authorizationRequests.filter((one) => one.includes('prompt=none')).length
}

const userOf = (page: Parameters<typeof bodyOf>[0]): unknown => bodyOf(page)['user']

describe('silentLogin', () => {
  it('logs in whoever is logged in at the provider, at the second page of the visit', async () => {
    const app = await publicApp()
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBeNull()
    const page = await browser.follow(`${app.origin}/news?page=2`)
    expect(page.url).toBe(`${app.origin}/news?page=2`)
    expect(userOf(page)).toBe('ada')
    expect(attempts()).toBe(1)
  })

  it.each([
    'login_required',
    'interaction_required',
    'consent_required',
    'account_selection_required',
  ])('shows the page after %s, and asks nobody again for a while', async (error) => {
    answerSilently(error)
    const app = await publicApp({}, { router: { failureRedirect: '/sorry' } })
    await browser.follow(`${app.origin}/news`)
    for (let visit = 0; visit < 3; visit++) {
      const page = await browser.follow(`${app.origin}/news`)
      expect([page.url, page.status, userOf(page)]).toEqual([`${app.origin}/news`, 200, null])
    }
    expect(attempts()).toBe(1)
    expect(app.errors).toEqual([])
  })

  it('tries again after retryAfterSeconds', async () => {
    answerSilently('login_required')
    const app = await publicApp({ retryAfterSeconds: 60 })
    await browser.follow(`${app.origin}/news`)
    await browser.follow(`${app.origin}/news`)
    const found = [...browser.cookies(app.origin)].find(([one]) => one.startsWith('__Host-silent.'))
    const [name, until] = found ?? ['', '']
    expect(Number(until) - Date.now()).toBeGreaterThan(50_000)
    browser.setCookie(app.origin, name, String(Date.now() - 1))
    await browser.follow(`${app.origin}/news`)
    expect(attempts()).toBe(2)
  })

  it('never sends a browser there that keeps no cookies, and stores nothing for it', async () => {
    const app = await publicApp()
    for (let visit = 0; visit < 4; visit++) {
      const page = await new Browser().visit(`${app.origin}/news`)
      expect([page.status, userOf(page)]).toEqual([200, null])
    }
    expect(provider.authorizationRequests).toEqual([])
    expect(store.writes).toEqual([])
  })

  it.each<[string, string, Record<string, string>]>([
    ['a script', 'GET', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a client that is no browser', 'GET', {}],
    [
      'a frame',
      'GET',
      { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ],
    ['a prefetch', 'GET', { accept: 'text/html', 'sec-purpose': 'prefetch' }],
    ['a form', 'POST', { accept: 'text/html', 'sec-fetch-mode': 'navigate' }],
    ['HEAD', 'HEAD', { accept: 'text/html' }],
  ])('lets %s pass at once', async (_, method, headers) => {
    const app = await publicApp()
    await browser.visit(`${app.origin}/news`)
    const page = await browser.request(`${app.origin}/news`, { method, headers })
    expect(page.status).toBe(200)
    expect(provider.authorizationRequests).toEqual([])
  })

  it('asks nobody who is logged in', async () => {
    const app = await publicApp()
    await browser.follow(app.loginURL)
    for (let visit = 0; visit < 3; visit++) await browser.follow(`${app.origin}/news`)
    expect(attempts()).toBe(0)
  })

  it('does not log in again whoever has logged out, until they log in themselves', async () => {
    const app = await publicApp({ retryAfterSeconds: 1 })
    await browser.follow(`${app.origin}/news`)
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBe('ada')
    await browser.post(`${app.origin}/log-out`)
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBeNull()
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBeNull()
    expect(attempts()).toBe(1)

    await browser.follow(app.loginURL)
    await browser.follow(`${app.origin}/news`)
    browser.setCookie(app.origin, 'connect.sid', 'gone')
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBe('ada')
    expect(attempts()).toBe(2)
  })

  it('does not log in again whoever has logged out before they came to such a page', async () => {
    const app = await publicApp()
    await browser.follow(app.loginURL)
    await browser.post(`${app.origin}/log-out`)
    for (let visit = 0; visit < 3; visit++) {
      expect(userOf(await browser.follow(`${app.origin}/news`))).toBeNull()
    }
    expect(attempts()).toBe(0)

    await browser.follow(app.loginURL)
    await browser.follow(`${app.origin}/news`)
    browser.setCookie(app.origin, 'connect.sid', 'gone')
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBe('ada')
  })

  it('does not log in again whoever has logged out by another strategy', async () => {
    const other = new AuthorizationCodeStrategy({
      name: 'other',
      authorizationURL: provider.authorizationURL,
      tokenURL: provider.tokenURL,
      clientID: 'client-1',
      clientSecret: 'secret-1',
      callbackURL: 'http://127.0.0.1/other/callback',
    })
    const app = await scene.start({
      routes: (one, strategy) => {
        one.get('/news', silentLogin({ strategy }), (req, res) => {
          res.json({ user: (req.user as { id?: string } | undefined)?.id ?? null })
        })
        one.post('/other/log-out', (req, res, next) => {
          other.logOut(req).then(() => res.redirect(303, '/'), next)
        })
      },
    })
    await browser.follow(app.loginURL)
    await browser.post(`${app.origin}/other/log-out`)
    for (let visit = 0; visit < 3; visit++) {
      expect(userOf(await browser.follow(`${app.origin}/news`))).toBeNull()
    }
    expect(attempts()).toBe(0)
  })

  it('sets no cookie at a logout if nobody is logged in silently', async () => {
    const app = await scene.start({ store })
    await browser.follow(app.loginURL)
    await browser.post(`${app.origin}/auth/logout`)
    expect([...browser.cookies(app.origin).keys()].join()).not.toContain('silent')
  })

  it('shows the page if the provider fails after the redirect, and reports it to the diagnostics', async () => {
    const app = await publicApp()
    await browser.follow(`${app.origin}/news`)
    provider.onToken(json({ error: 'server_error' }, 503))
    const page = await browser.follow(`${app.origin}/news`)
    expect([page.url, page.status, userOf(page)]).toEqual([`${app.origin}/news`, 200, null])
    expect(app.errors).toEqual([])
  })

  it('shows the page if a pushed request cannot be sent', async () => {
    const strategy = { pushedAuthorizationRequestURL: `${provider.origin}/par` }
    const app = await publicApp({}, { strategy })
    provider.on('/par', json({}, 503))
    await browser.follow(`${app.origin}/news`)
    expect((await browser.follow(`${app.origin}/news`)).status).toBe(200)
    expect(app.errors).toEqual([])
  })

  it('shows the page if the session store cannot write', async () => {
    const app = await publicApp()
    await browser.follow(`${app.origin}/news`)
    store.set = (_id, _session, callback) => callback?.(new Error('away'))
    const page = await browser.visit(`${app.origin}/news`)
    expect([page.status, page.location]).toEqual([200, undefined])
    expect(app.errors).toEqual([])
  })

  it('shows the page if verify refuses the person', async () => {
    const app = await publicApp({}, { verify: () => false })
    await browser.follow(`${app.origin}/news`)
    const page = await browser.follow(`${app.origin}/news`)
    expect([page.status, userOf(page)]).toEqual([200, null])
  })

  it('works with pending logins in cookies', async () => {
    answerSilently('login_required')
    const secret = 'a secret of at least 32 characters'
    const app = await publicApp(
      {},
      { strategy: { pendingLogins: cookiePendingLogins({ secret }) } },
    )
    await browser.follow(`${app.origin}/news`)
    expect((await browser.follow(`${app.origin}/news`)).url).toBe(`${app.origin}/news`)
    expect(store.writes).toEqual([])
  })

  it('does not mind a cookie that it has not written', async () => {
    answerSilently('login_required')
    const app = await publicApp()
    await browser.follow(`${app.origin}/news`)
    const [name = ''] = [...browser.cookies(app.origin).keys()]
    for (const value of ['x', '', '99999999999999999999', '9007199254740991', '-5']) {
      browser.setCookie(app.origin, name, value)
      expect((await browser.follow(`${app.origin}/news`)).status).toBe(200)
    }
  })
})

describe('prompt=none', () => {
  it('leaves an earlier login untouched if the provider says no', async () => {
    answerSilently('login_required')
    const app = await publicApp()
    await browser.follow(app.loginURL)
    const session = sessionIdOf(browser, app.origin)
    const page = await browser.follow(`${app.origin}/start?prompt=none`)
    expect([page.url, userOf(page)]).toEqual([`${app.origin}/news`, 'ada'])
    expect(sessionIdOf(browser, app.origin)).toBe(session)
  })

  it('does not replace the person who is logged in, also by another tab meanwhile', async () => {
    logInWhomTheCodeNames(provider)
    const app = await publicApp()
    const silent = await browser.visit(`${app.origin}/start?prompt=none`)
    const { location: callback = '' } = await browser.visit(silent.location ?? '')
    await logInAs('ada', browser, app.loginURL)
    const page = await browser.follow(changed(callback, { code: 'code-of-grace' }))
    expect([page.url, userOf(page)]).toEqual([`${app.origin}/news`, 'ada'])
    expect(app.errors).toEqual([])
  })

  it('lets an ordinary login change the person', async () => {
    logInWhomTheCodeNames(provider)
    const app = await publicApp()
    await logInAs('ada', browser, app.loginURL)
    await logInAs('grace', browser, app.loginURL)
    expect(userOf(await browser.follow(`${app.origin}/news`))).toBe('grace')
  })

  it('shows an error page for a callback whose login is not pending, and starts nothing', async () => {
    const app = await publicApp({}, { router: {} })
    const silent = await browser.visit(`${app.origin}/start?prompt=none`)
    const { location: callback = '' } = await browser.visit(silent.location ?? '')
    const page = await new Browser().visit(callback)
    expect([page.status, page.location]).toEqual([400, undefined])
  })

  it('reports what only the developer can correct', async () => {
    const app = await publicApp({}, { verify: () => undefined as never })
    await browser.follow(`${app.origin}/start?prompt=none`)
    expect(app.errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }])
  })
})
