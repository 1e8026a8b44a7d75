import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import '../support/own-realm.js'
import type { AuthorizationServer } from '../../example-app/authorization-server.js'
import type { ExampleAppOptions } from '../../example-app/options.js'
import { startStandIns } from '../../example-app/providers.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { advanceClock } from '../support/clock.js'
import { approveByForms, connectByForms, logInByForms } from '../support/example-app.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { startRedisProcess } from '../support/redis-process.js'
import type { RedisProcess } from '../support/redis-process.js'
import { describeWithPostgres, describeWithRedis } from '../support/requirements.js'

jest.setTimeout(60_000)

const ONE_LOGIN = ['authorization_code 200']

describe('the example app’s servers, in memory,', () => {
  testServers(() => ({}))
})

describeWithRedis('the example app’s servers, with REDIS_URL,', (redisServer) => {
  let redis: RedisProcess
  beforeAll(async () => {
    redis = await startRedisProcess(redisServer)
  })
  afterAll(() => redis.close())
  testServers(() => ({ redisURL: redis.url }))
  testRestart(() => ({ redisURL: redis.url }))

  it('are connected anew after the app was started anew, and lead to its new address', async () => {
    const { app, browser, resource, close } = await startAnew({ redisURL: redis.url })
    const again = await connectByForms(browser, app.url, resource, 'Maria Goeppert')
    expect(again).toMatchObject({ status: 200, url: `${app.url}/servers` })
    expect(await outcomesAt(resource, app)).toEqual(['done'])
    await close()
  })
})

describeWithPostgres('the example app’s servers, with DATABASE_URL,', (postgres) => {
  let database: PostgresProcess
  beforeAll(async () => {
    database = await startPostgresProcess(postgres)
  })
  afterAll(() => database.close())
  testServers(() => ({ databaseURL: database.url }))
  testRestart(() => ({ databaseURL: database.url }))
})

function testServers(storage: () => ExampleAppOptions): void {
  let app: ExampleApp
  let address: string
  let browser: Browser
  const errors: unknown[] = []
  /** The requests to the token and revocation endpoints of the server. */
  const granted: string[] = []

  beforeEach(async () => {
    errors.length = 0
    granted.length = 0
    browser = new Browser()
    app = await startExampleApp({
      ...storage(),
      authorizationServer: {
        onTokenRequest: ({ parameters, status, tenant }) =>
          tenant === 'notes' && granted.push(`${parameters['grant_type']} ${status}`),
        onRevocation: ({ status, tenant }) =>
          tenant === 'notes' && granted.push(`revoke ${status}`),
      },
      onError: (error) => errors.push(error),
    })
    address = addressOf(app)
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await app.close()
    expect(errors).toEqual([])
  })

  // The storage is shared by the tests of a suite: each has people of its own.
  async function connectAs(name: string): Promise<void> {
    await logInByForms(browser, `${app.url}/auth/askara/login`, name)
    const page = await connectByForms(browser, app.url, address, name)
    expect(page).toMatchObject({ status: 200, url: `${app.url}/servers` })
    expect(page.text).toContain('<h2>Example Notes</h2>')
  }

  const tools = (): Promise<Page> =>
    browser.visit(
      `${app.url}/servers/tools?${new URLSearchParams({ resource: address }).toString()}`,
    )

  const call = (tool: string, fields = {}): Promise<Page> =>
    browser.post(`${app.url}/servers/call`, { resource: address, tool, ...fields })

  it('connects one by its address, which is filled in, shows its tools, and calls one', async () => {
    await logInByForms(browser, `${app.url}/auth/askara/login`, 'Ada Lovelace')
    expect((await browser.visit(`${app.url}/servers`)).text).toContain(`value="${address}"`)
    await connectAs('Ada Lovelace')

    const { text } = await tools()
    expect(namesIn(text)).toEqual(['current_time', 'list_notes', 'add_note'])
    expect(resultIn(await call('current_time'))).toMatch(/^It is \d\d:\d\d:\d\d UTC\.$/)
    expect(resultIn(await call('list_notes'))).toBe('You have no notes.')
    expect(granted).toEqual(ONE_LOGIN)
  })

  it('lets a person allow more when a tool wants more, and comes back to the tools', async () => {
    await connectAs('Grace Hopper')

    const refused = await call('add_note', { 'text.text': 'Buy <b>brass</b>' })

    expect(refused.status).toBe(303)
    const question = await browser.visit(refused.location ?? '')
    expect(question.text).toContain('It wants these permissions: notes:read, notes:write.')
    expect((await browser.visit(`${app.url}/servers`)).text).toContain(
      'It asks for notes:read, notes:write.',
    )
    const back = await approveByForms(browser, question.url, 'Grace Hopper')
    expect(namesIn(back.text)).toContain('add_note')
    const added = await call('add_note', { 'text.text': 'Buy <b>brass</b>' })
    expect(resultIn(added)).toBe('Noted. You have 1 of them.')
    expect(resultIn(await call('list_notes'))).toBe('Buy &lt;b&gt;brass&lt;/b&gt;')
    expect((await browser.visit(`${app.url}/servers`)).text).not.toContain('It asks for')
    expect(granted).toEqual([...ONE_LOGIN, ...ONE_LOGIN])
  })

  it('lets the nightly job call a tool, after logging out, with tokens that have expired', async () => {
    await connectAs('Emmy Noether')
    await browser.post(`${app.url}/servers/every-night`, { resource: address, tool: 'list_notes' })
    expect((await browser.visit(`${app.url}/servers`)).text).toContain('not called yet')
    await browser.post(`${app.url}/auth/askara/logout`)
    advanceClock(2 * 3600)

    expect(await nightly()).toEqual(['list_notes done You have no notes.'])

    expect(granted).toEqual([...ONE_LOGIN, 'refresh_token 200'])
    await logInByForms(browser, `${app.url}/auth/askara/login`, 'Emmy Noether')
    expect((await browser.visit(`${app.url}/servers`)).text).toContain(
      'list_notes: You have no notes.',
    )
    await browser.post(`${app.url}/servers/every-night`, { resource: address })
    expect(await nightly()).toEqual([])
  })

  it('says that the nightly job waits for the person, and where they approve it', async () => {
    await connectAs('Hedy Lamarr')
    const own = { resource: address, tool: 'current_time' }
    await browser.post(`${app.url}/servers/every-night`, own)
    app.authorizationServer?.endGrants()
    advanceClock(2 * 3600)

    expect(await nightly()).toEqual(['current_time waiting '])

    await logInByForms(browser, `${app.url}/auth/askara/login`, 'Hedy Lamarr')
    const { text } = await browser.visit(`${app.url}/servers`)
    expect(text).toContain('current_time: waits for you')
    const [, href = ''] = /<a href="([^"]+)">Approve it</.exec(text) ?? []
    const back = await approveByForms(browser, href.replaceAll('&amp;', '&'), 'Hedy Lamarr')
    expect(back).toMatchObject({ url: `${app.url}/servers` })
    expect(back.text).not.toContain('Approve it')
    await browser.post(`${app.url}/servers/run`)
    expect((await browser.visit(`${app.url}/servers`)).text).toMatch(/current_time: It is/)
    await browser.post(`${app.url}/servers/disconnect`, own)
  })

  it('disconnects one: its tokens are revoked, and the job leaves it alone', async () => {
    await connectAs('Mary Somerville')
    const own = { resource: address, tool: 'current_time' }
    await browser.post(`${app.url}/servers/every-night`, own)

    const page = await browser.post(`${app.url}/servers/disconnect`, own)

    expect(page).toMatchObject({ status: 303, location: `${app.url}/servers` })
    expect((await browser.visit(`${app.url}/servers`)).text).not.toContain('Example Notes')
    expect(await nightly()).toEqual([])
    expect((await tools()).status).toBe(404)
    expect(granted.slice(0, 2)).toEqual([...ONE_LOGIN, 'revoke 200'])
  })

  it('shows and calls nobody else’s', async () => {
    await connectAs('Ida Rhodes')
    const owner = browser
    browser = new Browser()
    await logInByForms(browser, `${app.url}/auth/askara/login`, 'Mallory')

    expect((await browser.visit(`${app.url}/servers`)).text).not.toContain('Example Notes')
    expect([(await tools()).status, (await call('list_notes')).status]).toEqual([404, 404])
    await browser.post(`${app.url}/servers/disconnect`, { resource: address })

    browser = owner
    expect((await tools()).status).toBe(200)
    expect(granted).toEqual(ONE_LOGIN)
  })

  async function nightly(): Promise<readonly string[]> {
    const { tools: lines } = await app.runReport()
    return lines.map(({ outcome, text, tool }) => `${tool} ${outcome} ${text}`)
  }
}

function testRestart(storage: () => ExampleAppOptions): void {
  it('go on after the app was started anew', async () => {
    const { app, resource, close } = await startAnew(storage())
    expect(await outcomesAt(resource, app)).toEqual(['done'])
    await close()
  })
}

/** Connects a server whose tool is called every night, stops the app, and starts it anew, with a new address. */
async function startAnew(storage: ExampleAppOptions) {
  let standIns: AuthorizationServer | undefined
  const options: ExampleAppOptions = {
    ...storage,
    sessionSecret: GRANT_SECRET,
    findStandIns: async (url) => (standIns ??= await startStandIns({}, url))?.tenants,
  }
  const before = await startExampleApp(options)
  const browser = new Browser()
  await logInByForms(browser, `${before.url}/auth/askara/login`, 'Maria Goeppert')
  const resource = standIns?.tenants.notes.resource ?? ''
  await connectByForms(browser, before.url, resource, 'Maria Goeppert')
  await browser.post(`${before.url}/servers/every-night`, { resource, tool: 'current_time' })
  const cookies = [...browser.cookies(before.url)]
  await before.close()

  const app = await startExampleApp(options)
  for (const [name, value] of cookies) browser.setCookie(app.url, name, value)
  async function close(): Promise<void> {
    await app.close()
    await standIns?.close()
  }
  return { app, browser, resource, close }
}

/** What came of the nightly job at one server: other tests have left others in the storage. */
async function outcomesAt(resource: string, app: ExampleApp): Promise<readonly string[]> {
  const { tools } = await app.runReport()
  return tools.flatMap(({ address, outcome }) => (address === resource ? [outcome] : []))
}

function addressOf({ authorizationServer }: ExampleApp): string {
  return authorizationServer?.tenants.notes.resource ?? ''
}

/** The names of the tools that a page shows. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/<code>(\w+)<\/code>/g)].map(([, name = '']) => name)
}

/** What a page says that a tool has said. */
function resultIn({ text }: Page): string | undefined {
  return /<pre>([^<]*)<\/pre>/.exec(text)?.[1]
}
