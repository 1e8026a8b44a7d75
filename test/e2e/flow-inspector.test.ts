import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import { flowInspector } from '../../src/flow-inspector.js'
import type { TestApp } from '../support/app.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium } from '../support/chromium.js'
import { describeWithChromium } from '../support/requirements.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

jest.setTimeout(60_000)

const scene = setScene()

const KEY = 'a-key-of-the-inspector-with-32-characters'

describeWithChromium('the flow inspector in a real browser', (executable) => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await startChromium(executable)
  })
  afterEach(() => chromium.empty())
  afterAll(() => chromium.close())

  it('draws a login that happens in another tab, as it happens', async () => {
    const app = await start()
    const person = await chromium.arrive()
    const { page } = person
    await page.goto(`${app.origin}/flow?key=${KEY}`)
    await page.getByText('Nothing has happened yet').waitFor()
    await page.getByText('Live: this page updates itself').waitFor()

    const tab = await person.openTab()
    await tab.goto(app.loginURL)

    const flow = page.getByRole('article', { name: 'Login' })
    await flow.getByText('✓ Done').waitFor()
    expect(await flow.count()).toBe(1)
    expect(await page.getByText('Nothing has happened yet').isVisible()).toBe(false)
    expect(person.complaints).toEqual([])
  })

  it('keeps open what a person has opened while more happens', async () => {
    const app = await start()
    const person = await chromium.arrive()
    const { page } = person
    const tab = await person.openTab()
    await tab.goto(app.loginURL)
    await page.goto(`${app.origin}/flow?key=${KEY}`)
    await page.getByText('Live: this page updates itself').waitFor()
    const request = page.getByRole('listitem').filter({ hasText: 'POST ' }).last()
    await request.locator('summary').click()
    await request.getByText('code_verifier').waitFor()

    await tab.goto(app.loginURL)

    await page.getByRole('article').nth(1).waitFor()
    expect(await page.getByText('code_verifier').last().isVisible()).toBe(true)
    expect(await page.locator('.line details[open]').count()).toBe(1)
  })

  it('says that a login has failed in red and in words, with what to do', async () => {
    const app = await start()
    scene.provider.onToken(json({ error: 'invalid_client' }, 401))
    const person = await chromium.arrive()
    const { page } = person
    await page.goto(`${app.origin}/flow?key=${KEY}`)
    await (await person.openTab()).goto(app.loginURL)

    const status = page.getByText('✗ Failed')
    await status.waitFor()
    const [red = 0, green = 0, blue = 0] = await colourOf(page, '.failed .status', 'color')
    expect(red).toBeGreaterThan(2 * Math.max(green, blue))
    await page.getByText('What to do: Compare clientID').waitFor()
    expect(person.complaints).toEqual([])
  })

  it.each([360, 320])('fits onto a screen of %i pixels, with everything opened', async (width) => {
    const app = await start()
    const { page } = await chromium.arrive({ viewport: { width, height: 740 } })
    await logInAndFail(page, app)
    await page.goto(`${app.origin}/flow?key=${KEY}`)
    await openAll(page)

    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )

    expect(overflow).toBe(0)
    expect(await page.getByText('App → Provider:').first().isVisible()).toBe(true)
  })

  it('draws parameters below the arrow that they belong to', async () => {
    const app = await start()
    const { page } = await chromium.arrive({ viewport: { width: 1280, height: 800 } })
    await page.goto(app.loginURL)
    await page.goto(`${app.origin}/flow?key=${KEY}`)

    const distances = await page.evaluate<number[]>(`
      [...document.querySelectorAll('.line details')].map((one) => {
        const [arrow, parameters] = [one.previousElementSibling, one].map((part) => part.getBoundingClientRect())
        return Math.abs(arrow.left + arrow.width / 2 - parameters.left - parameters.width / 2)
      })`)

    expect(distances.length).toBeGreaterThan(5)
    expect(Math.max(...distances)).toBeLessThan(5)
  })

  it('is dark for those who want it dark, and readable', async () => {
    const app = await start()
    for (const colorScheme of ['dark', 'light'] as const) {
      const { page } = await chromium.arrive({ colorScheme })
      await logInAndFail(page, app)
      await page.goto(`${app.origin}/flow?key=${KEY}`)
      const background = await colourOf(page, 'body', 'background-color')
      expect(luminance(background) < 0.1).toBe(colorScheme === 'dark')
      const card = await colourOf(page, '.flow', 'background-color')
      for (const text of [
        '.flow h2',
        '.flow small',
        '.failed .status',
        '.ok .status',
        '.when',
        '.line summary',
        'dt',
      ]) {
        expect([text, contrast(await colourOf(page, text, 'color'), card) >= 4.5]).toEqual([
          text,
          true,
        ])
      }
    }
  })

  it('can be read without JavaScript', async () => {
    const app = await start()
    const person = await chromium.arrive({ javaScriptEnabled: false })
    const { page } = person
    await logInAndFail(page, app)

    await page.goto(`${app.origin}/flow?key=${KEY}`)

    expect(await page.getByRole('article').count()).toBe(2)
    await page.getByText('What to do: Compare clientID').waitFor()
    await page.getByText('Reload this page').waitFor()
    await page.locator('.line summary').first().click()
    expect(await page.getByText('client_id').first().isVisible()).toBe(true)
    expect(person.complaints).toEqual([])
  })

  it('says that the app does not answer while it is down', async () => {
    const app = await start()
    const { page } = await chromium.arrive()
    await page.goto(`${app.origin}/flow?key=${KEY}`)
    await page.getByText('Live: this page updates itself').waitFor()

    await app.close()

    const notice = page.getByText('The app does not answer')
    await notice.waitFor()
    expect(await notice.isVisible()).toBe(true)
  })

  function start(): Promise<TestApp> {
    return scene.start({
      routes: (app, strategy) => {
        app.use('/flow', flowInspector(strategy, { key: KEY }))
        // Chromium asks every site for one, and complains.
        app.get('/favicon.ico', (_req, res) => void res.status(204).end())
      },
    })
  }

  async function logInAndFail(page: Page, app: TestApp): Promise<void> {
    await page.goto(app.loginURL)
    scene.provider.onToken(
      json({ error: 'invalid_client', error_description: 'x'.repeat(290) }, 401),
    )
    await page.goto(app.loginURL)
    scene.provider.reset()
  }
})

/** Opens all that is closed, what was in it included. */
async function openAll(page: Page): Promise<void> {
  const closed = page.locator('details:not([open]) > summary:visible')
  while ((await closed.count()) > 0) await closed.first().click()
}

type Colour = readonly number[]

async function colourOf(page: Page, selector: string, property: string): Promise<Colour> {
  const value = await page.evaluate<string>(
    `getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`,
  )
  return (value.match(/[\d.]+/g) ?? []).map(Number)
}

/** @see [WCAG 2.2, relative luminance](https://www.w3.org/TR/WCAG22/#dfn-relative-luminance) */
function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((one) => {
    const part = one / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: Colour, other: Colour): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}
