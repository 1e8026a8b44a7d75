import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { cookiePendingLogins } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { bodyOf, startLogin } from '../support/login.js'
import { startTwoProvidersApp } from '../support/two-providers-app.js'
import type { TwoProvidersApp } from '../support/two-providers-app.js'

let google: TestProvider
let github: TestProvider
let victim: Browser
let attacker: Browser
let app: TwoProvidersApp

beforeAll(async () => {
  google = await startTestProvider()
  github = await startTestProvider()
})
beforeEach(() => {
  victim = new Browser()
  attacker = new Browser()
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

/** Pending logins in the session, or in cookies, which an attacker can copy into a browser of their own. */
const PLACES: readonly (readonly [string, () => Partial<AuthorizationCodeOptions>])[] = [
  ['in the session', () => ({})],
  [
    'in cookies',
    () => ({ pendingLogins: cookiePendingLogins({ secret: 'a secret of 32 characters or more' }) }),
  ],
]

async function logIn(browser: Browser, sub: string): Promise<void> {
  google.user = { sub }
  await browser.follow(`${app.origin}/google/login`)
}

/** What the attacker has at GitHub, as a response that nobody has received yet. */
async function startConnecting(browser: Browser): Promise<string> {
  github.user = { sub: 'of the attacker' }
  return (await startLogin(browser, `${app.origin}/github/connect`)).callback
}

/** Expects a page that refuses, and that the attacker’s account belongs to nobody. */
function expectRefused({ status }: Page): void {
  expect([
    status,
    github.requestsTo('token').length,
    !app.owners.has('github of the attacker'),
  ]).toEqual([400, 0, true])
}

async function whoIs(browser: Browser): Promise<unknown> {
  return bodyOf(await browser.visit(`${app.origin}/`))['user']
}

describe.each(PLACES)('with pending logins %s, the response to connecting', (_where, place) => {
  beforeEach(async () => {
    app = await startTwoProvidersApp({
      providers: { google, github },
      grants: grantsIn(createMemoryStore()),
      strategy: place(),
    })
    await logIn(victim, 'victim')
    await logIn(attacker, 'attacker')
  })
  it('counts in no other session, logged in or not', async () => {
    const callback = await startConnecting(attacker)
    expectRefused(await victim.visit(callback))
    expectRefused(await new Browser().visit(callback))
    expect(await whoIs(victim)).toEqual({ id: 'google victim' })
  })

  it('counts in no other session, even with the cookies of the pending login [connect-4]', async () => {
    const callback = await startConnecting(attacker)
    for (const [name, value] of attacker.cookies(app.origin)) {
      if (name !== 'connect.sid') victim.setCookie(app.origin, name, value)
    }
    expectRefused(await victim.visit(callback))
  })

  it('does not count after another login in the same browser', async () => {
    const callback = await startConnecting(victim)
    await logIn(victim, 'somebody else')
    expectRefused(await victim.visit(callback))
  })

  it('does not count if the application has changed the user without a new session [connect-5]', async () => {
    const callback = await startConnecting(victim)
    const all = await new Promise<unknown>((resolve) => app.sessions.all((_e, s) => resolve(s)))
    for (const [id, one] of Object.entries(all as Record<string, { passport?: object }>)) {
      const changed = { ...one, passport: { user: { id: 'somebody else' } } }
      await new Promise((done) => app.sessions.set(id, changed as never, done))
    }
    expectRefused(await victim.visit(callback))
  })
})

describe('the response to connecting', () => {
  it('changes nothing when it comes again', async () => {
    app = await startTwoProvidersApp({
      providers: { google, github },
      grants: grantsIn(createMemoryStore()),
    })
    await logIn(victim, 'victim')
    const callback = await startConnecting(victim)
    await victim.visit(callback)
    const grants = await app.strategies['github']?.listGrants('google victim')
    expect((await victim.visit(callback)).location).toBe(`${app.origin}/`)
    expect((await attacker.visit(callback)).status).toBe(400)
    expect(await app.strategies['github']?.listGrants('google victim')).toEqual(grants)
    expect(github.requestsTo('token')).toHaveLength(1)
  })
})
