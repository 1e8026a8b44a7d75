import { beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryGrants, requireLogin } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { serveScopes } from '../support/scope-server.js'
import type { ScopeServer } from '../support/scope-server.js'
import { until } from '../support/until.js'

/** Logins for more at a provider that grants only what is new each time: more lines than a grant keeps. */

const HOUR = 3600
const SCOPES = ['files', 'mail', 'photos', 'notes']

const scene = setScene()
let server: ScopeServer
let browser: Browser
let store: RecordingStore
let kept: Partial<AuthorizationCodeOptions>

beforeEach(() => {
  server = serveScopes(scene.provider)
  browser = new Browser()
  store = new RecordingStore()
})

/** An app with a page for each scope, `/all` and `/token/<scope>`. Somebody is logged in. */
async function start(): Promise<TestApp> {
  const app = await scene.start({
    store,
    strategy: {
      scope: 'profile',
      revocationURL: server.revocationURL,
      revocationEnds: 'token',
      accountOf: () => 'me',
      ...kept,
    },
    routes: (routes, strategy) => {
      for (const scope of SCOPES) {
        routes.get(`/${scope}`, requireLogin({ strategy, scope }), (_req, res) => res.json({}))
        routes.get(`/token/${scope}`, (req, res, next) => {
          strategy.accessToken(req, { scope }).then((token) => res.json({ token }), next)
        })
      }
      const all = requireLogin({ strategy, scope: ['files', 'mail', 'photos'] })
      routes.get('/all', all, (_req, res) => res.json({}))
    },
  })
  await browser.follow(app.loginURL)
  return app
}

/** The scope of the token that a path shows. */
async function scopeAt({ origin }: TestApp, path = '/token'): Promise<unknown> {
  const body = bodyOf(await browser.visit(`${origin}${path}`))
  return String(body['token'] ?? body['accessToken']).split(':')[1]
}

async function grantAlone(app: TestApp, scope: string): Promise<void> {
  server.grant = () => ({ scope })
  const page = await browser.follow(`${app.origin}/${scope}`)
  expect(page.status).toBe(200)
}

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  ['tokens in the session', () => ({})],
  ['grants in a store', () => ({ grants: new MemoryGrants() })],
])('with %s', (_where, options) => {
  beforeEach(() => {
    kept = options()
  })

  it('a line that a new one covers goes before one that can do something else', async () => {
    const app = await start()
    await grantAlone(app, 'files')
    await grantAlone(app, 'mail')
    server.grant = () => ({ scope: 'files mail photos' })
    expect((await browser.follow(`${app.origin}/all`)).status).toBe(200)
    await until(() => server.revoked.length === 2)
    expect(server.revoked.toSorted()).toEqual(['refresh-2:files', 'refresh-3:mail'])
    expect(await scopeAt(app)).toBe('profile')
    advanceClock(2 * HOUR)
    expect(await scopeAt(app)).toBe('profile')
    expect(await scopeAt(app, '/token/files')).toBe('files mail photos')
  })

  it('the line that serves most requests stays, and what goes is revoked', async () => {
    const app = await start()
    for (const scope of SCOPES) await grantAlone(app, scope)
    await until(() => server.revoked.length === 2)
    expect(server.revoked).toEqual(['refresh-2:files', 'refresh-3:mail'])
    advanceClock(2 * HOUR)
    expect(await scopeAt(app)).toBe('profile')
    expect(await scopeAt(app, '/token/notes')).toBe('notes')
    expect(await scopeAt(app, '/token/photos')).toBe('photos')
  })

  it('a session does not grow', async () => {
    const app = await start()
    const sizes: number[] = []
    for (let round = 0; round < 5; round++) {
      for (const scope of SCOPES) await grantAlone(app, scope)
      const sessions = Object.values(await store.contents())
      expect(sessions).toHaveLength(1)
      sizes.push(JSON.stringify(sessions).length)
    }
    const [first = 0, last = 0] = [sizes.at(1), sizes.at(-1)]
    expect(last - first).toBeLessThan(100)
    // All but the three that are kept. One login was the first.
    await until(() => server.revoked.length === 1 + server.wanted.length - 1 - 3)
  })
})
