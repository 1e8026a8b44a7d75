import { describe, expect, it } from '@jest/globals'
import { startTestProvider } from '../../src/testing.js'
import { Browser } from '../support/http.js'
import { lastAsked, setTestProviderScene } from '../support/test-provider-scene.js'

const scene = setTestProviderScene()
const MINUTE = 60_000
const GRACE = { sub: 'grace', name: 'Grace Hopper', email: 'grace@example.com' }
/** A silent login, which comes back to a page for everybody. */
const SILENT = '/start?prompt=none'

describe('prompt=none at a test provider', () => {
  it('logs the person in, who counts as logged in there from the start', async () => {
    const app = await scene.start()
    await scene.browser.follow(`${app.origin}${SILENT}`)
    expect(await scene.whoIs(app)).toBe('ada')
    expect(scene.provider.sessions).toMatchObject([{ sub: 'ada' }])
  })

  it('is refused in a new browser, until somebody has logged in there', async () => {
    const { provider, browser, whoIs } = scene
    const app = await scene.start()
    provider.newBrowser()
    const { location = '' } = await browser.visit(`${app.origin}${SILENT}`)
    const callback = new URL((await browser.visit(location)).location ?? '')
    expect(callback.searchParams.get('error')).toBe('login_required')
    await browser.visit(callback.href)
    expect(await whoIs(app)).toBeUndefined()
    expect(provider.sessions).toEqual([])

    await browser.follow(app.loginURL)
    const other = new Browser()
    await other.follow(`${app.origin}${SILENT}`)
    expect(await whoIs(app, other)).toBe('ada')
  })

  it.each(['login', 'consent', 'account_selection', 'interaction'] as const)(
    'is refused while people must be asked for: %s',
    async (asked) => {
      const { provider, browser, whoIs } = scene
      const app = await scene.start()
      provider.asksFor = asked
      const { location = '' } = await browser.visit(`${app.origin}${SILENT}`)
      const callback = new URL((await browser.visit(location)).location ?? '')
      expect(callback.searchParams.get('error')).toBe(`${asked}_required`)
      await browser.visit(callback.href)
      expect([await whoIs(app), app.errors]).toEqual([undefined, []])
      expect(provider.sessions).toHaveLength(asked === 'login' ? 0 : 1)

      await browser.follow(app.loginURL)
      expect(await whoIs(app)).toBe('ada')
    },
  )

  it('may be combined with nothing, and max_age must be a number', async () => {
    const app = await scene.start()
    const { location = '' } = await scene.browser.visit(app.loginURL)
    const refused = await scene.browser.visit(`${location}&prompt=none+login`)
    expect(new URL(refused.location ?? '').searchParams.get('error')).toBe('invalid_request')
    const unclear = await scene.browser.visit(`${location}&max_age=soon`)
    expect(new URL(unclear.location ?? '').searchParams.get('error')).toBe('invalid_request')
  })
})

describe('the authentication at a test provider', () => {
  const FRESH = { maxAgeSeconds: 300 }

  it('has its time in the ID token if max_age was sent', async () => {
    const { provider, browser, claims } = scene
    const app = await scene.start({}, FRESH)
    await browser.follow(app.loginURL)
    expect(await claims(app)).not.toHaveProperty('auth_time')
    expect((await browser.follow(`${app.origin}/page`)).text).toBe('"here you are"')
    expect(lastAsked(provider)).toMatchObject({ max_age: '300' })
    expect((await claims(app))['auth_time']).toBe(secondsOf(provider.sessions[0]?.authenticatedAt))
  })

  it('stays the same without a reason, and is made again for prompt=login', async () => {
    const { provider, browser, claims } = scene
    provider.requireAuthTime = true
    const app = await scene.start()
    provider.clock.advance(-10 * MINUTE)
    await browser.follow(app.loginURL)
    const before = await claims(app)
    provider.clock.advance(10 * MINUTE)
    await browser.follow(app.loginURL)
    expect(await claims(app)).toMatchObject({ sid: before['sid'], auth_time: before['auth_time'] })

    await browser.follow(`${app.origin}/start?prompt=login`)
    const after = await claims(app)
    expect(after['sid']).toBe(before['sid'])
    expect(Number(after['auth_time']) - Number(before['auth_time'])).toBeGreaterThanOrEqual(600)
  })

  it('is made again for max_age when it has become too old, and refused to prompt=none', async () => {
    const { provider, browser, claims } = scene
    const app = await scene.start({ maxAgeSeconds: 300, clockToleranceSeconds: 300 })
    provider.clock.advance(-4 * MINUTE)
    await browser.follow(app.loginURL)
    const before = await claims(app)
    provider.clock.advance(2 * MINUTE)
    await browser.follow(app.loginURL)
    expect(await claims(app)).toMatchObject({ auth_time: before['auth_time'] })

    provider.clock.advance(4 * MINUTE)
    await browser.follow(`${app.origin}${SILENT}`)
    expect(provider.requestsTo('token')).toHaveLength(2)
    await browser.follow(app.loginURL)
    expect(Number((await claims(app))['auth_time'])).toBeGreaterThanOrEqual(
      Number(before['auth_time']) + 360,
    )
  })

  it('can be one that does not do: too old, although a new one was wanted', async () => {
    const { provider, browser, claims, whoIs } = scene
    const app = await scene.start({}, FRESH)
    await browser.follow(app.loginURL)
    provider.user = { ...provider.user, auth_time: secondsOf(Date.now()) - 3600 }
    const page = await browser.follow(`${app.origin}/page`)
    expect(page.status).toBe(403)
    expect(app.errors).toMatchObject([{ code: 'ERR_AUTHENTICATION_REQUIREMENTS' }])
    expect(await whoIs(app)).toBe('ada')
    expect(await claims(app)).not.toHaveProperty('auth_time')
  })
})

describe('the acr of a test provider', () => {
  const STRONG = { acrValues: ['mfa', 'hardware'] }

  it('is the first one that is wanted, and the session keeps it', async () => {
    const { provider, browser, claims } = scene
    const app = await scene.start({}, STRONG)
    await browser.follow(app.loginURL)
    expect(await claims(app)).not.toHaveProperty('acr')
    expect((await browser.follow(`${app.origin}/page`)).status).toBe(200)
    expect(await claims(app)).toMatchObject({ acr: 'mfa' })
    expect(provider.sessions).toMatchObject([{ sub: 'ada', acr: 'mfa' }])
    await browser.follow(app.loginURL)
    expect(await claims(app)).toMatchObject({ acr: 'mfa' })
  })

  it('is one of those that there are, and the usual one where none is wanted', async () => {
    const { provider, browser, claims } = scene
    const app = await scene.start({}, STRONG)
    provider.acrValues = ['password', 'hardware']
    await browser.follow(app.loginURL)
    expect(await claims(app)).toMatchObject({ acr: 'password' })
    await browser.follow(`${app.origin}/page`)
    expect(await claims(app)).toMatchObject({ acr: 'hardware' })
  })

  it('is the usual one if none of those is there that are wanted, and the app says no', async () => {
    const { provider, browser, claims } = scene
    const app = await scene.start({}, STRONG)
    provider.acrValues = ['password']
    await browser.follow(app.loginURL)
    expect((await browser.follow(`${app.origin}/page`)).status).toBe(403)
    expect(app.errors).toMatchObject([{ code: 'ERR_AUTHENTICATION_REQUIREMENTS' }])
    expect(await claims(app)).toMatchObject({ acr: 'password' })
  })
})

describe('the login_hint at a test provider', () => {
  it.each(['grace', 'grace@example.com'])('chooses the person: %s', async (loginHint) => {
    const { provider, browser, whoIs } = scene
    const app = await scene.start()
    provider.users = [{ sub: 'linus' }, GRACE]
    await browser.follow(`${app.origin}/start?loginHint=${loginHint}`)
    expect(await whoIs(app)).toBe('grace')
    expect(lastAsked(provider)).toMatchObject({ login_hint: loginHint })
  })

  it('leaves it at the usual person if it is nobody’s', async () => {
    const { provider, browser, whoIs } = scene
    const app = await scene.start()
    provider.users = [GRACE]
    await browser.follow(`${app.origin}/start?loginHint=nobody`)
    expect(await whoIs(app)).toBe('ada')
  })

  it('and people can be given at the start, who are back after a reset', async () => {
    const other = await startTestProvider({ users: [GRACE] })
    other.users = []
    other.user = { sub: 'linus' }
    other.reset()
    expect([other.user['sub'], other.users]).toEqual(['ada', [GRACE]])
    await other.close()
    const users = [1] as unknown as []
    await expect(startTestProvider({ users })).rejects.toThrow('users must be a list of objects.')
  })
})

function secondsOf(ms = 0): number {
  return Math.floor(ms / 1000)
}
