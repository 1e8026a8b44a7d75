import { beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryStore } from 'express-session'
import { salesforce } from '../../src/index.js'
import type { AuthorizationCodeOptions, GrantRefusal } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { GRANT_MODES, inStore } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf } from '../support/login.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const HOUR = 3600
/** Longer than the pause after a first failure, in seconds. */
const PAUSE = 2

/** As Salesforce answers while it works on another refresh with the same token. */
const UNDER_WAY = json(
  { error: 'invalid_grant', error_description: 'token request is already being processed' },
  400,
)
/** As Salesforce answers when the refresh token is no longer valid. */
const EXPIRED = json(
  { error: 'invalid_grant', error_description: 'expired access/refresh token' },
  400,
)
const { isGrantRefused } = salesforce()

const scene = setScene()
let rotating: RotatingProvider
let browser: Browser
let refusals: GrantRefusal[]

beforeEach(() => {
  rotating = rotateRefreshTokens(scene.provider)
  browser = new Browser()
  refusals = []
})

/** Starts an application and logs Ada in; the requests of the login are forgotten. */
async function startLoggedIn(
  strategy: Partial<AuthorizationCodeOptions>,
  store = new MemoryStore(),
): Promise<TestApp> {
  const app = await start(strategy, store)
  await browser.follow(app.loginURL)
  scene.provider.requests.length = 0
  return app
}

function start(strategy: Partial<AuthorizationCodeOptions>, store: MemoryStore): Promise<TestApp> {
  const onGrantRefused = (refusal: GrantRefusal): void => void refusals.push(refusal)
  return scene.start({ store, strategy: { onGrantRefused, ...strategy } })
}

/** The status of a request for a token, and the token or why there is none. */
async function answerOf({ origin }: TestApp): Promise<readonly unknown[]> {
  const page = await browser.visit(`${origin}/token`)
  const { accessToken, code } = bodyOf(page)
  return [page.status, accessToken ?? code]
}

describe.each(GRANT_MODES)('isGrantRefused, with %s,', (_where, keep) => {
  it('of the Salesforce preset ends nothing while another refresh is under way', async () => {
    const app = await startLoggedIn({ ...keep()(), isGrantRefused })
    rotating.fault = UNDER_WAY
    advanceClock(HOUR)
    expect(await answerOf(app)).toEqual([503, 'ERR_TOKEN_ENDPOINT'])
    expect(app.errors).toEqual([
      expect.objectContaining({
        ...{ status: 503, retryable: true, fault: 'provider' },
        ...{ error: 'invalid_grant', grantRefused: false },
        message: expect.stringMatching(
          /\(invalid_grant: token request is already being processed\)\. isGrantRefused says that a later refresh may succeed\.$/,
        ),
      }),
    ])
    // Within the pause, nobody asks again.
    expect(await answerOf(app)).toEqual([503, 'ERR_TOKEN_ENDPOINT'])
    expect(app.errors[1]).toMatchObject({ status: 503, retryable: true, grantRefused: false })
    expect(asked(scene.provider)).toEqual(['POST /token'])

    rotating.fault = undefined
    advanceClock(PAUSE)
    expect(await answerOf(app)).toEqual([200, 'access-token-2-of-ada'])
    expect(asked(scene.provider)).toEqual(['POST /token', 'POST /token'])
    expect([refusals, rotating.reused]).toEqual([[], []])
  })

  it('of the Salesforce preset lets a valid access token be used meanwhile', async () => {
    const app = await startLoggedIn({ ...keep()(), isGrantRefused })
    rotating.fault = UNDER_WAY
    advanceClock(HOUR - 30)
    for (let visit = 0; visit < 3; visit++) {
      expect(await answerOf(app)).toEqual([200, 'access-token-1-of-ada'])
      expect(await app.strategy.idle({ timeoutMs: 5_000 })).toBe(0)
    }
    expect([asked(scene.provider), refusals]).toEqual([['POST /token'], []])
  })

  it('of the Salesforce preset leaves other refusals final', async () => {
    const app = await startLoggedIn({ ...keep()(), isGrantRefused })
    rotating.fault = EXPIRED
    advanceClock(HOUR)
    expect(await answerOf(app)).toEqual([401, 'ERR_LOGIN_REQUIRED'])
    expect(refusals).toEqual([expect.objectContaining({ reason: 'invalid_grant' })])
  })

  it.each([
    [
      'an error of OAuth that passes elsewhere',
      json({ error: 'server_error' }, 500),
      'server_error',
    ],
    ['an error of its own', json({ error: 'account_closed' }, 400), 'account_closed'],
    ['a status alone', json({}, 403), 'http_403'],
    ['429', json({ error: 'slow_down' }, 429), 'slow_down'],
  ])('ends the grant by true, after %s', async (_, fault, reason) => {
    const app = await startLoggedIn({ ...keep()(), isGrantRefused: () => true })
    rotating.fault = fault
    advanceClock(HOUR)
    expect(await answerOf(app)).toEqual([401, 'ERR_LOGIN_REQUIRED'])
    // It has ended: also the provider's recovery does not bring it back, and nobody asks again.
    rotating.fault = undefined
    advanceClock(HOUR)
    expect(await answerOf(app)).toEqual([401, 'ERR_LOGIN_REQUIRED'])
    expect(asked(scene.provider)).toEqual(['POST /token'])
    expect(refusals).toEqual([expect.objectContaining({ reason })])
    await browser.follow(app.loginURL)
    expect(await answerOf(app)).toEqual([200, 'access-token-2-of-ada'])
  })

  it('keeps the grant by false, whatever the provider answers, and tries again after each pause', async () => {
    const app = await startLoggedIn({ ...keep()(), isGrantRefused: () => false })
    rotating.fault = json({ error: 'bad_refresh_token' }, 401)
    advanceClock(HOUR)
    // Longer each time, and a minute at the most.
    for (const pause of [PAUSE, 2 * PAUSE, 4 * PAUSE]) {
      expect(await answerOf(app)).toEqual([503, 'ERR_TOKEN_ENDPOINT'])
      advanceClock(pause)
    }
    rotating.fault = undefined
    expect(await answerOf(app)).toEqual([200, 'access-token-2-of-ada'])
    expect(asked(scene.provider)).toHaveLength(4)
    expect(refusals).toEqual([])
  })
})

describe('isGrantRefused in two processes that share sessions and grants', () => {
  let one: TestApp
  let other: TestApp

  async function startBoth(strategy: Partial<AuthorizationCodeOptions>): Promise<void> {
    const [keep, store] = [inStore(), new MemoryStore()]
    one = await startLoggedIn({ ...keep(), ...strategy }, store)
    other = await start({ ...keep(), ...strategy }, store)
    for (const [name, value] of browser.cookies(one.origin)) {
      browser.setCookie(other.origin, name, value)
    }
  }

  it('is remembered with the failure: the other process waits, and then refreshes', async () => {
    await startBoth({ isGrantRefused })
    rotating.fault = UNDER_WAY
    advanceClock(HOUR)
    expect(await answerOf(one)).toEqual([503, 'ERR_TOKEN_ENDPOINT'])
    expect(await answerOf(other)).toEqual([503, 'ERR_TOKEN_ENDPOINT'])
    expect(other.errors).toEqual([
      expect.objectContaining({
        ...{ status: 503, retryable: true, fault: 'provider' },
        ...{ error: 'invalid_grant', grantRefused: false },
        ...{ errorDescription: 'token request is already being processed' },
      }),
    ])
    expect(asked(scene.provider)).toEqual(['POST /token'])

    rotating.fault = undefined
    advanceClock(PAUSE)
    expect(await answerOf(other)).toEqual([200, 'access-token-2-of-ada'])
    expect(await answerOf(one)).toEqual([200, 'access-token-2-of-ada'])
    expect(asked(scene.provider)).toEqual(['POST /token', 'POST /token'])
    expect(rotating.reused).toEqual([])
  })

  it('ends the grant for both, by true', async () => {
    await startBoth({ isGrantRefused: ({ error }) => error === 'account_closed' })
    rotating.fault = json({ error: 'account_closed' }, 400)
    advanceClock(HOUR)
    expect(await answerOf(one)).toEqual([401, 'ERR_LOGIN_REQUIRED'])
    expect(await answerOf(other)).toEqual([401, 'ERR_LOGIN_REQUIRED'])
    expect(asked(scene.provider)).toEqual(['POST /token'])
    expect(refusals).toHaveLength(1)
  })
})
