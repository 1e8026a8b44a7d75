import { randomBytes } from 'node:crypto'
import { Browser } from '../../support/http.js'
import type { Page } from '../../support/http.js'
import { PAGE_MARKER } from './messages.js'
import type { HostileProvider } from './provider.js'
import { APP_SECRETS } from './secrets.js'
import type { Secrets } from './secrets.js'

/** What became of an honest login. */
export interface HonestLogin {
  /** From the login page to the end of the logout, in **milliseconds**. */
  readonly latencyMs: number
  /** Why it failed; `undefined` if it did not. */
  readonly failure: string | undefined
}

/** How long it may take altogether, in **milliseconds**. */
const LIMIT_MS = 20_000

/** Logs somebody new in through each strategy in turn, uses the token, connects the second provider, and logs out. */
export function createHonestVisitor(
  origin: string,
  provider: HostileProvider,
  secrets: Secrets,
): () => Promise<HonestLogin> {
  let visits = 0

  async function visitAll(path: string): Promise<void> {
    const person = `honest-${randomBytes(16).toString('hex')}`
    const browser = new Browser()
    const visit = async (at: string): Promise<Page> => quiet(await browser.visit(origin + at), at)

    const finish = async (at: string): Promise<void> => {
      const { location = '' } = expectStatus(await visit(`/${at}/login`), 302)
      const { callback } = provider.authorize(location, person, {})
      expectStatus(await visit(callback.slice(origin.length)), 302)
    }
    await finish(path)
    for (const page of ['/page', `/page/${path}`]) {
      expectText(await visit(page), PAGE_MARKER + person)
    }
    expectText(await visit(`/api/${path}`), JSON.stringify({ person }))
    await finish('connect')
    expectText(await visit('/api/connect'), JSON.stringify({ person }))
    expectText(await visit('/page'), PAGE_MARKER + person)
    expectStatus(await browser.follow(`${origin}/flow?key=${APP_SECRETS.inspector}`), 200)
    quiet(await browser.visit(`${origin}/flow`), '/flow')
    expectStatus(await browser.post(`${origin}/${path}/logout`), 303)
    expectStatus(await visit('/page'), 302)
  }

  function quiet(page: Page, at: string): Page {
    const found = secrets.foundIn(page.text)
    if (found.length > 0) throw new Error(`${at} shows secrets: ${found.join()}`)
    return page
  }

  return async () => {
    const path = visits % 2 === 0 ? 'plain' : 'auth'
    visits += 1
    const startedAt = performance.now()
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('It took too long')), LIMIT_MS)
    })
    const failure = await Promise.race([visitAll(path), limit]).then(
      () => undefined,
      (error: unknown) => `${path}: ${String(error)}`,
    )
    clearTimeout(timer)
    return { latencyMs: performance.now() - startedAt, failure }
  }
}

function expectStatus(page: Page, status: number): Page {
  if (page.status === status) return page
  throw new Error(`${page.url} answered ${page.status}, not ${status}: ${page.text.slice(0, 500)}`)
}

function expectText(page: Page, text: string): void {
  expectStatus(page, 200)
  if (page.text !== text) throw new Error(`${page.url} answered ${page.text.slice(0, 500)}`)
}
