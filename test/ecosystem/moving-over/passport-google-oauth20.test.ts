import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { readGuide } from '../../support/documentation.js'
import { Browser } from '../../support/http.js'
import { describeWithPostgres } from '../../support/requirements.js'
import { createGoogleLogins, expectCalendars } from '../support/google-logins.js'
import { startGoogle } from '../support/google.js'
import type { Google } from '../support/google.js'
import { setMovingScene } from '../support/moving-scene.js'

jest.setTimeout(120_000)

const guide = await readGuide('docs/moving-over/from-passport-google-oauth20.md')

describeWithPostgres('the guide from passport-google-oauth20', (postgres) => {
  let google: Google
  const scene = setMovingScene(guide, postgres, () => ({
    ...google.environment,
    GOOGLE_CLIENT_ID: 'client-1',
    GOOGLE_CLIENT_SECRET: 'secret-1',
  }))
  const { deploy, execute, passAnHour, run, write } = scene
  const before = scene.under('Before')
  const after = scene.under('After')
  const cleaned = scene.under('The steps')
  const check = scene.under('How to see that it worked')

  beforeEach(async () => {
    google = await startGoogle()
  })
  afterEach(() => google.close())

  const { begin, calendars, finish, logIn } = createGoogleLogins(scene, 'consent')
  const night = (): Promise<string> => run('nightly.js')

  it.each([
    ['before', [before]],
    ['after', [before, after]],
    ['after, cleaned up', [before, after, cleaned]],
  ])('%s: lets a person log in, stay, and log out; and a job work', async (when, files) => {
    await write(...files)
    if (when !== 'before') await run('import.js')
    await deploy()
    const browser = await logIn('ada')
    expectCalendars(await calendars(browser), 'ada')
    expect(google.refreshes()).toEqual([])

    await passAnHour()
    expectCalendars(await calendars(browser), 'ada')
    expectCalendars(await calendars(browser), 'ada')
    expect(google.refreshes()).toHaveLength(1)

    expect((await browser.post(`${scene.url}/logout`)).status).toBe(303)
    expect((await calendars(browser)).location).toContain('/auth/google')
    await passAnHour()
    expect(await night()).toBe('user 1: 200\n')
    expect(google.refreshes()).toHaveLength(2)
    const { rows } = await scene.pool.query<{ hasToken: boolean }>(
      'SELECT access_token IS NOT NULL AS "hasToken" FROM users',
    )
    expect(rows).toEqual([{ hasToken: when !== 'after, cleaned up' }])
  })

  it('moves over while people are logged in and the old version works', async () => {
    await deploy(before)
    const ada = await logIn('ada')
    const bob = await logIn('bob')

    // Steps 2 and 3, beside the old version.
    await write(after, check)
    expect(await run('import.js')).toBe('2 imported, 0 repaired, 0 were there before\n')
    expect(await run('check.js')).toBe('')
    expect(await run('trial.js')).toBe('google: 2 work, 0 have ended, 0 failed for now\n')
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    const cleo = await logIn('cleo')
    expect(await run('check.js')).toBe('user 3 has no refresh token\n')

    // Steps 4 and 5.
    await deploy(after)
    expect(await run('trial.js')).toBe('google: 2 work, 0 have ended, 0 failed for now\n')
    expect(await run('import.js')).toBe('1 imported, 0 repaired, 2 were there before\n')
    expect(await run('check.js')).toBe('')
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
    const { rows } = await scene.pool.query<{ grants: number }>(
      `SELECT count(*)::int AS grants FROM oauth2_links WHERE name = 'account/google/1'`,
    )
    expect(rows).toEqual([{ grants: 1 }])

    // Step 6.
    await deploy(cleaned)
    await execute('The steps')
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    await logIn('dora')
    expect(await night()).toMatch(/^(user \d: 200\n){4}$/)
  })

  it('goes back before the last step, and over again', async () => {
    await deploy(before)
    const ada = await logIn('ada')
    await write(after)
    await run('import.js')
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

    await write(after)
    expect(await run('import.js')).toBe('0 imported, 0 repaired, 2 were there before\n')
    await deploy(after)
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    expectCalendars(await calendars(bob), 'bob')
  })

  it('goes back after the last step, with the tokens of the grants', async () => {
    await write(before, after)
    await run('import.js')
    await execute('The steps')
    await deploy(cleaned)
    const ada = await logIn('ada')

    await write(scene.under('Going back'))
    await scene.pool.query(
      'ALTER TABLE users ADD access_token text, ADD refresh_token text, ADD token_expires_at timestamptz',
    )
    expect(await run('export.js')).toBe('')
    await deploy(before)
    expectCalendars(await calendars(ada), 'ada')
    expect(google.refreshes()).toEqual([])
    await passAnHour()
    expectCalendars(await calendars(ada), 'ada')
    expect(await night()).toBe('user 1: 200\n')
    expect(google.refreshes()).toHaveLength(1)
  })

  it('lets people start again whose login was under way, in both directions', async () => {
    await write(before, after)
    await run('import.js')
    await deploy(before)
    const browser = new Browser()
    const askedBefore = await begin(browser)
    await deploy(after)
    const page = await finish(browser, 'ada', askedBefore)
    expect([page.status, page.text]).toEqual([
      400,
      'This login could not be finished. <a href="/auth/google">Log in again</a>',
    ])
    expectCalendars(await finish(browser, 'ada', await begin(browser)), 'ada')

    const askedAfter = await begin(browser)
    await deploy(before)
    const failed = await finish(browser, 'ada', askedAfter)
    expect([failed.status, failed.text]).toEqual([500, expect.stringContaining('TokenError')])
    expectCalendars(await finish(browser, 'ada', await begin(browser)), 'ada')
  })

  it('sends people to log in who have no refresh token, or one that has ended', async () => {
    await deploy(before)
    google.givesRefreshTokens = false
    const ada = await logIn('ada')
    google.givesRefreshTokens = true
    const bob = await logIn('bob')
    await logIn('cleo')
    await write(after)
    expect(await run('import.js')).toBe('2 imported, 0 repaired, 0 were there before\n')
    google.end('bob')
    expect(await run('trial.js')).toBe('google: 1 work, 1 have ended, 0 failed for now\n')
    expect(await run('import.js')).toBe('0 imported, 0 repaired, 2 were there before\n')

    await deploy(after)
    expect((await calendars(ada)).location).toContain('/auth/google?')
    await passAnHour()
    expect((await calendars(bob)).location).toContain('/auth/google?')
    // Cleo withdraws her consent. Her access token has not expired, and only Google's API knows.
    const cleo = await logIn('cleo')
    google.end('cleo')
    expect((await calendars(cleo)).location).toContain('/auth/google?')
    expectCalendars(await finish(cleo, 'cleo', await begin(cleo)), 'cleo')
    const twoAreOut = 'user 1: has to log in again\nuser 2: has to log in again\nuser 3: 200\n'
    expect(await night()).toBe(twoAreOut)
    // Ada has an access token alone, and Google refuses it.
    google.givesRefreshTokens = false
    await logIn('ada', ada)
    google.end('ada')
    expect(await night()).toBe(twoAreOut)
    google.givesRefreshTokens = true
    expectCalendars(await finish(ada, 'ada', await begin(ada)), 'ada')
    expectCalendars(await finish(bob, 'bob', await begin(bob)), 'bob')
    expect(await night()).toBe('user 1: 200\nuser 2: 200\nuser 3: 200\n')
  })
})
