import { describe, expect, it, jest } from '@jest/globals'
import express from 'express'
import type { ErrorRequestHandler } from 'express'
import session, { MemoryStore } from 'express-session'
import { guardSessionStore } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
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
  readonly breakNow: (method: Method, way: (...given: unknown[]) => unknown) => void
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

describe.each(Object.entries(WAYS))(
  'express-session itself, with a store that %s',
  (_way, fail) => {
    it.each(['/', '/reload'])(
      'answers GET %s with a StorageError if it cannot be read, and goes on afterwards',
      async (path) => {
        const { store, breakNow } = breakableStore()
        const server = await listen(
          express()
            .use(
              session({
                store: guardSessionStore(store),
                secret: 'secret',
                resave: false,
                saveUninitialized: true,
              }),
            )
            .get('/reload', (req, res, next) => {
              breakNow('get', fail)
              req.session.reload((error) => (error ? next(error) : res.json({})))
            })
            .get('/', (_req, res) => res.json({}))
            .use(((error: { code?: string }, _req, res, _next) => {
              res.status(503).json({ code: error.code })
            }) satisfies ErrorRequestHandler),
        )
        const browser = new Browser()
        await browser.visit(`${server.origin}/`)
        if (path === '/') breakNow('get', fail)

        const page = await browser.visit(server.origin + path)

        expect(bodyOf(page)).toEqual({ code: 'ERR_STORAGE' })
        jest.restoreAllMocks()
        expect((await browser.visit(`${server.origin}/`)).status).toBe(200)
        await server.close()
      },
    )
  },
)

it('takes a file that is not there for no session, as express-session does', async () => {
  const { store, breakNow } = breakableStore()
  breakNow('get', (...given: unknown[]) => {
    const done = given[1] as (error: unknown) => void
    done(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
  })
  const found = await new Promise((resolve, reject) => {
    guardSessionStore(store).get('a', (error: Error | null, data) => {
      if (error) reject(error)
      else resolve(data)
    })
  })
  expect(found).toBeNull()
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
