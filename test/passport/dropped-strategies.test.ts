import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, jest } from '@jest/globals'
import { MemoryStore } from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  ConfigurationError,
  guardSessionStore,
  MemoryGrants,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { guardOf } from '../../src/session/session-guard.js'
import { takeRsaKeyPair } from '../support/keys.js'

// Collecting takes seconds on a busy machine.
jest.setTimeout(120_000)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Lets promises and timers settle in between: what they hold is still in use. */
async function collect(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await setImmediate()
    collectGarbage()
  }
}

const OPTIONS: AuthorizationCodeOptions = {
  issuer: 'https://login.example.com',
  authorizationURL: 'https://login.example.com/authorize',
  tokenURL: 'https://login.example.com/token',
  jwksURL: 'https://login.example.com/keys',
  revocationURL: 'https://login.example.com/revoke',
  clientID: 'client-1',
  clientSecret: 'secret-1',
  scope: 'openid',
  callbackURL: 'https://your-app.com/auth/callback',
}

/** Creates strategies, as an application does for its tenants, and drops all of them. */
function createAndDrop(
  count: number,
  optionsOf: (number: number) => Partial<AuthorizationCodeOptions>,
  use: (strategy: AuthorizationCodeStrategy) => unknown = () => undefined,
): readonly WeakRef<object>[] {
  return Array.from({ length: count }, (_, number) => {
    const strategy = new AuthorizationCodeStrategy({
      ...OPTIONS,
      name: `tenant-${number}`,
      clientID: `client-${number}`,
      ...optionsOf(number),
    })
    use(strategy)
    return new WeakRef(strategy)
  })
}

function kept(strategies: readonly WeakRef<object>[]): number {
  return strategies.filter((one) => one.deref() !== undefined).length
}

const { privateKey } = takeRsaKeyPair()
const grants = new MemoryGrants()

describe.each<[string, Partial<AuthorizationCodeOptions>]>([
  ['with tokens in the sessions', {}],
  ['with back-channel logout', { backchannelLogout: true }],
  ['with keys', { privateKey, clientSecret: undefined, dpopKey: privateKey }],
  ['with grants that they share', { grants }],
])('strategies %s', (_, options) => {
  it('are collected when the application has dropped them', async () => {
    const strategies = createAndDrop(50, () => options)
    await collect()
    expect(kept(strategies)).toBe(0)
  })

  it('leave nothing behind that grows with their number', async () => {
    createAndDrop(100, () => options)
    await collect()
    const before = process.memoryUsage().heapUsed
    createAndDrop(400, () => options)
    await collect()
    const bytesOfEach = (process.memoryUsage().heapUsed - before) / 400
    expect(bytesOfEach).toBeLessThan(1_000)
  })
})

describe('a strategy that authRouter has mounted', () => {
  it('is collected when Passport has forgotten it too', async () => {
    const strategies = createAndDrop(50, () => ({ grants }), authRouter)
    await collect()
    expect(kept(strategies)).toBe(50)
    for (let number = 0; number < 50; number++) passport.unuse(`tenant-${number}`)
    await collect()
    expect(kept(strategies)).toBe(0)
  })
})

describe('what corrects sessions as they are written', () => {
  const cookie = { originalMaxAge: null, path: '/' }
  const old = { version: 1 }
  const newer = { version: 2 }

  it('is collected with what it belongs to, and corrects nothing then', async () => {
    const store = new MemoryStore()
    const guarded = guardSessionStore(store)
    const write = async (id: string): Promise<unknown> => {
      await new Promise((resolve) => guarded.set(id, { cookie, key: old } as never, resolve))
      return new Promise((resolve) => {
        store.get(id, (_error, found) => resolve((found as unknown as { key: unknown }).key))
      })
    }
    const owners = [correctFor(guarded)]
    await collect()
    expect(await write('a')).toEqual(newer)
    const collected = owners.splice(0).map((owner) => new WeakRef(owner))
    await collect()
    expect(kept(collected)).toBe(0)
    expect(await write('b')).toEqual(old)
  })

  /** What the corrector belongs to: a strategy has it in a field. */
  function correctFor(guarded: object): object {
    const corrector = (): typeof newer => newer
    guardOf(guarded)?.correctWith('key', corrector)
    return { corrector }
  }
})

describe('the name of a strategy in its grants', () => {
  const another = (shared: MemoryGrants, clientID: string): AuthorizationCodeStrategy =>
    new AuthorizationCodeStrategy({ ...OPTIONS, name: 'company', clientID, grants: shared })

  it('is taken as long as the application has the strategy', async () => {
    const shared = new MemoryGrants()
    const first = another(shared, 'client-1')
    await collect()
    expect(() => another(shared, 'client-2')).toThrow(ConfigurationError)
    expect(first.name).toBe('company')
  })

  it('is free again when the application has dropped it', async () => {
    const shared = new MemoryGrants()
    another(shared, 'client-1')
    await collect()
    const second = another(shared, 'client-2')
    await expect(shared.eraseAccount('ada')).resolves.toBe(0)
    expect(second.name).toBe('company')
  })

  it('is not there for jobs either: they say that a strategy is missing', async () => {
    const shared = new MemoryGrants()
    another(shared, 'client-1')
    await collect()
    await expect(shared.eraseAccount('ada')).rejects.toThrow(ConfigurationError)
  })
})
