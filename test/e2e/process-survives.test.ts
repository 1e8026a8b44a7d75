import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import { createGate } from '../support/gate.js'
import type { Gate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import type { BrowserRequest, Page } from '../support/http.js'
import { bodyOf, changed, formOf, startLogin } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'
import { MISFORTUNES, startUnluckyApp } from '../support/unlucky-apps.js'
import type { Misfortune, UnluckyApp } from '../support/unlucky-apps.js'

// Starting a process takes a while.
jest.setTimeout(60_000)

const TWO_HOURS = 7200

let provider: ScriptedProvider
let openId: OpenIdProvider
let honest: Script
/** What the provider answers to refresh tokens. */
let refresh: Script
let app: UnluckyApp
let browser: Browser

beforeAll(async () => {
  provider = await startScriptedProvider()
  openId = await speakOpenId({ ...provider, onToken: (script) => (honest = script) })
  // Logins overlap: the code says which nonce is whose.
  let nonce: string | undefined
  provider.onAuthorize((parameters) => ({
    code: parameters.get('nonce') ?? '',
    state: parameters.get('state') ?? '',
  }))
  provider.onToken((request, response) => {
    nonce = formOf(request).get('code') ?? undefined
    ;(nonce === undefined ? refresh : honest)(request, response)
  })
  openId.makeIdToken = (claims) => openId.sign({ ...claims, ...(nonce && { nonce }) })
  app = await startUnluckyApp(provider.origin)
})
beforeEach(async () => {
  browser = new Browser()
  refresh = honest
  openId.claims = {}
  if (!(await app.isAlive())) app = await startUnluckyApp(provider.origin)
})
afterAll(async () => {
  await app.stop()
  await provider.close()
})

/** Opens the flow inspector of the app. */
const FLOW_KEY = 'key=the-key-of-the-inspector-of-this-app'

const at = (path: string): string => app.origin + path

let logins = 0

/** Each login has a session of its own at the provider, so that no logout there ends a later one. */
function beSomebodyNew(): void {
  logins += 1
  openId.claims = { sid: `session-${logins}` }
}

async function logIn(visitor = browser): Promise<Page> {
  beSomebodyNew()
  return visitor.follow(at('/auth/login'))
}

async function start(path: string): Promise<string> {
  beSomebodyNew()
  return (await startLogin(browser, at(path))).callback
}

async function expectLogin(visitor: Browser): Promise<void> {
  await app.whileAlive(async () => {
    const page = await logIn(visitor)
    expect({ status: page.status, url: page.url }).toEqual({ status: 200, url: at('/') })
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
  })
}

/** A request that something will happen to. */
interface Target extends BrowserRequest {
  readonly url: string
}

function send({ url, ...init }: Target, misfortune: Misfortune, signal?: AbortSignal) {
  return browser.request(url, {
    ...init,
    headers: {
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'same-origin',
      ...init.headers,
      'x-misfortune': misfortune,
      // Its connection may end with it: no later request shall come to grief by that.
      connection: 'close',
    },
    ...(signal && { signal }),
  })
}

function form(url: string, fields: Record<string, string> = {}): Target {
  return { url, method: 'POST', body: new URLSearchParams(fields) }
}

/** Each route, and what has to come before for its request to do all that it can do. */
const ROUTES: Readonly<Record<string, () => Promise<Target> | Target>> = {
  'GET /login': () => ({ url: at('/auth/login') }),
  'GET /login of somebody who is logged in': async () => {
    await logIn()
    return { url: at('/auth/login') }
  },
  'GET /login with pending logins in cookies': () => ({ url: at('/cookies/login') }),
  'GET /login to connect': async () => {
    await logIn()
    return { url: at('/connect/login') }
  },
  'GET /callback': async () => ({ url: await start('/auth/login') }),
  'GET /callback a second time': async () => {
    const url = await start('/auth/login')
    await browser.visit(url)
    return { url }
  },
  'GET /callback after consent was denied': async () => {
    const callback = await start('/auth/login')
    return { url: changed(callback, { code: undefined, error: 'access_denied' }) }
  },
  'GET /callback of a login that nobody has started': () => ({
    url: at('/auth/callback?code=code-1&state=forged'),
  }),
  'GET /callback with pending logins in cookies': async () => ({
    url: await start('/cookies/login'),
  }),
  'GET /callback to connect': async () => {
    await logIn()
    return { url: await start('/connect/login') }
  },
  'GET /callback with an error handler that rejects': () => ({
    url: at('/rejecting/callback?code=code-1&state=forged'),
  }),
  'POST /callback': async () => {
    const { searchParams } = new URL(await start('/auth/login'))
    return form(at('/auth/callback'), Object.fromEntries(searchParams))
  },
  'POST /logout': async () => {
    await logIn()
    return form(at('/auth/logout'))
  },
  'POST /logout of a session with fields to keep': async () => {
    await logIn()
    await plant('cart', ['a book'])
    return form(at('/auth/logout'))
  },
  'POST /logout from another site': () => ({
    ...form(at('/auth/logout')),
    headers: { 'sec-fetch-site': 'cross-site' },
  }),
  'GET /jwks.json': () => ({ url: at('/auth/jwks.json') }),
  'GET /session': async () => {
    await logIn()
    return { url: at('/auth/session') }
  },
  'GET /logged-out': async () => {
    await logIn()
    const { location = '' } = await browser.post(at('/auth/logout'))
    const state = new URL(location).searchParams.get('state') ?? ''
    return { url: at(`/auth/logged-out?state=${state}`) }
  },
  'POST /backchannel-logout': async () => {
    await logIn()
    const claims = { sub: undefined, ...openId.claims }
    return form(at('/auth/backchannel-logout'), { logout_token: await openId.logoutToken(claims) })
  },
  'POST /backchannel-logout with a forged token': () =>
    form(at('/auth/backchannel-logout'), { logout_token: 'a.b.c' }),
  'a page of requireLogin, without a login': () => ({ url: at('/page') }),
  'a page of requireLogin': async () => {
    await logIn()
    return { url: at('/page') }
  },
  'a page of requireLogin that renews': async () => {
    await logIn()
    const iat = Math.floor(Date.now() / 1000) + TWO_HOURS
    openId.claims = { ...openId.claims, iat, exp: iat + 300 }
    return { url: at('/page'), headers: { 'x-later-seconds': String(TWO_HOURS) } }
  },
  'a page of requireLogin that cannot renew': async () => {
    await logIn()
    refresh = json({ error: 'invalid_grant' }, 400)
    return { url: at('/page'), headers: { 'x-later-seconds': String(TWO_HOURS) } }
  },
  'a login by passport.authenticate alone': () => ({ url: at('/bare') }),
  'a callback by passport.authenticate alone': async () => ({ url: await start('/bare') }),
  'a callback by passport.authenticate with a successRedirect': async () => ({
    url: await start('/redirecting'),
  }),
  'a login by passport.authenticate with a callback that throws': () => ({ url: at('/custom') }),
  'a callback by passport.authenticate with a callback that throws': async () => ({
    url: await start('/custom'),
  }),
  'a callback by passport.authenticate with a callback whose req.logIn throws': async () => ({
    url: await start('/custom-login'),
  }),
  'a callback by a subclass whose userProfile throws': async () => ({
    url: await start('/hooked'),
  }),
  'the flow inspector': () => ({ url: at(`/flow/?${FLOW_KEY}`) }),
  'the flow inspector’s events': () => ({ url: at(`/flow/events?${FLOW_KEY}`) }),
  'the flow inspector’s style sheet': () => ({ url: at(`/flow/style.css?${FLOW_KEY}`) }),
  'the flow inspector’s script': () => ({ url: at(`/flow/script.js?${FLOW_KEY}`) }),
}

/** After these, a request may wait for ever: express-session itself waits for its store, or has nothing to send. */
const ENDLESS: readonly Misfortune[] = [
  'is answered halfway before',
  'meets a store that throws',
  'meets a store that never answers',
]

/** Puts a value into a field of the browser's session, as an application may that keeps what visitors send. */
async function plant(field: string, value: unknown): Promise<void> {
  const page = await browser.request(at(`/session/${field}`), {
    method: 'POST',
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  })
  expect(page.status).toBe(200)
}

describe.each(Object.entries(ROUTES))('%s', (name, prepare) => {
  // Once for each route, in the session that all of this has happened to.
  afterAll(() => expectLogin(browser))

  it.each(MISFORTUNES)('when it %s, ends no process and no later login', async (misfortune) => {
    const target = await prepare()
    const sent = new AbortController()
    const arrival = app.arrival()
    const answer = send(target, misfortune, sent.signal).catch(() => undefined)
    await app.whileAlive(() => arrival)
    await expectLogin(new Browser())
    if (ENDLESS.includes(misfortune) || name.endsWith('events')) sent.abort()
    await app.whileAlive(() => answer)
  })
})

describe('an application that answers 503 by itself when it takes too long', () => {
  let gate: Gate
  let own: UnluckyApp

  beforeEach(async () => {
    gate = createGate()
    // It has fetched no keys yet.
    own = app
    app = await startUnluckyApp(provider.origin)
  })
  afterEach(async () => {
    provider.on('/vault', json({}))
    openId.publish(openId.publicKey)
    await app.stop()
    app = own
  })

  const slow =
    (script: Script): Script =>
    (request, response) => {
      void gate.pass().then(() => script(request, response))
    }

  async function expectSurvival(target: Target): Promise<void> {
    const answer = send(target, 'is answered on demand')
    await app.whileAlive(() => gate.reached)
    app.answer()
    expect((await answer).status).toBe(503)
    gate.open()
    await expectLogin(new Browser())
    await expectLogin(browser)
  }

  it.each([
    ['refuses to renew the tokens', json({ error: 'invalid_grant' }, 400)],
    ['fails', json({}, 500)],
    ['renews the tokens', undefined],
  ])('outlives a page of requireLogin when the provider at last %s', async (_outcome, script) => {
    await logIn()
    refresh = slow(script ?? honest)
    const headers = { 'x-later-seconds': String(TWO_HOURS) }
    await expectSurvival({ url: at('/page'), headers })
  })

  it('outlives a request for its public keys when the key function is slow', async () => {
    provider.on('/vault', slow(json({})))
    await expectSurvival({ url: at('/auth/jwks.json') })
  })

  it.each<[string, (token: string) => string]>([
    ['honest', (token) => token],
    ['forged', (token) => token.replace(/[^.]+$/, 'A'.repeat(86))],
  ])(
    'outlives a back-channel logout, %s, when the provider’s keys are slow to come',
    async (_kind, changed) => {
      provider.on('/jwks', slow(json({ keys: [openId.publicKey] })))
      const fields = { logout_token: changed(await openId.logoutToken()) }
      await expectSurvival(form(at('/auth/backchannel-logout'), fields))
    },
  )
})

describe('a renewal whose session store never answers', () => {
  it('does not hold the later requests of its session for ever', async () => {
    await logIn()
    const iat = Math.floor(Date.now() / 1000) + TWO_HOURS
    openId.claims = { ...openId.claims, iat, exp: iat + 300 }
    const page = { url: at('/page'), headers: { 'x-later-seconds': String(TWO_HOURS) } }
    const gate = createGate()
    refresh = (request, response) => {
      void gate.pass().then(() => honest(request, response))
    }
    const left = new AbortController()
    const answer = send(page, 'meets a store that never answers', left.signal).catch(
      () => undefined,
    )
    await app.whileAlive(() => gate.reached)
    gate.open()
    const { url, headers } = page
    expect((await app.whileAlive(() => browser.request(url, { headers }))).text).toBe('A page')
    left.abort()
    await answer
  })
})

describe('the flow inspector', () => {
  it('does not write to a page whose answer the application has ended', async () => {
    const events = at(`/flow/events?${FLOW_KEY}`)
    const left = new AbortController()
    const answer = send({ url: events }, 'is ended on demand', left.signal).catch(() => undefined)
    const watched = await fetch(events, { signal: left.signal })
    const reader = watched.body?.pipeThrough(new TextDecoderStream()).getReader()
    await reader?.read()
    app.answer()
    await logIn()
    // What happens is sent to all pages in the order in which they came.
    await app.whileAlive(async () => reader?.read())
    await expectLogin(browser)
    left.abort()
    await answer
  })
})

const ENTRY = { id: 'x', owner: 'y', version: 1 }

/** Session data that nothing of ours has written. */
const MALFORMED: readonly unknown[] = [
  null,
  true,
  5,
  'text',
  [],
  [null],
  {},
  ...[null, 5, 'text', {}, { length: 1 }, [null], [undefined, 5, 'text', [], {}]].map(
    (pendingLogins) => ({ pendingLogins }),
  ),
  ...[
    { id: 5 },
    { id: 'x' },
    { id: 'x', used: true, returnTo: 5 },
    { id: 'x', used: 5 },
    { id: 'x', strategy: 5, redirectUri: null, createdAt: 'today' },
    { id: 'x', strategy: 'y', redirectUri: 'z', createdAt: 1, idToken: null, codeVerifier: 5 },
  ].map((one) => ({ pendingLogins: [one] })),
  ...[null, 5, 'text', [], {}, { id: 1, owner: 2, version: 3, held: 4 }].map((entry) => ({
    entry,
  })),
  ...[null, 5, [], {}, { grant: 5, state: 5 }].map((held) => ({ entry: { ...ENTRY, held } })),
  ...[null, 5, [], {}, { version: 1, tokens: null }, { version: 'x', tokens: [] }].map((state) => ({
    entry: { ...ENTRY, held: { grant: 'z', state } },
  })),
]

/** Sends the browser everywhere where the session is looked at. */
async function expectCalm(): Promise<void> {
  await app.whileAlive(async () => {
    for (const path of ['/tokens', '/page', '/auth/callback?code=a&state=b', '/connect/login']) {
      const { status } = await browser.visit(at(path))
      expect({ path, isFailure: status >= 500 }).toEqual({ path, isFailure: false })
    }
    const logoutToken = await openId.logoutToken({ sub: undefined, ...openId.claims })
    const fields = { logout_token: logoutToken }
    expect((await browser.post(at('/auth/backchannel-logout'), fields)).status).toBe(200)
  })
}

describe.each([
  ['the application’s own field that is kept through logins', 'cart'],
  ['the library’s own field', 'own'],
])('malformed session data in %s', (_place, field) => {
  it.each(MALFORMED.map((value) => [JSON.stringify(value), value]))(
    '%s is ignored',
    async (_text, value) => {
      await plant(field, value)
      await expectCalm()
      await plant(field, value)
      await expectLogin(browser)

      await plant(field, value)
      await expectCalm()
      await logIn()
      await plant(field, value)
      expect((await browser.post(at('/auth/logout'))).status).toBe(303)
      await expectLogin(browser)
    },
  )
})

describe('session data that was changed in one place', () => {
  it.each(['null', 'true', '5', '-1', '"text"', '[]', '{}'])(
    'to %s ends no process and no later login',
    async (text) => {
      await logIn()
      await browser.visit(at('/auth/login'))
      const { own } = bodyOf(await browser.visit(at('/session')))
      const variants = changedInOnePlace(own, JSON.parse(text))
      expect(variants.length).toBeGreaterThan(10)
      for (const variant of variants) {
        for (const path of ['/tokens', '/page', '/auth/callback?code=a&state=b', '/auth/login']) {
          await plant('own', variant)
          await app.whileAlive(() => browser.visit(at(path)))
        }
        await plant('own', variant)
        await app.whileAlive(() => browser.post(at('/auth/logout')))
        await logIn()
      }
      await expectLogin(browser)
    },
  )
})

/** All that `value` becomes when one of its members, or theirs, is replaced. */
function changedInOnePlace(value: unknown, replacement: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [replacement]
  const members = Object.entries(value).flatMap(([name, member]) =>
    changedInOnePlace(member, replacement).map((one) => {
      const copy = structuredClone(value)
      Reflect.set(copy, name, one)
      return copy
    }),
  )
  return [replacement, ...members]
}
