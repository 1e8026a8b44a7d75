import { hiddenFieldsIn } from './hidden-fields.js'
import type { Locator, Page } from 'playwright-core'
import type { Browser, Page as Answer } from './http.js'

/** One of the providers, as the pages call it. */
export type ProviderName = keyof typeof FIRST_PAGES

/** Where a login leads that wants nothing else. */
const FIRST_PAGES = { Askara: '/askara', Jiko: '/jiko', 'Example ID': '/openid' } as const

/** Clicks on what leads to another page, and waits until that is there, with its style sheet. A click alone does not. */
export async function clickThrough(target: Locator): Promise<void> {
  const page = target.page()
  await Promise.all([
    page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame()),
    target.click(),
  ])
  await page.waitForLoadState()
}

/** On the provider's pages: says who is there, and allows what the app asks for. */
export async function finishLogin(page: Page, name = 'Ada Lovelace'): Promise<void> {
  await sayName(page, name)
  await clickThrough(page.getByRole('button', { name: 'Allow' }))
}

/** On the provider's first page: says who is there. */
export async function sayName(page: Page, name = 'Ada Lovelace'): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await clickThrough(page.getByRole('button', { name: 'Log in' }))
}

/** From the home page to the first page of the app that needs the login. */
export async function logIn(
  page: Page,
  url: string,
  provider: ProviderName,
  name?: string,
): Promise<void> {
  await page.goto(url)
  await clickThrough(page.getByRole('link', { name: `Log in with ${provider}` }))
  await finishLogin(page, name)
  await page.waitForURL(url + FIRST_PAGES[provider])
}

/** What the page says above everything else. */
export async function heading(page: Page): Promise<string> {
  return (await page.getByRole('heading', { level: 1 }).innerText()).trim()
}

/** What the page shows of the access token: the same for the same token. */
export async function fingerprint(page: Page): Promise<string> {
  return page.locator('.token code').innerText()
}

/** Logs in without a real browser: fills in the provider's forms, and resolves to the app's page at the end. */
export async function logInByForms(
  browser: Browser,
  loginURL: string,
  name = 'Ada Lovelace',
): Promise<Answer> {
  const first = await browser.follow(loginURL)
  const second = await submit(browser, `${first.url}/login`, { name })
  return submit(browser, `${second.url}/consent`, { decision: 'allow' })
}

async function submit(
  browser: Browser,
  url: string,
  form: Record<string, string>,
): Promise<Answer> {
  const { location, status, text } = await browser.post(url, form)
  if (location === undefined) throw new Error(`No redirect but HTTP ${status}: ${text}`)
  return browser.follow(location)
}

/** {@link fingerprint} of a page that no real browser has. */
export function fingerprintIn({ text }: Answer): string | undefined {
  return /Access token\s*<code>(\w+)</.exec(text)?.[1]
}

/** Connects the server at this address as somebody who is logged in to the app: agrees, and fills in the server's forms. */
export async function connectByForms(
  browser: Browser,
  appURL: string,
  address: string,
  name?: string,
): Promise<Answer> {
  const query = new URLSearchParams({ resource: address, return_to: '/servers' })
  return approveByForms(browser, `${appURL}/connect/login?${query.toString()}`, name)
}

/** Approves what a server wants, from the page of the app that asks. */
export async function approveByForms(
  browser: Browser,
  connectURL: string,
  name?: string,
): Promise<Answer> {
  const question = await browser.follow(connectURL)
  const { location, status, text } = await browser.post(question.url, hiddenFieldsIn(question.text))
  if (location === undefined) throw new Error(`No redirect but HTTP ${status}: ${text}`)
  return logInByForms(browser, location, name)
}
