import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { authRouter } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf, startLogin } from '../support/login.js'
import { startTwoProvidersApp } from '../support/two-providers-app.js'
import type { TwoProvidersApp, TwoProvidersOptions } from '../support/two-providers-app.js'

let google: TestProvider
let github: TestProvider
let browser: Browser
let app: TwoProvidersApp

beforeAll(async () => {
  google = await startTestProvider({ user: { sub: '1' } })
  github = await startTestProvider({ user: { sub: '7' } })
})
beforeEach(() => {
  browser = new Browser()
})
afterEach(async () => {
  await app.close()
  google.reset()
  github.reset()
})
afterAll(async () => {
  await google.close()
  await github.close()
})

const nextError = {
  onError: (error: unknown, _req: unknown, _res: unknown, next: (error: unknown) => void) =>
    next(error),
}

async function start(options: Partial<TwoProvidersOptions> = {}): Promise<void> {
  const grants = grantsIn(createMemoryStore())
  app = await startTwoProvidersApp({ providers: { google, github }, grants, ...options })
}

const at = (path: string): string => app.origin + path

async function logIn(who = browser): Promise<void> {
  await who.follow(at('/google/login'))
}

/** What each hop of a visit led to, as paths; `github` stands for the provider. It ends after 12 hops. */
async function journey(path: string): Promise<string[]> {
  const hops: string[] = []
  let next: string | undefined = at(path)
  while (next !== undefined && hops.length < 12) {
    const page: Page = await browser.visit(next)
    next = page.location
    const { origin, pathname } = new URL(next ?? page.url)
    hops.push(
      next === undefined ? String(page.status) : origin === app.origin ? pathname : 'provider',
    )
  }
  return hops
}

/** Ends the login by which the browser's person is logged in, as another process would: the session knows nothing of it. */
async function endLoginElsewhere(): Promise<void> {
  const before = await sessionsNow()
  await app.strategies['google']?.endGrant({ account: 'google 1' })
  for (const [id, text] of Object.entries(before)) {
    await new Promise((done) => app.sessions.set(id, JSON.parse(text) as never, done))
  }
}

async function sessionsNow(): Promise<Record<string, string>> {
  const all = await new Promise<unknown>((resolve) =>
    app.sessions.all((_e, found) => resolve(found)),
  )
  const found = all as Record<string, object>
  return Object.fromEntries(Object.entries(found).map(([id, one]) => [id, JSON.stringify(one)]))
}

describe('connecting without a login, with loginPath', () => {
  beforeEach(() => start({ router: { connect: 'also', loginPath: '/login', ...nextError } }))

  it('goes there, and continues after the login', async () => {
    const page = await browser.visit(at('/github/connect?return_to=/private'))
    const own = '/github/connect?return_to=/private'
    expect(page.location).toBe(`${at('/login')}?return_to=${encodeURIComponent(own)}`)

    await logIn()
    expect(await journey(own)).toEqual(['provider', '/github/callback', '/private', '200'])
    expect(github.requestsTo('token')).toHaveLength(1)
  })

  it('answers a script with 401 and where to log in', async () => {
    const page = await browser.request(at('/github/connect'), {
      headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' },
    })
    expect([page.status, bodyOf(page)]).toEqual([
      401,
      { error: 'login_required', loginPath: '/login' },
    ])
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it.each<[string, Record<string, string>]>([
    ['says so', { 'sec-fetch-mode': 'navigate' }],
    ['is old', { accept: 'text/html,*/*' }],
  ])('sends the form of the page that asks there, if the browser %s', async (_how, headers) => {
    const page = await browser.post(at('/github/connect?return_to=/a'), {}, headers)
    const own = encodeURIComponent('/github/connect?return_to=/a')
    expect([page.status, page.location]).toEqual([303, `${at('/login')}?return_to=${own}`])
  })

  it('is the same for a login that has ended', async () => {
    await logIn()
    await endLoginElsewhere()
    expect(await journey('/github/page')).toEqual(['/github/connect', '/login', '200'])
    expect(github.requests).toEqual([])
  })

  it('is refused in the callback if the login ends meanwhile, and nothing brings it back [connect-6]', async () => {
    await logIn()
    const { callback } = await startLogin(browser, at('/github/connect'))
    await endLoginElsewhere()
    const page = await browser.visit(callback)
    expect([page.status, bodyOf(page)]).toEqual([401, { code: 'ERR_LOGIN_REQUIRED' }])
    expect(github.requestsTo('token')).toEqual([])
    expect((await browser.visit(at('/private'))).status).toBe(302)
  })

  it('of the same provider does not revive a login that has ended', async () => {
    await logIn()
    const { callback } = await startLogin(browser, at('/google/connect'))
    await endLoginElsewhere()
    expect((await browser.visit(callback)).status).toBe(401)
    expect((await browser.visit(at('/private'))).status).toBe(302)
  })
})

describe('connecting without a login, with no loginPath', () => {
  it('is refused before the browser leaves, by a page that leads nowhere in circles', async () => {
    await start({ routers: { github: { connect: true } } })
    const page = await browser.visit(at('/github/login'))
    expect(page.status).toBe(401)
    expect(page.text).toContain('Please log in')
    expect(page.text).not.toContain('href')
    expect(github.requests).toEqual([])
  })

  it('is refused for a login that has ended, with no circle of page and provider', async () => {
    await start()
    await logIn()
    await endLoginElsewhere()
    expect(await journey('/github/page')).toEqual(['/github/connect', '401'])
    expect(github.requests).toEqual([])
  })
})

describe('a session that is lost between redirect and callback', () => {
  it.each<[string, () => unknown]>([
    ['a cookie that does not come back', () => browser.clearCookies(app.origin)],
    ['a logout in another tab', () => browser.post(at('/google/logout'))],
  ])('by %s: the page leads to the login, and from there to the connection', async (_how, lose) => {
    await start({ routers: { github: { connect: true, loginPath: '/login' } } })
    await logIn()
    const { callback } = await startLogin(browser, at('/github/login?return_to=/private'))
    await lose()
    const page = await browser.visit(callback)
    expect(page.status).toBe(400)
    const [, href = ''] = /href="([^"]+)">Connect again/.exec(page.text) ?? []
    expect((await browser.visit(at(href))).location).toContain(`${at('/login')}?return_to=`)
    expect(github.requestsTo('token')).toEqual([])
  })

  it('does not lead to a login as somebody else where people can do both', async () => {
    await start()
    await logIn()
    const first = await startLogin(browser, at('/github/connect'))
    await browser.visit(first.callback)
    // As after a login that was left open for too long.
    const page = await browser.visit(`${first.callback}&state=unknown`)
    expect(page.text).toContain('href="/github/connect">Connect again')
  })
})

describe('the option loginPath', () => {
  it('must not lead to the route that connects', async () => {
    await start({ router: { loginPath: '/GitHub/connect/?from=here', ...nextError } })
    const page = await browser.visit(at('/github/connect'))
    expect([page.status, bodyOf(page)]).toEqual([500, { code: 'ERR_CONFIGURATION' }])
    expect(app.errors).toEqual([expect.objectContaining({ option: 'loginPath' })])
  })

  it('needs connect', async () => {
    await start()
    const [strategy] = Object.values(app.strategies)
    expect(() => strategy && authRouter(strategy, { loginPath: '/login' })).toThrow(
      'connect is missing',
    )
  })
})
