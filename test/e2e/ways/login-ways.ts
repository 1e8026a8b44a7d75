import { advanceClock } from '../../support/clock.js'
import { createFailingGrants, FailingStore } from './failing-stores.js'
import type { Stage } from './stage.js'
import { logIn } from './way.js'
import type { Way } from './way.js'

const failing = new FailingStore()
const failingGrants = createFailingGrants()

export const UNDISTURBED: readonly Way[] = [
  {
    title: 'A person opens a page that needs a login',
    play: ({ visit }) => visit('/page'),
    playAtOidcProvider: ({ visit }) => visit('/page'),
  },
  {
    title: 'A page for everybody (`silentLogin`), and the person is logged in at the provider',
    async play({ visit }) {
      await visit('/news')
      await visit('/news')
    },
  },
  {
    title: 'The same, and nobody is logged in at the provider',
    async play({ visit }, provider) {
      provider.newBrowser()
      await visit('/news')
      await visit('/news')
    },
    async playAtOidcProvider({ visit }) {
      await visit('/news')
      await visit('/news')
    },
  },
  {
    title: 'A page wants a recent authentication (`maxAgeSeconds`)',
    async play(stage, provider) {
      provider.requireAuthTime = true
      await logIn(stage)
      advanceClock(3600)
      await stage.visit('/recent')
    },
  },
  {
    title: 'A page wants a scope that was not asked for (`scope`)',
    async play(stage) {
      await logIn(stage)
      await stage.visit('/files')
    },
  },
  {
    title: 'They connect a second provider',
    options: { bank: {} },
    async play(stage) {
      await logIn(stage, '/page')
      await stage.visit('/')
      await stage.click('Connect the bank')
    },
  },
]

export const BY_THE_PERSON: readonly Way[] = [
  {
    title: 'They say no',
    async play({ visit }, provider) {
      provider.fail('authorize', 'denied')
      await visit('/page')
    },
  },
  {
    title: 'They say no, and then “Log in again”',
    async play({ visit, click }, provider) {
      provider.fail('authorize', 'denied')
      await visit('/page')
      await click('Log in again')
    },
  },
  {
    title: 'They say no, with `failureRedirect`',
    options: { router: { failureRedirect: '/' } },
    async play({ visit }, provider) {
      provider.fail('authorize', 'denied')
      await visit('/page')
    },
  },
  {
    title: 'They say no to a page that wants more',
    async play(stage, provider) {
      await logIn(stage)
      provider.fail('authorize', 'denied')
      await stage.visit('/files')
    },
  },
  {
    title: 'They use another account for a page that wants more',
    async play(stage, provider) {
      await logIn(stage)
      provider.user = { sub: 'grace' }
      await stage.visit('/files')
    },
  },
  {
    title: 'They say no to connecting a second provider',
    options: { bank: {} },
    async play(stage, provider) {
      await logIn(stage)
      await stage.visit('/')
      provider.fail('authorize', 'denied')
      await stage.click('Connect the bank')
    },
  },
  {
    title: 'They reload the page after the login, or go back to the callback',
    async play(stage) {
      const callback = callbackOf(stage)
      await stage.visit('/page')
      await stage.visit(await callback)
    },
  },
  {
    title: 'They log in in a second tab before they have finished in the first',
    async play(stage, provider) {
      // The first tab stays on a page of the provider, and goes on from there.
      provider.fail('authorize', { error: 'later', status: 503 })
      await stage.visit('/page?tab=1')
      const other = await stage.person.openTab()
      await other.goto(`${stage.url}/page?tab=2`)
      if (other.url() !== `${stage.url}/page?tab=2`) throw new Error(`It is at ${other.url()}`)
      await stage.page.reload()
    },
  },
  {
    title:
      'They open two tabs at once in a browser that is new here: each has a session of its own',
    async play(stage, provider) {
      provider.fail('authorize', { error: 'later', status: 503 })
      await stage.visit('/page?tab=1')
      // The cookie of the second tab’s session takes the place of the first one’s.
      await stage.page.context().clearCookies()
      const other = await stage.person.openTab()
      await other.goto(`${stage.url}/page?tab=2`)
      await stage.page.reload()
    },
  },
  {
    title: 'Their browser loses the session’s cookie meanwhile',
    async play(stage) {
      stage.onReturn((request) => delete request.headers.cookie)
      await stage.visit('/page')
    },
  },
  {
    title: 'They leave the provider’s page open for too long',
    options: { strategy: { pendingLoginLifetimeMs: 1 } },
    play: ({ visit }) => visit('/page'),
  },
  {
    title: 'They open a callback that was sent to them',
    play: ({ visit }) => visit('/auth/callback?code=of-somebody&state=of-somebody'),
  },
]

export const BY_THE_PROVIDER: readonly Way[] = [
  {
    title: 'The provider refuses the request (`invalid_scope`)',
    async play({ visit }, provider) {
      provider.fail('authorize', { error: 'invalid_scope' })
      await visit('/page')
    },
  },
  {
    title: 'The provider is busy (`temporarily_unavailable`)',
    async play({ visit }, provider) {
      provider.fail('authorize', { error: 'temporarily_unavailable' })
      await visit('/page')
    },
  },
  {
    title: 'Its token endpoint answers 503',
    async play({ visit }, provider) {
      provider.fail('token', 503)
      await visit('/page')
    },
  },
  {
    title: 'Its token endpoint does not answer',
    options: { strategy: { timeoutMs: 300 } },
    async play({ visit }, provider) {
      provider.fail('token', 'hangs')
      await visit('/page')
    },
  },
  {
    title: 'Nothing listens at its token endpoint',
    options: { strategy: { tokenURL: 'http://127.0.0.1:9/token' } },
    play: ({ visit }) => visit('/page'),
  },
  {
    title: 'It does not know the client’s secret (`invalid_client`)',
    options: { strategy: { clientSecret: 'another' } },
    play: ({ visit }) => visit('/page'),
  },
  {
    title: 'It refuses the code (`invalid_grant`)',
    async play({ visit }, provider) {
      provider.fail('token', 'invalid_grant')
      await visit('/page')
    },
  },
  {
    title: 'The response is of another provider (`iss`)',
    async play({ visit }, provider) {
      provider.fail('authorize', 'wrong_iss')
      await visit('/page')
    },
  },
  {
    title: 'Its UserInfo endpoint answers 503',
    async play({ visit }, provider) {
      provider.fail('userinfo', 503)
      await visit('/page')
    },
  },
  {
    title: 'It grants another scope than a page wants',
    async play(stage, provider) {
      await logIn(stage)
      provider.scope = 'openid profile'
      await stage.visit('/files')
    },
  },
  {
    title: 'Its token endpoint answers 503 during a silent login',
    async play({ visit }, provider) {
      await visit('/news')
      provider.fail('token', 503)
      await visit('/news')
    },
  },
  {
    title: 'Its token endpoint answers 503 when a page wants more',
    async play(stage, provider) {
      await logIn(stage)
      provider.fail('token', 503)
      await stage.visit('/files')
    },
  },
]

export const BY_THE_APPLICATION: readonly Way[] = [
  {
    title: '`verify` refuses the person',
    options: { verify: () => false },
    play: ({ visit }) => visit('/page'),
  },
  {
    title: '`verify` throws',
    options: {
      verify: () => {
        throw new Error('the database is down')
      },
    },
    play: ({ visit }) => visit('/page'),
  },
  {
    title: 'The session store fails when the login starts',
    options: { store: failing },
    async play({ visit }) {
      failing.failsAt = 'set'
      await visit('/page')
    },
  },
  {
    title: 'The session store fails when they come back',
    options: { store: failing },
    async play(stage) {
      failing.failsAt = undefined
      stage.onReturn(() => (failing.failsAt = 'set'))
      await stage.visit('/page')
    },
  },
  {
    title: 'The store of the grants fails when they come back',
    options: { strategy: { grants: failingGrants.grants } },
    async play(stage) {
      stage.onReturn(() => (failingGrants.isDown = true))
      await stage.visit('/page')
    },
  },
  {
    title: 'Another site starts the login, in a frame',
    play: (stage) => stage.visitOtherSite(`<iframe src="${stage.url}/auth/login"></iframe>`),
  },
]

/** The address of the first callback that the browser is sent to. */
async function callbackOf({ page }: Stage): Promise<string> {
  const request = await page.waitForRequest((one) => one.url().includes('/auth/callback?'))
  return request.url()
}
