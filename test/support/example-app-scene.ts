import { afterAll, afterEach, beforeAll, beforeEach, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { startChromium } from './chromium.js'
import type { Chromium, Person } from './chromium.js'
import { clickThrough } from './example-app.js'

/** Somebody before the example app, with a browser of their own in each test. */
export interface ExampleScene {
  readonly app: ExampleApp
  readonly page: Page
  /** The token requests that its providers have answered: tenant, grant type and status. */
  readonly granted: readonly string[]
  /** Opens a page of the app. */
  readonly open: (path: string) => Promise<unknown>
  /** Clicks on a button or a link, and waits until the page that it leads to is there. */
  readonly click: (name: string) => Promise<void>
  /** Lets somebody in with another browser. */
  readonly arrive: () => Promise<Person>
  /** What the page says. */
  readonly text: () => Promise<string>
}

/** Sets the scene of a `describe`. A test fails if the browser has complained, or the app has had an error. */
export function setExampleScene(executable: string): ExampleScene {
  let chromium: Chromium
  let app: ExampleApp
  let person: Person
  const granted: string[] = []
  const errors: unknown[] = []

  beforeAll(async () => {
    chromium = await startChromium(executable)
  })
  beforeEach(async () => {
    granted.length = 0
    errors.length = 0
    app = await startExampleApp({
      authorizationServer: {
        onTokenRequest: ({ parameters, status, tenant }) =>
          granted.push(`${tenant} ${parameters['grant_type']} ${status}`),
      },
      onError: (error) => errors.push(error),
    })
    person = await chromium.arrive()
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    const { complaints } = person
    await chromium.empty()
    await app.close()
    const wrong = [...complaints, ...errors].map(String)
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  })
  afterAll(() => chromium.close())

  return {
    get app() {
      return app
    },
    get page() {
      return person.page
    },
    granted,
    arrive: () => chromium.arrive(),
    open: (path) => person.page.goto(app.url + path),
    click: (name) =>
      clickThrough(
        person.page
          .getByRole('button', { name, exact: true })
          .or(person.page.getByRole('link', { name, exact: true })),
      ),
    text: () => person.page.locator('main').innerText(),
  }
}
