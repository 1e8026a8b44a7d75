import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { StorageError } from '../../src/errors/errors.js'
import type { GrantEngine } from '../../src/grants/engine.js'
import { partsOf } from '../../src/grants/grants.js'
import type { GrantParts, Grants } from '../../src/grants/grants.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { RefreshWays } from '../../src/grants/refresh-ways.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { grantsIn } from '../support/grant-modes.js'
import { until } from '../support/until.js'

const GRANT = 'ada'
const STRATEGY = 'the strategy'

let inner: GrantStore
/** What the store does with a method, once for each call; it does what it is told by default. */
let faults: Partial<Record<keyof GrantStore, 'refused' | 'done, but not answered'>>
let calls: (keyof GrantStore)[]
let store: GrantStore
let grants: Grants
let asked: (string | undefined)[]

beforeEach(() => {
  inner = createMemoryStore()
  faults = {}
  calls = []
  asked = []
  store = new Proxy(inner, {
    get(target, name: keyof GrantStore) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>
      return async (...args: unknown[]) => {
        await setImmediate()
        calls.push(name)
        const fault = faults[name]
        if (fault === 'refused') throw new Error('refused')
        const answer = await method(...args)
        if (fault !== undefined) throw new Error('no answer')
        return answer
      }
    },
  })
})

const ways: RefreshWays = {
  strategy: STRATEGY,
  refresh: (tokens, { beforeWrite }) => {
    beforeWrite()
    asked.push(tokens.refreshToken)
    const number = asked.length + 1
    beforeCommit()
    return Promise.resolve({
      accessToken: `access-${number}`,
      refreshToken: `refresh-${number}`,
      tokenType: 'bearer',
    })
  },
  refusalOf: () => undefined,
  revoke: () => Promise.resolve(),
  onRefused: () => undefined,
  around: (renewal) => renewal(),
  connections: {
    acquire: () => Promise.resolve({ release: () => undefined, waited: false }),
    pause: () => undefined,
    pausedForMs: () => 0,
  },
  refreshBeforeSeconds: 60,
  timeoutMs: 10_000,
  renewInBackground: true,
}

let beforeCommit: () => void = () => undefined

/** The engine of a process that has the test's store, after a login. */
async function startLoggedIn(): Promise<GrantEngine> {
  grants = grantsIn(store)
  const { engine } = partsOf(grants)
  await engine.begin(GRANT, {
    strategy: STRATEGY,
    tokens: { accessToken: 'access-1', refreshToken: 'refresh-1', tokenType: 'bearer' },
    lifetimeMs: 1_000_000,
    of: { names: [] },
  })
  beforeCommit = () => undefined
  return engine
}

async function renewed(engine: GrantEngine, refused: string): Promise<string> {
  return (await engine.freshLine(GRANT, ways, { refused })).tokens.accessToken
}

async function storedToken(): Promise<string | undefined> {
  const { engine } = partsOf(grantsIn(inner))
  return (await engine.read(GRANT, STRATEGY))?.lines[0]?.tokens.accessToken
}

describe('an answer of the provider that the store', () => {
  it('refuses is handed out, and offered again until the store has it', async () => {
    const engine = await startLoggedIn()
    beforeCommit = () => (faults = { compareAndSet: 'refused' })
    expect(await renewed(engine, 'access-1')).toBe('access-2')
    expect(await storedToken()).toBe('access-1')
    expect(await engine.idle(STRATEGY, 0)).toBe(1)

    faults = {}
    await until(async () => (await storedToken()) === 'access-2')
    await until(async () => (await engine.idle(STRATEGY, 0)) === 0)
    expect(asked).toEqual(['refresh-1'])
  })

  it('has taken without saying so is found there, and not written twice', async () => {
    const engine = await startLoggedIn()
    beforeCommit = () => (faults = { compareAndSet: 'done, but not answered' })
    expect(await renewed(engine, 'access-1')).toBe('access-2')
    faults = {}
    expect(await storedToken()).toBe('access-2')
    expect(await renewed(engine, 'access-2')).toBe('access-3')
    expect(asked).toEqual(['refresh-1', 'refresh-2'])
  })

  it('has not taken yet is what the next caller gets, and no other refresh is sent', async () => {
    const engine = await startLoggedIn()
    beforeCommit = () => (faults = { compareAndSet: 'refused' })
    expect(await renewed(engine, 'access-1')).toBe('access-2')
    faults = {}
    expect(await renewed(engine, 'access-1')).toBe('access-2')
    expect(await storedToken()).toBe('access-2')
    expect(asked).toEqual(['refresh-1'])
  })
})

describe('the end of a grant', () => {
  it('that the store refuses holds in this process, and is written when the store accepts it', async () => {
    const engine = await startLoggedIn()
    faults = { compareAndSet: 'refused' }
    const ended = await engine.end(GRANT)
    expect(ended?.tokens).toEqual([expect.objectContaining({ accessToken: 'access-1' })])
    await expect(engine.freshLine(GRANT, ways)).rejects.toThrow()
    expect(await storedToken()).toBe('access-1')
    faults = {}
    await expect(engine.freshLine(GRANT, ways)).rejects.toMatchObject({
      code: 'ERR_LOGIN_REQUIRED',
    })
    expect(await storedToken()).toBeUndefined()
  })

  it('that the store refuses costs few commands until it accepts it', async () => {
    const engine = await startLoggedIn()
    faults = { compareAndSet: 'refused' }
    await engine.end(GRANT)
    await expect(engine.freshLine(GRANT, ways)).rejects.toThrow()
    calls.length = 0
    for (let turn = 0; turn < 200; turn++) await setImmediate()
    const meanwhile = calls.length
    faults = {}
    expect(meanwhile).toBeLessThan(20)
  })
})

describe('a store that fails', () => {
  it('is a StorageError for those who need a look, and no refresh is sent', async () => {
    const engine = await startLoggedIn()
    faults = { get: 'refused' }
    await expect(renewed(engine, 'access-1')).rejects.toThrow(StorageError)
    faults = { compareAndSet: 'refused' }
    await expect(renewed(engine, 'access-1')).rejects.toThrow(StorageError)
    expect(asked).toEqual([])
    faults = {}
    expect(await renewed(engine, 'access-1')).toBe('access-2')
  })

  it.each<[string, keyof GrantStore, (parts: GrantParts) => Promise<unknown>]>([
    ['looks for grants', 'linked', ({ index }) => firstOf(index.list('account/ada'))],
    ['asks whether a session was destroyed', 'get', ({ claims }) => claims.isSessionEnded('s')],
  ])('gets back what it has lost, also if a process only %s', async (_, method, work) => {
    await startLoggedIn()
    const parts = partsOf(grants)
    faults = { [method]: 'refused' }
    await expect(work(parts)).rejects.toThrow(StorageError)
    Object.assign(inner, createMemoryStore())
    faults = {}
    expect(await storedToken()).toBeUndefined()
    await work(parts)
    await until(async () => (await storedToken()) === 'access-1')
  })
})

describe('a store that has lost links', () => {
  it('gets them back with their grants, except those of what has ended', async () => {
    const engine = await startLoggedIn()
    const { index } = partsOf(grants)
    await engine.begin('eve', {
      strategy: STRATEGY,
      tokens: { accessToken: 'access-of-eve', tokenType: 'bearer' },
      lifetimeMs: 1_000_000,
      of: { names: [] },
    })
    await index.link('eve', ['account/eve'], 1_000_000)
    await index.link(GRANT, ['account/ada'], 1_000_000)
    await engine.end('eve')
    faults = { linked: 'refused' }
    await expect(firstOf(index.list('account/ada'))).rejects.toThrow(StorageError)
    Object.assign(inner, createMemoryStore())
    faults = {}
    expect(await firstOf(index.list('account/ada'))).toEqual([])
    await until(async () => (await inner.linked('account/ada', 10)).includes(GRANT))
    expect(await inner.linked('account/eve', 10)).toEqual([])
  })
})

async function firstOf(list: AsyncIterable<readonly string[]>): Promise<readonly string[]> {
  for await (const ids of list) return ids
  return []
}
