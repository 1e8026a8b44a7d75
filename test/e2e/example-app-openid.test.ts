import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import '../support/own-realm.js'
import type { ExampleApp } from '../../example-app/server.js'
import { advanceClock } from '../support/clock.js'
import { clickThrough, finishLogin, heading, logIn, sayName } from '../support/example-app.js'
import { setExampleScene } from '../support/example-app-scene.js'
import { describeWithChromium } from '../support/requirements.js'

jest.setTimeout(60_000)

describeWithChromium('the example app’s OpenID provider in a real browser', (executable) => {
  const scene = setExampleScene(executable)
  const { granted, open, click, text } = scene
  let app: ExampleApp
  let page: Page

  beforeEach(() => {
    ;({ app, page } = scene)
  })

  /** The pages that the browser opens while something is done, without those that only redirect. */
  async function pagesDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
    const visited: string[] = []
    page.on('domcontentloaded', (shown) => void visited.push(new URL(shown.url()).pathname))
    await work()
    page.removeAllListeners('domcontentloaded')
    return visited
  }

  it('logs a person in, and shows who they are', async () => {
    await logIn(page, app.url, 'Example ID', 'Grace Hopper')

    expect(await heading(page)).toBe('Your identity')
    expect(await text()).toContain('grace.hopper@example.com')
    await open('/')
    await click('Open identity')
    await click('Renew now')
    expect(await heading(page)).toBe('Your identity')
    expect(granted).toEqual(['openid authorization_code 200', 'openid refresh_token 200'])
  })

  describe('the news', () => {
    it('are for everybody, and lead nobody away for good who is logged in nowhere', async () => {
      await open('/')
      await click('News')
      expect(await text()).toContain('Welcome, whoever you are')
      // The browser keeps cookies, as is known now: this visit makes the attempt.
      expect(await pagesDuring(() => open('/news'))).toEqual(['/news'])
      expect(await text()).toContain('Welcome, whoever you are')
      expect(granted).toEqual([])

      await click('Log in with Example ID')
      await finishLogin(page, 'Mary')
      await page.waitForURL(`${app.url}/news`)
      expect(await text()).toContain('Welcome, Mary')
    })

    it('know who is logged in at the provider, without a question', async () => {
      await logIn(page, app.url, 'Example ID', 'Grace Hopper')
      await click('News')
      expect(await text()).toContain('Welcome, Grace Hopper')
      await forget()
      // The browser's first visit as a stranger.
      await click('News')
      expect(await text()).toContain('Welcome, whoever you are')

      expect(await pagesDuring(() => page.reload())).toEqual(['/news'])

      expect(await text()).toContain('Welcome, Grace Hopper')
      advanceClock(10)
      await forget()
      expect(await pagesDuring(() => click('News'))).toEqual(['/news'])
      expect(await text()).toContain('Welcome, Grace Hopper')
      expect(granted).toEqual(Array(3).fill('openid authorization_code 200'))
    })

    it('do not get in the way of a person who comes to log in by hand', async () => {
      await logIn(page, app.url, 'Example ID')
      await open('/news')
      await forget()
      await open('/news')

      expect(await pagesDuring(() => open('/'))).toEqual(['/'])

      expect(await heading(page)).toBe('Log in with your provider')
      await click('Log in with Askara')
      await finishLogin(page)
      expect(await heading(page)).toBe('Your profile')
      await open('/news')
      expect(await text()).toContain('You are logged in with Askara')
    })
  })

  /** Loses the session here, and nothing at the provider. */
  async function forget(): Promise<void> {
    await click('Forget my session')
    await page.waitForURL(`${app.url}/`)
  }

  describe('the payments', () => {
    it('ask for one more right, once, and let the person pass for five minutes', async () => {
      await logIn(page, app.url, 'Example ID')
      await click('Your payments')
      expect(await heading(page)).toBe('Allow Example App?')
      expect(await text()).toContain('See your payments')
      await click('Allow')
      expect(await heading(page)).toBe('Your payments')
      expect(await text()).toContain('$184.00')

      expect(await pagesDuring(() => page.reload())).toEqual(['/payments'])
      await open('/openid')
      expect(await heading(page)).toBe('Your identity')
      expect(granted).toEqual(Array(2).fill('openid authorization_code 200'))
    })

    it('ask for a fresh login after five minutes, and bring the person back', async () => {
      await seePayments()
      advanceClock(6 * 60)

      await page.reload()

      expect(await heading(page)).toBe('Log in to Example ID')
      expect(await page.getByLabel('Your name').inputValue()).toBe('Ada Lovelace')
      await click('Log in')
      expect([page.url(), await heading(page)]).toEqual([`${app.url}/payments`, 'Your payments'])
    })

    it('stay closed for who says no, who is still logged in', async () => {
      await logIn(page, app.url, 'Example ID')
      await open('/')
      await click('Payments')
      await click('Deny')
      expect(await heading(page)).toBe('You said no')
      expect(await text()).toContain('you are still logged in')
      await clickThrough(page.getByRole('main').getByRole('link', { name: 'Home' }))
      expect(await heading(page)).toBe('You are logged in')
    })

    it('stay closed for somebody else, whose login at the provider ends that of the first person', async () => {
      await seePayments()
      advanceClock(6 * 60)
      await page.reload()
      await sayName(page, 'Mallory')
      await click('Allow')
      // The provider has told the app that the first person's login is over, with all that waited in their session.
      expect(await heading(page)).toBe('We lost the start of this login')
      await open('/')
      expect(await heading(page)).toBe('Log in with your provider')
    })

    it('ask a stranger and who is logged in elsewhere for a login first', async () => {
      await open('/payments')
      expect(await heading(page)).toBe('Please log in')
      await logIn(page, app.url, 'Askara')
      await open('/payments')
      expect(await heading(page)).toBe('This page is for logins with Example ID')
      await click('Log in with Example ID')
      await finishLogin(page)
      // The login has come back, and the page asks for what it lacks.
      await click('Allow')
      expect([page.url(), await heading(page)]).toEqual([`${app.url}/payments`, 'Your payments'])
    })

    async function seePayments(): Promise<void> {
      await logIn(page, app.url, 'Example ID')
      await open('/payments')
      await click('Allow')
      expect(await heading(page)).toBe('Your payments')
    }
  })
})
