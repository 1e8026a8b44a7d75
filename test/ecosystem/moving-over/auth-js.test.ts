import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { readGuide } from '../../support/documentation.js'
import { Browser } from '../../support/http.js'
import type { Page } from '../../support/http.js'
import { describeWithPostgres } from '../../support/requirements.js'
import { setMovingScene } from '../support/moving-scene.js'

jest.setTimeout(120_000)

const HOUR_MS = 3_600_000
const guide = await readGuide('docs/moving-over/from-auth-js.md')

describeWithPostgres('the guide from Auth.js', (postgres) => {
  let provider: TestProvider
  const scene = setMovingScene(guide, postgres, () => ({
    API_URL: provider.options.profileURL,
    AUTH_SECRET: 'another secret of a test',
    CLIENT_ID: provider.options.clientID,
    CLIENT_SECRET: provider.options.clientSecret,
    ISSUER: provider.options.issuer,
  }))
  const { deploy, execute, run, write } = scene
  const before = scene.under('Before')
  const after = scene.under('After')
  const back = scene.under('Going back')
  const check = 'How to see that it worked'

  beforeEach(async () => {
    provider = await startTestProvider({ refreshTokens: 'rotate' })
    provider.clock.advance(scene.ahead())
  })
  afterEach(() => provider.close())

  async function passAnHour(): Promise<void> {
    await scene.passAnHour()
    provider.clock.advance(HOUR_MS)
  }

  const report = (browser: Browser): Promise<Page> => browser.visit(`${scene.url}/report`)

  function expectReport({ status, text }: Page, person: string, id: number): void {
    expect([status, text]).toEqual([200, expect.stringContaining('"fromTheAPI"')])
    expect(JSON.parse(text)).toMatchObject({
      user: { id, name: person },
      fromTheAPI: { sub: person },
    })
  }

  function isAt(person: string): void {
    provider.user = { sub: person, name: person, email: `${person}@example.com` }
  }

  /** Logs in on the page of Auth.js. */
  async function signIn(person: string, browser = new Browser()): Promise<Browser> {
    isAt(person)
    expect((await report(browser)).location).toBe(`${scene.url}/auth/signin`)
    const { text } = await browser.visit(`${scene.url}/auth/signin`)
    const csrfToken = /name="csrfToken" value="(\w+)"/.exec(text)?.[1] ?? ''
    const callbackUrl = `${scene.url}/report`
    const started = await browser.post(`${scene.url}/auth/signin/example`, {
      csrfToken,
      callbackUrl,
    })
    const page = await browser.follow(started.location ?? '')
    expect(page.url).toBe(callbackUrl)
    return browser
  }

  /** Logs in at the new version, by opening a page. */
  async function logIn(person: string, browser = new Browser()): Promise<Browser> {
    isAt(person)
    const page = await browser.follow(`${scene.url}/report`)
    expect(page.url).toBe(`${scene.url}/report`)
    return browser
  }

  const refreshes = () =>
    provider
      .requestsTo('token')
      .filter(({ parameters }) => parameters['grant_type'] === 'refresh_token')

  it('before: lets a person log in, stay and log out, and a job work', async () => {
    await deploy(before)
    const browser = await signIn('ada')
    expectReport(await report(browser), 'ada', 1)
    expect(refreshes()).toHaveLength(0)
    await passAnHour()
    expectReport(await report(browser), 'ada', 1)
    expect(await run('nightly.js')).toBe('user 1: 200\n')
    expect(refreshes()).toHaveLength(1)

    const { text } = await browser.visit(`${scene.url}/auth/signout`)
    const csrfToken = /name="csrfToken" value="(\w+)"/.exec(text)?.[1] ?? ''
    await browser.post(`${scene.url}/auth/signout`, { csrfToken })
    expect((await report(browser)).location).toBe(`${scene.url}/auth/signin`)
  })

  it('after: lets a person log in, stay and log out, and a job work', async () => {
    await write(before, after)
    expect(await run('import.js')).toBe('0 imported, 0 were there before\n')
    await execute('The steps')
    await deploy()
    const browser = await logIn('ada')
    expectReport(await report(browser), 'ada', 1)
    await passAnHour()
    const pages = await Promise.all([report(browser), report(browser)])
    for (const page of pages) expectReport(page, 'ada', 1)
    expect(await run('nightly.js')).toBe('user 1: 200\n')
    expect(refreshes()).toHaveLength(1)

    expect((await browser.post(`${scene.url}/auth/logout`)).status).toBe(303)
    expect((await report(browser)).location).toContain('/auth/login?')
    await passAnHour()
    expect(await run('nightly.js')).toBe('user 1: 200\n')
  })

  it('moves over: users keep their ids, jobs go on, and everybody logs in once', async () => {
    await deploy(before)
    const ada = await signIn('ada')
    const bob = await signIn('bob')
    await passAnHour()
    expectReport(await report(ada), 'ada', 1)

    // Steps 3 to 5.
    await scene.stop()
    await write(after)
    expect(await run('import.js')).toBe('2 imported, 0 were there before\n')
    expect(await run('import.js')).toBe('0 imported, 2 were there before\n')
    expect(await execute(check)).toEqual([])
    await deploy()
    await passAnHour()
    expect(await run('nightly.js')).toBe('user 1: 200\nuser 2: 200\n')
    expectReport(await report(await logIn('bob', bob)), 'bob', 2)
    expectReport(await report(await logIn('ada', ada)), 'ada', 1)
    const links = await scene.pool.query(
      `SELECT name FROM oauth2_links WHERE name LIKE 'account/%' ORDER BY name`,
    )
    expect(links.rows).toEqual([{ name: 'account/example/1' }, { name: 'account/example/2' }])
    await logIn('cleo')

    // Step 6.
    await execute('The steps')
    await passAnHour()
    await logIn('dora')
    expectReport(await report(ada), 'ada', 1)
    expect(await run('nightly.js')).toBe('user 1: 200\nuser 2: 200\nuser 3: 200\nuser 4: 200\n')
    expect(provider.reused).toEqual([])
  })

  it('goes back and over again, with refresh tokens that work once', async () => {
    await deploy(before)
    const ada = await signIn('ada')
    await scene.stop()
    await write(after)
    await run('import.js')
    await deploy()
    await passAnHour()
    expect(await run('nightly.js')).toBe('user 1: 200\n')
    await logIn('bob')

    await scene.stop()
    await write(back)
    expect(await run('export.js')).toBe('')
    await deploy(before)
    await passAnHour()
    expectReport(await report(ada), 'ada', 1)
    await signIn('bob')
    expect(await run('nightly.js')).toBe('user 1: 200\nuser 2: 200\n')

    await scene.stop()
    await write(after)
    expect(await run('import.js')).toBe('2 imported, 0 were there before\n')
    await deploy()
    await passAnHour()
    expect(await run('nightly.js')).toBe('user 1: 200\nuser 2: 200\n')
    expect(provider.reused).toEqual([])
  })

  it('lets nobody into a user of the same email address, as Auth.js does', async () => {
    await deploy(before)
    await signIn('ada')
    await scene.stop()
    await write(after)
    await run('import.js')
    await deploy()
    provider.user = { sub: 'eve', name: 'eve', email: 'ada@example.com' }
    const page = await new Browser().follow(`${scene.url}/report`)
    expect(page.status).toBe(403)
    const { rows } = await scene.pool.query('SELECT id FROM users')
    expect(rows).toEqual([{ id: 1 }])
  })
})
