import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { SessionData, Store } from 'express-session'
import { guardSessionStore } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, sessionIdOf } from '../support/login.js'
import { describeWithPostgres, describeWithRedis } from '../support/requirements.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import { until } from '../support/until.js'
import { LOCAL_STORES, startPostgresStore, startRedisStore } from './stores.js'
import type { RunningStore } from './stores.js'

const scene = setScene()
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const STARTING_MS = 60_000

const LIFETIMES: readonly (readonly [string, number | undefined])[] = [
  ['ten minutes', 10 * MINUTE_MS],
  ['thirty days', 30 * DAY_MS],
  ['the browser’s session', undefined],
]

/** Everything that tells time or waits, except `Date`: some stores use `new Date()`, and servers answer in their own time. */
const NOT_DATE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const

const trueMonotonic = performance.now.bind(performance)

/** Moves both clocks forward until the test ends; that of the database stays. */
function advance(seconds: number): void {
  jest.useFakeTimers({ now: Date.now() + seconds * 1000, doNotFake: [...NOT_DATE] })
  const offset = performance.now() - trueMonotonic() + seconds * 1000
  jest.spyOn(performance, 'now').mockImplementation(() => trueMonotonic() + offset)
}

/** What a store has of a session, as express-session gets it. */
function stored(store: Store, id: string): Promise<SessionData | null | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error: unknown, found) => {
      const code = (error as { code?: string } | null)?.code
      if (error && code !== 'ENOENT')
        reject(new Error('The store cannot be read', { cause: error }))
      else resolve(found)
    })
  })
}

/** It keeps a session for as long as its own option `ttl` says, whatever its cookie says. */
const OF_ITS_OWN_MIND = 'connect-loki'

function describeStore(start: () => Promise<RunningStore>, name?: string): void {
  let running: RunningStore

  beforeAll(async () => {
    running = await start()
  }, STARTING_MS)
  afterAll(async () => {
    await running.stop()
  })

  describe.each([
    ['as it is', (store: Store) => store],
    ['under guardSessionStore', (store: Store) => guardSessionStore(store)],
  ])('%s', (_how, prepare) => {
    describe.each(LIFETIMES)('with cookies of %s', (_length, maxAge) => {
      it.each([false, true])(
        'logs in, renews, and logs out, and is given what express-session gives it, rolling: %s',
        async (rolling) => {
          scene.provider.onToken((request, response) =>
            json(tokenResponse({ expires_in: 300 }))(request, response),
          )
          const written = jest.spyOn(running.store, 'set')
          const app: TestApp = await scene.start({
            store: prepare(running.store),
            session: { rolling, cookie: maxAge === undefined ? {} : { maxAge } },
            routes: (router) =>
              router.post('/note', (req, res) => {
                Object.assign(req.session, { note: 'by the application' })
                res.end()
              }),
          })
          const browser = new Browser()
          expect(bodyOf(await browser.follow(app.loginURL))['user']).toMatchObject({ id: 'ada' })
          const id = sessionIdOf(browser, app.origin) ?? ''
          const first = bodyOf(await browser.visit(`${app.origin}/token`))['accessToken']

          // The access token expires, and the session of ten minutes does not.
          advance(6 * 60)
          scene.provider.requests.length = 0
          written.mockClear()
          const renewed = bodyOf(await browser.visit(`${app.origin}/token`))['accessToken']
          expect(renewed).not.toBe(first)
          expect(asked(scene.provider)).toEqual(['POST /token'])
          expect(bodyOf(await browser.visit(`${app.origin}/token`))['accessToken']).toBe(renewed)
          const ours = await seen(id, written.mock.calls[0])

          // express-session's own write of the same session, at the same time.
          written.mockClear()
          await browser.post(`${app.origin}/note`)
          const its = await seen(id, written.mock.calls[0])
          expect(ours.given).toEqual(its.given)
          expect(ours.cookie).toEqual(its.cookie)
          // A store that does not say it has been given the same cookie, which says it.
          const kept = ours.keptMs ?? maxAge ?? 0
          expect(Math.abs(kept - (its.keptMs ?? kept))).toBeLessThan(MINUTE_MS)
          expect(Math.abs(kept - (maxAge ?? kept))).toBeLessThan(MINUTE_MS)
          expect(await stored(running.store, id)).toMatchObject({ note: 'by the application' })
          expect(bodyOf(await browser.visit(`${app.origin}/token`))['accessToken']).toBe(renewed)

          await browser.post(`${app.origin}/auth/logout`)
          expect((await stored(running.store, id)) ?? null).toBeNull()
          expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })
        },
      )
    })

    if (name !== OF_ITS_OWN_MIND) {
      it('has nobody logged in once a session was idle for too long, until they log in again', async () => {
        const app = await scene.start({
          store: prepare(running.store),
          session: { cookie: { maxAge: 1_000 } },
        })
        const browser = new Browser()
        // On a busy machine, the page after a login may come too late.
        const isLoggedIn = async (): Promise<boolean> =>
          (bodyOf(await browser.follow(app.loginURL))['user'] ?? null) !== null
        await until(isLoggedIn)
        const id = sessionIdOf(browser, app.origin) ?? ''
        await until(async () => ((await stored(running.store, id)) ?? undefined) === undefined)

        expect(bodyOf(await browser.visit(`${app.origin}/`))).toEqual({ user: null })
        const page = await browser.visit(`${app.origin}/token`)
        expect([page.status, bodyOf(page)['code']]).toEqual([401, 'ERR_LOGIN_REQUIRED'])
        expect((await stored(running.store, id)) ?? null).toBeNull()
        await until(isLoggedIn)
        expect(sessionIdOf(browser, app.origin)).not.toBe(id)
      })
    }

    it('keeps a session that is used for as long as its cookie from each use on', async () => {
      const app = await scene.start({
        store: prepare(running.store),
        session: { cookie: { maxAge: 10 * MINUTE_MS } },
      })
      const browser = new Browser()
      await browser.follow(app.loginURL)
      const id = sessionIdOf(browser, app.origin) ?? ''
      for (let visit = 0; visit < 3; visit++) {
        advance(8 * 60)
        await browser.visit(`${app.origin}/token`)
        const cookie = (await stored(running.store, id))?.cookie
        const kept = (await running.keptMs?.(id)) ?? 10 * MINUTE_MS
        expect(Math.abs(kept - 10 * MINUTE_MS)).toBeLessThan(MINUTE_MS)
        // Some stores write what is left of it.
        expect(Math.abs((cookie?.originalMaxAge ?? 0) - 10 * MINUTE_MS)).toBeLessThan(MINUTE_MS)
      }
    })
  })

  /** What a store was given and what it made of it. */
  async function seen(id: string, call: readonly unknown[] = []) {
    const [, session] = call as [string, SessionData]
    const { maxAge, originalMaxAge } = session.cookie
    const expires: unknown = Reflect.get(session.cookie, 'expires')
    return {
      given: {
        kind: session.cookie.constructor.name,
        json: Object.keys(JSON.parse(JSON.stringify(session.cookie)) as object).sort(),
        expires: expires === null ? null : Object.prototype.toString.call(expires),
        maxAge: typeof maxAge === 'number' ? Math.round(maxAge / MINUTE_MS) : null,
        originalMaxAge,
      },
      cookie: withoutExpiry(await stored(running.store, id)),
      keptMs: await running.keptMs?.(id),
    }
  }
}

function withoutExpiry(session: SessionData | null | undefined): unknown {
  const text = JSON.stringify(session?.cookie, (name, value: unknown) =>
    name === 'expires' && value !== null ? 'a date' : value,
  )
  return JSON.parse(text)
}

afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

describe.each(Object.entries(LOCAL_STORES))('%s', (name, start) => {
  describeStore(start, name)
})

describeWithRedis('connect-redis', (program) => {
  describeStore(() => startRedisStore(program))
})

describeWithPostgres('connect-pg-simple', (program) => {
  describeStore(() => startPostgresStore(program))
})
