import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import passport from 'passport'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { cookiePendingLogins, MemoryGrants, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { createGate } from '../support/gate.js'
import type { Gate } from '../support/gate.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { until } from '../support/until.js'

/** The same callback of a login for more, twice at once: by a second click or a reload. */

const scene = setScene()
let openId: OpenIdProvider
let store: RecordingStore
let browser: Browser
let appStates: unknown[]
/** How many callbacks have come, and how many of them the browser has dropped. */
let callbacks: number
let closed: number

beforeAll(() => {
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))
})
beforeEach(async () => {
  openId = await speakOpenId(scene.provider)
  store = new RecordingStore()
  browser = new Browser()
  appStates = []
  callbacks = 0
  closed = 0
})

function start(options: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
  return scene.start({
    store,
    strategy: { ...openId.options, scope: 'openid', ...options },
    verify: ({ profile, appState }) => {
      appStates.push(appState)
      return { id: profile?.id ?? '' }
    },
    routes: (app, strategy) => {
      app.use('/auth/callback', (_req, res, next) => {
        callbacks += 1
        res.once('close', () => (closed += res.writableEnded ? 0 : 1))
        next()
      })
      const needs = { strategy, loginPath: '/auth/login', appState: { cart: 7 } }
      app.get('/files', requireLogin({ ...needs, scope: 'files' }), (_req, res) => res.json({}))
      const strong = { ...needs, acrValues: ['mfa'], maxAgeSeconds: 60 }
      app.get('/strong', requireLogin(strong), (_req, res) => res.json({}))
    },
  })
}

/** Logs in, visits a page that needs more, and lets the provider answer. Resolves to the callback. */
async function askForMore(app: TestApp, path: string): Promise<string> {
  await browser.follow(app.loginURL)
  callbacks = 0
  const sent = await browser.visit(`${app.origin}${path}`)
  return (await browser.visit(sent.location ?? '')).location ?? ''
}

function sameBrowser(from: string, to = from): Browser {
  const other = new Browser()
  for (const [name, value] of browser.cookies(from)) other.setCookie(to, name, value)
  return other
}

/** The provider answers the token request when the gate opens. */
function answerSlowly(): Gate {
  const gate = createGate()
  const { makeIdToken } = openId
  openId.makeIdToken = async (claims) => {
    await gate.pass()
    return makeIdToken(claims)
  }
  return gate
}

/** The first request is dropped while its session is written. Resolves to the answer to the second. */
async function dropFirst(app: TestApp, callback: string): Promise<Page> {
  const answering = answerSlowly()
  const cancel = new AbortController()
  const first = sameBrowser(app.origin)
    .request(callback, { signal: cancel.signal })
    .catch(() => 'dropped')
  await answering.reached
  const second = browser.visit(callback)
  await until(() => callbacks === 2)
  const writing = createGate()
  store.beforeSet = () => writing.pass()
  answering.open()
  await writing.reached
  cancel.abort()
  await first
  await until(() => closed === 1)
  writing.open()
  return second
}

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  ['in the session', () => ({})],
  ['in the session, sealed', () => ({ tokenSecret: 'a secret of 32 characters or more' })],
  ['in the session, with grants in a store', () => ({ grants: new MemoryGrants() })],
  [
    'in a cookie',
    () => ({ pendingLogins: cookiePendingLogins({ secret: 'a secret of 32 characters or more' }) }),
  ],
])('a login for more that is started again, pending %s', (_where, options) => {
  it('asks for the same scope, with the data of the application', async () => {
    const app = await start(options())
    const callback = await askForMore(app, '/files')
    const again = await dropFirst(app, callback)
    expect(new URL(again.location ?? '').searchParams.get('scope')).toBe('openid files')
    const page = await browser.follow(again.location ?? '')
    expect([page.url, page.status]).toEqual([`${app.origin}/files`, 200])
    expect(appStates.at(-1)).toEqual({ cart: 7 })
    expect(app.errors).toEqual([])
  })

  it('asks for the same authentication', async () => {
    openId.claims = { acr: 'mfa', auth_time: 1 }
    const app = await start(options())
    const callback = await askForMore(app, '/strong')
    openId.claims = { acr: 'mfa', auth_time: Math.floor(Date.now() / 1000) }
    const again = await dropFirst(app, callback)
    const request = Object.fromEntries(new URL(again.location ?? '').searchParams)
    expect(request).toMatchObject({ max_age: '60' })
    const page = await browser.follow(again.location ?? '')
    expect([page.url, page.status]).toEqual([`${app.origin}/strong`, 200])
  })
})

describe('a login for more whose callback comes to two processes', () => {
  it.each([
    ['is of another person', 'ERR_ANOTHER_PERSON', '/files', { sub: 'grace' }],
    ['was authenticated in another way', 'ERR_AUTHENTICATION_REQUIREMENTS', '/strong', {}],
  ])('shows the same error by both if it %s', async (_what, code, path, claims) => {
    const grants = createMemoryStore()
    const app = await start({ grants: grantsIn(grants) })
    const other = await start({ grants: grantsIn(grants) })
    scene.provider.onProfile((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ sub: openId.claims['sub'] ?? 'ada', name: 'Someone' }))
    })
    openId.claims = { acr: 'weak', auth_time: 1 }
    const callback = await askForMore(app, path)
    openId.claims = { acr: 'weak', auth_time: 1, ...claims }
    const answering = answerSlowly()
    const second = sameBrowser(app.origin, other.origin)
    const pages = [browser.visit(callback)]
    await answering.reached
    pages.push(second.visit(callback.replace(app.origin, other.origin)))
    await until(() => callbacks === 2)
    answering.open()

    const answers = await Promise.all(pages)
    expect(answers.map(({ status }) => status)).toEqual([403, 403])
    expect([app.errors, other.errors]).toMatchObject([[{ code }], [{ code }]])
    const [one, two] = [app.errors[0], other.errors[0]] as Error[]
    expect(two?.message).toBe(one?.message)
  })
})
