import { beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import '../support/own-realm.js'
import type { ExampleApp } from '../../example-app/server.js'
import { advanceClock } from '../support/clock.js'
import { clickThrough, heading, logIn, sayName } from '../support/example-app.js'
import { setExampleScene } from '../support/example-app-scene.js'
import { describeWithChromium } from '../support/requirements.js'

jest.setTimeout(60_000)

describeWithChromium('the ways to log out of the example app, in a real browser', (executable) => {
  const scene = setExampleScene(executable)
  const { open, click, text } = scene
  let app: ExampleApp
  let page: Page

  beforeEach(() => {
    ;({ app, page } = scene)
  })

  describe('after a login with an OpenID provider', () => {
    beforeEach(async () => {
      await logIn(page, app.url, 'Example ID')
      await open('/')
      await clickThrough(page.getByRole('main').getByRole('link', { name: 'Your logins' }))
      await page.getByRole('heading', { name: 'Ways to log out' }).waitFor()
    })

    it('only here: the login at the provider goes on, and nobody is logged in again silently', async () => {
      await click('Only here')
      expect(await heading(page)).toBe('Log in with your provider')
      advanceClock(600)
      await open('/news')
      await open('/news')
      expect(await text()).toContain('Welcome, whoever you are')

      // Neither name nor consent are asked for.
      await click('Log in with Example ID')
      await page.waitForURL(`${app.url}/news`)
      expect(await text()).toContain('Welcome, Ada Lovelace')
    })

    it('here and at the provider, which asks', async () => {
      await click('Here and at Example ID')
      expect(await heading(page)).toBe('Log out of Example ID?')
      await click('Log out')
      await page.waitForURL(`${app.url}/`)
      expect(await heading(page)).toBe('Log in with your provider')
      await click('Log in with Example ID')
      expect(await heading(page)).toBe('Log in to Example ID')
    })

    it('here, and not at the provider after all', async () => {
      await click('Here and at Example ID')
      await click('Stay logged in')
      await page.waitForURL(`${app.url}/`)
      expect(await heading(page)).toBe('Log in with your provider')
      await click('Log in with Example ID')
      await page.waitForURL(`${app.url}/openid`)
    })

    it('at the provider, which tells the app', async () => {
      await click('At Example ID')
      expect(await heading(page)).toBe('Log out of Example ID?')
      await click('Log out')
      expect(await heading(page)).toBe('You are logged out of Example ID')
      await open('/openid')
      expect(await heading(page)).toMatch(/^Please log in/)
      await open('/')
      expect(await heading(page)).toBe('Log in with your provider')
    })

    it('one other login, all others, and everywhere', async () => {
      const others = [await elsewhere(), await elsewhere(), await elsewhere()]
      await page.reload()
      expect(await page.getByRole('button', { name: 'End', exact: true }).count()).toBe(3)

      // The newest is above the others.
      await clickThrough(page.getByRole('button', { name: 'End', exact: true }).first())
      expect(await Promise.all(others.map(isLoggedIn))).toEqual([true, true, false])

      await click('All others')
      expect(await Promise.all(others.map(isLoggedIn))).toEqual([false, false, false])
      expect(await heading(page)).toBe('Your logins')

      const last = await elsewhere()
      await page.reload()
      await click('Everywhere')
      expect(await heading(page)).toBe('Log in with your provider')
      expect([await isLoggedIn(last), await isLoggedIn(page)]).toEqual([false, false])
    })

    /** The same person in another browser. */
    async function elsewhere(): Promise<Page> {
      const other = await scene.arrive()
      await other.page.goto(`${app.url}/auth/openid/login`)
      // What they have allowed once is not asked again.
      await sayName(other.page)
      await other.page.waitForURL(`${app.url}/openid`)
      return other.page
    }

    async function isLoggedIn(one: Page): Promise<boolean> {
      await one.goto(`${app.url}/openid`)
      return (await heading(one)) === 'Your identity'
    }
  })

  it('are fewer with Jiko, which does not say who is logged in, and with Askara', async () => {
    await logIn(page, app.url, 'Jiko')
    await clickThrough(page.getByRole('link', { name: 'Your logins' }))
    expect(await text()).toContain('your other logins cannot be found')
    expect(await page.getByRole('main').getByRole('button').allInnerTexts()).toEqual(['Only here'])
    await click('Only here')
    expect(await heading(page)).toBe('Log in with your provider')

    await logIn(page, app.url, 'Askara')
    await clickThrough(page.getByRole('link', { name: 'Your logins' }))
    expect(await page.getByRole('main').getByRole('button').allInnerTexts()).toEqual([
      'Log out',
      'Only here',
      'All others',
      'Everywhere',
    ])
    await clickThrough(page.getByRole('link', { name: 'nightly report' }))
    expect(await heading(page)).toBe('Nightly report')
    await page.goBack()
    await click('Everywhere')
    expect(await heading(page)).toBe('Log in with your provider')
  })
})
