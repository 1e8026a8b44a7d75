import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { JWTPayload } from 'jose'
import { discover, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions, RequireLoginOptions } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from './app.js'
import type { TestApp } from './app.js'
import { Browser } from './http.js'
import { bodyOf } from './login.js'

/** A provider for tests, and apps that log in there. The provider is reset and the apps are stopped after each test. */
export interface TestProviderScene {
  readonly provider: TestProvider
  readonly browser: Browser
  /**
   * Starts an app that has discovered the provider. Beside the usual routes, it has `/start`, which starts a login with the
   * `LoginOptions` in its query, and `/page`, which `needs` something.
   */
  start(
    strategy?: Partial<AuthorizationCodeOptions>,
    needs?: Omit<RequireLoginOptions, 'strategy'>,
  ): Promise<TestApp>
  /** The claims of the ID token in the browser's session. */
  readonly claims: (app: TestApp) => Promise<JWTPayload>
  /** Who is logged in at the app. */
  readonly whoIs: (app: TestApp, browser?: Browser) => Promise<unknown>
}

/** Starts the provider for the tests of a file. */
export function setTestProviderScene(): TestProviderScene {
  const apps: TestApp[] = []
  let provider: TestProvider
  let browser: Browser

  beforeAll(async () => {
    provider = await startTestProvider()
  })
  beforeEach(() => {
    browser = new Browser()
  })
  afterEach(async () => {
    provider.reset()
    await Promise.all(apps.splice(0).map((app) => app.close()))
  })
  afterAll(() => provider.close())

  return {
    get provider() {
      return provider
    },
    get browser() {
      return browser
    },

    async start(strategy = {}, needs = {}) {
      const { issuer, clientID, clientSecret } = provider.options
      const client = { ...(await discover(issuer)), clientID, clientSecret, scope: 'openid email' }
      const app = await startApp({
        strategy: { ...client, ...strategy },
        routes: (express, one) => {
          express.get('/start', (req, res, next) => {
            one.startLogin(req, res, { returnTo: '/', ...req.query }).catch(next)
          })
          const guard = requireLogin({ strategy: one, loginPath: '/auth/login', ...needs })
          express.get('/page', guard, (_req, res) => res.json('here you are'))
        },
      })
      apps.push(app)
      return app
    },

    async claims(app) {
      const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`))
      return decodeJwt((tokens as { idToken: string }).idToken)
    },

    async whoIs(app, who = browser) {
      const { user } = bodyOf(await who.visit(`${app.origin}/`))
      return (user as { id?: string } | null)?.id
    },
  }
}

/** The parameters of the last authorization request. */
export function lastAsked(provider: TestProvider): Readonly<Record<string, string>> {
  return provider.requestsTo('authorize').at(-1)?.parameters ?? {}
}
