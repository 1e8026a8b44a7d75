import { expect } from '@jest/globals'
import { AuthorizationCodeError } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { expectNoneOf } from '../support/errors.js'
import { Browser } from '../support/http.js'
import { bodyOf, sessionIdOf, startLogin } from '../support/login.js'
import type { StartedLogin } from '../support/login.js'
import { sendRaw } from './raw-http.js'
import type { RawAnswer, RawRequest } from './raw-http.js'
import type { Secrets } from './strict-provider.js'

/** A person's browser at the application, through which something strange is sent. */
export interface Visitor {
  readonly browser: Browser
  /** Sends a strange request with the browser's cookies, or others, and keeps those that come back. */
  send(request: RawRequest, cookies?: string): Promise<RawAnswer>
  startLogin(): Promise<StartedLogin>
  isLoggedIn(): Promise<boolean>
  /** Logs in by a callback, or from the beginning, and fails the test if that does not work. */
  expectLogin(callback?: string): Promise<void>
}

/** A new visitor of `app`. */
export function visitorOf(app: TestApp): Visitor {
  const browser = new Browser()
  const visitor: Visitor = {
    browser,
    startLogin: () => startLogin(browser, app.loginURL),

    async send(request, cookies = cookiesOf(browser, app.origin)) {
      const headers = [
        ...(request.headers ?? []),
        ...(cookies === '' ? [] : [`Cookie: ${cookies}`]),
      ]
      const answer = await sendRaw(app.origin, { ...request, headers })
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
        browser.setCookie(app.origin, name, value)
      }
      return answer
    },

    async isLoggedIn() {
      return bodyOf(await browser.visit(`${app.origin}/`))['user'] !== null
    },

    async expectLogin(callback) {
      const url = callback ?? (await visitor.startLogin()).callback
      const page = await browser.visit(url)
      expect([page.status, page.location]).toEqual([302, `${app.origin}/`])
      expect(await visitor.isLoggedIn()).toBe(true)
    },
  }
  return visitor
}

/** The browser's `Cookie` header. */
export function cookiesOf(browser: Browser, origin: string): string {
  return [...browser.cookies(origin)].map(([name, value]) => `${name}=${value}`).join('; ')
}

/** Every status that these routes answer strange requests with. */
const STATUSES = [302, 303, 400, 403, 404, 413, 415, 431, 500, 502]

/**
 * What holds of every answer, whatever was asked: a known status, a redirect to this origin or to the
 * provider, with our own callback, and no secret in the page or in an error.
 */
export function expectCalm(
  answer: RawAnswer,
  app: TestApp,
  { authorizationURL, secrets }: { authorizationURL: string; secrets: Secrets },
): void {
  // A script that has logged out is told so in JSON.
  const isToldOfLogout = answer.status === 200 && answer.text === '{"logoutURL":null}'
  if (!isToldOfLogout) expect(STATUSES).toContain(answer.status)
  const location = answer.headers.get('location')
  if (location?.startsWith(`${authorizationURL}?`)) {
    expect(new URL(location).searchParams.getAll('redirect_uri')).toEqual([app.callbackURL])
  } else if (location !== null) {
    expect(location).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
    expect(secrets.all.filter((secret) => location.includes(secret))).toEqual([])
  }
  expect(secrets.all.filter((secret) => answer.text.includes(secret))).toEqual([])
  for (const error of app.errors.splice(0)) {
    // What has no class of ours is the body parser's, about what it cannot read.
    const isOfParser = [400, 413, 415].includes((error as { status?: number }).status ?? 0)
    expect(error instanceof AuthorizationCodeError || isOfParser).toBe(true)
    expectNoneOf(secrets.all, error)
  }
}

/** The session has nothing in it but what we and Passport put there. */
export async function expectCleanSession(app: TestApp, browser: Browser): Promise<void> {
  const id = sessionIdOf(browser, app.origin)
  if (id === undefined) return
  const session = await new Promise<object>((resolve) => {
    app.store.get(id, (_error, found) => resolve(found ?? {}))
  })
  const known = ['cookie', 'passport', `oauth2:${app.strategy.name}`]
  expect(Object.keys(session).filter((name) => !known.includes(name))).toEqual([])
}
