import { setImmediate } from 'node:timers'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import type { LoginSession } from '../../src/lib/login-request.js'
import { callSession } from '../../src/session/call-store.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What the store has returned, as long as somebody holds it. */
const returned: WeakRef<object>[] = []

/** A store that destroys a session some time after it was asked for a new one. */
class SlowStore {
  regenerate(done: () => void): void {
    setImmediate(() => {
      this.destroy()
      done()
    })
  }

  destroy(): object {
    const result = {}
    returned.push(new WeakRef(result))
    return result
  }
}

describe('a call of a session', () => {
  it('holds nothing of what the store does later, by itself', async () => {
    const req = { sessionStore: new SlowStore() }
    const session = { req } as unknown as LoginSession
    for (let call = 0; call < 3; call++) {
      await callSession('Changing the session id', session, (done) =>
        req.sessionStore.regenerate(done),
      )
    }
    // A WeakRef holds its object until the present turn is over.
    await turn()
    collectGarbage()
    expect(returned.map((one) => one.deref())).toEqual([undefined, undefined, undefined])
  })
})
