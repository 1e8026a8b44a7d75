/**
 * What a tenant costs: the time of the first login and the memory of each, with many tenants in one process; and whether the
 * heap returns to its level when far more of them have been created and dropped. Exits with 1 if it does not.
 *
 *     npm run bench:tenants -- --tenants 1000 --dropped 20000
 */
import { parseArgs } from 'node:util'
import { setImmediate } from 'node:timers/promises'
import { discover } from '../../src/index.js'
import { Browser } from '../../test/support/http.js'
import { startTenantsApp } from '../../test/support/tenants-app.js'
import type { TenantsApp } from '../../test/support/tenants-app.js'
import { killAll, startProcess } from '../processes.js'
import type { ProviderCommands } from './provider.js'

const { values } = parseArgs({
  options: {
    /** How many tenants somebody logs in to. */
    tenants: { type: 'string', default: '1000' },
    /** How many tenants are created, used for the start of a login, and dropped. */
    dropped: { type: 'string', default: '20000' },
  },
})

/** What may be left of a tenant, in **bytes**: less than anything that is kept for each would take. */
const MOST_BYTES_LEFT = 10

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const provider = startProcess<ProviderCommands>('tenants/provider.ts')
const origin = await provider.ask('origin', undefined)
await measureLogins(Number(values.tenants))
const isGood = await measureDropped(Number(values.dropped))
await provider.stop()
process.exit(isGood ? 0 : 1)

async function measureLogins(count: number): Promise<void> {
  const app = await startTenantsApp({
    tenants: {
      checkAfterMs: 3_600_000,
      optionsOf: async (tenant) => ({
        ...(await discover(`${origin}/${tenant}`)),
        ...{ clientID: 'client-1', clientSecret: 'secret-1', scope: 'openid' },
        callbackURL: app.at(tenant, '/auth/callback'),
      }),
    },
  })
  // What the first login of all loads is no tenant's.
  for (let number = 0; number < 50; number++) await logIn(app, `warm-up-${number}`)
  app.store.clear()
  const before = await heap()
  const times: number[] = []
  for (let number = 0; number < count; number++) {
    const startedAt = performance.now()
    await logIn(app, `tenant-${number}`)
    times.push(performance.now() - startedAt)
  }
  const again: number[] = []
  for (let number = 0; number < count; number++) {
    const startedAt = performance.now()
    await logIn(app, `tenant-${number}`)
    again.push(performance.now() - startedAt)
  }
  const withSessions = await heap()
  app.store.clear()
  const after = await heap()
  console.log(`\n${count} tenants in one process, each logged in to twice`)
  console.log(`  first login:  ${shownTimes(times)}`)
  console.log(`  second login: ${shownTimes(again)}`)
  console.log(`  heap per tenant: ${kib(after - before, count)} KiB and two grants included`)
  console.log(`  and its sessions: ${kib(withSessions - after, count)} KiB`)
  console.log(`  resident set size: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`)
  await app.close()
}

async function measureDropped(count: number): Promise<boolean> {
  const issuer = 'https://login.example.com'
  const app = await startTenantsApp({
    tenants: {
      maximum: 100,
      optionsOf: (tenant) => ({
        ...{ issuer, authorizationURL: `${issuer}/authorize`, tokenURL: `${issuer}/token` },
        ...{ jwksURL: `${issuer}/keys`, clientID: 'client-1', clientSecret: 'secret-1' },
        ...{ backchannelLogout: true, callbackURL: app.at(tenant, '/auth/callback') },
      }),
    },
  })
  const use = async (first: number, last: number): Promise<void> => {
    for (let number = first; number < last; number++) {
      const { status } = await new Browser().visit(app.at(`tenant-${number}`, '/auth/login'))
      if (status !== 302) throw new Error(`HTTP ${status}`)
      app.store.clear()
    }
  }
  // So that the code is compiled, and there are as many tenants as there will be.
  await use(0, 2_000)
  const before = await heap()
  const startedAt = performance.now()
  await use(2_000, 2_000 + count)
  const seconds = (performance.now() - startedAt) / 1000
  const left = ((await heap()) - before) / count
  console.log(`\n${count} tenants created, used for the start of a login, and dropped`)
  console.log(`  ${seconds.toFixed(1)} s; strategies that are kept: ${app.tenants.size()}`)
  console.log(`  heap: ${left.toFixed(1)} bytes left of each (of ${mib(before)} MiB in all)`)
  await app.close()
  return left < MOST_BYTES_LEFT
}

/** From the tenant's login page to the end of the callback. */
async function logIn(app: TenantsApp, tenant: string): Promise<void> {
  const browser = new Browser()
  const { location = '' } = await browser.visit(app.at(tenant, '/auth/login'))
  const request = new URL(location).searchParams
  const answer = { code: request.get('nonce') ?? '', state: request.get('state') ?? '' }
  const query = new URLSearchParams(answer).toString()
  const page = await browser.visit(`${app.at(tenant, '/auth/callback')}?${query}`)
  if (page.status !== 302) throw new Error(`${tenant}: HTTP ${page.status} ${page.text}`)
}

/** The heap when everything is collected, in **bytes**. */
async function heap(): Promise<number> {
  for (let round = 0; round < 8; round++) {
    await setImmediate()
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

function shownTimes(times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(1)
  return `median ${at(0.5)} ms, 99 % ${at(0.99)} ms`
}

function kib(bytes: number, count: number): string {
  return (bytes / 1024 / count).toFixed(1)
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
