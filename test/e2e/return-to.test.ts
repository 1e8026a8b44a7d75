import { beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import session from 'express-session'
import { ConfigurationError, requireLogin } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN, startLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

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

async function landsOn(query: string): Promise<string | undefined> {
  const { callback } = await startLogin(browser, app.loginURL + query)
  const page = await browser.visit(callback)
  expect(page.status).toBe(302)
  return page.headers.get('location') ?? undefined
}

describe('/login?return_to=', () => {
  it.each([
    '/',
    '/cart',
    '/cart?step=2&sort=a%20b#total',
    '/a/../b',
    '/%2F%2Fevil.example',
    '/search?q=https://evil.example/',
    '/@evil.example',
    '/räume?q=ü',
    '/a//b',
    '/auth/login',
  ])('comes back to %s', async (path) => {
    const landing = await landsOn(`?return_to=${encodeURIComponent(path)}`)
    expect(landing).toBe(
      new URL(path, 'http://here.invalid').href.slice('http://here.invalid'.length),
    )
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each([
    '//evil.example',
    '//evil.example/path',
    '/\\evil.example/path',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '/\\/evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    'https://evil.example',
    'https:evil.example',
    'https:/evil.example',
    'HTTPS://evil.example',
    'http:\\\\evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'evil.example',
    '',
    ' //evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\n/evil.example',
    '\t//evil.example',
    '\u0000//evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '/./\\evil.example',
    '/\\\t/evil.example',
    '?//evil.example',
    '#//evil.example',
    '/' + 'a'.repeat(2048),
  ])('does not lead to %j but home [return-to-3]', async (path) => {
    expect(await landsOn(`?return_to=${encodeURIComponent(path)}`)).toBe('/')
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it.each([
    '?return_to=//evil.example&return_to=/fine',
    '?return_to[]=//evil.example',
    '?return_to[x]=//evil.example',
    '?returnTo=//evil.example',
    '?RETURN_TO=//evil.example',
    '?return_to',
    '?return_to=%ff%fe',
  ])('does not lead away by %s [return-to-2]', async (query) => {
    expect(await landsOn(query)).toBe('/')
  })

  it('cannot be set or changed at the callback [return-to-1]', async () => {
    const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/chosen`)
    const page = await browser.visit(`${callback}&return_to=//evil.example&returnTo=/other`)
    expect(page.headers.get('location')).toBe('/chosen')
  })
})

describe('requireLogin', () => {
  const page = { accept: 'text/html' }
  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

  it('sends a page visit to log in, and it comes back where it was, query and all', async () => {
    const first = await browser.visit(`${app.origin}/private?tab=a%26b&x=1`)
    expect(first.status).toBe(302)
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect(asked(provider)).toEqual([])
    expect(store.writes).toEqual([])

    const last = await browser.follow(`${app.origin}/private?tab=a%26b&x=1`)
    expect(last.url).toBe(`${app.origin}/private?tab=a%26b&x=1`)
    expect(bodyOf(last)).toMatchObject({ user: { id: 'ada' } })
    expect(asked(provider)).toEqual(ONE_LOGIN)
  })

  it('lets a logged-in person pass without asking anybody', async () => {
    await browser.follow(app.loginURL)
    provider.requests.length = 0
    for (const headers of [navigation, {}]) {
      const answer = await browser.request(`${app.origin}/private`, { headers })
      expect(answer.status).toBe(200)
    }
    expect(asked(provider)).toEqual([])
  })

  it.each([
    ['a navigation', 'GET', navigation],
    ['a navigation that looks before it leaps', 'HEAD', navigation],
    ['a browser without fetch metadata', 'GET', page],
  ])('takes %s for a page visit', async (_what, method, headers) => {
    const answer = await browser.request(`${app.origin}/private?a=b`, { method, headers })
    expect(answer.status).toBe(302)
    expect(answer.location).toBe(`${app.origin}/auth/login?return_to=%2Fprivate%3Fa%3Db`)
    expect(store.writes).toEqual([])
  })

  it.each<[string, string, Record<string, string>]>([
    ['fetch', 'GET', { accept: '*/*', 'sec-fetch-mode': 'cors' }],
    ['fetch that accepts pages', 'GET', { accept: 'text/html', 'sec-fetch-mode': 'same-origin' }],
    ['an image', 'GET', { accept: 'image/*', 'sec-fetch-mode': 'no-cors' }],
    ['XMLHttpRequest', 'GET', { accept: 'application/json', 'x-requested-with': 'XMLHttpRequest' }],
    ['an API client', 'GET', {}],
    ['HEAD of an API client', 'HEAD', { accept: '*/*' }],
    ['a posted form', 'POST', navigation],
    ['PUT', 'PUT', { accept: 'application/json' }],
    ['DELETE', 'DELETE', {}],
  ])('answers %s with 401 and JSON', async (_what, method, headers) => {
    app = await scene.start({
      store,
      routes: (one) => one.all('/api', requireLogin({ loginPath: '/auth/login' })),
    })
    const answer = await browser.request(`${app.origin}/api`, { method, headers })
    expect(answer.status).toBe(401)
    expect(answer.location).toBeUndefined()
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const body = JSON.stringify({ error: 'login_required', loginPath: '/auth/login' })
    expect(answer.text).toBe(method === 'HEAD' ? '' : body)
    expect(asked(provider)).toEqual([])
    expect(store.writes).toEqual([])
  })

  it('comes back to the whole path from inside a mounted router', async () => {
    app = await scene.start({
      routes: (one) => {
        const router = express.Router()
        router.get('/deep', requireLogin({ loginPath: '/auth/login?hint=x' }), (_req, res) =>
          res.send('deep'),
        )
        one.use('/mounted', router)
      },
    })
    const first = await browser.visit(`${app.origin}/mounted/deep?a=1`)
    expect(first.headers.get('location')).toBe(
      '/auth/login?hint=x&return_to=%2Fmounted%2Fdeep%3Fa%3D1',
    )
    expect((await browser.follow(first.location ?? '')).text).toBe('deep')
  })

  it.each([
    ['without a strategy: /login', false, '/login'],
    ['with one: where the router has the login route beside its callback', true, '/auth/login'],
  ])('leads to a login route by default: %s', async (_which, hasStrategy, expected) => {
    app = await scene.start({
      routes: (one, strategy) => {
        one.get('/orders', requireLogin(hasStrategy ? { strategy } : {}))
      },
    })
    const answer = await browser.request(`${app.origin}/orders`, { headers: page })
    expect(answer.headers.get('location')).toBe(`${expected}?return_to=%2Forders`)
    const ofScript = await browser.request(`${app.origin}/orders`, {})
    expect(bodyOf(ofScript)).toMatchObject({ loginPath: expected })
  })

  it('does not carry along a path that could be another host [return-to-4]', async () => {
    app = await scene.start({ routes: (one) => one.use(requireLogin()) })
    const answer = await browser.request(`${app.origin}//evil.example/x`, { headers: page })
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('/login')
  })

  it.each(['https://evil.example/login', '//evil.example', 'login', ''])(
    'throws at start when loginPath is %j',
    (loginPath) => {
      expect(() => requireLogin({ loginPath })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'loginPath' }),
      )
    },
  )

  it.each([true, false])(
    'says what is missing: passport.session(), or express-session (with it: %s)',
    async (withSession) => {
      const errors: unknown[] = []
      const bare = express()
      if (withSession) bare.use(session({ secret: 's', resave: false, saveUninitialized: false }))
      bare.get('/private', requireLogin(), (_req, res) => res.send('secret'))
      bare.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
        errors.push(error)
        if (res.headersSent) next(error)
        else res.status(500).end()
      })
      const server = await listen(bare)
      const answer = await browser.visit(`${server.origin}/private`)
      await server.close()
      expect(answer.status).toBe(500)
      expect(errors).toEqual([expect.any(ConfigurationError)])
      expect(String(errors[0])).toContain(
        withSession ? 'passport.session()' : 'app.use(session(…))',
      )
    },
  )
})
