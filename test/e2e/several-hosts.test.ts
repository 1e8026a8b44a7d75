import { describe, expect, it } from '@jest/globals'
import { AuthorizationCodeStrategy } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { setScene } from '../support/scene.js'

const scene = setScene()

const CALLBACKS = [
  'https://one.example/auth/callback',
  'https://two.example/auth/callback',
  'https://two.example:8443/auth/callback',
] as const

/** The strategy option by which the scene’s application has several hosts. */
function start(trustsProxy = false): Promise<TestApp> {
  const callbackURL: AuthorizationCodeOptions['callbackURL'] = CALLBACKS
  return scene.start({
    strategy: {
      callbackURL,
      endSessionURL: `${scene.provider.origin}/end-session`,
      postLogoutRedirectURL: CALLBACKS.map((one) => one.replace('callback', 'logged-out')),
    },
    routes: (app) => {
      if (trustsProxy) app.set('trust proxy', 1)
    },
  })
}

async function redirectUriAt(app: TestApp, headers: Record<string, string>): Promise<string> {
  const { location = '' } = await new Browser().request(app.loginURL, { headers })
  return new URL(location).searchParams.get('redirect_uri') ?? ''
}

describe('a list of callback URLs', () => {
  it.each([
    ['one.example', CALLBACKS[0]],
    ['two.example', CALLBACKS[1]],
    ['TWO.example', CALLBACKS[1]],
    ['two.example:8443', CALLBACKS[2]],
    ['two.example:1', CALLBACKS[1]],
  ])('leads back to the host of the request: %s', async (host, expected) => {
    expect(await redirectUriAt(await start(), { host })).toBe(expected)
  })

  it.each([
    'evil.example',
    'one.example.evil.example',
    'evil.example/one.example',
    'one.example@evil.example',
    'evil.example#.two.example',
    'two.example evil.example',
  ])('leads to the first for every other host: %s [hosts-1]', async (host) => {
    expect(await redirectUriAt(await start(), { host })).toBe(CALLBACKS[0])
  })

  it.each(['x-forwarded-host', 'forwarded', 'x-host', 'x-original-host', 'origin', 'referer'])(
    'does not believe %s [hosts-2]',
    async (name) => {
      const headers = { host: 'one.example', [name]: 'two.example' }
      expect(await redirectUriAt(await start(), headers)).toBe(CALLBACKS[0])
    },
  )

  it.each([
    ['two.example', CALLBACKS[1]],
    ['evil.example', CALLBACKS[0]],
  ])('believes the proxy that Express trusts: %s', async (forwarded, expected) => {
    const headers = { host: 'one.example', 'x-forwarded-host': forwarded }
    expect(await redirectUriAt(await start(true), headers)).toBe(expected)
  })

  it('sends the code with the URL that the login was started with, wherever it comes back', async () => {
    const app = await start()
    const browser = new Browser()
    const { location = '' } = await browser.request(app.loginURL, {
      headers: { host: 'two.example' },
    })
    const { location: callback = '' } = await browser.visit(location)
    await browser.visit(`${app.origin}/auth/callback${new URL(callback).search}`)
    const [exchange] = scene.provider.requestsTo('/token')
    const sent = new URLSearchParams(exchange?.body)
    expect([sent.get('grant_type'), sent.get('redirect_uri')]).toEqual([
      'authorization_code',
      CALLBACKS[1],
    ])
  })

  it('comes back from the provider’s logout to the host where the person logged out', async () => {
    const app = await start()
    const { location = '' } = await new Browser().request(`${app.origin}/auth/logout`, {
      method: 'POST',
      headers: { host: 'two.example', 'sec-fetch-site': 'same-origin' },
    })
    expect(new URL(location).searchParams.get('post_logout_redirect_uri')).toBe(
      'https://two.example/auth/logged-out',
    )
  })

  it.each([
    ['is empty', [], 'callbackURL may not be an empty list.'],
    [
      'has two for one host',
      [CALLBACKS[0], CALLBACKS[0]],
      'callbackURL may have only one URL for each host.',
    ],
    ['has plain HTTP', [CALLBACKS[0], 'http://two.example/'], 'callbackURL must be HTTPS'],
  ])('is refused if it %s', (_what, callbackURL, message) => {
    const { authorizationURL, tokenURL } = scene.provider
    const options = { authorizationURL, tokenURL, clientID: 'a', clientSecret: 'b', callbackURL }
    expect(() => new AuthorizationCodeStrategy(options)).toThrow(message)
  })
})
