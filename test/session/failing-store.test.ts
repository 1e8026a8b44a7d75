import { describe, expect, it, jest } from '@jest/globals'
import { MemoryStore } from 'express-session'
import { guardSessionStore } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { bodyOf, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'

const scene = setScene()

/** How a store can fail in ways that express-session does not expect. */
const WAYS = {
  'throws at once': () => {
    throw new Error('the disk is full')
  },
  'rejects a promise and never calls back': () => Promise.reject(new Error('the disk is full')),
  'rejects a promise of its own kind': () => ({
    then: (_done: unknown, failed: (error: Error) => void) => failed(new Error('the disk is full')),
  }),
} as const

type Method = 'get' | 'set' | 'destroy'

/** A store whose methods fail as soon as the test says so. */
function breakableStore(): {
  store: MemoryStore
  readonly breakNow: (method: Method, way: () => unknown) => void
} {
  const store = new MemoryStore()
  return {
    store,
    breakNow: (method, way) => void jest.spyOn(store, method).mockImplementation(way as never),
  }
}

/** What the library does, and the method of the store that it cannot do without. */
const PATHS: readonly (readonly [
  string,
  Method,
  (app: TestApp, browser: Browser) => Promise<string>,
])[] = [
  ['starting a login', 'set', (app) => Promise.resolve(app.loginURL)],
  [
    'finishing a login, when the old session is destroyed',
    'destroy',
    async (app, browser) => (await startLogin(browser, app.loginURL)).callback,
  ],
  [
    'finishing a login, when the new session is written',
    'set',
    async (app, browser) => (await startLogin(browser, app.loginURL)).callback,
  ],
  [
    'logging out',
    'destroy',
    async (app, browser) => {
      await browser.follow(app.loginURL)
      return `${app.origin}/auth/logout`
    },
  ],
]

describe.each(Object.entries(WAYS))('a session store that %s', (_way, fail) => {
  describe.each([
    ['as it is', (store: MemoryStore) => store],
    ['under guardSessionStore', (store: MemoryStore) => guardSessionStore(store)],
  ])('%s', (_how, prepare) => {
    it.each(PATHS)('fails %s with a StorageError: %s', async (_what, method, prepared) => {
      const { store, breakNow } = breakableStore()
      const app = await scene.start({ store: prepare(store) })
      const browser = new Browser()
      const url = await prepared(app, browser)
      breakNow(method, fail)

      const page = url.endsWith('/logout') ? await browser.post(url) : await browser.visit(url)

      expect(bodyOf(page)).toEqual({ code: 'ERR_STORAGE' })
      expect(page.status).toBe(503)
    })
  })
})

it('says so when cookie-session is used in place of express-session', async () => {
  const app = await scene.start({
    session: false,
    routes: (router) =>
      router.use((req, _res, next) => {
        Object.assign(req, { session: { isNew: true } })
        next()
      }),
  })
  expect((await new Browser().visit(app.loginURL)).status).toBe(500)
  expect(app.errors).toEqual([
    expect.objectContaining({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('cookie-session cannot be used') as unknown,
    }),
  ])
})
