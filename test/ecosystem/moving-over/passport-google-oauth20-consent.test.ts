import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { blocksUnder, readGuide } from '../../support/documentation.js'
import type { CodeBlock } from '../../support/documentation.js'
import { Browser } from '../../support/http.js'
import { describeWithPostgres } from '../../support/requirements.js'
import { createGoogleLogins, expectCalendars } from '../support/google-logins.js'
import { startGoogle } from '../support/google.js'
import type { Google } from '../support/google.js'
import { setMovingScene } from '../support/moving-scene.js'

jest.setTimeout(120_000)

const guide = await readGuide('docs/moving-over/from-passport-google-oauth20.md')
const CONSENT = "    prompt: 'consent',\n"
const LISTEN = 'app.listen('
const COLUMNS = 'access_token = NULL, refresh_token = NULL, token_expires_at = NULL'

/** Ends what a person has allowed, as the application did it before. */
const DISCONNECT_BEFORE = `app.post('/disconnect', requireLogin, async (req, res) => {
  const body = new URLSearchParams({ token: req.user.refresh_token })
  await fetch('https://oauth2.googleapis.com/revoke', { method: 'POST', body })
  await pool.query('UPDATE users SET ${COLUMNS} WHERE id = $1', [req.user.id])
  res.redirect(303, '/')
})
`
/** And as the guide says. */
const DISCONNECT_AFTER = codeUnder('Who is logged in, and who is not', '/disconnect')

function codeUnder(heading: string, words: string): string {
  const found = blocksUnder(heading, guide).find(({ code }) => code.includes(words))
  if (found === undefined) throw new Error(`The guide has no code with ${words} under ${heading}.`)
  return found.code
}

/** The files of a part of the guide, without \`prompt\` at the login, and with a button to disconnect. */
function without(heading: string, disconnect: string): readonly CodeBlock[] {
  return blocksUnder(heading, guide).map((block) => {
    if (block.file !== 'app.js') return block
    expect(block.code).toContain(CONSENT)
    const code = block.code.replace(CONSENT, '').replace(LISTEN, `${disconnect}${LISTEN}`)
    return { ...block, code }
  })
}

describeWithPostgres('an application whose logins ask for no consent', (postgres) => {
  let google: Google
  const scene = setMovingScene(guide, postgres, () => ({
    ...google.environment,
    GOOGLE_CLIENT_ID: 'client-1',
    GOOGLE_CLIENT_SECRET: 'secret-1',
  }))
  const { deploy, passAnHour, run, write } = scene
  const before = without('Before', DISCONNECT_BEFORE)
  const after = without('After', DISCONNECT_AFTER)
  const check = scene.under('How to see that it worked')
  const { begin, calendars, finish, logIn } = createGoogleLogins(scene, null)

  beforeEach(async () => {
    google = await startGoogle()
  })
  afterEach(() => google.close())

  const disconnect = (browser: Browser) => browser.post(`${scene.url}/disconnect`)

  async function expectLasting(browser: Browser, person: string): Promise<void> {
    await passAnHour()
    expectCalendars(await calendars(browser), person)
  }

  it('moves over, with people who come and change their mind meanwhile', async () => {
    await deploy(before)
    const ada = await logIn('ada')
    const bob = await logIn('bob')
    await write(after, check)
    expect(await run('import.js')).toBe('2 imported, 0 repaired, 0 were there before\n')

    // Between steps 2 and 4.
    await logIn('fay')
    expect((await disconnect(bob)).status).toBe(303)
    await logIn('bob', bob)

    // Fay's login in the new version brings no refresh token.
    await deploy(after)
    const fay = await logIn('fay')
    expect(await run('check.js')).toBe('user 3 has no refresh token\n')
    expect(await run('trial.js')).toBe('google: 1 work, 1 have ended, 0 failed for now\n')
    expect(await run('import.js')).toBe('0 imported, 2 repaired, 1 were there before\n')
    expect(await run('check.js')).toBe('')
    await expectLasting(ada, 'ada')
    await expectLasting(bob, 'bob')
    await expectLasting(fay, 'fay')
    expect(await run('nightly.js')).toBe('user 1: 200\nuser 2: 200\nuser 3: 200\n')
    expect(google.logins()).toBe(5)
  })

  it('goes back and over again, with somebody who disconnects and connects again', async () => {
    await deploy(before)
    let dee = await logIn('dee')
    await write(after, check)
    await run('import.js')
    await deploy(after)
    expect((await disconnect(dee)).status).toBe(303)
    const { rows } = await scene.pool.query<object>(
      'SELECT access_token, refresh_token, token_expires_at FROM users',
    )
    expect(rows).toEqual([{ access_token: null, refresh_token: null, token_expires_at: null }])

    await deploy(before)
    dee = await logIn('dee')
    await write(after)
    expect(await run('import.js')).toBe('0 imported, 0 repaired, 1 were there before\n')
    await deploy(after)
    expect(await run('check.js')).toBe('user 1 has no refresh token\n')
    // Two hours later; the login meanwhile has brought no refresh token.
    await logIn('dee', dee)
    await passAnHour()
    await passAnHour()
    expect(await run('import.js')).toBe('0 imported, 1 repaired, 0 were there before\n')
    expect(await run('check.js')).toBe('')
    await expectLasting(dee, 'dee')
  })

  it('sends people to consent who have no refresh token', async () => {
    const section = 'If your application differs'
    const route = codeUnder(section, 'withRefreshToken')
    const options = codeUnder(section, 'access_type')
    const withConsent = after.map((block) => ({
      ...block,
      code: block.code
        .replace(/^app.get\('\/calendar', withGoogle.*\n/m, () => route)
        .replace('    grants,\n', (grants) => grants + options),
    }))
    google.givesRefreshTokens = false
    await deploy(before)
    const gus = await logIn('gus')
    google.givesRefreshTokens = true
    await write(withConsent)
    await run('import.js')
    await deploy(withConsent)

    const first = await finish(gus, 'gus', await begin(gus))
    const asked = new URL(first.location ?? '').searchParams
    expect(Object.fromEntries(asked)).toMatchObject({
      access_type: 'offline',
      prompt: 'consent',
      scope: 'profile https://www.googleapis.com/auth/calendar.readonly',
    })
    expectCalendars(await finish(gus, 'gus', asked), 'gus')
    await expectLasting(gus, 'gus')
    await logIn('gus', gus)
    await expectLasting(gus, 'gus')
  })
})
