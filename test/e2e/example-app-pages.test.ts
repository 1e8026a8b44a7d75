import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import '../support/own-realm.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium, Person } from '../support/chromium.js'
import { clickThrough, heading, sayName } from '../support/example-app.js'
import { describeWithChromium } from '../support/requirements.js'

// One walk comes to all pages, which takes a while on a busy machine.
jest.setTimeout(120_000)

/** Where things are on a page, in pixels. */
interface Layout {
  readonly beyondScreen: number
  /** The distances between what is below each other: the parts of the page, and those of its content. */
  readonly gaps: readonly number[]
  /** What sticks out of the card that it is in. */
  readonly outsideCards: readonly string[]
}

const READ_LAYOUT = `(() => {
  const boxOf = (one) => one.getBoundingClientRect()
  const gaps = [document.body, document.querySelector('main')].flatMap((parent) => {
    const boxes = [...parent.children].map(boxOf)
    return boxes.slice(1).map(({ top }, index) => Math.round(top - boxes[index].bottom))
  })
  const outsideCards = [...document.querySelectorAll('.card')].flatMap((card) =>
    [...card.querySelectorAll('*')]
      .filter((one) => boxOf(one).right > boxOf(card).right)
      .map((one) => one.outerHTML))
  return { beyondScreen: document.documentElement.scrollWidth - innerWidth, gaps, outsideCards }
})()`

/** Of a phone, of the narrowest one and of a desktop, in pixels. */
const SCREENS = [
  { width: 390, height: 844 },
  { width: 320, height: 568 },
  { width: 1280, height: 800 },
] as const

/** How far apart the parts of a page are at least, in pixels. */
const MINIMUM_GAP = 6

describeWithChromium('every page of the example app, in a real browser', (executable) => {
  let chromium: Chromium
  let app: ExampleApp

  beforeAll(async () => {
    chromium = await startChromium(executable)
    app = await startExampleApp()
  })
  afterEach(() => chromium.empty())
  afterAll(async () => {
    await chromium.close()
    await app.close()
  })

  it('fits onto the screen of a phone, of the narrowest one and of a desktop, with space between its parts', async () => {
    const person = await chromium.arrive()

    const layouts = await onEveryPage(person, async (page) => {
      const onScreens: (Layout & { readonly width: number })[] = []
      for (const screen of SCREENS) {
        await page.setViewportSize(screen)
        onScreens.push({ width: screen.width, ...(await page.evaluate<Layout>(READ_LAYOUT)) })
      }
      return onScreens
    })

    const wrong = layouts.flatMap(([page, onScreens]) =>
      onScreens
        .filter(
          ({ beyondScreen, gaps, outsideCards }) =>
            beyondScreen > 0 || outsideCards.length > 0 || Math.min(...gaps) < MINIMUM_GAP,
        )
        .map((layout) => [page, layout]),
    )
    expect(wrong).toEqual([])
    expect(layouts).toHaveLength(34)
    expect(person.complaints).toEqual([])
  })

  it('has no script, no inline style and no inline handler, and a policy that forbids them', async () => {
    const person = await chromium.arrive()
    const policies = new Set<string | undefined>()
    person.page.on('response', (answer) => {
      const headers = answer.headers()
      // The page that asks before a server is connected is the library's.
      const isOwn = !answer.url().includes('/connect/')
      if (isOwn && headers['content-type']?.startsWith('text/html') && answer.status() < 300) {
        policies.add(headers['content-security-policy']?.replace(/form-action[^;]*/, ''))
      }
    })

    const inline = await onEveryPage(person, (page) =>
      page.evaluate<number>(`[...document.querySelectorAll('*')].filter((element) =>
        element.matches('script, style, [style]') ||
        element.getAttributeNames().some((name) => name.startsWith('on'))).length`),
    )

    expect(inline.filter(([, count]) => count > 0)).toEqual([])
    expect([...policies].map(String)).toEqual([
      expect.stringMatching(/^default-src 'none';style-src 'self';img-src 'self';/),
    ])
    expect(person.complaints).toEqual([])
  })

  /** Looks at each page that a person can come to, the providers' included. */
  async function onEveryPage<Result>(
    { page }: Person,
    look: (page: Page) => Promise<Result>,
  ): Promise<readonly (readonly [string, Result])[]> {
    const results: (readonly [string, Result])[] = []
    const see = async (): Promise<void> => {
      results.push([await heading(page), await look(page)])
    }
    const visit = async (path: string): Promise<void> => {
      await page.goto(app.url + path)
      await see()
    }
    // What was allowed before is not asked again.
    app.authorizationServer?.endGrants()
    await visit('/')
    await visit('/askara')
    await visit('/login-declined')
    await visit('/no-such-page')
    await visit('/auth/askara/callback?code=a-code&state=a-state')
    for (const provider of ['askara', 'jiko', 'openid']) {
      await visit(`/auth/${provider}/login`)
      await sayName(page, 'Augusta Ada King, Countess of Lovelace')
      if (provider === 'askara') await see()
      await clickThrough(page.getByRole('button', { name: 'Allow' }))
      await see()
      await visit('/')
      await visit('/logins')
      if (provider !== 'askara') continue
      await visit('/report')
      await visitServers()
    }
    await visit('/news')
    await visit('/askara')
    await visit('/payments')
    await clickThrough(page.getByRole('button', { name: 'Allow' }))
    await see()
    await visit('/logins')
    await clickThrough(page.getByRole('link', { name: 'At Example ID' }))
    await see()
    await clickThrough(page.getByRole('button', { name: 'Log out' }))
    await see()
    await visit('/news')
    return results

    async function visitServers(): Promise<void> {
      await visit('/servers')
      await clickThrough(page.getByRole('button', { name: 'Connect' }))
      await clickThrough(page.getByRole('button', { name: /^Go to/ }))
      await sayName(page)
      await see()
      await clickThrough(page.getByRole('button', { name: 'Allow' }))
      await see()
      await clickThrough(page.getByRole('link', { name: 'Tools' }))
      await see()
      await clickThrough(page.getByRole('button', { name: 'Call current_time' }))
      await see()
      await clickThrough(page.getByRole('button', { name: 'Every night' }).first())
      await see()
      await clickThrough(page.getByRole('button', { name: 'Disconnect' }))
      await see()
    }
  }
})
