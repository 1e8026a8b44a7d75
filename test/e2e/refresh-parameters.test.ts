import { beforeEach, describe, expect, it } from '@jest/globals'
import { ConfigurationError } from '../../src/index.js'
import type { AuthorizationCodeOptions, TokenSet } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { GRANT_MODES } from '../support/grant-modes.js'
import type { Kept } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, formOf } from '../support/login.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const HOUR = 3600
/** Longer than the pause after a first failure, in seconds. */
const PAUSE = 2

const scene = setScene()
let rotating: RotatingProvider
let browser: Browser

beforeEach(() => {
  rotating = rotateRefreshTokens(scene.provider)
  browser = new Browser()
})

/** The forms that the token endpoint has received, oldest first, without what every token request has. */
function sent(): readonly Record<string, string>[] {
  const usual = new Set(['client_id', 'client_secret', 'code', 'code_verifier', 'redirect_uri'])
  return scene.provider
    .requestsTo('/token')
    .map((request) => Object.fromEntries([...formOf(request)].filter(([name]) => !usual.has(name))))
}

describe.each(GRANT_MODES)('refreshParameters, with %s,', (_where, keep) => {
  let kept: Kept
  beforeEach(() => {
    kept = keep()()
  })

  async function startLoggedIn(strategy: Partial<AuthorizationCodeOptions>): Promise<TestApp> {
    const app = await scene.start({
      strategy: { revocationURL: rotating.revocationURL, ...kept, ...strategy },
    })
    await browser.follow(app.loginURL)
    return app
  }

  async function tokenOf({ origin }: TestApp): Promise<unknown> {
    const body = bodyOf(await browser.visit(`${origin}/token`))
    return body['accessToken'] ?? body['code']
  }

  it('are in refreshes, and in no other request', async () => {
    const app = await startLoggedIn({
      tokenParameters: { tenant: 'all', audience: 'of tokenParameters' },
      refreshParameters: { audience: 'of refreshParameters', access_type: 'offline' },
    })
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    await browser.post(`${app.origin}/auth/logout`)

    expect(sent()).toEqual([
      { grant_type: 'authorization_code', tenant: 'all', audience: 'of tokenParameters' },
      {
        grant_type: 'refresh_token',
        refresh_token: 'refresh-token-1-of-ada',
        tenant: 'all',
        audience: 'of refreshParameters',
        access_type: 'offline',
      },
    ])
    const others = scene.provider.requests.filter(({ path }) => path !== '/token')
    expect(others.map(({ path }) => path)).toEqual(['/me', '/revoke'])
    const { location } = await browser.visit(app.loginURL)
    for (const text of [location, ...others.map(({ query, body }) => query + body)]) {
      expect(text).not.toMatch(/access_type|audience/)
    }
  })

  it('are made by a function of the tokens that are refreshed', async () => {
    const given: TokenSet[] = []
    rotating.response = { scope: 'read write' }
    const app = await startLoggedIn({
      refreshParameters(tokens) {
        given.push(tokens)
        return { scope: tokens.scope?.replace(' write', '') ?? '' }
      },
    })
    rotating.response = {}
    expect(given).toEqual([])
    advanceClock(HOUR)
    await tokenOf(app)
    advanceClock(HOUR)
    await tokenOf(app)

    const tokens = (count: number, scope: string) =>
      expect.objectContaining({
        accessToken: `access-token-${count}-of-ada`,
        refreshToken: `refresh-token-${count}-of-ada`,
        scope,
      }) as unknown
    // An answer without a scope has the one that was asked for.
    expect(given).toEqual([tokens(1, 'read write'), tokens(2, 'read')])
    expect(sent().map(({ scope }) => scope)).toEqual([undefined, 'read', 'read'])
    const page = bodyOf(await browser.visit(`${app.origin}/tokens`))
    expect(page['tokens']).toMatchObject({ scope: 'read' })
  })

  it('cannot change the tokens that the function is given, also if the refresh fails', async () => {
    const app = await startLoggedIn({
      refreshParameters(tokens) {
        Object.assign(tokens, { refreshToken: 'another', accessToken: 'another' })
        return {}
      },
    })
    rotating.fault = json({}, 503)
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('ERR_TOKEN_ENDPOINT')
    rotating.fault = undefined
    advanceClock(PAUSE)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    const refreshes = sent().slice(1)
    expect(refreshes.map((form) => form['refresh_token'])).toEqual(
      Array(2).fill('refresh-token-1-of-ada'),
    )
  })

  it.each<[string, () => never]>([
    [
      'throws',
      () => {
        throw new Error('of the application')
      },
    ],
    ['returns a parameter that the library sends', () => ({ refresh_token: 'x' }) as never],
    ['returns a promise', () => Promise.resolve({ audience: 'a' }) as never],
    [
      'returns a promise that rejects',
      () => Promise.reject(new Error('of the application')) as never,
    ],
    ['returns a list', () => ['audience'] as never],
  ])('send nothing and end nothing while their function %s', async (_, broken) => {
    let isBroken = true
    const app = await startLoggedIn({ refreshParameters: () => (isBroken ? broken() : {}) })
    scene.provider.requests.length = 0
    advanceClock(HOUR)
    expect((await browser.visit(`${app.origin}/token`)).status).toBe(500)
    expect(asked(scene.provider)).toEqual([])
    expect(app.errors).toEqual([expect.any(ConfigurationError)])
    expect(app.errors[0]).toMatchObject({ option: 'refreshParameters' })
    isBroken = false
    advanceClock(PAUSE)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(asked(scene.provider)).toEqual(['POST /token'])
  })
})
