import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { compileNest, filesIn } from './nest-guide.js'
import { startApp } from './started-app.js'

/** In place of the controller of the guide: what guards without a session get, errors, and the short way. */
const BARE_CONTROLLER = `
import { Controller, Get, Inject, Req, UseGuards } from '@nestjs/common'
import { AuthGuard } from '@nestjs/passport'
import type { Request } from 'express'
import { LoginRequiredError } from 'passport-authorization-code'
import { OrdersService } from './orders.service.js'
import { ProviderStrategy } from './provider.strategy.js'

@Controller()
export class AppController {
  constructor(
    @Inject(ProviderStrategy) private readonly strategy: ProviderStrategy,
    @Inject(OrdersService) private readonly orders: OrdersService,
  ) {}

  @Get('auth/login')
  @UseGuards(AuthGuard('provider'))
  login(): void {}

  @Get('auth/callback')
  @UseGuards(AuthGuard('provider'))
  async callback(@Req() req: Request) {
    const { tokens, grant } = req.authInfo ?? {}
    const { id } = req.user as { readonly id: string }
    const holder = { account: id, ...(grant !== undefined && { grant }) }
    const token = grant === undefined ? undefined : await this.strategy.accessToken(holder)
    return { user: req.user, tokens: Object.keys(tokens ?? {}), grant: grant !== undefined, hasToken: token !== undefined }
  }

  @Get('orders')
  async list(@Req() req: Request) {
    return this.orders.list(req)
  }

  @Get('payments')
  async pay(@Req() req: Request) {
    await this.strategy.checkLogin(req, { scope: ['payments'] })
    throw new LoginRequiredError('expired')
  }
}
`

/**
 * The checks of one major of Nest.
 *
 * @param folder that has its packages
 * @param testing the entry of that name
 */
export function testGuide(folder, { logInFetch, startTestProvider }) {
  let provider
  let guide
  const apps = []
  const compiled = []
  before(async () => {
    guide = await filesIn('nest.md')
    provider = await startTestProvider({ user: { sub: 'grace', name: 'Grace Hopper' } })
  })
  afterEach(async () => {
    provider.reset()
    for (const one of apps.splice(0)) await one.close()
  })
  after(async () => {
    for (const { remove } of compiled) await remove()
    await provider.close()
  })

  const compile = async (files) => {
    const project = await compileNest(folder, files)
    compiled.push(project)
    return project.main
  }
  const start = async (main) => {
    const { issuer } = provider.options
    const app = await startApp(main, provider, { API_URL: `${issuer}/userinfo` })
    apps.push(app)
    return app
  }
  const replaced = (name, change) =>
    guide.map((file) => (file.name === name ? { name, code: change(file.code) } : file))

  describe('the application of docs/nest.md', () => {
    let main
    before(async () => {
      main = await compile(guide)
    })

    it('logs people in with its guard, keeps their tokens, refreshes them, and logs out', async () => {
      const { origin } = await start(main)
      const get = await logInFetch(origin, '/auth/login')
      const home = await (await get('/')).json()
      assert.deepEqual(home, { user: { id: 'grace', name: 'Grace Hopper' } })
      provider.expireAccessTokens()
      const answer = await get('/orders')
      assert.equal(answer.status, 200)
      assert.equal((await answer.json()).sub, 'grace')
      assert.equal(provider.requestsTo('token').length, 2)

      const left = await get('/auth/logout', { method: 'POST', redirect: 'manual' })
      assert.equal(left.status, 303)
      assert.equal((await get('/orders')).status, 401)
    })

    it('lets nobody in who is not logged in', async () => {
      const { origin } = await start(main)
      assert.equal((await fetch(`${origin}/orders`)).status, 401)
    })

    it('answers errors with their status, and shows no secret', async () => {
      const app = await start(main)
      const forged = await fetch(`${app.origin}/auth/callback?code=stolen-code&state=forged-state`)
      assert.ok(forged.status >= 400 && forged.status < 500, `${forged.status}`)
      assert.doesNotMatch((await forged.text()) + app.output(), /stolen-code|forged-state/)

      provider.fail('token', 503, 9)
      const failed = await callbackOf(app.origin)
      assert.ok([502, 503].includes(failed.status), `${failed.status}`)
      assert.equal(failed.body.statusCode, failed.status)
    })
  })

  describe('a guard without a session', () => {
    it('finds the tokens of the login in req.authInfo', async () => {
      const main = await compile(replaced('app.controller.ts', () => BARE_CONTROLLER))
      const { origin, output } = await start(main)
      const { status, body } = await callbackOf(origin)
      assert.equal(status, 200, JSON.stringify(body) + output())
      assert.equal(body.user.id, 'grace')
      assert.ok(body.tokens.includes('accessToken'))
      assert.equal(body.grant, false)
      assert.deepEqual(provider.requestsTo('revocation'), [])
      for (const path of ['/orders', '/payments']) {
        assert.equal((await fetch(`${origin}${path}`)).status, 401)
      }
    })

    it('finds the id of the grant there, if grants are in a store', async () => {
      const withGrants = replaced('provider.strategy.ts', (code) =>
        code
          .replace('{ AuthorizationCodeStrategy, ', '{ AuthorizationCodeStrategy, MemoryGrants, ')
          .replace("name: 'provider',", "name: 'provider',\n      grants: new MemoryGrants(),"),
      )
      const main = await compile(
        withGrants.map((file) =>
          file.name === 'app.controller.ts' ? { ...file, code: BARE_CONTROLLER } : file,
        ),
      )
      const { origin, output } = await start(main)
      const { status, body } = await callbackOf(origin)
      assert.equal(status, 200, JSON.stringify(body) + output())
      assert.deepEqual(body.tokens, [])
      assert.deepEqual([body.grant, body.hasToken], [true, true])
    })
  })

  describe('the short way', () => {
    it('mounts authRouter beside Nest', async () => {
      const main = await compile(
        replaced('main.ts', (code) =>
          code
            .replace(
              "import { AppModule } from './app.module.js'",
              "import { authRouter } from 'passport-authorization-code'\nimport { AppModule } from './app.module.js'\nimport { ProviderStrategy } from './provider.strategy.js'",
            )
            .replace(
              'await app.listen',
              "app.use('/auth', authRouter(app.get(ProviderStrategy)))\nawait app.listen",
            ),
        ),
      )
      const { origin } = await start(main)
      const get = await logInFetch(origin, '/auth/login')
      assert.equal((await get('/orders')).status, 200)
    })
  })
}

/** Logs in by hand: what the callback answers. */
async function callbackOf(origin) {
  const jar = new Map()
  let url = `${origin}/auth/login`
  for (let step = 0; step < 6; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = url.startsWith(origin) ? { cookie } : {}
    const answer = await fetch(url, { redirect: 'manual', headers })
    if (url.startsWith(origin)) {
      for (const one of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(one) ?? []
        jar.set(name, value)
      }
    }
    const location = answer.headers.get('location')
    if (location === null) return { status: answer.status, body: await answer.json() }
    url = new URL(location, url).href
  }
  throw new Error('Too many redirects')
}
