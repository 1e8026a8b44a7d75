import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { logInFetch, startTestProvider } from 'passport-authorization-code/testing'
import { startApp } from '../../support/started-app.js'
import { BUNDLERS } from '../bundles.js'

const entry = fileURLToPath(new URL('../apps/app.js', import.meta.url))

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  describe(`a bundle by ${name}`, () => {
    let folder
    let provider
    let app
    before(async () => {
      // Elsewhere, so that no package is found but those in the bundle.
      folder = await mkdtemp(join(tmpdir(), 'bundle-'))
      provider = await startTestProvider()
      app = await startApp(await bundle(entry, folder), provider)
    })
    after(async () => {
      await Promise.all([app?.close(), provider?.close()])
      await rm(folder, { recursive: true, force: true })
    })

    it('logs people in, refreshes their tokens, and logs them out', async () => {
      const browse = await logInFetch(app.origin, '/auth/login')
      provider.expireAccessTokens()
      const me = await browse('/me')
      assert.deepEqual([me.status, (await me.json()).sub], [200, 'ada'])
      assert.equal(provider.requestsTo('token').length, 2)
      const init = { method: 'POST', headers: { origin: app.origin } }
      assert.equal((await browse('/auth/logout', init)).status, 303)
      assert.equal((await browse('/me')).status, 401)
    })

    it('traces each step', async () => {
      const { names } = await (await fetch(`${app.origin}/spans`)).json()
      const steps = new Set(names.map((one) => one.split(' ').at(-1)))
      for (const step of ['login', 'exchange', 'callback', 'refresh', 'revocation']) {
        assert.ok(steps.has(step), `no span of ${step} in ${[...steps]}`)
      }
    })
  })
}
