import { beforeEach, describe, expect, it } from '@jest/globals'
import type { RequestHandler } from 'express'
import passport from 'passport'
import { cookiePendingLogins, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions, AuthorizationCodeStrategy } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { createGate } from '../support/gate.js'
import type { Gate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { asked, bodyOf, changed, ONE_LOGIN, startLogin } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { ScriptedProvider, Script } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

const scene = setScene()
let provider: ScriptedProvider
let store: RecordingStore
let app: TestApp
let browser: Browser
/** How many callbacks the application has received. */
let callbacks: number
/** How many of them the browser has dropped. */
let closed: number

const WAYS: readonly (readonly [string, () => Partial<AuthorizationCodeOptions>])[] = [
  ['in the session', () => ({})],
  ['in the session, with grants in a store', () => ({ grants: new MemoryGrants() })],
  [
    'in a cookie',
    () => ({ pendingLogins: cookiePendingLogins({ secret: 'a secret of 32 characters or more' }) }),
  ],
]

beforeEach(() => {
  ;({ provider } = scene)
  browser = new Browser()
})

/** @param own what the application's own callback waits for after it has logged the person in */
async function start(strategy: Partial<AuthorizationCodeOptions>, own?: Gate): Promise<void> {
  store = new RecordingStore()
  callbacks = 0
  closed = 0
  app = await scene.start({
    store,
    strategy,
    routes: (router, one) => {
      router.use('/auth/callback', (_req, res, next) => {
        callbacks += 1
        res.once('close', () => {
          if (!res.writableEnded) closed += 1
        })
        next()
      })
      if (own !== undefined) router.get('/auth/callback', waitingCallback(one, own))
    },
  })
}

/** As of an application that does something slow between logging the person in and its answer. */
function waitingCallback(strategy: AuthorizationCodeStrategy, own: Gate): RequestHandler {
  return (req, res, next) => {
    const authenticate = passport.authenticate(
      strategy,
      (error: unknown, user: Express.User | false | undefined) => {
        if (!user) {
          next(error)
          return
        }
        req.logIn(user, (failed: unknown) => {
          if (failed !== undefined && failed !== null) next(failed)
          else void own.pass().then(() => res.redirect('/'))
        })
      },
    ) as RequestHandler
    authenticate(req, res, next)
  }
}

/** The provider answers the token request when the gate opens. */
function slowly(script: Script): Gate {
  const gate = createGate()
  provider.onToken((request, response) => {
    void gate.pass().then(() => script(request, response))
  })
  return gate
}

const honest: Script = (request, response) => json(tokenResponse())(request, response)

/** The same browser in another tab or at another try: what it receives does not reach the first one's cookies. */
function sameBrowser(): Browser {
  const other = new Browser()
  for (const [name, value] of browser.cookies(app.origin)) other.setCookie(app.origin, name, value)
  return other
}

/**
 * Two requests with one callback: the first waits at the gate for its tokens, and can be dropped; the second waits for the
 * first, and its answer is the one that `browser` reads.
 */
async function twoRequests(
  callback: string,
): Promise<{ gate: Gate; drop: () => Promise<unknown>; second: Promise<Page> }> {
  const gate = slowly(honest)
  const cancel = new AbortController()
  const first = sameBrowser()
    .request(callback, { signal: cancel.signal })
    .catch(() => 'dropped')
  await gate.reached
  const second = browser.visit(callback)
  await until(() => callbacks === 2)
  const drop = (): Promise<unknown> => {
    cancel.abort()
    return first
  }
  return { gate, drop, second }
}

async function whoIs(someone: Browser): Promise<unknown> {
  return bodyOf(await someone.visit(`${app.origin}/`))['user']
}

/** Sessions in which somebody is logged in. */
async function logins(): Promise<number> {
  const sessions = Object.values(await store.contents())
  return sessions.filter((session) => 'passport' in session).length
}

describe.each(WAYS)(
  'a callback that comes again during a slow exchange, pending %s',
  (_way, options) => {
    beforeEach(() => start(options()))

    it.each(['GET', 'POST'])(
      'by %s goes where the first one goes, and is logged in by it',
      async (method) => {
        const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/orders`)
        const gate = slowly(honest)
        const [one, two] = [sameBrowser(), sameBrowser()]
        const visit = (someone: Browser): Promise<{ location: string | undefined }> =>
          method === 'GET'
            ? someone.visit(callback)
            : someone.post(app.callbackURL, Object.fromEntries(new URL(callback).searchParams))
        const first = visit(one)
        await gate.reached
        const second = visit(two)
        await until(() => callbacks === 2)
        gate.open()

        expect((await first).location).toBe(`${app.origin}/orders`)
        expect((await second).location).toBe(`${app.origin}/orders`)
        // Whichever response the browser reads.
        expect(await whoIs(one)).toMatchObject({ id: 'ada' })
        expect(await whoIs(two)).toMatchObject({ id: 'ada' })
        expect(one.cookies(app.origin).get('connect.sid')).toBe(
          two.cookies(app.origin).get('connect.sid'),
        )
        expect(await logins()).toBe(1)
        expect(asked(provider)).toEqual(ONE_LOGIN)
        expect(app.errors).toEqual([])
      },
    )

    it('logs in the browser that has dropped the first one', async () => {
      const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/orders`)
      const { gate, drop, second } = await twoRequests(callback)
      expect(await drop()).toBe('dropped')
      gate.open()

      expect((await second).location).toBe(`${app.origin}/orders`)
      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
      expect(await logins()).toBe(1)
      expect(asked(provider)).toEqual(ONE_LOGIN)
    })

    it('keeps the login that it has delivered when the first one is dropped before its answer', async () => {
      const own = createGate()
      await start(options(), own)
      const { callback } = await startLogin(browser, app.loginURL)
      const { gate, drop, second } = await twoRequests(callback)
      gate.open()
      expect((await second).status).toBe(302)
      await own.reached
      expect(await drop()).toBe('dropped')
      await until(() => closed === 1)
      own.open()

      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
      expect((await browser.visit(`${app.origin}/token`)).status).toBe(200)
    })

    it('starts again when the first one was dropped while its session was written', async () => {
      const { callback } = await startLogin(browser, `${app.loginURL}?return_to=/orders`)
      const { gate, drop, second } = await twoRequests(callback)
      const writing = createGate()
      store.beforeSet = () => writing.pass()
      gate.open()
      await writing.reached
      expect(await drop()).toBe('dropped')
      await until(() => closed === 1)
      writing.open()

      const again = await second
      expect(again.location).toContain(`${provider.authorizationURL}?`)
      expect((await browser.follow(again.location ?? '')).url).toBe(`${app.origin}/orders`)
      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
      expect(app.errors).toEqual([])
    })

    it.each<[string, Script, number]>([
      ['the code is refused', json({ error: 'invalid_grant' }, 400), 400],
      ['the client is refused', json({ error: 'invalid_client' }, 401), 500],
      ['the provider is overloaded', json({}, 503), 503],
    ])('fails as the first one does when %s', async (_what, script, status) => {
      const { callback } = await startLogin(browser, app.loginURL)
      const gate = slowly(script)
      const first = sameBrowser().visit(callback)
      await gate.reached
      const second = sameBrowser().visit(callback)
      await until(() => callbacks === 2)
      gate.open()

      const pages = await Promise.all([first, second])
      expect(pages.map((page) => page.status)).toEqual([status, status])
      expect(pages[0].text).toBe(pages[1].text)
      expect(asked(provider)).toEqual(['POST /token'])
      expect(await logins()).toBe(0)
    })

    it('with another code waits for nothing and gets nothing', async () => {
      const { callback } = await startLogin(browser, app.loginURL)
      const gate = slowly(honest)
      const first = browser.visit(callback)
      await gate.reached
      const other = sameBrowser()

      const page = await other.visit(changed(callback, { code: 'another' }))
      expect(bodyOf(page)).toEqual({ code: 'ERR_PENDING_LOGIN_USED' })
      expect(await whoIs(other)).toBeNull()
      gate.open()
      expect((await first).status).toBe(302)
    })

    it('from a browser in which it is not pending gets nothing', async () => {
      const { callback } = await startLogin(browser, app.loginURL)
      const gate = slowly(honest)
      const first = browser.visit(callback)
      await gate.reached
      const stranger = new Browser()

      expect((await stranger.visit(callback)).status).toBe(400)
      expect(await whoIs(stranger)).toBeNull()
      gate.open()
      expect((await first).status).toBe(302)
    })

    it('gets nothing when it comes after the end, from whoever has kept the cookies', async () => {
      const { callback } = await startLogin(browser, app.loginURL)
      const thief = sameBrowser()
      await browser.visit(callback)

      expect((await thief.visit(callback)).status).toBe(400)
      expect(await whoIs(thief)).toBeNull()
      expect(await whoIs(browser)).toMatchObject({ id: 'ada' })
    })
  },
)
