import { describe, expect, it } from '@jest/globals'
import { MemoryStore } from 'express-session'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import {
  LIFETIMES,
  logIn,
  ME,
  refreshTokens,
  setEndingScene,
  tokenOf,
} from '../support/ending-scene.js'
import { createGate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import { startLogin } from '../support/login.js'
import { json } from '../support/scripted-provider.js'

/** The rows of docs/which-token-ends-when.md in which two things happen at once. Gates say which comes first. */

const HOUR = 3600

const scene = setEndingScene()

describe('a login during a renewal', () => {
  /** Lets a renewal begin, and holds the provider's answer until the gate is opened. */
  async function renewing(app: TestApp, browser: Browser) {
    const gate = createGate()
    scene.rotating.beforeAnswer = gate.pass
    advanceClock(HOUR)
    const token = tokenOf(app, browser)
    await gate.reached
    return { token, open: gate.open }
  }

  it("on another device leaves it alone: grantLifetime 'login'", async () => {
    const app = await scene.start({})
    const phone = await logIn(app)
    const renewal = await renewing(app, phone)
    const laptop = await logIn(app)
    renewal.open()
    expect(await renewal.token).toBe('access-token-2-of-ada')
    expect(await tokenOf(app, laptop)).toBe('access-token-3-of-ada')
    expect([scene.refreshes(), scene.rotating.reused, await scene.revoked(0)]).toEqual([1, [], []])
  })

  it("serves at once, and the answer is stored: grantLifetime 'account'", async () => {
    const app = await scene.start({ lifetime: 'account' })
    const phone = await logIn(app)
    const renewal = await renewing(app, phone)
    const laptop = await logIn(app)
    expect(await tokenOf(app, laptop)).toBe('access-token-3-of-ada')
    renewal.open()
    expect(await renewal.token).toMatch(/^access-token-[23]-of-ada$/)
    expect(await tokenOf(app, phone)).toBe('access-token-3-of-ada')

    // The newest login is refused: the one before goes on with the refresh token that has come meanwhile.
    scene.rotating.beforeAnswer = () => Promise.resolve()
    advanceClock(HOUR)
    let refused = 0
    scene.rotating.fault = (request, response) => {
      scene.rotating.fault = undefined
      refused += 1
      expect(request.body).toContain('refresh-token-3-of-ada')
      json({ error: 'invalid_grant' }, 400)(request, response)
    }
    expect(await app.strategy.accessToken(ME)).toBe('access-token-4-of-ada')
    expect([refused, scene.rotating.reused, await scene.revoked(0)]).toEqual([1, [], []])
  })

  it.each([
    { ends: undefined, also: true },
    { ends: 'token', also: true },
    { ends: 'grant', also: false },
  ] as const)(
    "in the same browser ends it, grantLifetime 'login', revocationEnds $ends",
    async ({ ends, also }) => {
      const app = await scene.start({ ends })
      const browser = await logIn(app)
      const renewal = await renewing(app, browser)
      await logIn(app, 'ada', browser)
      renewal.open()
      expect(await renewal.token).toBe('ERR_LOGIN_REQUIRED')
      expect(await tokenOf(app, browser)).toBe('access-token-3-of-ada')
      const replaced = ends === 'token' ? refreshTokens(1) : []
      const expected = [...replaced, ...(also ? refreshTokens(2) : [])].sort()
      expect(await scene.revoked(expected.length)).toEqual(expected)
      expect(scene.rotating.reused).toEqual([])
    },
  )

  it("never revokes the answer that came too late for a line: grantLifetime 'account'", async () => {
    const app = await scene.start({ lifetime: 'account', ends: 'grant' })
    const browser = await logIn(app)
    const renewal = await renewing(app, browser)
    for (let logins = 0; logins < 3; logins++) await logIn(app)
    renewal.open()
    await renewal.token
    expect(await tokenOf(app, browser)).toBe('access-token-5-of-ada')
    expect([await scene.revoked(0), scene.rotating.reused]).toEqual([[], []])
  })
})

describe('ending grants during a callback', () => {
  it.each(LIFETIMES)(
    'ends nothing of a login whose tokens are not stored yet: %s',
    async (lifetime) => {
      const gate = createGate()
      // The profile is read when the tokens have come, and before they are stored.
      scene.provider.onProfile((request, response) => {
        void gate.pass().then(() => json({ sub: 'ada' })(request, response))
      })
      const app = await scene.start({ lifetime })
      const browser = new Browser()
      const { callback } = await startLogin(browser, app.loginURL)
      const answer = browser.visit(callback)
      await gate.reached
      expect(await app.strategy.endGrant(ME)).toBe(0)
      gate.open()
      expect((await answer).status).toBe(302)
      expect(await tokenOf(app, browser)).toBe('access-token-1-of-ada')
    },
  )

  it.each(LIFETIMES)(
    'ends a login that is stored, even before its session: %s',
    async (lifetime) => {
      const gate = createGate()
      class SlowSessions extends MemoryStore {
        override set(...[id, session, done]: Parameters<MemoryStore['set']>): void {
          const isLogin = JSON.stringify(session).includes('"passport":{"user"')
          void (isLogin ? gate.pass() : Promise.resolve()).then(() => super.set(id, session, done))
        }
      }
      const app = await scene.start({ lifetime }, {}, new SlowSessions())
      const browser = new Browser()
      const { callback } = await startLogin(browser, app.loginURL)
      const answer = browser.visit(callback)
      await gate.reached
      expect(await app.strategy.endGrant(ME)).toBe(1)
      gate.open()
      await answer
      expect(await tokenOf(app, browser)).toBe('ERR_LOGIN_REQUIRED')
      expect(await scene.revoked(1)).toEqual(refreshTokens(1))
      await logIn(app, 'ada', browser)
      expect(await tokenOf(app, browser)).toBe('access-token-2-of-ada')
    },
  )
})
