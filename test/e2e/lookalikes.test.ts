import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import express from 'express'
import type { Express } from 'express'
import type { AuthorizationCodeStrategy } from '../../src/index.js'
import { Browser } from '../support/http.js'
import { startLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { startScriptedProvider, json } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider
let browser: Browser
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  jest.resetModules()
  browser = new Browser()
  provider = await startScriptedProvider()
  closing.push(() => provider.close())
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** An application in a process of its own, as far as modules go, that keeps under any field what a visitor sends. */
async function start(given: {
  readonly keepSession?: readonly string[]
  readonly verify?: (login: {
    readonly profile?: { readonly _json?: unknown } | undefined
  }) => object
}) {
  const { default: passport } = await import('passport')
  const { startApp } = await import('../support/app.js')
  const store = new RecordingStore()
  const { authorizationURL, tokenURL, profileURL } = provider
  const app = await startApp({
    store,
    strategy: { authorizationURL, tokenURL, profileURL, keepSession: given.keepSession ?? [] },
    ...(given.verify !== undefined && { verify: given.verify }),
    routes: (routes: Express, _strategy: AuthorizationCodeStrategy) => {
      routes.post('/fields', express.json(), (req, res) => {
        Object.assign(req.session, req.body)
        res.end()
      })
    },
  })
  closing.push(() => app.close())
  const put = (fields: object) =>
    browser.request(`${app.origin}/fields`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
  const sessionOf = async (): Promise<Readonly<Record<string, unknown>>> => ({
    ...Object.values(await store.contents()).at(-1),
  })
  return { app, passport, put, sessionOf }
}

const ATTEMPT = {
  id: 'x',
  strategy: 'x',
  redirectUri: 'https://app.example/callback',
  createdAt: Date.now(),
  planted: true,
}

/** Contents that a visitor might send, which look like ours. */
const LOOKALIKES: readonly unknown[] = [
  { pendingLogins: [ATTEMPT] },
  { pendingLogins: [{ id: 'x', used: true, planted: true }] },
  { pendingLogins: [null] },
  { pendingLogins: [{}] },
  { pendingLogins: null },
  { entry: { id: 'x', owner: 'x', version: 1, held: { tokens: { accessToken: 'x' } } } },
  { entry: null },
  { grant: 'x' },
  { oauth2GrantEnded: true },
  { defaultUser: { provider: 'company', id: 'boss' } },
]

describe('a field of the application that looks like ours', () => {
  it.each(LOOKALIKES)('does not survive a login: %j', async (content) => {
    const { app, put, sessionOf } = await start({})
    await put({ cart: content })

    await browser.follow(app.loginURL)

    expect(app.errors).toEqual([])
    const session = await sessionOf()
    expect(session).not.toHaveProperty('cart')
    expect(session).toHaveProperty('passport.user')
  })

  it.each(LOOKALIKES)('survives as it is if keepSession names it: %j', async (content) => {
    const { app, put, sessionOf } = await start({ keepSession: ['cart'] })
    await put({ cart: content })

    await browser.follow(app.loginURL)

    expect(app.errors).toEqual([])
    expect((await sessionOf())['cart']).toEqual(content)
  })

  it('does not take the place of a login that another tab has started', async () => {
    const { app, put } = await start({})
    const { callback } = await startLogin(browser, app.loginURL)
    await put({ cart: { pendingLogins: Array(8).fill(ATTEMPT) } })

    await browser.follow(app.loginURL)

    const page = await browser.visit(callback)
    expect([page.status, app.errors]).toEqual([302, []])
  })
})

describe('a default user', () => {
  it('is one that this library has serialized into this session, and no other', async () => {
    const { app, put, sessionOf } = await start({})
    await browser.follow(app.loginURL)
    const { passport: serialized } = (await sessionOf()) as { passport: { user: object } }
    const userOf = async (who: Browser): Promise<unknown> =>
      (JSON.parse((await who.visit(`${app.origin}/`)).text) as { user?: unknown }).user ?? null

    // The application, or a fault of it, writes into the session.
    for (const user of [
      { defaultUser: { provider: 'company', id: 'boss' } },
      { ...serialized.user, mark: 'x' },
      { ...serialized.user, mark: undefined },
      { ...serialized.user, defaultUser: null },
      { ...serialized.user, defaultUser: 'boss' },
    ]) {
      await put({ passport: { user } })
      expect([user, await userOf(browser)]).toEqual([user, null])
    }

    // Somebody else's, in a session of one's own.
    browser = new Browser()
    await put({ passport: serialized })
    expect(await userOf(browser)).toBeNull()
    expect(app.errors).toEqual([])
  })

  it('is not one that the application’s own serializer has written, whatever the provider says', async () => {
    provider.onProfile(
      json({
        sub: 'mallory',
        mark: 'x',
        defaultUser: { provider: 'company', id: 'boss', roles: ['admin'] },
      }),
    )
    const { default: passport } = await import('passport')
    const { AuthorizationCodeStrategy } = await import('../../src/index.js')
    // A strategy with default users, beside the one with users of its own.
    new AuthorizationCodeStrategy({
      name: 'company',
      authorizationURL: 'http://127.0.0.1:1/authorize',
      tokenURL: 'http://127.0.0.1:1/token',
      clientID: 'client',
      clientSecret: 'secret',
      callbackURL: 'https://app.example/callback',
    })
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((user: Express.User, done) => done(null, user))
    const { app } = await start({ verify: ({ profile }) => profile?._json as object })

    await browser.follow(app.loginURL)

    const { text } = await browser.visit(`${app.origin}/`)
    expect(JSON.parse(text)).toMatchObject({ user: { sub: 'mallory' } })
    expect(app.errors).toEqual([])
  })
})
