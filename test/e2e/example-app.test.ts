import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import '../support/own-realm.js'
import type { TokenRequest } from '../../example-app/authorization-server.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium } from '../support/chromium.js'
import { startCommand } from '../support/command.js'
import {
  clickThrough,
  fingerprint,
  finishLogin,
  heading,
  logIn,
  sayName,
} from '../support/example-app.js'
import { describeWithChromium } from '../support/requirements.js'

const HOUR_MS = 3_600_000

jest.setTimeout(60_000)

describeWithChromium('the example app in a real browser', (executable) => {
  let chromium: Chromium
  let app: ExampleApp
  const tokenRequests: TokenRequest[] = []
  const errors: unknown[] = []
  const apps: ExampleApp[] = []

  beforeAll(async () => {
    chromium = await startChromium(executable)
    app = await start()
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    tokenRequests.length = 0
    errors.length = 0
    await chromium.empty()
  })
  afterAll(async () => {
    await chromium.close()
    for (const one of apps) await one.close()
  })

  it('logs a person in with Askara, shows their profile, and logs them out', async () => {
    const { page, complaints } = await chromium.arrive()

    await logIn(page, app.url, 'Askara', 'Grace Hopper')

    expect(await heading(page)).toBe('Your profile')
    await expectText(page, 'grace.hopper@example.com')
    await expectText(page, 'Analytical Engines')
    await page.goto(app.url)
    expect(await heading(page)).toBe('You are logged in')
    await expectText(page, 'Grace Hopper')

    await clickThrough(page.getByRole('button', { name: 'Log out' }))
    expect(await heading(page)).toBe('Log in with your provider')
    await page.goto(`${app.url}/askara`)
    expect(await heading(page)).toBe('Please log in')
    expect(granted()).toEqual(['askara authorization_code 200'])
    expect(complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('logs a person in with Jiko and shows their pockets', async () => {
    const { page, complaints } = await chromium.arrive()

    await logIn(page, app.url, 'Jiko')

    expect(await heading(page)).toBe('Your pockets')
    await expectText(page, '$48,250.00')
    await clickThrough(page.getByRole('button', { name: 'Log out' }))
    expect(await heading(page)).toBe('Log in with your provider')
    expect(granted()).toEqual(['jiko authorization_code 200'])
    expect(complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('lets a person say no, tells them so, and lets them change their mind', async () => {
    const { page, complaints } = await chromium.arrive()
    await page.goto(app.url)
    await clickThrough(page.getByRole('link', { name: 'Log in with Askara' }))
    await sayName(page)

    await clickThrough(page.getByRole('button', { name: 'Deny' }))

    expect(await heading(page)).toBe('You said no')
    await clickThrough(page.getByRole('link', { name: 'Example App' }))
    expect(await heading(page)).toBe('Log in with your provider')
    expect(granted()).toEqual([])
    await logIn(page, app.url, 'Askara')
    expect(await heading(page)).toBe('Your profile')
    expect(complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('brings a person back to the page they wanted', async () => {
    const { page } = await chromium.arrive()
    await page.goto(`${app.url}/askara?from=a%20letter`)

    expect(await heading(page)).toBe('Please log in')
    await clickThrough(page.getByRole('link', { name: 'Log in with Askara' }))
    await finishLogin(page)

    expect(page.url()).toBe(`${app.url}/askara?from=a%20letter`)
    expect(await heading(page)).toBe('Your profile')
  })

  it('finishes the logins of three tabs in any order', async () => {
    const person = await chromium.arrive()
    const tabs = {
      ada: person.page,
      grace: await person.openTab(),
      mary: await person.openTab(),
    }
    for (const tab of Object.values(tabs)) {
      await tab.goto(app.url)
      await clickThrough(tab.getByRole('link', { name: 'Log in with Askara' }))
    }

    await finishLogin(tabs.grace, 'Grace')
    await expectText(tabs.grace, 'grace@example.com')
    await finishLogin(tabs.mary, 'Mary')
    await expectText(tabs.mary, 'mary@example.com')
    await finishLogin(tabs.ada, 'Ada')
    await expectText(tabs.ada, 'ada@example.com')

    await tabs.grace.reload()
    await expectText(tabs.grace, 'ada@example.com')
    expect(granted()).toEqual(Array.from({ length: 3 }, () => 'askara authorization_code 200'))
    expect(person.complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('finishes logins with both providers in two tabs, and the later one counts', async () => {
    const person = await chromium.arrive()
    const other = await person.openTab()
    for (const [tab, provider] of [
      [person.page, 'Askara'],
      [other, 'Jiko'],
    ] as const) {
      await tab.goto(app.url)
      await clickThrough(tab.getByRole('link', { name: `Log in with ${provider}` }))
    }

    await finishLogin(other)
    expect(await heading(other)).toBe('Your pockets')
    await finishLogin(person.page)
    expect(await heading(person.page)).toBe('Your profile')

    await other.reload()
    expect(await heading(other)).toBe('This page is for logins with Jiko')
    await expectText(other, 'You are logged in with Askara.')
    expect(person.complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('keeps a person logged in who goes back after login', async () => {
    const { page, complaints } = await chromium.arrive()
    await logIn(page, app.url, 'Askara')

    while (page.url() !== `${app.url}/`) await page.goBack()

    expect(await heading(page)).toBe('You are logged in')
    while (page.url() !== `${app.url}/askara`) await page.goForward()
    expect(await heading(page)).toBe('Your profile')
    expect(granted()).toEqual(['askara authorization_code 200'])
    expect(complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('leads a callback that is loaded again to where it led before, and asks the provider nothing', async () => {
    const { page } = await chromium.arrive()
    const callback = page.waitForRequest((request) => request.url().includes('/callback?'))
    await logIn(page, app.url, 'Askara')

    await page.goto((await callback).url())

    expect(page.url()).toBe(`${app.url}/askara`)
    expect(await heading(page)).toBe('Your profile')
    expect(granted()).toEqual(['askara authorization_code 200'])
  })

  it('tells a person why a callback that nobody started leads nowhere', async () => {
    const { page } = await chromium.arrive()
    await page.goto(app.url)
    const answer = await page.goto(`${app.url}/auth/askara/callback?code=a-code&state=a-state`)

    expect(answer?.status()).toBe(400)
    expect(await heading(page)).toBe('Your browser sent no cookie')
    await clickThrough(page.getByRole('link', { name: 'Log in with Askara' }))
    await finishLogin(page)
    expect(await heading(page)).toBe('Your profile')
  })

  it('renews the access token at the press of a button, once', async () => {
    const { page, complaints } = await chromium.arrive()
    await logIn(page, app.url, 'Jiko')
    const before = await fingerprint(page)
    await page.reload()
    expect(await fingerprint(page)).toBe(before)

    await clickThrough(page.getByRole('button', { name: 'Renew now' }))

    expect(await heading(page)).toBe('Your pockets')
    expect(await fingerprint(page)).not.toBe(before)
    expect(granted()).toEqual(['jiko authorization_code 200', 'jiko refresh_token 200'])
    expect(complaints).toEqual([])
  })

  it('renews an access token that has expired, once for all tabs that come back at once', async () => {
    const person = await chromium.arrive()
    const { page } = person
    await logIn(page, app.url, 'Askara')
    const before = await fingerprint(page)
    const tabs = [page, await person.openTab(), await person.openTab(), await person.openTab()]
    putClockForward(2 * HOUR_MS)

    await Promise.all(tabs.map((tab) => tab.goto(`${app.url}/askara`)))

    const shown = await Promise.all(tabs.map(fingerprint))
    expect(new Set(shown).size).toBe(1)
    expect(shown).not.toContain(before)
    expect(granted()).toEqual(['askara authorization_code 200', 'askara refresh_token 200'])
    expect(errors).toEqual([])
  })

  it('asks a person to log in again whose consent was taken back, and brings them back', async () => {
    const { page, complaints } = await chromium.arrive()
    await logIn(page, app.url, 'Askara')
    app.authorizationServer?.endGrants()

    await page.goto(`${app.url}/askara?tab=2`)

    expect(await heading(page)).toBe('Please log in again')
    await page.goto(app.url)
    expect(await heading(page)).toBe('Log in with your provider')
    await page.goto(`${app.url}/askara?tab=2`)
    await clickThrough(page.getByRole('link', { name: 'Log in with Askara' }))
    await finishLogin(page)
    expect(page.url()).toBe(`${app.url}/askara?tab=2`)
    expect(await heading(page)).toBe('Your profile')
    expect(granted()).toEqual([
      'askara authorization_code 200',
      'askara refresh_token 400',
      'askara authorization_code 200',
    ])
    expect(complaints).toEqual([])
    expect(errors).toEqual([])
  })

  it('asks a person to log in again whose consent is gone when they press the button', async () => {
    const { page, complaints } = await chromium.arrive()
    await logIn(page, app.url, 'Jiko')
    app.authorizationServer?.endGrants()

    await clickThrough(page.getByRole('button', { name: 'Renew now' }))

    expect(await heading(page)).toBe('Please log in again')
    await clickThrough(page.getByRole('link', { name: 'Log in with Jiko' }))
    await finishLogin(page)
    expect(await heading(page)).toBe('Your pockets')
    expect(complaints).toEqual([])
  })

  it('shows a page of its own while the provider is down, and keeps the person logged in', async () => {
    const lonely = await start()
    const { page, complaints } = await chromium.arrive()
    await logIn(page, lonely.url, 'Askara')
    await lonely.authorizationServer?.close()

    const answer = await page.goto(`${lonely.url}/askara`)
    expect(answer?.status()).toBe(502)
    expect(await heading(page)).toBe('The provider’s API is out of reach')

    putClockForward(2 * HOUR_MS)
    await clickThrough(page.getByRole('link', { name: 'Try again' }))
    expect(await heading(page)).toBe('The access token could not be renewed')

    await clickThrough(page.getByRole('link', { name: 'Home' }))
    expect(await heading(page)).toBe('You are logged in')
    await clickThrough(page.getByRole('button', { name: 'Log out' }))
    expect(await heading(page)).toBe('Log in with your provider')
    expect(codesOf(errors)).toEqual(['ERR_RESOURCE', 'ERR_TOKEN_ENDPOINT'])
    expect(complaints).toEqual([])
  })

  it('says how to see the flow, and shows it to who has opened the address of the terminal once', async () => {
    const { page } = await chromium.arrive()
    await page.goto(app.url)
    await clickThrough(page.getByRole('link', { name: 'See the flow' }))
    await page.getByText('The flow inspector needs its key.').waitFor()

    await page.goto(app.flowURL ?? '')
    expect([page.url(), await heading(page)]).toEqual([`${app.url}/flow`, 'Login flows'])

    await page.goto(app.url)
    await clickThrough(page.getByRole('link', { name: 'See the flow' }))
    expect(await heading(page)).toBe('Login flows')
  })

  it('starts with npm start, prints its address, and logs a person in', async () => {
    // Without its scripts npm does not build first: the tests around this one use what is built.
    const command = startCommand('npm', ['start', '--ignore-scripts'], { PORT: '0' })
    try {
      const [, url = ''] = await command.printed(/The example app is at (\S+)/)
      const [, flow = ''] = await command.printed(/The flow inspector is at (\S+)/)
      const { page, complaints } = await chromium.arrive()
      await page.goto(flow)
      expect(await heading(page)).toBe('Login flows')
      await logIn(page, url, 'Askara')
      expect(await heading(page)).toBe('Your profile')
      await command.printed(/askara: token request with authorization_code, 200/)
      expect(complaints).toEqual([])
    } finally {
      await command.stop()
    }
  })

  async function start(): Promise<ExampleApp> {
    const started = await startExampleApp({
      authorizationServer: { onTokenRequest: (request) => tokenRequests.push(request) },
      onError: (error) => errors.push(error),
    })
    apps.push(started)
    return started
  }

  /** What was asked of the token endpoints, and how they answered. */
  function granted(): readonly string[] {
    return tokenRequests.map(
      ({ parameters, status, tenant }) => `${tenant} ${parameters['grant_type'] ?? ''} ${status}`,
    )
  }
})

/** For this process, and with it for app and providers. */
function putClockForward(milliseconds: number): void {
  const now = Date.now
  jest.spyOn(Date, 'now').mockImplementation(() => now() + milliseconds)
}

async function expectText(page: Page, text: string): Promise<void> {
  expect(await page.locator('main').innerText()).toContain(text)
}

function codesOf(errors: readonly unknown[]): readonly unknown[] {
  return errors.map((error) => (error as { code?: unknown }).code)
}
