import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { after, afterEach, before, describe, it } from 'node:test'
import { adding, all, callbackOf, createNestApps } from './nest-apps.js'

/** Reads the strategy's options as the guide says for `@nestjs/config`, and nothing else. */
const withConfigService = all(
  adding(
    'import passport from',
    "import { ConfigService } from '@nestjs/config'\nimport passport from",
  ),
  adding('constructor()', 'constructor(config: ConfigService)'),
  adding('discover.lazy(ISSUER)', "discover.lazy(config.getOrThrow('ISSUER'))"),
  adding(", ISSUER = ''", ''),
)

/**
 * The checks of the plain application of docs/nest.md, with one major of Nest.
 *
 * @param folder that has its packages
 * @param testing the entry of that name
 * @param settings `isCommonJs`
 */
export function testGuide(folder, { logInFetch, startTestProvider }, settings) {
  let apps
  let main
  before(async () => {
    apps = await createNestApps(folder, startTestProvider, settings)
    main = await apps.compile(apps.plain)
  })
  afterEach(() => apps.reset())
  after(() => apps.close())

  describe('the application of docs/nest.md', () => {
    it('logs people in, keeps their tokens, refreshes them, and logs out', async () => {
      const { provider } = apps
      const { origin } = await apps.start(main)
      const get = await logInFetch(origin, '/auth/login')
      const home = await (await get('/')).json()
      assert.deepEqual(home, { user: { id: 'grace', name: 'Grace Hopper' } })
      provider.expireAccessTokens()
      const answer = await get('/orders')
      assert.equal(answer.status, 200)
      assert.equal((await answer.json()).sub, 'grace')
      assert.equal(provider.requestsTo('token').length, 2)

      const forged = { method: 'POST', headers: { origin: 'https://evil.example' } }
      assert.equal((await get('/auth/logout', forged)).status, 403)
      assert.equal((await get('/orders')).status, 200)
      const left = await get('/auth/logout', { method: 'POST', redirect: 'manual' })
      assert.equal(left.status, 303)
      assert.ok(left.headers.get('location').startsWith(provider.options.endSessionURL))
      assert.equal((await get('/orders')).status, 401)
    })

    it('lets nobody in who is not logged in', async () => {
      const { origin } = await apps.start(main)
      assert.equal((await fetch(`${origin}/orders`)).status, 401)
    })

    it('says so when the API fails', async () => {
      const { origin } = await apps.start(main)
      const get = await logInFetch(origin, '/auth/login')
      apps.provider.fail('userinfo', 500)
      const failed = await get('/orders')
      assert.equal(failed.status, 502)
      assert.equal((await failed.json()).message, 'The API answered 500')
      apps.provider.fail('userinfo', 401, 2)
      assert.equal((await get('/orders')).status, 401)
    })

    it('answers errors with their status, and shows no secret', async () => {
      const app = await apps.start(main)
      const forged = await fetch(`${app.origin}/auth/callback?code=stolen-code&state=forged-state`)
      assert.equal(forged.status, 400)
      assert.doesNotMatch((await forged.text()) + app.output(), /stolen-code|forged-state/)

      apps.provider.fail('token', 503, 9)
      const failed = await callbackOf(app.origin)
      assert.ok([502, 503].includes(failed.status), `${failed.status}`)
      assert.equal(failed.body.statusCode, failed.status)
    })

    it('does not start without its secret', async () => {
      await assert.rejects(apps.start(main, { SESSION_SECRET: '' }), /SESSION_SECRET is not set/)
    })
  })

  describe('what else the guide says of it', () => {
    it('takes ConfigService and a file .env, and sends people to the login', async () => {
      const { issuer } = apps.provider.options
      const files = apps.changed({
        'src/provider.strategy.ts': withConfigService,
        'src/app.module.ts': all(
          adding(
            'import { PassportModule }',
            "import { ConfigModule } from '@nestjs/config'\nimport { PassportModule }",
          ),
          adding(
            '[PassportModule]',
            `[ConfigModule.forRoot({ envFilePath: process.env.ENV_FILE }), PassportModule]`,
          ),
        ),
        'src/configure.ts': all(
          adding('import { authRouter }', 'import { authRouter, requireLogin }'),
          adding(
            '\n}\n',
            "\n  app.use('/orders', requireLogin({ loginPath: '/auth/login' }))\n}\n",
          ),
        ),
      })
      const changed = await apps.compile([...files, { name: 'a.env', code: `ISSUER=${issuer}\n` }])
      const ENV_FILE = changed.replace(/dist.main\.js$/, 'a.env')
      const { origin } = await apps.start(changed, { ISSUER: undefined, ENV_FILE })
      // The fetch of Node.js says that it is a script.
      const [sent] = await once(
        get(`${origin}/orders`, { headers: { accept: 'text/html' } }),
        'response',
      )
      sent.resume()
      assert.equal(sent.headers.location, '/auth/login?return_to=%2Forders')
      const browse = await logInFetch(origin, '/auth/login')
      assert.equal((await browse('/orders')).status, 200)
    })
  })
}
