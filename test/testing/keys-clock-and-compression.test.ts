import { describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { MemoryGrants } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestApp } from '../support/app.js'
import { bodyOf } from '../support/login.js'
import { setTestProviderScene } from '../support/test-provider-scene.js'

const scene = setTestProviderScene()
const ADA = { account: 'default-user/oauth2/ada' }
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Logs Ada in, and returns the name of the key that has signed her ID token; `undefined` if she is not logged in. */
async function keyOfLogin(app: TestApp): Promise<string | undefined> {
  await scene.browser.follow(app.loginURL)
  const { tokens } = bodyOf(await scene.browser.visit(`${app.origin}/tokens`))
  const { idToken } = (tokens ?? {}) as { idToken?: string }
  return idToken === undefined ? undefined : decodeProtectedHeader(idToken).kid
}

async function published(): Promise<readonly string[]> {
  const answer = await fetch(scene.provider.options.jwksURL)
  const { keys } = (await answer.json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

describe('the keys of a test provider', () => {
  it('can be changed, beside the old one or in its place, and go back', async () => {
    const { provider } = scene
    const app = await scene.start()
    const first = await keyOfLogin(app)
    await provider.rotateKeys()
    const second = await keyOfLogin(app)
    expect(second).not.toBe(first)
    expect(await published()).toEqual([second, first])

    await provider.rotateKeys({ dropOld: true })
    const third = await keyOfLogin(app)
    expect(await published()).toEqual([third])
    // Loaded at the first login, and again at each new key.
    expect(provider.requestsTo('jwks').length).toBe(3 + 2)

    provider.reset()
    expect(await keyOfLogin(app)).toBe(first)
    await provider.rotateKeys()
    expect([first, second, third]).not.toContain(await keyOfLogin(app))
    expect(app.errors).toEqual([])
  })

  it('sign logout tokens, too', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ backchannelLogout: true })
    await browser.follow(app.loginURL)
    await provider.rotateKeys({ dropOld: true })
    provider.register({ backchannelLogoutURL: `${app.origin}/auth/backchannel-logout` })
    const logouts = await provider.logOut()
    expect(logouts.map((one) => one.status)).toEqual([200])
    expect(await scene.whoIs(app)).toBeUndefined()
    provider.register({ backchannelLogoutURL: undefined })
  })
})

describe('the clock of a test provider', () => {
  it('is that of the machine, until a test advances it, and after a reset', () => {
    const { clock } = scene.provider
    const isNow = (): boolean => Math.abs(clock.now() - Date.now()) < MINUTE
    expect(isNow()).toBe(true)
    clock.advance(HOUR)
    expect([isNow(), clock.now() - Date.now() > HOUR - MINUTE]).toEqual([false, true])
    scene.provider.reset()
    expect(isNow()).toBe(true)
  })

  it('lets access tokens expire, which the app finds out when an API refuses one', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ grants: new MemoryGrants(), name: 'oauth2' })
    provider.accessTokenSeconds = 120
    await browser.follow(app.loginURL)
    const token = await app.strategy.accessToken(ADA)
    provider.clock.advance(2 * MINUTE)
    expect(provider.introspect(token)).toBeUndefined()
    expect(await app.strategy.accessToken(ADA)).toBe(token)

    const answer = await app.strategy.fetch(ADA, provider.options.profileURL)
    expect(answer.status).toBe(200)
    expect(await app.strategy.accessToken(ADA)).not.toBe(token)
  })

  it.each([
    ['20 seconds ahead', 20 * SECOND, 'ada'],
    ['5 minutes ahead', 5 * MINUTE, undefined],
    ['50 minutes behind', -50 * MINUTE, 'ada'],
    ['2 hours behind', -2 * HOUR, undefined],
  ])('is %s: ID tokens are accepted as from a real provider', async (_how, ms, who) => {
    const { provider, browser } = scene
    const app = await scene.start()
    provider.clock.advance(ms)
    await browser.follow(app.loginURL)
    expect(await scene.whoIs(app)).toBe(who)
  })

  it('may be 5 minutes ahead at a refresh, and no more where there is an ID token', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ grants: new MemoryGrants(), name: 'oauth2' })
    await browser.follow(app.loginURL)
    const refused = await app.strategy.accessToken(ADA)
    provider.clock.advance(10 * MINUTE)
    const renewed = app.strategy.accessToken(ADA, { refused })
    await expect(renewed).rejects.toThrow('it was issued in the future')
  })

  it('makes codes too old', async () => {
    const { provider, browser } = scene
    const app = await scene.start()
    const { location = '' } = await browser.visit(app.loginURL)
    const { location: callback = '' } = await browser.visit(location)
    provider.clock.advance(10 * MINUTE)
    await browser.visit(callback)
    expect(app.errors).toMatchObject([{ error: 'invalid_grant' }])
  })
})

describe('the responses of a test provider', () => {
  it.each(['gzip', 'deflate', 'br'] as const)('can be compressed: %s', async (encoding) => {
    const { provider, browser } = scene
    provider.contentEncoding = encoding
    // The metadata, too.
    const app = await scene.start()
    await browser.follow(app.loginURL)
    expect(await scene.whoIs(app)).toBe('ada')
    const answer = await fetch(provider.options.jwksURL)
    expect(answer.headers.get('content-encoding')).toBe(encoding)
    provider.reset()
    const plain = await fetch(provider.options.jwksURL)
    expect(plain.headers.get('content-encoding')).toBeNull()
  })

  it('are compressed from the start if they are to be', async () => {
    const other = await startTestProvider({ contentEncoding: 'gzip' })
    other.contentEncoding = undefined
    other.reset()
    const answer = await fetch(other.options.jwksURL)
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    await other.close()
  })
})
