import { beforeEach, describe, expect, it } from '@jest/globals'
import { AuthorizationCodeStrategy, authRouter } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { GRANT_MODES } from '../support/grant-modes.js'
import type { Kept } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const scene = setScene()
let openId: OpenIdProvider

beforeEach(async () => {
  openId = await speakOpenId(scene.provider)
})

/** People log in at `/auth`, at `/more` by a second strategy of the same client, and connect that at `/connect`. */
function start(kept: Kept): Promise<TestApp> {
  const { authorizationURL, tokenURL, profileURL } = scene.provider
  const strategy = { ...openId.options, ...kept, name: 'first', backchannelLogout: true }
  return scene.start({
    strategy,
    routes: (app, _strategy, origin) => {
      const mount = (path: string, connect: boolean): void => {
        const more = new AuthorizationCodeStrategy({
          ...{ authorizationURL, tokenURL, profileURL },
          ...{ clientID: 'client-1', clientSecret: 'secret-1' },
          ...strategy,
          name: path.slice(1),
          callbackURL: `${origin}${path}/callback`,
        })
        app.use(path, authRouter(more, { connect }))
      }
      mount('/more', false)
      mount('/connect', true)
    },
  })
}

async function logInAt(url: string, browser = new Browser()): Promise<Browser> {
  await browser.follow(url)
  return browser
}

async function postLogout(app: TestApp): Promise<number> {
  const form = { logout_token: await openId.logoutToken() }
  return (await new Browser().post(`${app.origin}/auth/backchannel-logout`, form)).status
}

/** What Passport finds in the session. */
async function isLoggedIn(app: TestApp, browser: Browser): Promise<boolean> {
  const page = await browser.visit(`${app.origin}/`)
  return page.text !== '{"user":null}'
}

/** What the only session has of a grant that was connected. */
function connected({ store }: TestApp): string[] {
  const [session] = Object.values((store as never as { sessions: Record<string, string> }).sessions)
  const all = JSON.parse(session ?? '{}') as Record<string, object>
  return Object.keys(all['oauth2:connect'] ?? {}).filter((one) => /^(grant|entry)$/.test(one))
}

describe.each(GRANT_MODES)('a logout token at the address of the client (%s)', (_where, keep) => {
  it('ends the sessions of all strategies of the client', async () => {
    const app = await start(keep()())
    const browsers = [await logInAt(app.loginURL), await logInAt(`${app.origin}/more/login`)]
    const before = await Promise.all(browsers.map((one) => isLoggedIn(app, one)))
    const status = await postLogout(app)
    const after = await Promise.all(browsers.map((one) => isLoggedIn(app, one)))
    expect({ before, status, after }).toEqual({
      before: [true, true],
      status: 200,
      after: [false, false],
    })
  })

  it('ends them in one process if the other strategy has logged in in another', async () => {
    const process = keep()
    const [app, other] = [await start(process()), await start(process())]
    const browser = await logInAt(`${other.origin}/more/login`)
    await postLogout(app)
    const page = await browser.visit(`${other.origin}/private`)
    expect(page.status).toBe(302)
  })

  it('takes away the tokens of a strategy that was only connected, and leaves the login of another provider', async () => {
    const app = await start(keep()())
    const person = await logInAt(app.loginURL)
    openId.claims = { sub: 'grace', sid: 'another-session' }
    scene.provider.onProfile(json({ sub: 'grace' }))
    await logInAt(`${app.origin}/connect/login`, person)
    expect(connected(app)).toHaveLength(1)
    const token = await openId.logoutToken({ sub: 'grace', sid: 'another-session' })
    const form = { logout_token: token }
    const page = await new Browser().post(`${app.origin}/auth/backchannel-logout`, form)
    expect([page.status, await isLoggedIn(app, person)]).toEqual([200, true])
    expect(connected(app)).toEqual([])
  })
})
