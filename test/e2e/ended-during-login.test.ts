import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { guardSessionStore } from '../../src/index.js'
import { grantsIn } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
let openId: OpenIdProvider
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its store
const { set } = MemoryStore.prototype

beforeEach(async () => {
  openId = await speakOpenId(scene.provider)
})
afterEach(() => {
  MemoryStore.prototype.set = set
})

/** Does something when the session of a login is about to be stored: its grant is stored already. */
function beforeSessionIsStored(work: () => Promise<unknown>): void {
  let isDone = false
  MemoryStore.prototype.set = function (this: MemoryStore, ...given) {
    const [, session] = given
    if (isDone || !('passport' in session)) {
      set.apply(this, given)
      return
    }
    isDone = true
    void work().finally(() => set.apply(this, given))
  }
}

describe.each(['tokens in the session', 'grants in a store', 'grants in a store, guarded'])(
  'a logout that is confirmed before the session of the login is stored (%s)',
  (where) => {
    it.each(['the provider’s logout', 'endGrant'])('ends that login: %s', async (how) => {
      const store = createMemoryStore()
      const kept = where === 'tokens in the session' ? {} : { grants: grantsIn(store) }
      if (how === 'endGrant' && kept.grants === undefined) return
      const sessions = new MemoryStore()
      const app = await scene.start({
        store: where.endsWith('guarded') ? guardSessionStore(sessions, kept) : sessions,
        strategy: {
          ...openId.options,
          ...kept,
          backchannelLogout: true,
          accountOf: () => 'account-of-ada',
        },
      })
      let ended: unknown
      beforeSessionIsStored(async () => {
        if (how === 'endGrant') ended = await app.strategy.endGrant({ account: 'account-of-ada' })
        else {
          const form = { logout_token: await openId.logoutToken() }
          const page = await new Browser().post(`${app.origin}/auth/backchannel-logout`, form)
          ended = page.status
        }
      })
      const browser = new Browser()
      await browser.follow(app.loginURL)
      expect(ended).toBe(how === 'endGrant' ? 1 : 200)
      // Without requireLogin, which would look at the grant: what Passport finds in the session.
      expect((await browser.visit(`${app.origin}/`)).text).toBe('{"user":null}')
    })
  },
)
