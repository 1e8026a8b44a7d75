import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, ConsoleMessage, Page } from 'playwright-core'

/** Somebody with a browser of their own: its cookies are nobody else's. */
export interface Person {
  /** Their first tab. */
  readonly page: Page
  /** What their browser complained about: scripts, styles, what a policy forbids, what is missing. */
  readonly complaints: readonly string[]
  openTab(): Promise<Page>
}

/** A running Chromium, with a profile that is made for it and thrown away with it. */
export interface Chromium {
  /** Lets somebody in who was never here before. */
  arrive(options?: BrowserContextOptions): Promise<Person>
  /** Sends everybody away. */
  empty(): Promise<void>
  close(): Promise<void>
}

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts the Chromium at this path. */
export async function startChromium(executablePath: string): Promise<Chromium> {
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS })
  return {
    arrive: (options) => arrive(browser, options),
    async empty() {
      for (const context of browser.contexts()) await context.close()
    },
    close: () => browser.close(),
  }
}

async function arrive(browser: Browser, options: BrowserContextOptions = {}): Promise<Person> {
  const context = await browser.newContext(options)
  // As long as a test may take on a busy machine.
  context.setDefaultTimeout(30_000)
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' && !isPageStatus(message)) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(error.error().message))
  return { page: await context.newPage(), complaints, openTab: () => context.newPage() }
}

/** Chromium complains about every page with a status of 400 and up, which is for the tests to judge. */
function isPageStatus(message: ConsoleMessage): boolean {
  return (
    message.text().startsWith('Failed to load resource: the server responded with a status of') &&
    message.location().url === message.page()?.url()
  )
}
