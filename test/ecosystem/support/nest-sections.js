import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { request } from 'node:http'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { after, afterEach, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { adding, all, callbackOf, createNestApps, withOptions } from './nest-apps.js'
import { addedOptions, filesIn } from './nest-guide.js'

/** Runs the job of the guide for one account when it is asked to, and says what is planned. */
const JOB_CONTROLLER = `
import { Controller, Get, Param } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { ReportJob } from './report.job.js'

@Controller('job')
export class JobController {
  constructor(private readonly job: ReportJob, private readonly registry: SchedulerRegistry) {}

  @Get(':account')
  async run(@Param('account') account: string) {
    const planned = [...this.registry.getCronJobs().values()].map((one) => String(one.cronTime.source))
    return { planned, mustLogIn: await this.job.run([account]) }
  }
}
`

/** Routes with a guard that logs nobody in to a session. */
const BARE_CALLBACK = `
  @Get(['auth/login', 'auth/callback'])
  @UseGuards(AuthGuard('provider'))
  callback(@Req() req: Request) {
    const { tokens, grant } = req.authInfo ?? {}
    return { tokens: Object.keys(tokens ?? {}), grant }
  }

  @Get()
`

/**
 * The checks of the sections of docs/nest.md after the plain application, with one major of Nest.
 *
 * @param folder that has its packages
 * @param testing the entry of that name
 * @param settings `isCommonJs`
 */
export function testSections(folder, { logInFetch, startTestProvider }, settings) {
  let apps
  before(async () => {
    apps = await createNestApps(folder, startTestProvider, settings)
  })
  afterEach(() => apps.reset())
  after(() => apps.close())

  describe('pages', () => {
    it('send people to log in who are not, and whose tokens have ended, and bring them back', async () => {
      const [line] = /^app\.use\('\/orders', requireLogin.*$/m.exec(apps.text)
      const filter = '{ provide: APP_FILTER, useClass: LoginRequiredFilter }'
      const files = apps.changed({
        'src/configure.ts': all(
          adding('import { authRouter }', 'import { authRouter, requireLogin }'),
          adding('authRouter(app.get(ProviderStrategy)))\n', (found) => `${found}  ${line}\n`),
        ),
        'src/app.module.ts': all(
          inModule({ providers: ['APP_FILTER', '@nestjs/core', filter] }),
          (code) => `import { LoginRequiredFilter } from './login-required.filter.js'\n${code}`,
        ),
      })
      const { origin } = await apps.start(await apps.compile(files))
      const page = { redirect: 'manual', headers: { accept: 'text/html' } }
      const login = [302, '/auth/login?return_to=%2Forders']
      assert.deepEqual(await visit(`${origin}/orders`), login)
      assert.equal((await fetch(`${origin}/orders`)).status, 401)

      const get = await logInFetch(origin, '/auth/login')
      assert.equal((await get('/orders', page)).status, 200)
      apps.provider.endGrants()
      const ended = await get('/orders', page)
      assert.deepEqual([ended.status, ended.headers.get('location')], login)
      const { status, headers } = await get('/orders')
      assert.deepEqual([status, headers.get('location')], [401, null])
    })
  })

  describe('routes and guards of your own', () => {
    let main
    before(async () => {
      const files = apps.changed({
        'src/configure.ts': all(
          adding("import { authRouter } from 'passport-authorization-code'\n", ''),
          adding("import { ProviderStrategy } from './provider.strategy.js'\n", ''),
          adding("  app.use('/auth', authRouter(app.get(ProviderStrategy)))\n", ''),
        ),
        'src/app.module.ts': inModule({ controllers: ['AuthController', './auth.controller.js'] }),
      })
      const own = filesIn(apps.text, 'Routes and guards of your own')
      main = await apps.compile([...files, ...own])
    })

    it('log people in, go where they wanted to go, and log out at the provider too', async () => {
      const { origin } = await apps.start(main)
      const get = await logInFetch(origin, '/auth/login')
      assert.equal((await get('/orders')).status, 200)
      const { endSessionURL } = apps.provider.options
      const post = (headers) => get('/auth/logout', { method: 'POST', redirect: 'manual', headers })
      assert.equal((await post({ origin: 'https://evil.example' })).status, 403)
      assert.equal((await post({ 'sec-fetch-site': 'cross-site' })).status, 403)
      assert.equal((await get('/orders')).status, 200)
      const left = await post({ origin, 'sec-fetch-site': 'same-origin' })
      assert.ok(left.headers.get('location').startsWith(endSessionURL))
      assert.equal((await get('/orders')).status, 401)
    })

    it('say why a login was refused', async () => {
      const { origin } = await apps.start(main)
      apps.provider.fail('authorize', 'denied')
      const { status, body } = await callbackOf(origin)
      assert.equal(status, 403)
      assert.notEqual(body.message, 'Forbidden')
      assert.match(body.message, /^\w.*\.?$/)
    })

    it('show a page for what the person can do, and the status of other errors', async () => {
      const { origin } = await apps.start(main)
      const lost = await fetch(`${origin}/auth/callback?code=stolen-code&state=forged-state`)
      const page = await lost.text()
      assert.equal(lost.status, 400)
      assert.match(lost.headers.get('content-type'), /^text\/html/)
      assert.match(page, /href="\/auth\/login"/)
      assert.doesNotMatch(page, /stolen-code|forged-state/)
      apps.provider.fail('token', 503, 9)
      const failed = await callbackOf(origin)
      assert.ok([502, 503].includes(failed.status), `${failed.status}`)
      assert.equal(failed.body.statusCode, failed.status)
    })
  })

  describe('a job, and stopping', () => {
    let main
    before(async () => {
      const files = apps.changed({
        'src/provider.strategy.ts': withOptions(addedOptions(apps.text, 'A job'), 'MemoryGrants'),
        'src/main.ts': all(
          adding('  await app.listen', '  app.enableShutdownHooks()\n  await app.listen'),
          // Otherwise connections that are kept alive delay the end, and hide what waits for a refresh.
          adding('create(AppModule', 'create(AppModule, { forceCloseConnections: true }'),
        ),
        'src/app.module.ts': all(
          inModule({ providers: ['ReportJob', './report.job.js'] }),
          inModule({ providers: ['GracefulStop', './graceful-stop.js'] }),
          inModule({ controllers: ['JobController', './job.controller.js'] }),
          inModule({ imports: ['ScheduleModule', '@nestjs/schedule', 'ScheduleModule.forRoot()'] }),
        ),
      })
      const sections = ['A job', 'Stopping'].flatMap((one) => filesIn(apps.text, one))
      const controller = { name: 'src/job.controller.ts', code: JOB_CONTROLLER }
      main = await apps.compile([...files, ...sections, controller])
    })

    it('the job is planned, works after logging out, and says who must log in', async () => {
      const { provider } = apps
      const { origin, output } = await apps.start(main)
      const run = async (account) => (await fetch(`${origin}/job/${account}`)).json()
      const get = await logInFetch(origin, '/auth/login')
      await get('/auth/logout', { method: 'POST', redirect: 'manual' })
      provider.expireAccessTokens()
      assert.deepEqual(await run('grace'), { planned: ['0 3 * * *'], mustLogIn: [] }, output())
      assert.deepEqual((await run('nobody')).mustLogIn, ['nobody'])
      provider.fail('userinfo', 500)
      assert.deepEqual((await run('grace')).mustLogIn, [])
      assert.match(output(), /The API answered 500/)
      provider.endGrants()
      assert.deepEqual((await run('grace')).mustLogIn, ['grace'])
    })

    it('waits for a refresh that is under way when it is stopped', async () => {
      const { provider } = apps
      const { origin, pid, ended } = await apps.start(main)
      const get = await logInFetch(origin, '/auth/login')
      provider.expireAccessTokens()
      const slowMs = 1500
      provider.fail('token', { slowMs })
      const leaving = new AbortController()
      const left = assert.rejects(get('/orders', { signal: leaving.signal }))
      while (provider.requestsTo('token').length < 2) await setImmediate()
      const askedAt = performance.now()
      leaving.abort() // nobody waits for the answer but the application
      await left
      process.kill(pid, 'SIGTERM')
      await ended
      assert.ok(performance.now() - askedAt > slowMs - 200)
    })
  })

  describe('a JWT in place of the session', () => {
    it('names the grant, and is worth nothing at the provider after logging out', async () => {
      const section = 'A JWT in place of the session'
      const files = apps.changed({
        'src/provider.strategy.ts': withOptions(
          addedOptions(apps.text, section),
          'cookiePendingLogins',
          'MemoryGrants',
        ),
        'src/main.ts': all(
          adding("import { configure } from './configure.js'\n", ''),
          adding('  configure(app)\n', ''),
        ),
      })
      const needed = files.filter(({ name }) => /strategy|main|express/.test(name))
      const main = await apps.compile([...needed, ...filesIn(apps.text, section)])
      const { provider } = apps
      const { origin, output } = await apps.start(main, {
        JWT_SECRET: 'a secret for JWTs in a test',
      })
      const { status, body } = await callbackOf(origin)
      assert.equal(status, 200, JSON.stringify(body) + output())
      const [, payload] = body.jwt.split('.')
      const { sub, name, grant } = JSON.parse(Buffer.from(payload, 'base64url').toString())
      assert.deepEqual([sub, name, typeof grant], ['grace', 'Grace Hopper', 'string'])

      const ask = (path, init, token = body.jwt) =>
        fetch(origin + path, { ...init, headers: { authorization: `Bearer ${token}` } })
      provider.expireAccessTokens()
      assert.equal((await ask('/orders')).status, 200)
      assert.equal(provider.requestsTo('token').length, 2)
      assert.equal((await ask('/orders', {}, `${body.jwt}x`)).status, 401)
      assert.equal((await fetch(`${origin}/orders`)).status, 401)
      assert.equal((await ask('/auth/logout', { method: 'POST' })).status, 204)
      assert.equal((await ask('/orders')).status, 401)
      assert.equal(provider.requestsTo('revoke').length, 1)
    })

    it('is for you to make of the tokens without grants', async () => {
      const files = apps.changed({
        'src/app.controller.ts': all(
          adding(
            'import { OrdersService }',
            "import { AuthGuard } from '@nestjs/passport'\nimport { OrdersService }",
          ),
          adding('  @Get()\n', BARE_CALLBACK),
        ),
        'src/configure.ts': adding(
          "  app.use('/auth', authRouter(app.get(ProviderStrategy)))\n",
          '',
        ),
      })
      const { origin } = await apps.start(await apps.compile(files))
      const { status, body } = await callbackOf(origin)
      assert.equal(status, 200)
      assert.ok(body.tokens.includes('accessToken'))
      assert.equal(body.grant, undefined)
      assert.deepEqual(apps.provider.requestsTo('revoke'), [])
    })
  })
}

/** Visits a page as a browser does, which fetch cannot (`Sec-Fetch-Mode`): its status, and where it leads. */
async function visit(url) {
  const sent = request(url, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  sent.end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  return [answer.statusCode, answer.headers.location]
}

/** Adds something to a list of the module: its name, where it is imported from, and how it is written there. */
function inModule(lists) {
  const [[list, [name, from, written = name]]] = Object.entries(lists)
  return (code) =>
    `import { ${name} } from '${from}'\n${adding(`${list}: [`, `${list}: [${written}, `)(code)}`
}
