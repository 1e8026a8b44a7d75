import { beforeEach, describe, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { Kept } from '../support/grant-modes.js'
import { grantsIn } from '../support/grant-modes.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
let openId: OpenIdProvider
let sessions: RecordingStore
let browser: Browser

beforeEach(async () => {
  openId = await speakOpenId(scene.provider)
  sessions = new RecordingStore()
  browser = new Browser()
})

/** The application after the option `grants` was set, to which a browser comes that has logged in before. */
async function turnOnGrants(): Promise<TestApp> {
  const common = { ...openId.options, backchannelLogout: true, accountOf: () => 'account-of-ada' }
  const before = await scene.startAnew({ store: sessions, strategy: common })
  await browser.follow(before.loginURL)
  const kept: Kept = { grants: grantsIn(createMemoryStore()) }
  const app = await scene.start({ store: sessions, strategy: { ...common, ...kept } })
  for (const [name, value] of browser.cookies(before.origin)) {
    browser.setCookie(app.origin, name, value)
  }
  return app
}

async function postLogout({ origin }: TestApp, claims = {}): Promise<number> {
  const form = { logout_token: await openId.logoutToken(claims) }
  return (await new Browser().post(`${origin}/auth/backchannel-logout`, form)).status
}

async function tokenStatus({ origin }: TestApp): Promise<number> {
  return (await browser.visit(`${origin}/token`)).status
}

describe('a login from before grants were in a store', () => {
  it.each([
    ['its session', { sub: undefined }],
    ['the person', { sid: undefined }],
  ])('ends by the provider’s logout of %s after it has moved', async (_what, claims) => {
    const app = await turnOnGrants()
    expect(await tokenStatus(app)).toBe(200)
    const status = await postLogout(app, claims)
    // What Passport finds in the session, without a look at the grant.
    const page = await browser.visit(`${app.origin}/`)
    expect([status, page.text]).toEqual([200, '{"user":null}'])
  })

  it('ends when it moves if the provider has ended it before', async () => {
    const app = await turnOnGrants()
    const status = await postLogout(app)
    expect([status, await tokenStatus(app)]).toEqual([200, 401])
    expect((await browser.visit(`${app.origin}/private`)).status).toBe(302)
  })

  it('ends with its session when the grants of the account end', async () => {
    const app = await turnOnGrants()
    await tokenStatus(app)
    expect(await app.strategy.endGrant({ account: 'account-of-ada' })).toBe(1)
    expect((await browser.visit(`${app.origin}/`)).text).toBe('{"user":null}')
  })
})
