import { describe, expect, it } from '@jest/globals'
import { AuthorizationCodeStrategy, ConfigurationError, MemoryGrants } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { createKeptStrategies } from '../../src/passport/tenant-keeping.js'
import type { KeptStrategies } from '../../src/passport/tenant-keeping.js'
import { createTenantMaker } from '../../src/passport/tenant-making.js'
import type { TenantMakerParts } from '../../src/passport/tenant-making.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { present } from '../support/present.js'
import { until } from '../support/until.js'

const MINUTE_MS = 60_000

/** A strategy that says that something is under way. */
class Busy extends AuthorizationCodeStrategy {
  busy = 0
  override idle(): Promise<number> {
    return Promise.resolve(this.busy)
  }
}

interface Keeping extends KeptStrategies<Busy> {
  readonly clock: ManualClock
  /** Whose settings were read. */
  readonly asked: string[]
  readonly failed: unknown[]
  readonly settings: Map<string, Partial<AuthorizationCodeOptions>>
  /** What reading the settings waits for. */
  gate: Promise<unknown> | undefined
}

/** Tenants at `https://<tenant>.example.com`, whose settings are checked after a minute and which are kept for ten. */
function keep(more: Partial<TenantMakerParts<Busy>> = {}, maximum = 100): Keeping {
  const clock = createManualClock()
  const asked: string[] = []
  const failed: unknown[] = []
  const settings: Keeping['settings'] = new Map([
    ['a', {}],
    ['b', {}],
    ['c', {}],
  ])
  const maker = createTenantMaker<Busy>(
    {
      async optionsOf(tenant) {
        asked.push(tenant)
        await keeping.gate
        const found = settings.get(tenant)
        return found && { ...optionsAt(tenant), ...found }
      },
      versionOf: undefined,
      create: (options) => new Busy(options),
      name: 'tenant',
      ...more,
    },
    clock,
  )
  const kept = createKeptStrategies({
    ...maker,
    clock,
    checkAfterMs: MINUTE_MS,
    idleMs: 10 * MINUTE_MS,
    maximum,
    onCheckFailed: (error) => failed.push(error),
  })
  const keeping: Keeping = { ...kept, clock, asked, failed, settings, gate: undefined }
  return keeping
}

function optionsAt(tenant: string): AuthorizationCodeOptions {
  const issuer = `https://${tenant}.example.com`
  return {
    issuer,
    authorizationURL: `${issuer}/authorize`,
    tokenURL: `${issuer}/token`,
    clientID: 'client-1',
    clientSecret: 'secret-1',
    callbackURL: `https://your-app.com/${tenant}/auth/callback`,
  }
}

describe('the strategy of a tenant', () => {
  it('is created once, however many requests come first', async () => {
    const keeping = keep()
    const all = await Promise.all(Array.from({ length: 50 }, () => keeping.forTenant('a')))
    expect([new Set(all).size, keeping.asked]).toEqual([1, ['a']])
    expect(all[0]).toMatchObject({ name: 'tenant:a' })
  })

  it('is asked for its settings again after a while, and stays if they are the same', async () => {
    const keeping = keep()
    const first = await keeping.forTenant('a')
    keeping.clock.advance(MINUTE_MS - 1)
    await keeping.forTenant('a')
    expect(keeping.asked).toEqual(['a'])
    keeping.clock.advance(1)
    expect(await keeping.forTenant('a')).toBe(first)
    expect(keeping.asked).toEqual(['a', 'a'])
  })

  it.each<[string, Partial<AuthorizationCodeOptions>]>([
    ['the secret', { clientSecret: 'secret-2' }],
    ['a value inside', { authorizationParameters: { prompt: 'login' } }],
    ['the client', { clientID: 'client-2' }],
  ])('is created anew when its settings change: %s', async (_what, change) => {
    const keeping = keep()
    keeping.settings.set('a', { grants: new MemoryGrants(), authorizationParameters: {} })
    const first = await keeping.forTenant('a')
    keeping.settings.set('a', { ...keeping.settings.get('a'), ...change })
    keeping.clock.advance(MINUTE_MS)
    const second = await keeping.forTenant('a')
    expect(second).toBeInstanceOf(Busy)
    expect(second).not.toBe(first)
    expect([keeping.size(), keeping.failed]).toEqual([1, []])
  })

  it('is created anew when the version changes, and nothing else is read', async () => {
    let version = new Date(0)
    const keeping = keep({ versionOf: () => version })
    const first = await keeping.forTenant('a')
    keeping.clock.advance(MINUTE_MS)
    version = new Date(0)
    expect(await keeping.forTenant('a')).toBe(first)
    expect(keeping.asked).toEqual(['a'])
    version = new Date(1)
    keeping.clock.advance(MINUTE_MS)
    expect(await keeping.forTenant('a')).not.toBe(first)
  })

  it('goes on while its settings cannot be read, and is asked again after ten seconds', async () => {
    const keeping = keep()
    const first = await keeping.forTenant('a')
    const failure = new Error('The database is down.')
    keeping.gate = Promise.reject(failure)
    keeping.clock.advance(MINUTE_MS)
    expect(await keeping.forTenant('a')).toBe(first)
    expect(await keeping.forTenant('a')).toBe(first)
    expect([keeping.asked.length, keeping.failed]).toEqual([2, [failure]])
    keeping.gate = undefined
    keeping.clock.advance(10_000)
    await keeping.forTenant('a')
    expect(keeping.asked).toHaveLength(3)
  })

  it('goes on, with its name, while no strategy can be made of the new settings', async () => {
    const keeping = keep()
    const grants = new MemoryGrants()
    keeping.settings.set('a', { grants })
    const first = await keeping.forTenant('a')
    keeping.settings.set('a', { grants, clientID: '' })
    keeping.clock.advance(MINUTE_MS)
    expect(await keeping.forTenant('a')).toBe(first)
    expect(keeping.failed).toEqual([expect.any(ConfigurationError)])
    await expect(grants.eraseAccount('ada')).resolves.toBe(0)
    const other = { ...optionsAt('other'), name: 'tenant:a', grants }
    expect(() => new AuthorizationCodeStrategy(other)).toThrow(ConfigurationError)
  })

  it('does not wait for slow settings for longer than a second, once', async () => {
    const keeping = keep()
    const first = await keeping.forTenant('a')
    let open = (): void => undefined
    keeping.gate = new Promise<void>((resolve) => (open = resolve))
    keeping.settings.set('a', { clientSecret: 'secret-2' })
    keeping.clock.advance(MINUTE_MS)
    const slow = keeping.forTenant('a')
    await until(() => keeping.asked.length === 2)
    keeping.clock.advance(1_000)
    expect(await slow).toBe(first)
    expect(await keeping.forTenant('a')).toBe(first)
    open()
    await until(async () => (await keeping.forTenant('a')) !== first)
  })

  it('is gone when the tenant is', async () => {
    const keeping = keep()
    await keeping.forTenant('a')
    keeping.settings.delete('a')
    keeping.clock.advance(MINUTE_MS)
    expect([await keeping.forTenant('a'), keeping.size()]).toEqual([undefined, 0])
  })
})

describe('a first use', () => {
  it('that fails is no success later, and the next one tries again', async () => {
    const keeping = keep()
    keeping.gate = Promise.reject(new Error('The database is down.'))
    await expect(keeping.forTenant('a')).rejects.toThrow('The database is down.')
    keeping.gate = undefined
    await expect(keeping.forTenant('a')).resolves.toBeInstanceOf(Busy)
  })

  it('does not wait for ever for settings that never come', async () => {
    const keeping = keep()
    keeping.gate = new Promise(() => undefined)
    const never = keeping.forTenant('a')
    await until(() => keeping.asked.length === 1)
    keeping.clock.advance(30_000)
    await expect(never).rejects.toMatchObject({ code: 'ERR_STORAGE', status: 503 })
  })

  it('of a tenant who does not exist leaves nothing behind', async () => {
    const keeping = keep()
    const names = ['', 'x'.repeat(201), '\ud800', 'made-up', '__proto__']
    for (const name of names) expect(await keeping.forTenant(name)).toBeUndefined()
    expect([keeping.size(), keeping.asked]).toEqual([0, ['made-up', '__proto__']])
  })

  it('refuses a strategy that is not of these options', async () => {
    const other = keep({ create: () => new Busy({ ...optionsAt('a'), name: 'other' }) })
    await expect(other.forTenant('a')).rejects.toMatchObject({ option: 'create' })
    const moved = keep({ create: (options) => new Busy({ ...options, sessionKey: 'shared' }) })
    await expect(moved.forTenant('a')).rejects.toMatchObject({ option: 'create' })
  })
})

describe('strategies that nobody uses', () => {
  it('are dropped at the next use of another', async () => {
    const keeping = keep()
    await keeping.forTenant('a')
    keeping.clock.advance(9 * MINUTE_MS)
    await keeping.forTenant('b')
    keeping.clock.advance(MINUTE_MS)
    await keeping.forTenant('c')
    await until(() => keeping.size() === 2)
    await keeping.forTenant('a')
    expect(keeping.asked).toEqual(['a', 'b', 'c', 'a'])
  })

  it('stay while they are renewing a token', async () => {
    const keeping = keep()
    const a = present(await keeping.forTenant('a'))
    a.busy = 1
    keeping.clock.advance(10 * MINUTE_MS)
    await keeping.forTenant('b')
    expect(await keeping.idle(0)).toBe(1)
    expect(await keeping.forTenant('a')).toBe(a)
    a.busy = 0
    keeping.clock.advance(10 * MINUTE_MS)
    await keeping.forTenant('c')
    await until(() => keeping.size() === 1)
  })

  it('make room if there are too many: those first that were not used for the longest time', async () => {
    const keeping = keep({}, 2)
    await keeping.forTenant('a')
    await keeping.forTenant('b')
    await keeping.forTenant('a')
    await keeping.forTenant('c')
    await until(() => keeping.size() === 2)
    await keeping.forTenant('a')
    await keeping.forTenant('c')
    expect(keeping.asked).toEqual(['a', 'b', 'c'])
  })

  it('leave their name free at once for a strategy of other settings', async () => {
    const keeping = keep({}, 1)
    const grants = new MemoryGrants()
    keeping.settings.set('a', { grants })
    await keeping.forTenant('a')
    await keeping.forTenant('b')
    await until(() => keeping.size() === 1)
    keeping.settings.set('a', { grants, clientID: 'client-2' })
    await expect(keeping.forTenant('a')).resolves.toBeInstanceOf(Busy)
  })

  it('are waited for by idle after another has replaced them', async () => {
    const keeping = keep()
    const first = present(await keeping.forTenant('a'))
    first.busy = 1
    keeping.settings.set('a', { clientSecret: 'secret-2' })
    keeping.clock.advance(MINUTE_MS)
    await keeping.forTenant('a')
    expect(await keeping.idle(0)).toBe(1)
    first.busy = 0
    expect(await keeping.idle(0)).toBe(0)
  })
})
