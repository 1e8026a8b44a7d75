import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import express from 'express'
import type { Express } from 'express'
import passport from 'passport'
import { authRouter, AuthorizationCodeStrategy, requireLogin } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium, Person } from '../support/chromium.js'
import { Browser, listen } from '../support/http.js'
import type { Page, RunningServer } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN } from '../support/login.js'
import { describeWithChromium } from '../support/requirements.js'
import { setScene } from '../support/scene.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

jest.setTimeout(60_000)

const scene = setScene()
let bank: ScriptedProvider
let connected: AuthorizationCodeStrategy

beforeAll(async () => {
  bank = await startScriptedProvider()
})
beforeEach(() => bank.reset())
afterAll(() => bank.close())

/** People log in at `/auth` and connect their bank at `/bank`. A visit of `/pockets` leads through both. */
function start(authorizationURL?: string): Promise<TestApp> {
  return scene.start({
    ...(authorizationURL !== undefined && { strategy: { authorizationURL } }),
    routes: (app, _strategy, origin) => addBank(app, origin),
  })
}

function addBank(app: Express, origin: string): void {
  // What helmet sets for the whole application: Chromium applies `form-action` to redirects as well.
  app.use((_req, res, next) => {
    res.set('Content-Security-Policy', "default-src 'self'; form-action 'self'")
    res.set('X-Frame-Options', 'SAMEORIGIN')
    next()
  })
  const { authorizationURL, tokenURL, profileURL } = bank
  connected = new AuthorizationCodeStrategy({
    name: 'bank <of> "people"',
    authorizationURL,
    tokenURL,
    profileURL,
    clientID: 'client-2',
    clientSecret: 'secret-2',
    callbackURL: `${origin}/bank/callback`,
  })
  app.use('/bank', authRouter(connected, { connect: true }))
  const loggedIn = requireLogin({ loginPath: '/auth/login' })
  const withBank = requireLogin({ loginPath: '/bank/login', strategy: connected })
  app.get('/pockets', loggedIn, withBank, (_req, res) => res.send('<p>pockets</p>'))
  app.get('/done', (_req, res) => res.send('<p>done</p>'))
  app.get('/settings', (_req, res) => res.send('<a href="/bank/login?return_to=/done">Connect</a>'))
  app.all('/own/connect', passport.authorize(connected as never, { step: 'start' }) as never)
}

describe('a visit of the connect route', () => {
  const PAGE = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

  async function visitWith(headers: Record<string, string>, path = '/bank/login'): Promise<Page> {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    return browser.request(app.origin + path, { headers })
  }

  it.each<[string, Record<string, string>]>([
    ['a link of another site', { ...PAGE, 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' }],
    ['a link of a sibling', { ...PAGE, 'sec-fetch-site': 'same-site', 'sec-fetch-user': '?1' }],
    ['a redirect of a sibling', { ...PAGE, 'sec-fetch-site': 'same-site' }],
    ['a link in a mail, or an address that was typed', { ...PAGE, 'sec-fetch-site': 'none' }],
    ['something that browsers may say one day', { ...PAGE, 'sec-fetch-site': 'new' }],
    ['an old browser, which says nothing', { accept: 'text/html,*/*;q=0.8' }],
    [
      'an image in an old browser',
      { accept: 'image/png,*/*;q=0.8', 'user-agent': 'Mozilla/5.0 (iPad)' },
    ],
    ['an old browser that names another origin', { origin: 'https://evil.example' }],
  ])('is answered with a question if it comes by %s [connect-1]', async (_how, headers) => {
    const page = await visitWith(headers)
    expect(page.status).toBe(200)
    expect(page.text).toContain('<form method="post"><button>Connect bank &#60;of&#62;')
    expect(page.text).not.toContain('<of>')
    const { 'cache-control': cache, ...sent } = Object.fromEntries(page.headers)
    expect(cache).toBe('no-store')
    expect(sent['x-frame-options']).toBe('DENY')
    expect(sent['content-security-policy']).toBe(
      "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    )
    // Browsers without Sec-Fetch-Site would send `Origin: null` with the form otherwise.
    expect(sent['referrer-policy']).toBe('same-origin')
    expect(page.headers.getSetCookie()).toEqual([])
    expect(asked(bank)).toEqual([])
  })

  it('is answered with who is logged in here, so that nobody connects their account to somebody else’s', async () => {
    scene.provider.onProfile(json({ sub: 'ada', name: 'Ada <Lovelace>' }))
    const page = await visitWith({ ...PAGE, 'sec-fetch-site': 'cross-site' })
    expect(page.text).toContain(
      '<p>You are logged in to this application as Ada &#60;Lovelace&#62;.',
    )
  })

  it('leads to the provider at once if it comes from a page of this origin', async () => {
    const page = await visitWith({ ...PAGE, 'sec-fetch-site': 'same-origin' })
    expect(page.location).toContain(bank.authorizationURL)
  })

  it('asks those who are not logged in to log in, and nothing else', async () => {
    const app = await start()
    const headers = { ...PAGE, 'sec-fetch-site': 'cross-site' }
    const page = await new Browser().request(`${app.origin}/bank/login`, { headers })
    expect([page.status, page.text.includes('<form')]).toEqual([401, false])
  })

  it.each<[string, Record<string, string>, number]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a sibling', { 'sec-fetch-site': 'same-site', 'sec-fetch-user': '?1' }, 403],
    ['another origin, as an old browser says it', { origin: 'https://evil.example' }, 403],
    ['an opaque origin, as an old browser says it', { origin: 'null' }, 403],
    ['this origin', { 'sec-fetch-site': 'same-origin', origin: 'null' }, 302],
  ])('can be posted by %s: the answer is as for a logout', async (_who, headers, status) => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    for (const path of ['/bank/login', '/own/connect']) {
      const page = await browser.request(app.origin + path, { method: 'POST', headers })
      expect([path, page.status]).toEqual([path, status])
    }
  })

  it('has a route for POST only if it connects', async () => {
    const app = await start()
    expect((await new Browser().post(app.loginURL)).status).toBe(404)
  })
})

describe('a request that only looks', () => {
  const LOOKS: readonly [string, string, Record<string, string>, number][] = [
    ['HEAD', 'HEAD', {}, 200],
    ['a prefetch', 'GET', { 'sec-purpose': 'prefetch' }, 503],
    ['a prerendering', 'GET', { 'sec-purpose': 'prefetch;prerender' }, 503],
    ['a prefetch of an older browser', 'GET', { purpose: 'prefetch' }, 503],
    ['a prefetch of an old Firefox', 'GET', { 'x-moz': 'prefetch' }, 503],
    ['a preview of Safari', 'GET', { 'x-purpose': 'preview' }, 503],
  ]

  it.each(LOOKS)('starts no login (%s)', async (_what, method, headers, status) => {
    const app = await start()
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const before = JSON.stringify([...browser.cookies(app.origin)])
    for (const path of ['/auth/login', '/bank/login', '/own/connect']) {
      const page = await browser.request(app.origin + path, { method, headers })
      expect([path, page.status, page.location]).toEqual([path, status, undefined])
      expect(page.headers.get('cache-control')).toBe('no-store')
      const stranger = new Browser()
      await stranger.request(app.origin + path, { method, headers })
      expect(stranger.cookies(app.origin).size).toBe(0)
    }
    expect(JSON.stringify([...browser.cookies(app.origin)])).toBe(before)
  })

  it.each(LOOKS)(
    'leaves the callback to the visit (%s)',
    async (_what, method, headers, status) => {
      const app = await start()
      const browser = new Browser()
      const { location: provider = '' } = await browser.visit(app.loginURL)
      const { location: callback = '' } = await browser.visit(provider)
      expect((await browser.request(callback, { method, headers })).status).toBe(status)
      expect(asked(scene.provider)).toEqual([])
      expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })

      expect((await browser.visit(callback)).status).toBe(302)
      expect(bodyOf(await browser.visit(`${app.origin}/`))['user']).toMatchObject({ id: 'ada' })
      expect(asked(scene.provider)).toEqual(ONE_LOGIN)
    },
  )
})

describeWithChromium('connecting in a real browser', (executable) => {
  let chromium: Chromium
  /** A page of the login provider with a button, as a person sees it. */
  let desk: RunningServer
  let evil: RunningServer
  let person: Person
  let link = ''

  beforeAll(async () => {
    chromium = await startChromium(executable)
    const asking = express()
    asking.get('/authorize', (req, res) => {
      const fields = new URLSearchParams(req.query as Record<string, string>)
      res.send(`<a href="/go?${fields.toString().replaceAll('&', '&amp;')}">Log in</a>`)
    })
    asking.get('/go', (req, res) =>
      res.redirect(`${scene.provider.authorizationURL}?${req.url.replace(/^[^?]*\?/, '')}`),
    )
    desk = await listen(asking)
    const luring = express()
    luring.get('/', (_req, res) => res.send(`<a href="${link}">Cute cats</a>`))
    luring.get('/redirect', (_req, res) => res.redirect(link))
    evil = await listen(luring)
  })
  beforeEach(async () => {
    await chromium.empty()
    person = await chromium.arrive()
  })
  afterAll(async () => {
    await chromium.close()
    await desk.close()
    await evil.close()
  })

  /** The same server under another name: to browsers, another site. */
  const elsewhere = ({ origin }: RunningServer): string => origin.replace('127.0.0.1', 'localhost')

  async function logIn(app: TestApp): Promise<void> {
    await person.page.goto(app.loginURL)
    await person.page.getByText('Log in').click()
    await person.page.waitForURL(`${app.origin}/`)
  }

  it.each<[string, () => string]>([
    ['on the same site', () => `${desk.origin}/authorize`],
    ['on another site', () => `${elsewhere(desk)}/authorize`],
  ])('asks after a login at a provider %s, whoever chose return_to', async (_where, at) => {
    const app = await start(at())
    link = `${app.origin}/auth/login?return_to=${encodeURIComponent('/bank/login?return_to=/done')}`
    const { page } = person
    await page.goto(elsewhere(evil))
    await page.getByText('Cute cats').click()
    await page.getByText('Log in').click()

    await page.getByRole('heading', { name: 'Connect bank' }).waitFor()
    expect(page.url()).toBe(`${app.origin}/bank/login?return_to=/done`)
    expect(asked(bank)).toEqual([])
    await page.getByRole('button').click()
    await page.waitForURL(`${app.origin}/done`)
    expect(asked(bank)).toEqual(ONE_LOGIN)
  })

  it('takes a person who was not logged in to the page that needs both, by one question', async () => {
    const app = await start(`${elsewhere(desk)}/authorize`)
    const { page } = person
    await page.goto(`${app.origin}/pockets`)
    await page.getByText('Log in').click()
    await page.getByRole('button', { name: 'Connect bank' }).click()
    await page.getByText('pockets').waitFor()
    expect(page.url()).toBe(`${app.origin}/pockets`)
    // Only that there is no favicon.
    expect(person.complaints.filter((text) => !text.includes('404'))).toEqual([])
  })

  it('asks if an address that was opened by hand redirects here, though the browser says none', async () => {
    const app = await start(`${desk.origin}/authorize`)
    await logIn(app)
    link = `${app.origin}/bank/login`
    const { page } = person
    const [arriving] = await Promise.all([
      page.waitForRequest(link),
      page.goto(`${elsewhere(evil)}/redirect`),
    ])
    expect((await arriving.allHeaders())['sec-fetch-site']).toBe('none')
    await page.getByRole('button', { name: 'Connect bank' }).waitFor()
    expect(asked(bank)).toEqual([])
  })

  it('asks nothing after a link of a page of the application', async () => {
    const app = await start(`${desk.origin}/authorize`)
    await logIn(app)
    const { page } = person
    await page.goto(`${app.origin}/settings`)
    await page.getByText('Connect').click()
    await page.waitForURL(`${app.origin}/done`)
    expect(asked(bank)).toEqual(ONE_LOGIN)
  })
})
