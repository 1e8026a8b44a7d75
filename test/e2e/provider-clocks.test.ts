import { beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryGrants } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { json } from '../support/scripted-provider.js'
import { setScene } from '../support/scene.js'

const MINUTE = 60

const scene = setScene()
let openId: OpenIdProvider
let offset: number

/** The provider's time of day, in seconds. */
const there = (): number => Math.floor(Date.now() / 1000) + offset

beforeEach(async () => {
  openId = await speakOpenId(scene.provider)
  offset = 0
  // The time of day stands still, or half a minute would be over sooner on a busy machine.
  advanceClock(0)
})

function start(clockToleranceSeconds?: number): Promise<TestApp> {
  const grants = new MemoryGrants()
  const options = { backchannelLogout: true, clockToleranceSeconds, grants }
  return scene.start({ strategy: { ...openId.options, ...options } })
}

/** The most that the option can be. */
const LARGEST = 5 * MINUTE

async function logIn(
  { loginURL }: TestApp,
  browser = new Browser(),
  lifetime = 2 * MINUTE,
): Promise<Browser> {
  const iat = there()
  openId.claims = { iat, nbf: iat, exp: iat + lifetime, sid: undefined }
  await browser.follow(loginURL)
  return browser
}

/** A logout token of the person, by the provider's clock. */
function logoutToken(): Promise<string> {
  const iat = there()
  return openId.logoutToken({ iat, nbf: iat, exp: iat + 2 * MINUTE, sid: undefined })
}

async function logOut({ origin }: TestApp, token: string): Promise<number> {
  const form = { logout_token: token }
  return (await new Browser().post(`${origin}/auth/backchannel-logout`, form)).status
}

async function isIn({ origin }: TestApp, browser: Browser): Promise<boolean> {
  return (await browser.request(`${origin}/private`)).status === 200
}

describe('a provider whose clock is some seconds from ours', () => {
  it.each([-29, 29])('logs people in, without an option (%d seconds)', async (seconds) => {
    const app = await start()
    offset = seconds
    // An ID token that lives for a second only.
    expect(await isIn(app, await logIn(app, new Browser(), 1))).toBe(true)
  })

  it.each<[number, string]>([
    [-32, 'it has expired ("exp")'],
    [32, 'it is not valid yet ("nbf")'],
  ])('is refused, and the message names both clocks (%d seconds)', async (seconds, reason) => {
    const app = await start()
    offset = seconds
    expect(await isIn(app, await logIn(app, new Browser(), 1))).toBe(false)
    const message = String(app.errors.at(-1))
    expect(message).toContain(reason)
    expect(message).toMatch(/: (\S+Z) by the provider's clock, and ours says (\S+Z); 30 s of/)
    const [theirs = '', ours = ''] = message.match(/\d{4}-\S+?Z/g) ?? []
    const apart = (Date.parse(theirs) - Date.parse(ours)) / 1000
    expect(Math.abs(apart)).toBeGreaterThanOrEqual(30)
    expect(Math.abs(apart)).toBeLessThanOrEqual(33)
  })

  it('is refused from the first second on if nothing is tolerated', async () => {
    const app = await start(0)
    offset = 2
    expect(await isIn(app, await logIn(app))).toBe(false)
    offset = 0
    expect(await isIn(app, await logIn(app))).toBe(true)
  })
})

describe('a provider that is three minutes behind', () => {
  it('ends the logins that its ID tokens have begun, though the option tolerates 30 seconds', async () => {
    offset = -3 * MINUTE
    const app = await start()
    const browser = await logIn(app, new Browser(), 10 * MINUTE)
    expect(await isIn(app, browser)).toBe(true)
    advanceClock(5)
    expect(await logOut(app, await logoutToken())).toBe(200)
    expect(await isIn(app, browser)).toBe(false)
  })
})

describe('a provider whose clock is some minutes from ours', () => {
  it.each([0, -3, -4.5, 2, 4.5])('logs people in and out (%d minutes)', async (minutes) => {
    offset = minutes * MINUTE
    const app = await start(LARGEST)
    const browser = await logIn(app)
    expect(await isIn(app, browser)).toBe(true)
    advanceClock(5)
    expect(await logOut(app, await logoutToken())).toBe(200)
    expect(await isIn(app, browser)).toBe(false)
  })

  it.each([-8, 6, 60])('is refused if it is too far away (%d minutes)', async (minutes) => {
    const app = await start(LARGEST)
    const browser = await logIn(app)
    offset = minutes * MINUTE
    expect(await logOut(app, await logoutToken())).toBe(400)
    expect(await isIn(app, browser)).toBe(true)
    expect(await isIn(app, await logIn(app))).toBe(false)
  })
})

describe('a logout token that was used', () => {
  it.each([0, -2, 2, 4])(
    'ends no login that has come since (the provider is %d minutes ahead)',
    async (minutes) => {
      offset = minutes * MINUTE
      const app = await start(LARGEST)
      const browser = await logIn(app)
      advanceClock(5)
      const token = await logoutToken()
      expect(await logOut(app, token)).toBe(200)
      advanceClock(5)
      await logIn(app, browser)
      expect(await logOut(app, token)).toBe(400)
      expect(await isIn(app, browser)).toBe(true)
    },
  )
})

describe('a logout token that comes while the callback loads the profile', () => {
  it.each([0, 5, 2 * MINUTE])(
    'ends that login, though ID tokens are %d seconds ahead of logout tokens',
    async (ahead) => {
      const app = await start(LARGEST)
      let status: number | undefined
      scene.provider.onProfile((request, response) => {
        advanceClock(2)
        offset = 0
        logoutToken()
          .then((token) => logOut(app, token))
          .then((answer) => {
            status = answer
            json({ sub: 'ada' })(request, response)
          })
          .catch((error: unknown) => response.destroy(error as Error))
      })
      offset = ahead
      const browser = await logIn(app)
      expect(status).toBe(200)
      expect(await isIn(app, browser)).toBe(false)
    },
  )
})
