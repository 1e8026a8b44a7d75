import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import type { Locator, Page } from 'playwright-core'
import { flowInspector } from '../../src/flow-inspector.js'
import type { TestApp } from '../support/app.js'
import { startChromium } from '../support/chromium.js'
import type { Chromium } from '../support/chromium.js'
import { Browser } from '../support/http.js'
import { describeWithChromium } from '../support/requirements.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

jest.setTimeout(60_000)

const scene = setScene()

const KEY = 'a-key-of-the-inspector-with-32-characters'

describeWithChromium('the flow inspector after ten logins', (executable) => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await startChromium(executable)
  })
  afterEach(() => chromium.empty())
  afterAll(() => chromium.close())

  // With all of them open it was 8,272 pixels high on the desktop and 9,654 on the phone.
  it.each([
    [1280, 800, 1600],
    [390, 844, 2400],
  ])('is a short page, %i pixels wide', async (width, height, atMost) => {
    const app = await start()
    const { page } = await chromium.arrive({ viewport: { width, height } })
    await logIn(app, 10)

    await page.goto(`${app.origin}/flow?key=${KEY}`)

    expect(await page.getByRole('article').count()).toBe(10)
    expect(await heightOf(page)).toBeLessThan(atMost)
    await page.getByText('Live: this page updates itself').waitFor()
    expect(await heightOf(page)).toBeLessThan(atMost)
    expect(await openFlows(page)).toEqual([0])
    // Each of the others is one line.
    for (const flow of (await page.getByRole('article').all()).slice(1)) {
      expect((await flow.boundingBox())?.height).toBeLessThan(50)
    }
  })

  it('says of each older login when it was and how it ended, and why it failed, in what is closed', async () => {
    const app = await start()
    const { page, complaints } = await chromium.arrive()
    await logIn(app, 1)
    scene.provider.onToken(json({ error: 'invalid_client' }, 401))
    await logIn(app, 1)
    scene.provider.reset()
    await logIn(app, 8)

    await page.goto(`${app.origin}/flow?key=${KEY}`)

    const [failed, oldest] = [flowAt(page, 8), flowAt(page, 9)]
    expect(await oldest.innerText()).toMatch(/^▸?\s*Login \S+\s+✓ Done\s+\d\d:\d\d:\d\d, [\w. ]+$/)
    expect(await failed.innerText()).toMatch(/Login \S+\s+✗ Failed\s+\d\d:\d\d:\d\d/)
    expect(await failed.getByText('ERR_TOKEN_ENDPOINT').first().isVisible()).toBe(true)
    expect(await failed.getByText('What to do').isVisible()).toBe(false)
    await failed.locator('summary').first().click()
    expect(await failed.getByText('What to do').isVisible()).toBe(true)
    // The reason is not said twice.
    expect(await failed.locator('.why').isVisible()).toBe(false)
    expect(complaints).toEqual([])
  })

  it('shows the newest as it happens, and closes what was the newest before', async () => {
    const app = await start()
    const { page } = await openLive(app, 2)

    await logIn(app, 1)

    await flowAt(page, 2).waitFor()
    await flowAt(page, 0).getByText('✓ Done').waitFor()
    expect(await openFlows(page)).toEqual([0])
  })

  it('leaves an older flow open that a person has opened, and one closed that they have closed', async () => {
    const app = await start()
    const { page } = await openLive(app, 10)
    await summaryOf(flowAt(page, 7)).click()
    await summaryOf(flowAt(page, 0)).click()
    expect(await openFlows(page)).toEqual([7])

    await logIn(app, 2)

    await page.getByRole('article').nth(11).waitFor()
    await flowAt(page, 0).getByText('✓ Done').waitFor()
    expect(await openFlows(page)).toEqual([0, 9])
    await summaryOf(flowAt(page, 9)).click()
    await logIn(app, 1)
    await page.getByRole('article').nth(12).waitFor()
    await flowAt(page, 0).getByText('✓ Done').waitFor()
    expect(await openFlows(page)).toEqual([0])
  })

  it('leaves open a flow that is updated itself, and the focus in it', async () => {
    const app = await start()
    const { page } = await openLive(app, 1)
    // A login that waits at the provider, and a newer one after it.
    const person = new Browser()
    const { location = '' } = await person.visit(app.loginURL)
    await page.getByText('The browser is at the provider').waitFor()
    await logIn(app, 1)
    await page.getByRole('article').nth(2).waitFor()
    const waiting = flowAt(page, 1)
    await summaryOf(waiting).focus()
    await page.keyboard.press('Enter')
    expect(await openFlows(page)).toEqual([0, 1])

    await person.follow(location)

    await waiting.getByText('✓ Done').waitFor()
    expect(await openFlows(page)).toEqual([0, 1])
    expect(await page.evaluate<string>('document.activeElement.parentElement.dataset.key')).toBe(
      await waiting.locator('details').first().getAttribute('data-key'),
    )
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

  /** The page that updates itself, after some logins. */
  async function openLive(app: TestApp, count: number): Promise<{ readonly page: Page }> {
    const { page } = await chromium.arrive()
    await logIn(app, count)
    await page.goto(`${app.origin}/flow?key=${KEY}`)
    await page.getByText('Live: this page updates itself').waitFor()
    return { page }
  }
})

async function logIn({ loginURL }: TestApp, count: number): Promise<void> {
  for (let done = 0; done < count; done++) await new Browser().follow(loginURL)
}

/** The flow at this place, from the newest, which is 0. */
function flowAt(page: Page, place: number): Locator {
  return page.getByRole('article').nth(place)
}

function summaryOf(flow: Locator): Locator {
  return flow.locator('summary').first()
}

/** The places of the flows that are open. */
function openFlows(page: Page): Promise<readonly number[]> {
  return page.evaluate<readonly number[]>(
    `[...document.querySelectorAll('.flow')].flatMap((flow, place) =>
      flow.querySelector('.diagram').checkVisibility() ? [place] : [])`,
  )
}

function heightOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollHeight')
}
