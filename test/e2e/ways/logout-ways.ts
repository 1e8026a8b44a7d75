import { advanceClock } from '../../support/clock.js'
import { createFailingGrants, FailingStore } from './failing-stores.js'
import type { Refusal } from './stage.js'
import { logIn } from './way.js'
import type { Way } from './way.js'

const failing = new FailingStore()
const ended = createFailingGrants()
const asked = createFailingGrants()
const loggedOut = createFailingGrants()
const WANTS_SCOPE: Refusal = { status: 403, challenge: 'error="insufficient_scope", scope="files"' }
const ME = { account: 'account-1' }
const HOUR = 3600

export const LOGGED_IN: readonly Way[] = [
  {
    title: 'The access token has expired, and is refreshed',
    async play(stage) {
      await logIn(stage)
      advanceClock(2 * HOUR)
      await stage.visit('/api')
    },
  },
  {
    title: 'The token has expired, and the provider answers 503',
    async play(stage, provider) {
      await logIn(stage)
      advanceClock(2 * HOUR)
      provider.fail('token', 503)
      await stage.visit('/api')
    },
  },
  {
    title: 'The person or the provider has ended the grant (`invalid_grant`)',
    async play(stage, provider) {
      await logIn(stage)
      provider.endGrants()
      advanceClock(2 * HOUR)
      await stage.visit('/api')
    },
  },
  {
    title: 'An API refuses the token with a 401',
    async play(stage) {
      await logIn(stage)
      stage.refuseAtApi({ status: 401, challenge: 'error="invalid_token"' })
      await stage.visit('/api')
    },
  },
  {
    title: 'An API wants more than was granted (`insufficient_scope`)',
    async play(stage) {
      await logIn(stage)
      stage.refuseAtApi(WANTS_SCOPE)
      await stage.visit('/api')
    },
  },
  {
    title: 'The same, and it still refuses after the person has granted it',
    async play(stage) {
      await logIn(stage)
      stage.refuseAtApi(WANTS_SCOPE, WANTS_SCOPE)
      await stage.visit('/api')
    },
  },
  {
    title: 'An API wants a stronger authentication (`insufficient_user_authentication`)',
    async play(stage) {
      await logIn(stage)
      stage.refuseAtApi({
        status: 401,
        challenge: 'error="insufficient_user_authentication", acr_values="mfa"',
      })
      await stage.visit('/api')
    },
  },
  {
    title: 'The application has ended the login elsewhere (`endGrant`)',
    options: { strategy: { grants: ended.grants, accountOf: () => ME.account } },
    async play(stage) {
      await logIn(stage)
      await stage.strategy.endGrant(ME)
      await stage.visit('/page')
    },
  },
  {
    title: 'The store of the grants fails',
    options: { strategy: { grants: asked.grants } },
    async play(stage) {
      await logIn(stage)
      advanceClock(2 * HOUR)
      asked.isDown = true
      await stage.visit('/api')
    },
  },
]

export const LOGOUTS: readonly Way[] = [
  {
    title: 'A button, at a provider without a logout page',
    options: { strategy: { endSessionURL: undefined } },
    async play(stage) {
      await logIn(stage)
      await stage.click('Log out')
    },
  },
  {
    title: 'A button, at a provider with a logout page',
    async play(stage) {
      await logIn(stage)
      await stage.click('Log out')
      await stage.page.waitForURL(`${stage.url}/`)
    },
    async playAtOidcProvider(stage) {
      await logIn(stage)
      await stage.click('Log out')
      await stage.click('Yes')
    },
  },
  {
    title: 'A script',
    async play(stage) {
      await logIn(stage)
      await stage.page
        .evaluate(`fetch('/auth/logout', { method: 'POST', headers: { accept: 'application/json' } })
        .then((answer) => answer.json())
        .then(({ logoutURL }) => location.assign(logoutURL))`)
      await stage.page.waitForURL(`${stage.url}/`)
    },
  },
  {
    title: 'They are logged out here already: in another tab, or because the session has ended',
    async play(stage) {
      await logIn(stage)
      await stage.page.context().clearCookies()
      await stage.click('Log out')
      await stage.page.waitForURL(`${stage.url}/`)
    },
  },
  {
    title: 'The provider has ended the grant before',
    async play(stage, provider) {
      await logIn(stage)
      provider.endGrants()
      await stage.click('Log out')
      await stage.page.waitForURL(`${stage.url}/`)
    },
  },
  {
    title: 'Its revocation endpoint answers 503',
    async play(stage, provider) {
      await logIn(stage)
      provider.fail('revoke', 503, 5)
      await stage.click('Log out')
      await stage.page.waitForURL(`${stage.url}/`)
    },
  },
  {
    title: 'Its logout page answers 503',
    async play(stage, provider) {
      await logIn(stage)
      provider.fail('logout', { error: 'server_error', status: 503 })
      await stage.click('Log out')
      await stage.page.waitForURL((address) => !address.href.startsWith(stage.url))
    },
  },
  {
    title: 'They reload `/logged-out`',
    async play(stage) {
      await logIn(stage)
      const back = stage.page.waitForRequest((one) => one.url().includes('/auth/logged-out?'))
      await stage.click('Log out')
      await stage.page.waitForURL(`${stage.url}/`)
      await stage.visit((await back).url())
    },
  },
  {
    title: 'The session store fails',
    options: { store: failing },
    async play(stage) {
      failing.failsAt = undefined
      await logIn(stage)
      failing.failsAt = 'destroy'
      await stage.click('Log out')
    },
  },
  {
    title: 'The store of the grants fails',
    options: { strategy: { grants: loggedOut.grants } },
    async play(stage) {
      await logIn(stage)
      loggedOut.isDown = true
      await stage.click('Log out')
      await stage.page.waitForURL(`${stage.url}/`)
      loggedOut.isDown = false
    },
  },
  {
    title: 'Another site posts to `/logout`',
    async play(stage) {
      await logIn(stage)
      await stage.visitOtherSite(
        `<form method="post" action="${stage.url}/auth/logout"><button>Win</button></form>`,
      )
      await stage.click('Win')
    },
  },
  {
    title: 'They log out at the provider, which posts a logout token',
    options: { strategy: { backchannelLogout: true } },
    async play(stage, provider) {
      provider.register({ backchannelLogoutURL: `${stage.url}/auth/backchannel-logout` })
      await logIn(stage)
      await provider.logOut({ sub: 'ada' })
      await stage.visit('/')
    },
  },
  {
    title: 'They log out at the provider, whose page loads `/frontchannel-logout` in a frame',
    options: { strategy: { frontchannelLogout: true } },
    async play(stage, provider) {
      provider.register({ frontchannelLogoutURL: `${stage.url}/auth/frontchannel-logout` })
      await logIn(stage)
      const [logout] = await provider.logOut({ sub: 'ada' })
      const frame = stage.page.waitForResponse((one) => one.url().includes('/frontchannel-logout'))
      await stage.visitOtherSite(`<iframe src="${logout?.frontchannelURLs[0] ?? ''}"></iframe>`)
      await frame
      await stage.visit('/')
    },
  },
]
