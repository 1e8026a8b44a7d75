import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  AuthorizationCodeStrategy,
  authRouter,
  cookiePendingLogins,
  MemoryGrants,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { createGate } from '../support/gate.js'
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
import type { StartedLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { until } from '../support/until.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const SECRET = 'a secret of 32 characters or more'
const OTHER_SECRET = 'another secret of 32 characters or more'

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  store = new RecordingStore()
  browser = new Browser()
})

function start(
  secret: string | readonly string[] = SECRET,
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: SceneAppOptions = {},
): Promise<TestApp> {
  const pendingLogins = cookiePendingLogins({ secret })
  const grants = new MemoryGrants()
  return scene.start({ store, ...options, strategy: { pendingLogins, grants, ...strategy } })
}

async function whoIs({ origin }: TestApp, someone = browser): Promise<unknown> {
  return (bodyOf(await someone.visit(`${origin}/`))['user'] as { id?: string } | null)?.id ?? null
}

/** The names of the pending logins' cookies that a browser has, the oldest first. */
function pendingOf({ origin }: TestApp, someone = browser): string[] {
  return [...someone.cookies(origin).keys()].filter((name) => name.startsWith('__Host-')).sort()
}

/** The pending logins of a visitor of another application: names and values of their cookies. */
async function cookiesOf(app: TestApp): Promise<[string, string][]> {
  const visitor = new Browser()
  await visitor.visit(app.loginURL)
  return [...visitor.cookies(app.origin)].filter(([name]) => name.startsWith('__Host-'))
}

/** A `form_post` response: a POST that another site has made, which gets no SameSite=Lax cookie. */
async function postResponse({ origin, callbackURL }: TestApp, callback: string): Promise<Page> {
  const cookies = [...browser.cookies(origin)]
  const crossSite = new Browser()
  for (const [name, value] of cookies) {
    if (name.startsWith('__Host-')) crossSite.setCookie(origin, name, value)
  }
  const page = await crossSite.request(callbackURL, {
    method: 'POST',
    body: new URL(callback).searchParams,
    headers: { origin: provider.origin, 'sec-fetch-site': 'cross-site' },
  })
  for (const [name, value] of crossSite.cookies(origin)) browser.setCookie(origin, name, value)
  return page
}

describe('cookiePendingLogins', () => {
  it('drops first what another site has started, and keeps what does not open here', async () => {
    const app = await start()
    const others = await start(OTHER_SECRET)
    const own: StartedLogin[] = []
    for (let tab = 0; tab < 3; tab++) own.push(await startLogin(browser, app.loginURL))
    const names = pendingOf(app)
    const [foreign = ['', ''] as const] = await cookiesOf(others)
    browser.setCookie(app.origin, ...foreign)
    for (let count = 0; count < 20; count++) {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }
      expect((await browser.request(app.loginURL, { headers })).status).toBe(302)
    }
    const kept = pendingOf(app)
    expect(kept).toHaveLength(8)
    expect(kept).toEqual(expect.arrayContaining([...names, foreign[0]]))
    for (const { callback } of own) expect((await browser.visit(callback)).status).toBe(302)
    expect(await whoIs(app)).toBe('ada')
  })

  it.each([
    ['often', 20, '/here'],
    ['with a long return_to', 1, `/${'x'.repeat(1900)}`],
  ])(
    'lets another site start logins %s without losing the person’s own, though it opens with another secret',
    async (_how, times, returnTo) => {
      const app = await start()
      const others = await start(OTHER_SECRET)
      const own: StartedLogin[] = []
      for (let tab = 0; tab < 2; tab++) {
        own.push(await startLogin(browser, `${app.loginURL}?return_to=/${'o'.repeat(1500)}`))
      }
      const stranger = new Browser()
      for (const cookie of browser.cookies(app.origin)) stranger.setCookie(others.origin, ...cookie)
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }
      for (let count = 0; count < times; count++) {
        const url = `${others.loginURL}?return_to=${returnTo}`
        expect((await stranger.request(url, { headers })).status).toBe(302)
      }
      // Then by the strategy of the person's own login, which cannot open the cookies of the other.
      browser.clearCookies(app.origin)
      for (const cookie of stranger.cookies(others.origin)) browser.setCookie(app.origin, ...cookie)
      expect((await browser.request(app.loginURL, { headers })).status).toBe(302)

      for (const { callback } of own) expect((await browser.visit(callback)).status).toBe(302)
      expect(await whoIs(app)).toBe('ada')
    },
  )

  it('stores nothing for visitors who never finish, and sets no session cookie', async () => {
    const app = await start()
    for (let visit = 0; visit < 5; visit++) await new Browser().visit(app.loginURL)
    const page = await browser.visit(app.loginURL)
    expect(store.writes).toEqual([])
    expect(await store.contents()).toEqual({})
    expect(page.headers.getSetCookie().map((line) => line.split('=', 1)[0])).toEqual(pendingOf(app))
    expect(asked(provider)).toEqual([])
  })

  it('logs in, writes the session once, and takes nothing else into it', async () => {
    const app = await start()
    await browser.follow(app.loginURL)
    expect(await whoIs(app)).toBe('ada')
    const id = sessionIdOf(browser, app.origin)
    expect(store.writes.filter(({ method }) => method === 'set')).toEqual([{ method: 'set', id }])
    const [session] = Object.values(await store.contents())
    expect(Object.keys(session?.['oauth2:oauth2'] ?? {})).toEqual(['grant'])
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('sets cookies that only this host gets, that scripts cannot read, and that come with form_post [login-cookie-10]', async () => {
    const app = await start()
    const page = await browser.visit(app.loginURL)
    const [line = '', ...others] = page.headers.getSetCookie()
    expect(others).toEqual([])
    const [pair = '', ...attributes] = line.split('; ')
    expect(pair).toMatch(/^__Host-[\w.-]+=[\w.-]+$/)
    expect(attributes.sort()).toEqual([
      'HttpOnly',
      'Max-Age=600',
      'Path=/',
      'SameSite=None',
      'Secure',
    ])
  })

  it('keeps state, verifier and aim to itself [login-cookie-2]', async () => {
    const app = await start()
    const login = await startLogin(browser, `${app.loginURL}?return_to=/secret-place`)
    const cookies = JSON.stringify([...browser.cookies(app.origin)])
    await browser.visit(login.callback)
    const verifier = formOf(provider.requests[0]).get('code_verifier') ?? ''
    for (const secret of [login.state, verifier, 'secret-place', app.callbackURL]) {
      expect(cookies.includes(secret)).toBe(false)
      expect(cookies.includes(Buffer.from(secret).toString('base64url'))).toBe(false)
    }
    expect(verifier).toHaveLength(43)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each([[[0, 1, 2]], [[0, 2, 1]], [[1, 0, 2]], [[1, 2, 0]], [[2, 0, 1]], [[2, 1, 0]]])(
    'lets three tabs finish in the order %j, each with its own verifier and aim',
    async (order) => {
      const app = await start()
      const tabs: StartedLogin[] = []
      for (const name of ['a', 'b', 'c']) {
        tabs.push(await startLogin(browser, `${app.loginURL}?return_to=/tab/${name}`))
      }
      for (const index of order) {
        provider.requests.length = 0
        const page = await browser.visit(tabs[index]?.callback ?? '')
        expect(page.location).toBe(`${app.origin}/tab/${'abc'.charAt(index)}`)
        expect(asked(provider)).toEqual(ONE_LOGIN)
      }
    },
  )

  it('lets first visits that come in the same instant all finish', async () => {
    logInWhomTheCodeNames(provider)
    const app = await start()
    const tabs = await Promise.all(
      Array.from({ length: 5 }, (_value, index) =>
        startLogin(browser, `${app.loginURL}?return_to=/tab/${index}`),
      ),
    )
    for (const [index, { callback }] of tabs.entries()) {
      const page = await browser.visit(changed(callback, { code: `code-of-person${index}` }))
      expect(page.location).toBe(`${app.origin}/tab/${index}`)
      expect(await whoIs(app)).toBe(`person${index}`)
    }
    expect(provider.requests).toHaveLength(10)
  })

  it('logs in by form_post, though the session’s cookie does not come with it [login-cookie-4]', async () => {
    const app = await start()
    browser.setCookie(app.origin, 'connect.sid', 'the session from before')
    const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/here`)
    const page = await postResponse(app, callback)
    expect([page.status, page.location]).toEqual([302, `${app.origin}/here`])
    expect(await whoIs(app)).toBe('ada')
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('changes the session’s id, and keeps the named fields', async () => {
    const app = await start(
      SECRET,
      { keepSession: ['cart'] },
      {
        routes: (one) => {
          one.get('/cart', (req, res) => {
            const session = req.session as { cart?: string; other?: string }
            if ('fill' in req.query) Object.assign(session, { cart: 'book', other: 'x' })
            res.json([session.cart ?? null, session.other ?? null])
          })
        },
      },
    )
    await browser.visit(`${app.origin}/cart?fill`)
    const before = sessionIdOf(browser, app.origin)
    await browser.follow(app.loginURL)
    expect(sessionIdOf(browser, app.origin)).not.toBe(before)
    expect((await browser.visit(`${app.origin}/cart`)).text).toBe('["book",null]')
    expect(Object.keys(await store.contents())).toHaveLength(1)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each(['GET', 'POST'])(
    'works once: the same callback again by %s sends no code [login-cookie-8]',
    async (method) => {
      const app = await start()
      const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/here`)
      provider.onToken(json({ error: 'invalid_grant' }, 400))
      expect((await browser.visit(callback)).status).toBe(400)
      provider.onToken(json(tokenResponse()))
      const again =
        method === 'GET' ? await browser.visit(callback) : await postResponse(app, callback)
      expect([again.status, again.text]).toEqual([400, '{"code":"ERR_PENDING_LOGIN_USED"}'])
      expect(asked(provider)).toEqual(['POST /token'])
      expect(await whoIs(app)).toBeNull()
    },
  )

  it('goes home when the same callback comes again after success', async () => {
    const app = await start()
    const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/here`)
    await browser.visit(callback)
    const id = sessionIdOf(browser, app.origin)
    expect((await browser.visit(callback)).location).toBe(`${app.origin}/here`)
    expect(sessionIdOf(browser, app.origin)).toBe(id)
    expect(asked(provider)).toEqual(ONE_LOGIN)
    expect(app.errors).toEqual([])
  })

  it('sends the code once when the same callback comes ten times at once', async () => {
    let callbacks = 0
    const app = await start(
      SECRET,
      {},
      {
        routes: (router) =>
          router.use('/auth/callback', (_req, _res, next) => {
            callbacks += 1
            next()
          }),
      },
    )
    const { callback } = await startLogin(browser, app.loginURL)
    const others = createGate()
    provider.onToken((request, response) => {
      void others.pass().then(() => json(tokenResponse())(request, response))
    })
    const visits = Array.from({ length: 10 }, async () => (await browser.visit(callback)).status)
    await until(() => callbacks === 10)
    others.open()

    expect(await Promise.all(visits)).toEqual(Array.from({ length: 10 }, () => 302))
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('sends the code once though somebody has kept the cookies from before', async () => {
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    const cookies = [...browser.cookies(app.origin)]
    await browser.visit(callback)
    const thief = new Browser()
    for (const [name, value] of cookies) thief.setCookie(app.origin, name, value)
    expect(bodyOf(await thief.visit(callback))).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each([
    ['a moment before its end', 599, 302],
    ['at its end', 600, 400],
  ])('%s a login left open ends with %d seconds: HTTP %d', async (_when, seconds, status) => {
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    advanceClock(seconds)
    const page = await browser.visit(callback)
    expect(page.status).toBe(status)
    const expired = [expect.objectContaining({ code: 'ERR_PENDING_LOGIN_EXPIRED' })]
    expect(app.errors).toEqual(status === 302 ? [] : expired)
    expect(asked(provider)).toEqual(status === 302 ? ONE_LOGIN : [])
  })

  it('keeps a login open for lifetimeMs', async () => {
    const pendingLogins = cookiePendingLogins({ secret: SECRET, lifetimeMs: 60_000 })
    const app = await start(SECRET, { pendingLogins })
    const { callback } = await startLogin(browser, app.loginURL)
    const { headers } = await new Browser().visit(app.loginURL)
    expect(headers.getSetCookie()[0]).toMatch(/; Max-Age=60$/)
    advanceClock(60)
    expect((await browser.visit(callback)).status).toBe(400)
    expect(asked(provider)).toEqual([])
  })

  it('remembers eight logins; the ninth pushes out the oldest [login-cookie-9]', async () => {
    const app = await start()
    const tabs: StartedLogin[] = []
    for (let tab = 0; tab < 9; tab++) {
      tabs.push(await startLogin(browser, `${app.loginURL}?return_to=/tab/${tab}`))
      advanceClock(1)
    }
    expect(pendingOf(app)).toHaveLength(8)
    expect(bodyOf(await browser.visit(tabs[0]?.callback ?? ''))).toMatchObject({
      code: expect.stringMatching(/^ERR_/),
    })
    expect(asked(provider)).toEqual([])
    for (const [index, { callback }] of tabs.entries()) {
      if (index === 0) continue
      expect((await browser.visit(callback)).location).toBe(`${app.origin}/tab/${index}`)
    }
    expect(pendingOf(app)).toHaveLength(8)
  })

  it('never makes cookies so large that a browser drops them or a server refuses them [login-cookie-5]', async () => {
    const app = await start()
    for (const path of ['/é'.repeat(1000), `/${'a'.repeat(2000)}`, '/"'.repeat(1000)]) {
      for (let tab = 0; tab < 9; tab++) {
        const page = await browser.visit(`${app.loginURL}?return_to=${encodeURIComponent(path)}`)
        expect(page.status).toBe(302)
        for (const line of page.headers.getSetCookie()) expect(line.length).toBeLessThan(4096)
        advanceClock(1)
      }
      const { callback } = await startLogin(
        browser,
        `${app.loginURL}?return_to=${encodeURIComponent(path)}`,
      )
      expect((await browser.visit(callback)).status).toBe(302)
    }
    const header = [...browser.cookies(app.origin)].map((pair) => pair.join('=')).join('; ')
    expect(header.length).toBeLessThan(8_000)

    const issuer = 'https://issuer.example'
    const acrValues = [`urn:${'a'.repeat(900)}`]
    const demanding = await start(SECRET, { issuer, acrValues, scope: 'openid' })
    const page = await browser.visit(`${demanding.loginURL}?return_to=/${'a'.repeat(2000)}`)
    const [line = ''] = page.headers.getSetCookie().filter((one) => !one.includes('Max-Age=0'))
    expect(line.length).toBeGreaterThan(1_000)
    expect(line.length).toBeLessThan(4096)
  })

  const FOREIGN: Record<string, (value: string) => string> = {
    'a changed value': (value) => value.slice(0, -8) + 'AAAAAAAA',
    'half of it': (value) => value.slice(0, value.length / 2),
    'nothing in it': () => '',
    'nonsense in it': () => 'nonsense',
    'broken percent encoding in it': () => '%E0%A4%A',
  }

  it.each(Object.entries(FOREIGN))(
    'takes a cookie with %s for unknown [login-cookie-7]',
    async (_what, change) => {
      const app = await start()
      const { callback } = await startLogin(browser, app.loginURL)
      const [name = ''] = pendingOf(app)
      browser.setCookie(app.origin, name, change(browser.cookies(app.origin).get(name) ?? ''))
      const page = await browser.visit(callback)
      expect([page.status, page.text]).toEqual([400, '{"code":"ERR_PENDING_LOGIN_UNKNOWN"}'])
      expect(asked(provider)).toEqual([])
      await new Browser().follow(app.loginURL)
      expect(asked(provider)).toEqual(ONE_LOGIN)
    },
  )

  it('takes a cookie under another login’s name for unknown [login-cookie-6]', async () => {
    const app = await start()
    const mine = await startLogin(browser, app.loginURL)
    const [name = ''] = pendingOf(app)
    const attacker = new Browser()
    await startLogin(attacker, app.loginURL)
    const [theirs = ''] = pendingOf(app, attacker)
    browser.setCookie(app.origin, name, attacker.cookies(app.origin).get(theirs) ?? '')
    expect(bodyOf(await browser.visit(mine.callback))).toEqual({
      code: 'ERR_PENDING_LOGIN_UNKNOWN',
    })
    expect(asked(provider)).toEqual([])
  })

  it('is not disturbed by cookies that are none of ours', async () => {
    const app = await start()
    browser.setCookie(app.origin, '__Host-login.other', 'x')
    browser.setCookie(app.origin, 'a', 'b=c=d')
    browser.setCookie(app.origin, '', 'nameless')
    await browser.follow(app.loginURL)
    expect(await whoIs(app)).toBe('ada')
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('knows no login of another browser [login-cookie-3]', async () => {
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    const other = new Browser()
    expect((await other.visit(callback)).status).toBe(400)
    expect(asked(provider)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
  })

  it('a forged callback spends nobody’s login', async () => {
    const app = await start()
    const { callback } = await startLogin(browser, app.loginURL)
    for (const query of ['', 'code=x', 'code=x&state=', 'code=x&state=y', 'error=access_denied']) {
      expect((await browser.visit(`${app.callbackURL}?${query}`)).status).toBe(400)
    }
    expect(asked(provider)).toEqual([])
    expect((await browser.visit(callback)).status).toBe(302)
  })

  it('a new secret before the old one opens what the old one has sealed', async () => {
    const before = await start(OTHER_SECRET)
    const { callback } = await startLogin(browser, before.loginURL)
    const during = await start([SECRET, OTHER_SECRET], { callbackURL: before.callbackURL })
    const after = await start(SECRET, { callbackURL: before.callbackURL })
    for (const [name, value] of browser.cookies(before.origin)) {
      browser.setCookie(during.origin, name, value)
      browser.setCookie(after.origin, name, value)
    }
    const { search } = new URL(callback)
    expect((await browser.visit(`${after.origin}/auth/callback${search}`)).status).toBe(400)
    expect(asked(provider)).toEqual([])
    expect((await browser.visit(`${during.origin}/auth/callback${search}`)).status).toBe(302)
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each<[string, unknown]>([
    ['too short', 'x'.repeat(31)],
    ['an empty list', []],
    ['too short in a list', [SECRET, 'short']],
    ['not set', undefined],
  ])('refuses a secret that is %s at start', (_what, secret) => {
    expect(() => cookiePendingLogins({ secret: secret as string })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'secret' }),
    )
  })

  it('connects a second provider to the person who has begun it, and to nobody else [login-cookie-1]', async () => {
    logInWhomTheCodeNames(provider)
    const grants = new MemoryGrants()
    const pendingLogins = cookiePendingLogins({ secret: SECRET })
    const app = await start(
      SECRET,
      { grants },
      {
        routes: (one, _strategy, origin) => {
          const { authorizationURL, tokenURL, profileURL } = provider
          const bank = new AuthorizationCodeStrategy({
            name: 'bank',
            authorizationURL,
            tokenURL,
            profileURL,
            clientID: 'client-2',
            callbackURL: `${origin}/bank/callback`,
            pendingLogins,
            grants,
          })
          one.use(
            '/bank',
            authRouter(bank, { connect: true, onError: (e, _q, _s, next) => next(e) }),
          )
          one.get('/bank/token', (req, res, next) => {
            bank.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
          })
        },
      },
    )
    await logInAs('ada', browser, app.loginURL)
    const begun = await startLogin(browser, `${app.origin}/bank/login`)
    await logInAs('grace', browser, app.loginURL)
    provider.requests.length = 0
    expect((await browser.visit(begun.callback)).status).toBe(400)
    expect(asked(provider)).toEqual([])

    await logInAs('customer7', browser, `${app.origin}/bank/login`)
    expect(await whoIs(app)).toBe('grace')
    expect(bodyOf(await browser.visit(`${app.origin}/bank/token`))).toEqual({
      accessToken: 'token-of-customer7',
    })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })
})
