import { beforeEach, expect, it } from '@jest/globals'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { requireLogin } from '../../src/index.js'
import type { GrantStore } from '../../src/index.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { setScene } from '../support/scene.js'
import { serveScopes } from '../support/scope-server.js'
import type { ScopeServer } from '../support/scope-server.js'
import { until } from '../support/until.js'

/** A login for more while one read of the grants' store fails, each in its turn. */

const READS = [0, 1, 2, 3, 4, 5]

const scene = setScene()
let server: ScopeServer

beforeEach(() => {
  server = serveScopes(scene.provider)
})

/** A store of which one read from now on fails. */
function failingStore(): GrantStore & { failAt: (read: number) => void } {
  const store = createMemoryStore()
  let left = -1
  return {
    ...store,
    failAt(read) {
      left = read
    },
    get(id) {
      left -= 1
      return left === -1 ? Promise.reject(new Error('The store fails.')) : store.get(id)
    },
  }
}

it.each(READS)('leaves no token alive that nobody has if read %i fails', async (read) => {
  const store = failingStore()
  const app = await scene.start({
    strategy: {
      scope: 'profile',
      revocationURL: server.revocationURL,
      revocationEnds: 'token',
      accountOf: () => 'me',
      grants: grantsIn(store),
    },
    routes: (routes, strategy) => {
      routes.get('/files', requireLogin({ strategy, scope: 'files' }), (_req, res) => res.json({}))
    },
  })
  const browser = new Browser()
  await browser.follow(app.loginURL)
  const sent = await browser.visit(`${app.origin}/files`)
  const { location = '' } = await browser.visit(sent.location ?? '')
  store.failAt(read)
  await browser.visit(location)
  store.failAt(-1)
  await browser.post(`${app.origin}/auth/logout`)
  const exchanges = scene.provider.requests.filter(({ path }) => path === '/token').length
  await until(() => server.revoked.length === exchanges)
  expect(server.revoked).toHaveLength(exchanges)
})
