import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import type { Pool } from 'pg'
import type { RunningProgram } from '../../support/child-process.js'
import { blocksUnder, readGuide } from '../../support/documentation.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'
import { Browser } from '../../support/http.js'
import type { Page } from '../../support/http.js'
import { createMovableClock } from '../../support/movable-clock.js'
import type { MovableClock } from '../../support/movable-clock.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import type { PostgresProcess } from '../../support/postgres-process.js'
import { followWithin } from '../../support/recipe.js'
import { describeWithPostgres } from '../../support/requirements.js'
import { startGoogle } from '../support/google.js'
import type { Google } from '../support/google.js'
import { createGuideFolder } from '../support/guide-folder.js'
import type { GuideFolder } from '../support/guide-folder.js'

jest.setTimeout(120_000)

const HOUR_MS = 3_600_000
const guide = await readGuide('docs/moving-over/from-passport-google-oauth20.md')
const before = blocksUnder('Before', guide)
const after = blocksUnder('After', guide)
const steps = blocksUnder('The steps', guide)
const back = blocksUnder('Going back', guide)
const checks = blocksUnder('How to see that it worked', guide)

/** The one statement of SQL among blocks. */
function statementIn(blocks: typeof before): string {
  return blocks.find(({ language }) => language === 'text')?.code ?? ''
}

describeWithPostgres('the guide from passport-google-oauth20', (postgres) => {
  let server: PostgresProcess
  let google: Google
  let clock: MovableClock
  let folder: GuideFolder
  let pool: Pool
  let app: RunningProgram | undefined
  let environment: Readonly<Record<string, string>>
  let databases = 0
  let hours = 0

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
    clock = await createMovableClock()
  })
  beforeEach(async () => {
    databases += 1
    await server.connect().query(`CREATE DATABASE moving_${databases}`)
    const url = server.url.replace(/\w+$/, `moving_${databases}`)
    pool = server.connect({ connectionString: url })
    await pool.query(statementIn(before))
    google = await startGoogle()
    folder = await createGuideFolder()
    environment = {
      ...google.environment,
      NODE_OPTIONS: Object.values({ ...clock.environment })
        .concat(google.environment['NODE_OPTIONS'] ?? '')
        .join(' '),
      DATABASE_URL: url,
      GOOGLE_CLIENT_ID: 'client-1',
      GOOGLE_CLIENT_SECRET: 'secret-1',
      GRANT_SECRET,
      SESSION_SECRET: 'a secret of a test',
    }
  })
  afterEach(async () => {
    await app?.stop()
    app = undefined
    await google.close()
    await folder.remove()
  })
  afterAll(async () => {
    await clock.remove()
    await server.close()
  })

  /** Replaces the version that runs. */
  async function deploy(...files: readonly (typeof before)[]): Promise<void> {
    await app?.stop()
    for (const blocks of files) await folder.write(blocks)
    app = await folder.start(environment)
  }

  async function passAnHour(): Promise<void> {
    hours += 1
    await clock.putForward(hours * HOUR_MS)
  }

  async function begin(browser: Browser): Promise<URLSearchParams> {
    const { location = '' } = await browser.visit(`${folder.url}/auth/google`)
    expect(location).toContain('https://accounts.google.com/o/oauth2/v2/auth?')
    return new URL(location).searchParams
  }

  function finish(browser: Browser, person: string, asked: URLSearchParams): Promise<Page> {
    const state = asked.get('state')
    const answer = new URLSearchParams({ code: person, ...(state !== null && { state }) })
    return followWithin(browser, `${asked.get('redirect_uri')}?${answer.toString()}`)
  }

  async function logIn(person: string): Promise<Browser> {
    const browser = new Browser()
    const asked = await begin(browser)
    expect(asked.get('access_type')).toBe('offline')
    expect(asked.get('prompt')).toBe('consent')
    expectCalendars(await finish(browser, person, asked), person)
    return browser
  }

  const calendars = (browser: Browser): Promise<Page> => browser.visit(`${folder.url}/calendar`)

  function expectCalendars({ status, text }: Page, person: string): void {
    expect([status, text]).toEqual([200, JSON.stringify({ calendarsOf: person })])
  }

  const night = (): Promise<string> => folder.run('nightly.js', environment)

  it.each([
    ['before', [before]],
    ['after', [before, after]],
    ['after, cleaned up', [before, after, steps]],
  ])('%s: lets a person log in, stay, and log out; and a job work', async (when, files) => {
    if (when !== 'before') {
      for (const blocks of files) await folder.write(blocks)
      expect(await folder.run('import.js', environment)).toBe('0 imported, 0 were there before\n')
    }
    await deploy(...files)
    const browser = await logIn('ada')
    expectCalendars(await calendars(browser), 'ada')
    expect(google.refreshes()).toEqual([])

    await passAnHour()
    expectCalendars(await calendars(browser), 'ada')
    expectCalendars(await calendars(browser), 'ada')
    expect(google.refreshes()).toHaveLength(1)

    expect((await browser.post(`${folder.url}/logout`)).status).toBe(303)
    expect((await calendars(browser)).location).toContain('/auth/google')
    await passAnHour()
    expect(await night()).toBe('user 1: 200\n')
    expect(google.refreshes()).toHaveLength(2)
    const { rows } = await pool.query<{ hasToken: boolean }>(
      'SELECT access_token IS NOT NULL AS "hasToken" FROM users',
    )
    expect(rows).toEqual([{ hasToken: when !== 'after, cleaned up' }])
  })

  it('moves over while people are logged in and the old version works', async () => {
    await deploy(before)
    const ada = await logIn('ada')
    const bob = await logIn('bob')

    // Steps 2 and 3, beside the old version.
    await folder.write(after)
    expect(await folder.run('import.js', environment)).toBe('2 imported, 0 were there before\n')
    expect((await pool.query(statementIn(checks))).rows).toEqual([])
    expect(await folder.run('trial.js', environment)).toBe(
      'google: 2 work, 0 have ended, 0 failed for now\n',
    )
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    const cleo = await logIn('cleo')
    expect((await pool.query(statementIn(checks))).rows).toEqual([{ id: 3 }])

    // Steps 4 and 5.
    await deploy(after)
    expect(await folder.run('import.js', environment)).toBe('1 imported, 2 were there before\n')
    expect((await pool.query(statementIn(checks))).rows).toEqual([])
    google.requests.length = 0
    await passAnHour()
    for (const [browser, person] of [
      [ada, 'ada'],
      [bob, 'bob'],
      [cleo, 'cleo'],
    ] as const) {
      const pages = await Promise.all([calendars(browser), calendars(browser)])
      for (const page of pages) expectCalendars(page, person)
    }
    expect(google.refreshes()).toHaveLength(3)
    expect(await night()).toBe('user 1: 200\nuser 2: 200\nuser 3: 200\n')
    expect(google.refreshes()).toHaveLength(3)

    // A login joins the grant that was imported.
    await logIn('ada')
    const { rows } = await pool.query<{ grants: number }>(
      `SELECT count(*)::int AS grants FROM oauth2_links WHERE name = 'account/google/1'`,
    )
    expect(rows).toEqual([{ grants: 1 }])

    // Step 6.
    await deploy(steps)
    await pool.query(statementIn(steps))
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    await logIn('dora')
    expect(await night()).toMatch(/^(user \d: 200\n){4}$/)
  })

  it('goes back before the last step, and over again', async () => {
    await deploy(before)
    const ada = await logIn('ada')
    await folder.write(after)
    await folder.run('import.js', environment)
    await deploy(after)
    const bob = await logIn('bob')
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')

    await deploy(before)
    await passAnHour()
    google.requests.length = 0
    expectCalendars(await calendars(ada), 'ada')
    expectCalendars(await calendars(bob), 'bob')
    expect(await night()).toBe('user 1: 200\nuser 2: 200\n')
    expect(google.refreshes()).toHaveLength(2)

    await folder.write(after)
    expect(await folder.run('import.js', environment)).toBe('0 imported, 2 were there before\n')
    await deploy(after)
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    expectCalendars(await calendars(bob), 'bob')
  })

  it('goes back after the last step, with the tokens of the grants', async () => {
    await folder.write(before)
    await folder.write(after)
    await folder.run('import.js', environment)
    await pool.query(statementIn(steps))
    await deploy(steps)
    const ada = await logIn('ada')

    await folder.write(back)
    await pool.query(
      'ALTER TABLE users ADD access_token text, ADD refresh_token text, ADD token_expires_at timestamptz',
    )
    expect(await folder.run('export.js', environment)).toBe('')
    await deploy(before)
    expectCalendars(await calendars(ada), 'ada')
    expect(google.refreshes()).toEqual([])
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    expect(await night()).toBe('user 1: 200\n')
    expect(google.refreshes()).toHaveLength(1)
  })

  it('lets people start again whose login was under way, in both directions', async () => {
    await folder.write(before)
    await folder.write(after)
    await folder.run('import.js', environment)
    for (const [from, to] of [
      [before, after],
      [after, before],
    ] as const) {
      await deploy(from)
      const browser = new Browser()
      const asked = await begin(browser)
      await deploy(to)
      const page = await finish(browser, 'ada', asked)
      expect(page).toMatchObject(to === after ? { status: 400 } : { status: 200 })
      expectCalendars(await finish(browser, 'ada', await begin(browser)), 'ada')
    }
  })

  it('sends people to log in who have no refresh token, or one that has ended', async () => {
    await deploy(before)
    google.givesRefreshTokens = false
    const ada = await logIn('ada')
    google.givesRefreshTokens = true
    const bob = await logIn('bob')
    await logIn('cleo')
    await folder.write(after)
    expect(await folder.run('import.js', environment)).toBe('2 imported, 0 were there before\n')
    google.end('bob')
    expect(await folder.run('trial.js', environment)).toBe(
      'google: 1 work, 1 have ended, 0 failed for now\n',
    )

    await deploy(after)
    expect((await calendars(ada)).location).toContain('/auth/google?')
    await passAnHour()
    expect((await calendars(bob)).location).toContain('/auth/google?')
    expect(await night()).toBe(
      'user 1 has to log in again\nuser 2 has to log in again\nuser 3: 200\n',
    )
    expectCalendars(await finish(ada, 'ada', await begin(ada)), 'ada')
    expectCalendars(await finish(bob, 'bob', await begin(bob)), 'bob')
    expect(await night()).toBe('user 1: 200\nuser 2: 200\nuser 3: 200\n')
  })
})
