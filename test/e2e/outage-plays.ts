import { afterEach, beforeEach, expect } from '@jest/globals'
import { DiscoveryError, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions, DiagnosticEvent } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { hearEvents } from '../support/hear-events.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { asked, bodyOf, startLogin } from '../support/login.js'
import { createProviderKey, signWith } from '../support/openid-provider.js'
import { METADATA_PATH } from '../support/outage-scene.js'
import type { OutageScene } from '../support/outage-scene.js'
import { json } from '../support/scripted-provider.js'
import { until } from '../support/until.js'

const HOUR = 3_600
const DAY = 24 * HOUR
/** What happens in each row of the guide's table: each play resolves to the status that the person gets. */
export function playsOfOutages(
  scene: OutageScene,
): Readonly<Record<string, () => Promise<number>>> {
  let browser: Browser
  /** What the diagnostics say of the readings of the metadata. */
  let readings: DiagnosticEvent[]
  let stopHearing: () => void

  beforeEach(() => {
    browser = new Browser()
    readings = []
    stopHearing = hearEvents((event) => {
      if (event.step === 'discovery') readings.push(event)
    })
  })
  afterEach(() => stopHearing())

  const lastError = (app: TestApp): unknown => app.errors.at(-1)

  async function logIn(app: TestApp): Promise<Page> {
    const { callback } = await startLogin(browser, app.loginURL)
    return browser.visit(callback)
  }

  async function expectLogin(app: TestApp): Promise<void> {
    browser = new Browser()
    expect([(await logIn(app)).status, app.errors]).toEqual([302, []])
    expect(bodyOf(await browser.visit(`${app.origin}/private`))).toMatchObject({
      user: { id: 'ada' },
    })
  }

  /** The provider is up again, and the pause after the last failure is over. */
  async function comeUp(app: TestApp): Promise<void> {
    await scene.port.open()
    advanceClock(60)
    app.errors.length = 0
  }

  /** Lets people who are logged in meet the application in a process that has not read the metadata. */
  async function restarted(
    app: TestApp,
    strategy: Partial<AuthorizationCodeOptions> = {},
  ): Promise<TestApp> {
    const other = await scene.start(
      { callbackURL: app.callbackURL, ...strategy },
      { store: app.store },
    )
    const cookie = browser.cookies(app.origin).get('connect.sid') ?? ''
    browser.setCookie(other.origin, 'connect.sid', cookie)
    return other
  }

  return {
    async 'the application starts'() {
      await scene.port.close()
      const app = await scene.start()
      const { status } = await browser.visit(app.origin)
      expect(scene.provider.requests).toEqual([])
      return status
    },

    async 'somebody logs in, and the metadata were never read'() {
      await scene.port.close()
      const app = await scene.start()
      const { status } = await browser.visit(app.loginURL)
      expect(lastError(app)).toBeInstanceOf(DiscoveryError)
      expect(lastError(app)).toMatchObject({
        phase: 'discovery',
        retryable: true,
        fault: 'provider',
      })
      expect(String(lastError(app))).toMatch(
        /ECONNREFUSED\)\. This has failed since 20\d\d-.*Z, and is tried again in 1 s\. Check host/,
      )
      await comeUp(app)
      await expectLogin(app)
      return status
    },

    async 'somebody logs in, and the metadata are known'() {
      const app = await scene.start()
      await logIn(app)
      await scene.port.close()
      const page = await new Browser().visit(app.loginURL)
      expect(page.location).toMatch(`${scene.issuer}/authorize?`)
      return page.status
    },

    async 'somebody comes back from the provider'() {
      const app = await scene.start()
      const { callback } = await startLogin(browser, app.loginURL)
      await scene.port.close()
      const { status } = await browser.visit(callback)
      expect(lastError(app)).toMatchObject({
        code: 'ERR_TOKEN_ENDPOINT',
        networkCode: 'ECONNREFUSED',
      })
      await comeUp(app)
      await browser.visit(callback)
      expect(scene.provider.requestsTo('/token')).toEqual([])
      app.errors.length = 0
      await expectLogin(app)
      return status
    },

    async 'somebody comes back to a process that has not read the metadata yet'() {
      const app = await scene.start()
      const { callback } = await startLogin(browser, app.loginURL)
      const other = await restarted(app)
      await scene.port.close()
      const there = callback.replace(app.origin, other.origin)
      const { status } = await browser.visit(there)
      expect(lastError(other)).toBeInstanceOf(DiscoveryError)
      await comeUp(other)
      expect([(await browser.visit(there)).status, other.errors]).toEqual([302, []])
      return status
    },

    async 'a page needs an access token that is valid'() {
      const grants = new MemoryGrants()
      const inSession = await scene.start()
      const inStore = await scene.start({ grants })
      const statuses: number[] = []
      for (const [app, strategy] of [[inSession, {}] as const, [inStore, { grants }] as const]) {
        await expectLogin(app)
        const other = await restarted(app, strategy)
        const before = asked(scene.provider)
        await scene.port.close()
        for (const path of ['/token', '/tokens', '/private', '/']) {
          statuses.push((await browser.visit(other.origin + path)).status)
        }
        expect(other.errors).toEqual([])
        await scene.port.open()
        expect(asked(scene.provider)).toEqual(before)
      }
      const { user } = bodyOf(await browser.visit(`${inStore.origin}/private`))
      const { account } = user as { account: string }
      expect(await inStore.strategy.listGrants(account)).toHaveLength(1)
      expect(new Set(statuses).size).toBe(1)
      return statuses[0] ?? 0
    },

    async 'a page needs an access token that has expired'() {
      const grants = new MemoryGrants()
      const app = await scene.start({ grants })
      await logIn(app)
      const other = await restarted(app, { grants })
      advanceClock(2 * HOUR)
      await scene.port.close()
      const { status } = await browser.visit(`${other.origin}/token`)
      expect(lastError(other)).toBeInstanceOf(DiscoveryError)
      await comeUp(other)
      expect([(await browser.visit(`${other.origin}/token`)).status, other.errors]).toEqual([
        200,
        [],
      ])
      expect(
        scene.provider.requestsTo('/token').map(({ body }) => body.includes('refresh')),
      ).toEqual([false, true])
      return status
    },

    async 'somebody logs out, and the metadata are known'() {
      const app = await scene.start()
      await logIn(app)
      await scene.port.close()
      const { status, location } = await browser.post(`${app.origin}/auth/logout`)
      expect(location).toMatch(`${scene.issuer}/end-session?`)
      expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
      return status
    },

    async 'somebody logs out, and the metadata were never read'() {
      const app = await scene.start()
      await logIn(app)
      const other = await restarted(app)
      await scene.port.close()
      const { status, location } = await browser.post(`${other.origin}/auth/logout`)
      expect(location).toBe(`${other.origin}/`)
      expect((await browser.visit(`${other.origin}/private`)).status).toBe(302)
      expect(await other.strategy.idle({ timeoutMs: 5_000 })).toBe(0)
      expect(other.errors).toEqual([])
      return status
    },

    async 'its keys cannot be loaded: an ID token is signed with a key that is known'() {
      const app = await scene.start()
      await logIn(app)
      scene.provider.on('/jwks', json({}, 500))
      advanceClock(2 * DAY)
      const { status } = await logIn(app)
      expect(app.errors).toEqual([])
      return status
    },

    async 'its keys cannot be loaded: an ID token is signed with another key'() {
      const app = await scene.start()
      await logIn(app)
      const { privateKey } = await createProviderKey('PS256')
      scene.openid.makeIdToken = (claims) => signWith(privateKey, claims, { kid: 'key-2' })
      scene.provider.on('/jwks', json({}, 500))
      const since = Date.now()
      await logIn(app)
      advanceClock(HOUR)
      const { status } = await logIn(app)
      const [, iso = ''] = /This has failed since (\S+)\.$/.exec(String(lastError(app))) ?? []
      expect(lastError(app)).toMatchObject({
        code: 'ERR_DISCOVERY',
        phase: 'keys',
        httpStatus: 500,
      })
      expect(Math.abs(Date.parse(iso) - since)).toBeLessThan(30_000)
      return status
    },

    async 'comes up after an hour, with other keys'() {
      const app = await scene.start()
      await logIn(app)
      await scene.port.close()
      advanceClock(HOUR)
      await browser.visit(app.loginURL)
      const { privateKey, jwk } = await createProviderKey('PS256', { kid: 'key-2', alg: 'PS256' })
      scene.openid.publish(jwk)
      scene.openid.makeIdToken = (claims) => signWith(privateKey, claims, { kid: 'key-2' })
      await scene.port.open()
      const { status } = await logIn(app)
      await expectLogin(app)
      return status
    },

    async 'a day is over since the metadata were read'() {
      const app = await scene.start()
      await logIn(app)
      const failures: readonly (() => Promise<void> | void)[] = [
        () => scene.port.close(),
        () => scene.publish({ token_endpoint: undefined }),
        () => scene.publish({ issuer: 'https://somebody-else.example' }),
        () => scene.provider.on(METADATA_PATH, json('no metadata', 500)),
      ]
      let status = 0
      for (const [index, fail] of failures.entries()) {
        await fail()
        advanceClock(DAY)
        status = (await browser.visit(app.loginURL)).status
        expect(status).toBe(302)
        await until(() => readings.length === index + 2)
        await scene.port.open()
      }
      expect(readings.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
        'ok',
        ...failures.map(() => 'ERR_DISCOVERY'),
      ])
      await expectLogin(app)
      return status
    },

    async 'comes up after more than a day, with another token endpoint'() {
      const app = await scene.start()
      await logIn(app)
      await scene.port.close()
      advanceClock(2 * DAY)
      await browser.visit(app.loginURL)
      await until(() => readings.length === 2)
      await scene.port.open()
      scene.moveTokenEndpoint('/new-token')
      advanceClock(HOUR)
      const { status } = await browser.visit(app.loginURL)
      await until(() => readings.length === 3)
      await expectLogin(app)
      expect(scene.provider.requestsTo('/new-token')).toHaveLength(1)
      return status
    },
  }
}
