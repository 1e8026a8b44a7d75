import { expect } from '@jest/globals'
import { Browser } from '../../support/http.js'
import type { Page } from '../../support/http.js'
import { followWithin } from '../../support/recipe.js'
import { codeFor } from './google.js'

/** What people do in the application of the guide from passport-google-oauth20. */
export interface GoogleLogins {
  /** Starts a login. Resolves to what Google is asked for. */
  readonly begin: (browser: Browser) => Promise<URLSearchParams>
  /** Comes back from Google, and goes where the application sends the browser. */
  readonly finish: (browser: Browser, person: string, asked: URLSearchParams) => Promise<Page>
  /** Logs in, and sees the own calendars. */
  readonly logIn: (person: string, browser?: Browser) => Promise<Browser>
  readonly calendars: (browser: Browser) => Promise<Page>
}

/**
 * Creates {@link GoogleLogins}.
 *
 * @param prompt what the login route asks Google with
 */
export function createGoogleLogins(
  scene: { readonly url: string },
  prompt: string | null,
): GoogleLogins {
  async function begin(browser: Browser): Promise<URLSearchParams> {
    const { location = '' } = await browser.visit(`${scene.url}/auth/google`)
    expect(location).toContain('https://accounts.google.com/o/oauth2/v2/auth?')
    return new URL(location).searchParams
  }

  function finish(browser: Browser, person: string, asked: URLSearchParams): Promise<Page> {
    const state = asked.get('state')
    const answer = new URLSearchParams({
      code: codeFor(person, asked),
      ...(state !== null && { state }),
    })
    return followWithin(browser, `${asked.get('redirect_uri')}?${answer.toString()}`)
  }

  return {
    begin,
    finish,
    async logIn(person, browser = new Browser()) {
      const asked = await begin(browser)
      expect([asked.get('access_type'), asked.get('prompt')]).toEqual(['offline', prompt])
      expectCalendars(await finish(browser, person, asked), person)
      return browser
    },
    calendars: (browser) => browser.visit(`${scene.url}/calendar`),
  }
}

/** The page shows the person's calendars. */
export function expectCalendars({ status, text }: Page, person: string): void {
  expect([status, text]).toEqual([200, JSON.stringify({ calendarsOf: person })])
}
