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
import { nextNight, runOnce } from '../../example-app/nightly.js'
import type { ExampleAppOptions } from '../../example-app/options.js'
import { startStandIns } from '../../example-app/providers.js'
import type { Report } from '../../example-app/report.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { openStorage } from '../../example-app/storage.js'
import { advanceClock } from '../support/clock.js'
import { logInByForms } from '../support/example-app.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { startRedisProcess } from '../support/redis-process.js'
import type { RedisProcess } from '../support/redis-process.js'
import { describeWithPostgres, describeWithRedis } from '../support/requirements.js'

jest.setTimeout(60_000)

describe('the example app’s logins and report, in memory,', () => {
  testApp(() => ({}))

  it.each(['logins/end-others', 'logins/end', 'report/run', 'report/take-back', 'askara/renew'])(
    'refuse the form for /%s from another site',
    async (path) => {
      const granted: unknown[] = []
      const onTokenRequest = (request: unknown): unknown => granted.push(request)
      const app = await startExampleApp({ authorizationServer: { onTokenRequest } })
      const browser = new Browser()
      await logInByForms(browser, `${app.url}/auth/askara/login`)
      granted.length = 0
      const forged: Record<string, string>[] = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        // As browsers send it that know nothing of `Sec-Fetch-Site`.
        { origin: 'https://attacker.example' },
        { origin: 'null' },
      ]
      for (const headers of forged) {
        const page = await browser.request(`${app.url}/${path}`, { method: 'POST', headers })
        expect(page.status).toBe(403)
        expect(page.text).toContain('This request came from another site')
      }
      expect(granted).toEqual([])
      await app.close()
    },
  )
})

describeWithRedis('the example app’s logins and report, with REDIS_URL,', (redisServer) => {
  let redis: RedisProcess
  beforeAll(async () => {
    redis = await startRedisProcess(redisServer)
  })
  afterAll(() => redis.close())
  testApp(() => ({ redisURL: redis.url }))
  testRestart(() => ({ redisURL: redis.url }))
})

describeWithPostgres('the example app’s logins and report, with DATABASE_URL,', (postgres) => {
  let database: PostgresProcess
  beforeAll(async () => {
    database = await startPostgresProcess(postgres)
  })
  afterAll(() => database.close())
  testApp(() => ({ databaseURL: database.url }))
  testRestart(() => ({ databaseURL: database.url }))
})

function testApp(storage: () => ExampleAppOptions): void {
  let app: ExampleApp
  const errors: unknown[] = []
  const granted: string[] = []

  beforeEach(async () => {
    errors.length = 0
    granted.length = 0
    app = await startExampleApp({
      ...storage(),
      authorizationServer: {
        onTokenRequest: ({ parameters, status }) =>
          granted.push(`${parameters['grant_type']} ${status}`),
      },
      onError: (error) => errors.push(error),
    })
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await app.close()
    expect(errors).toEqual([])
  })

  // The storage is shared by the tests of a suite: each has people of its own.
  async function logIn(name: string, browser = new Browser()): Promise<Browser> {
    const page = await logInByForms(browser, `${app.url}/auth/askara/login`, name)
    expect(page).toMatchObject({ status: 200, url: `${app.url}/askara` })
    return browser
  }

  async function allowReport(browser: Browser, name: string): Promise<void> {
    const page = await logInByForms(browser, `${app.url}/auth/report/login`, name)
    expect(page).toMatchObject({ status: 200, url: `${app.url}/report` })
    expect(page.text).toContain('You have allowed it')
  }

  async function isLoggedIn(browser: Browser): Promise<boolean> {
    return (await browser.visit(`${app.url}/askara`)).status === 200
  }

  const grantsOn = (text: string): readonly string[] =>
    [...text.matchAll(/name="grant" value="([^"]+)"/g)].map(([, id = '']) => id)

  describe('the nightly report', () => {
    it('runs without a browser, after logging out, with tokens that have expired', async () => {
      const browser = await logIn('Ada Lovelace')
      expect((await browser.visit(`${app.url}/report`)).text).toContain('You have not allowed it')
      await allowReport(browser, 'Ada Lovelace')
      await browser.post(`${app.url}/auth/askara/logout`)
      expect(await isLoggedIn(browser)).toBe(false)
      advanceClock(2 * 3600)
      granted.length = 0

      const { lines } = await app.runReport()

      expect(Object.values(lines)).toEqual([
        { outcome: 'done', text: 'Analytical Engines, ada.lovelace@example.com' },
      ])
      expect(granted).toEqual(['refresh_token 200'])
      await logIn('Ada Lovelace', browser)
      const { text } = await browser.visit(`${app.url}/report`)
      expect(text).toContain('Analytical Engines, ada.lovelace@example.com')
      await browser.post(`${app.url}/report/take-back`)
    })

    it('runs by a button, leaves out who has taken it back, and shows nobody else’s line', async () => {
      const [grace, mary] = [await logIn('Grace Hopper'), await logIn('Mary Somerville')]
      await allowReport(grace, 'Grace Hopper')
      await allowReport(mary, 'Mary Somerville')

      expect(await grace.post(`${app.url}/report/run`)).toMatchObject({
        status: 303,
        location: `${app.url}/report`,
      })
      const { text } = await grace.visit(`${app.url}/report`)
      expect(text).toContain('grace.hopper@example.com')
      expect(text).not.toContain('mary.somerville')

      const back = await grace.post(`${app.url}/report/take-back`)
      expect(back.status).toBe(303)
      const after = await grace.visit(`${app.url}/report`)
      expect(after.text).toContain('You have not allowed it')
      expect(await isLoggedIn(grace)).toBe(true)
      expect(outcomes(await app.runReport())).toEqual(['done'])
      await mary.post(`${app.url}/report/take-back`)
    })

    it('says who must allow it again', async () => {
      const browser = await logIn('Emmy Noether')
      await allowReport(browser, 'Emmy Noether')
      app.authorizationServer?.endGrants()
      advanceClock(2 * 3600)

      expect(outcomes(await app.runReport())).toEqual(['login_required'])

      await logIn('Emmy Noether', browser)
      const { text } = await browser.visit(`${app.url}/report`)
      expect(text).toContain('Askara refused: allow the report again')
      await allowReport(browser, 'Emmy Noether')
      expect(outcomes(await app.runReport())).toEqual(['done'])
      await browser.post(`${app.url}/report/take-back`)
    })

    it('is not allowed by somebody else’s account', async () => {
      const browser = await logIn('Sofia Kovalevskaya')
      const page = await logInByForms(browser, `${app.url}/auth/report/login`, 'Somebody Else')
      expect(page.url).toBe(`${app.url}/login-declined?error=verify`)
      expect(outcomes(await app.runReport())).toEqual([])
      expect(await isLoggedIn(browser)).toBe(true)
    })

    it('asks for a login first', async () => {
      const stranger = new Browser()
      const login = `${app.url}/askara/login?return_to=%2Freport`
      expect((await stranger.visit(`${app.url}/report`)).location).toBe(login)
      const refused = await stranger.post(`${app.url}/report/run`)
      expect(refused.status).toBe(401)
      expect(await stranger.visit(`${app.url}/logins`)).toMatchObject({ status: 302 })
    })
  })

  describe('the page “Your logins”', () => {
    it('lists the logins, and ends the one that is chosen', async () => {
      const name = 'Hedy Lamarr'
      const [phone, laptop] = [await logIn(name), await logIn(name)]
      const page = await laptop.visit(`${app.url}/logins`)
      expect(page.text.match(/\(this one\)/g)).toHaveLength(1)
      const [other = '', ...more] = grantsOn(page.text)
      expect(more).toEqual([])

      const ended = await laptop.post(`${app.url}/logins/end`, { grant: other })

      expect(ended).toMatchObject({ status: 303, location: `${app.url}/logins` })
      expect([await isLoggedIn(phone), await isLoggedIn(laptop)]).toEqual([false, true])
      expect(grantsOn((await laptop.visit(`${app.url}/logins`)).text)).toEqual([])
    })

    it('ends all others, and leaves the report alone', async () => {
      const name = 'Joan Clarke'
      const [phone, tablet, own] = [await logIn(name), await logIn(name), await logIn(name)]
      await allowReport(phone, name)

      await own.post(`${app.url}/logins/end-others`)

      expect(await Promise.all([phone, tablet, own].map(isLoggedIn))).toEqual([false, false, true])
      expect(outcomes(await app.runReport())).toEqual(['done'])
      await own.post(`${app.url}/report/take-back`)
    })

    it('ends no login of somebody else', async () => {
      const [victim, other] = [await logIn('Ida Rhodes'), await logIn('Ida Rhodes')]
      const [id = ''] = grantsOn((await other.visit(`${app.url}/logins`)).text)
      const attacker = await logIn('Mallory')

      await attacker.post(`${app.url}/logins/end`, { grant: id })

      expect(await isLoggedIn(victim)).toBe(true)
    })
  })

  it('runs the report of a night in one of several processes', async () => {
    const stores = await Promise.all(
      Array.from({ length: 3 }, () => openStorage(storage(), GRANT_SECRET, () => undefined)),
    )
    // In memory there is nothing that processes could share.
    const shared = storage().redisURL ?? storage().databaseURL
    const all = shared === undefined ? stores.map(() => stores[0]) : stores
    let runs = 0
    const job = () => Promise.resolve((runs += 1))
    const night = (date: string): Promise<unknown> =>
      Promise.all(all.flatMap((one) => (one ? [runOnce(date, job, one.notes)] : [])))
    await night('2026-11-27')
    await night('2026-11-28')
    expect(runs).toBe(2)
    expect([...((await stores[0]?.notes.all('nights')) ?? [])]).toEqual(
      expect.arrayContaining([['2026-11-28', 'begun']]),
    )
    await Promise.all(stores.map((one) => one.close()))
  })
}

function testRestart(storage: () => ExampleAppOptions): void {
  it('goes on after the app was started anew', async () => {
    let standIns: AuthorizationServer | undefined
    const options: ExampleAppOptions = {
      ...storage(),
      sessionSecret: GRANT_SECRET,
      findStandIns: async (url) => (standIns ??= await startStandIns({}, url))?.tenants,
    }
    const before = await startExampleApp(options)
    const browser = new Browser()
    const name = 'Maria Goeppert'
    await logInByForms(browser, `${before.url}/auth/askara/login`, name)
    await logInByForms(browser, `${before.url}/auth/report/login`, name)
    await before.close()

    const after = await startExampleApp(options)

    expect(outcomes(await after.runReport())).toEqual(['done'])
    await after.close()
    await standIns?.close()
  })
}

function outcomes({ lines }: Report): readonly string[] {
  return Object.values(lines).map(({ outcome }) => outcome)
}

describe('the next night', () => {
  it('is today before three o’clock, and tomorrow after it', () => {
    const at = (day: number, hour: number): Date => new Date(2026, 10, day, hour)
    expect(nextNight(at(27, 2))).toEqual(at(27, 3))
    expect(nextNight(at(27, 3))).toEqual(at(28, 3))
    expect(nextNight(at(30, 22))).toEqual(new Date(2026, 11, 1, 3))
  })
})
