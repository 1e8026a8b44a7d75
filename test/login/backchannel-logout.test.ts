import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { createClaims } from '../../src/grants/claims.js'
import { createGrantIndex } from '../../src/grants/grant-index.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { LoginRequest } from '../../src/lib/login-request.js'
import { createBackchannelLogout } from '../../src/login/backchannel-logout.js'
import { systemClock } from '../../src/lib/clock.js'

const SETTINGS = { issuer: 'https://login.example.com', clientID: 'client-1' }
const NAME = { kind: 'sub', name: 'sub/ada' } as const
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

function requestWith(token: string): LoginRequest {
  return { body: { logout_token: token }, sessionStore: {} } as unknown as LoginRequest
}

/** An index in which `count` logins are listed under the name. */
async function indexOf(count: number) {
  const store = createMemoryStore()
  for (let id = 0; id < count; id++) await store.link(NAME.name, `login-${id}`, 1e6)
  return { store, index: createGrantIndex(store) }
}

describe('ending all that is listed under a name', () => {
  it('lets others run in between, though nothing has to be waited for', async () => {
    const { index } = await indexOf(1_000)
    let sinceOthersRan = 0
    let longest = 0
    const done = index.end({ name: NAME, at: 1 }, () => {
      longest = Math.max(longest, ++sinceOthersRan)
      return Promise.resolve([])
    })
    const state = { isDone: false }
    void done.then(() => (state.isDone = true))
    while (!state.isDone) {
      await setImmediate()
      sinceOthersRan = 0
    }
    expect(longest).toBeLessThanOrEqual(5)
  })

  it('goes on in another process where one has stopped, and looks at nothing twice that has ended', async () => {
    const { store, index } = await indexOf(100)
    let left = 42
    const first: string[] = []
    const isKilled = index.end({ name: NAME, at: 1 }, (id) => {
      if (left-- <= 0) return new Promise(() => undefined)
      first.push(id)
      return Promise.resolve([])
    })
    void isKilled
    while (left >= 0) await setImmediate()
    for (let round = 0; round < 100; round++) await setImmediate()
    const second: string[] = []
    await createGrantIndex(store).end({ name: NAME, at: 1 }, (id) => {
      second.push(id)
      return Promise.resolve([])
    })
    expect(second.length).toBeLessThanOrEqual(60)
    expect(new Set([...first, ...second]).size).toBe(100)
    await expect(store.linked(NAME.name, 10)).resolves.toEqual([])
  })

  it('keeps those listed that live on or that fail, and takes the others out of all their names', async () => {
    const { store, index } = await indexOf(12)
    for (let id = 0; id < 12; id++) await store.link('account', `login-${id}`, 1e6)
    const done = index.end({ name: NAME, at: 1 }, (id) => {
      if (id === 'login-3') return Promise.reject(new Error('away'))
      return Promise.resolve(id === 'login-7' ? undefined : ['account'])
    })
    await expect(done).rejects.toThrow('away')
    for (const name of [NAME.name, 'account']) {
      await expect(store.linked(name, 100)).resolves.toEqual(['login-3', 'login-7'])
    }
  })
})

describe('a logout token that ends more than can be ended while a provider waits', () => {
  it('is refused for now, goes on, is joined when it comes again, and then counts as used', async () => {
    const timers: (() => void)[] = []
    const clock = {
      ...systemClock,
      timer: (_ms: number, run: () => void) => {
        timers.push(run)
        return () => undefined
      },
    }
    let runs = 0
    let finish: () => void = () => undefined
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    const iat = Math.floor(Date.now() / 1000)
    const logOut = createBackchannelLogout({
      settings: SETTINGS,
      clock,
      verifyJwt: () => Promise.resolve({ iat, jti: 'logout-1', sub: 'ada', events: EVENTS }),
      claims: createClaims(createMemoryStore()),
      index: {
        end: () => {
          runs += 1
          return runs === 1 ? slow : Promise.resolve()
        },
      },
      endLogin: () => Promise.resolve([]),
    })
    const unheard = logOut(requestWith('token'))
    while (timers.length < 1) await setImmediate()
    timers[0]?.()
    await expect(unheard).rejects.toMatchObject({ code: 'ERR_LOGOUT_UNFINISHED', status: 400 })

    const again = logOut(requestWith('token'))
    const atOnce = logOut(requestWith('token'))
    while (timers.length < 3) await setImmediate()
    expect(runs).toBe(1)
    finish()
    await expect(Promise.all([again, atOnce])).resolves.toEqual([undefined, undefined])
    await expect(logOut(requestWith('token'))).rejects.toMatchObject({ code: 'ERR_LOGOUT_TOKEN' })
  })
})
