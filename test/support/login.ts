import type { Browser, Page } from './http.js'
import { json, tokenResponse } from './scripted-provider.js'
import type { RecordedRequest, ScriptedProvider } from './scripted-provider.js'

/** A login that was started and not finished. */
export interface StartedLogin {
  /** The authorization request's parameters. */
  readonly request: URLSearchParams
  readonly state: string
  /** Where the provider sends the browser: `redirect_uri` with an honest response. */
  readonly callback: string
}

/** Starts a login and lets the provider answer it, without loading the callback. */
export async function startLogin(browser: Browser, loginURL: string): Promise<StartedLogin> {
  const { location, status, text } = await browser.visit(loginURL)
  if (location === undefined) throw new Error(`No redirect but HTTP ${status}: ${text}`)
  const request = new URL(location).searchParams
  const { location: callback = '' } = await browser.visit(location)
  return { request, state: request.get('state') ?? '', callback }
}

/** The same callback with parameters replaced, or, where the value is `undefined`, left out. */
export function changed(
  callback: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const url = new URL(callback)
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  return url.href
}

/** What the provider was asked, such as `POST /token`, oldest first. */
export function asked(provider: ScriptedProvider): readonly string[] {
  return provider.requests.map(({ method, path }) => `${method} ${path}`)
}

/** What one honest login asks the provider. */
export const ONE_LOGIN: readonly string[] = ['POST /token', 'GET /me']

/** The form of a token request. */
export function formOf(request: RecordedRequest | undefined): URLSearchParams {
  return new URLSearchParams(request?.body)
}

/** From now on the code says who logs in: `code-of-grace` is exchanged for Grace's tokens and profile. */
export function logInWhomTheCodeNames(provider: ScriptedProvider): void {
  provider.onToken((request, response) => {
    const code = formOf(request).get('code') ?? ''
    const name = code.replace('code-of-', '')
    json(tokenResponse({ access_token: `token-of-${name}` }))(request, response)
  })
  provider.onProfile((request, response) => {
    const name = (request.headers.authorization ?? '').replace('Bearer token-of-', '')
    json({ sub: name, name })(request, response)
  })
}

/** Logs a person in from beginning to end, after {@link logInWhomTheCodeNames}. */
export async function logInAs(name: string, browser: Browser, loginURL: string): Promise<Page> {
  const { callback } = await startLogin(browser, loginURL)
  return browser.visit(changed(callback, { code: `code-of-${name}` }))
}

/** The id of the browser's session, as its cookie says. */
export function sessionIdOf(browser: Browser, origin: string): string | undefined {
  const cookie = browser.cookies(origin).get('connect.sid')
  return cookie === undefined ? undefined : /^s:([^.]+)\./.exec(decodeURIComponent(cookie))?.[1]
}

/** What a page answered as JSON. */
export function bodyOf(page: Page): Record<string, unknown> {
  return JSON.parse(page.text) as Record<string, unknown>
}
