import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import passport from 'passport'
import { MemoryGrants } from '../../src/index.js'
import { Browser } from '../support/http.js'
import { startTenantsApp } from '../support/tenants-app.js'
import type { TenantsApp, TenantSettings } from '../support/tenants-app.js'
import { until } from '../support/until.js'

// Collecting takes seconds on a busy machine.
jest.setTimeout(120_000)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const running: TenantsApp[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

/** Lets promises and timers settle in between: what they hold is still in use. */
async function collect(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await setImmediate()
    collectGarbage()
  }
}

const ISSUER = 'https://login.example.com'
const SETTINGS: TenantSettings = {
  issuer: ISSUER,
  authorizationURL: `${ISSUER}/authorize`,
  tokenURL: `${ISSUER}/token`,
  jwksURL: `${ISSUER}/keys`,
  clientID: 'client-1',
  clientSecret: 'secret-1',
  backchannelLogout: true,
}

describe.each<[string, Partial<TenantSettings>]>([
  ['the sessions', {}],
  ['a store', { grants: new MemoryGrants() }],
])('strategies of tenants with tokens in %s', (_where, more) => {
  it('are collected when nobody uses them, with their routes, and Passport never knows them', async () => {
    const app = await startTenantsApp({ tenants: { maximum: 10 } })
    running.push(app)
    const known = Object.keys((passport as unknown as { _strategies: object })._strategies)
    const strategies: WeakRef<object>[] = []
    for (let number = 0; number < 300; number++) {
      const tenant = `tenant-${number}`
      app.settings.set(tenant, { ...SETTINGS, ...more })
      const page = await new Browser().visit(app.at(tenant, '/auth/login'))
      expect(page.location).toMatch(ISSUER)
      strategies.push(new WeakRef((await app.tenants.forTenant(tenant)) ?? {}))
    }
    await until(() => app.tenants.size() <= 10)
    await collect()
    const left = strategies.filter((one) => one.deref() !== undefined).length
    expect(left).toBeLessThanOrEqual(10)
    expect(Object.keys((passport as unknown as { _strategies: object })._strategies)).toEqual(known)
  })
})
