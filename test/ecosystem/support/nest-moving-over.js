import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { compileNest, filesIn, readPage } from './nest-guide.js'
import { startApp } from './started-app.js'

/**
 * The checks of the guide to move over, with one major of Nest.
 *
 * @param folder that has its packages
 * @param testing the entry of that name
 * @param settings `isCommonJs`
 */
export function testMovingOver(folder, { logInFetch, startTestProvider }, settings) {
  describe('an application with AuthGuard that moves over', () => {
    let provider
    let files
    before(async () => {
      files = filesIn(await readPage('moving-over/from-nest-authguard.md'))
      provider = await startTestProvider({ user: { sub: 'grace', name: 'Grace Hopper' } })
    })
    after(() => provider.close())

    for (const [index, when] of ['before', 'after'].entries()) {
      it(`${when}: lets a person log in, stay, get new tokens, and log out`, async () => {
        provider.reset()
        assert.equal(files.length, 2)
        const { main, remove } = await compileNest(folder, [files[index]], settings)
        const { issuer } = provider.options
        const app = await startApp(main, provider, { API_URL: `${issuer}/userinfo` })
        try {
          const get = await logInFetch(app.origin, '/auth/login')
          const expectGrace = async () => {
            const answer = await get('/me')
            const text = await answer.text()
            assert.equal(answer.status, 200, text + app.output())
            const { name, fromTheAPI } = JSON.parse(text)
            assert.deepEqual([name, fromTheAPI.sub], ['Grace Hopper', 'grace'])
          }
          await expectGrace()
          await expectGrace()
          assert.equal(provider.requestsTo('token').length, 1)

          provider.expireAccessTokens()
          if (when === 'before') {
            const sent = await get('/me', { redirect: 'manual' })
            assert.equal(sent.headers.get('location'), '/auth/login')
          } else {
            await expectGrace()
            assert.equal(provider.requestsTo('token').length, 2)
          }

          if (when === 'after') {
            const headers = { 'sec-fetch-site': 'cross-site' }
            assert.equal((await get('/auth/logout', { method: 'POST', headers })).status, 403)
            await expectGrace()
          }
          const left = await get('/auth/logout', { method: 'POST', redirect: 'manual' })
          const { endSessionURL } = provider.options
          const aim = when === 'after' ? endSessionURL : '/'
          assert.ok(left.headers.get('location').startsWith(aim))
          const sent = await get('/me', { redirect: 'manual' })
          assert.equal(sent.headers.get('location'), '/auth/login')
        } finally {
          await app.close()
          await remove()
        }
      })
    }
  })
}
