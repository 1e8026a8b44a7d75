import { beforeEach, describe, expect, it } from '@jest/globals'
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { DataPoint } from '@opentelemetry/sdk-metrics'
import { MemoryStore } from 'express-session'
import { Grants } from '../../src/index.js'
import type {
  AuthorizationCodeOptions,
  GrantRefusal,
  GrantStore,
  StoredRecord,
} from '../../src/index.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { TestApp } from '../support/app.js'
import { advanceClock } from '../support/clock.js'
import { createGate } from '../support/gate.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import { sessionRoutes } from '../support/session-routes.js'
import { until } from '../support/until.js'

const SECRET = 'a secret of 32 characters or more'
const HOUR = 3600

const scene = setScene()
let rotating: RotatingProvider
let browser: Browser
let sessions: MemoryStore
let store: GrantStore
/** What was written into the store, by the record's id. */
let written: Map<string, StoredRecord>
/** The names under which something was listed. */
let names: string[]
/** The methods of the store that fail. */
let failing: ReadonlySet<keyof GrantStore>

beforeEach(() => {
  rotating = rotateRefreshTokens(scene.provider)
  browser = new Browser()
  sessions = new MemoryStore()
  written = new Map()
  names = []
  failing = new Set()
  store = recording(createMemoryStore())
})

/** A store that notes what is written, and whose methods can fail. */
function recording(inner: GrantStore): GrantStore {
  const orFail = (method: keyof GrantStore): void => {
    if (failing.has(method)) throw new Error('the store is down')
  }
  return {
    async get(id) {
      orFail('get')
      return inner.get(id)
    },
    async compareAndSet(id, was, record, ttlMs) {
      orFail('compareAndSet')
      const done = await inner.compareAndSet(id, was, record, ttlMs)
      if (done) written.set(id, record)
      return done
    },
    async link(name, id, ttlMs) {
      orFail('link')
      names.push(name)
      return inner.link(name, id, ttlMs)
    },
    async linked(...given) {
      orFail('linked')
      return inner.linked(...given)
    },
    async unlink(name, ids) {
      orFail('unlink')
      names = names.filter((one) => one !== name)
      return inner.unlink(name, ids)
    },
  }
}

async function startLoggedIn(strategy: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  const app = await scene.start({
    store: sessions,
    routes: sessionRoutes(rotating.resourceURL).add,
    strategy: { grants: new Grants(store, { secret: SECRET, cacheSeconds: 0 }), ...strategy },
  })
  await browser.follow(app.loginURL)
  scene.provider.requests.length = 0
  return app
}

async function tokenOf({ origin }: TestApp): Promise<unknown> {
  return bodyOf(await browser.visit(`${origin}/token`))['accessToken']
}

/** The sessions as they are stored. */
function storedSessions(): readonly string[] {
  return Object.values((sessions as MemoryStore & { sessions: Record<string, string> }).sessions)
}

/** The ids of the grants' records in the store. */
function grantKeys(): readonly string[] {
  return [...written.keys()].filter((id) => id.startsWith('grant/'))
}

describe('a grant in a store', () => {
  it('leaves at most 60 bytes in the session, and no token', async () => {
    await startLoggedIn({ name: 'askara' })
    const [stored = '{}'] = storedSessions()
    const { cookie, passport, ...ours } = JSON.parse(stored) as Record<string, unknown>
    expect([cookie, passport]).not.toContain(undefined)
    expect(Object.keys(ours)).toEqual(['oauth2:askara'])
    expect(JSON.stringify(ours).length - 2).toBeLessThanOrEqual(60)
  })

  it('is sealed in the store, and bound to its id', async () => {
    const app = await startLoggedIn()
    const id = grantKeys()[0] ?? ''
    const record = written.get(id) ?? { version: '', value: '' }
    expect(record.value).not.toContain('access-token')
    expect(atob(record.value.split('.')[0] ?? '')).not.toContain('token')
    // Another person's session holds this grant's id, under which somebody has put Ada's record.
    const all = (sessions as MemoryStore & { sessions: Record<string, string> }).sessions
    const sessionId = Object.keys(all)[0] ?? ''
    await store.compareAndSet('grant/other', undefined, record, 60_000)
    all[sessionId] = (all[sessionId] ?? '').replace(id.replace('grant/', ''), 'other')
    const page = await browser.visit(`${app.origin}/token`)
    expect([page.status, bodyOf(page)['code']]).toEqual([503, 'ERR_STORAGE'])
    expect(String(app.errors.at(-1))).toContain('Opening a grant failed')
  })

  it('is refreshed without a write of the session', async () => {
    const app = await startLoggedIn()
    const before = storedSessions().map((session) => session.replace(/"expires":"[^"]*"/, ''))
    advanceClock(HOUR)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(storedSessions().map((one) => one.replace(/"expires":"[^"]*"/, ''))).toEqual(before)
  })

  it('sends a callback that arrives again to where the login went', async () => {
    const app = await scene.start({
      store: sessions,
      strategy: { grants: new Grants(store, { secret: SECRET }) },
    })
    const { location = '' } = await browser.visit(`${app.loginURL}?return_to=/orders`)
    const { location: callback = '' } = await browser.visit(location)
    const first = await browser.visit(callback)
    const again = await browser.visit(callback)
    expect([first.location, again.location]).toEqual(Array(2).fill(`${app.origin}/orders`))
    expect(asked(scene.provider)).toEqual(['POST /token', 'GET /me'])
  })

  it('is listed by account until it ends', async () => {
    const app = await startLoggedIn({ name: 'askara', accountOf: () => 7 })
    expect(names).toEqual([
      expect.stringMatching(/^person\/[\w-]{43}$/),
      'account/askara/7',
      'strategy/askara',
    ])
    await browser.visit(`${app.origin}/end-grant`)
    expect(names).toEqual([])
  })

  it('is replaced by a login over the login', async () => {
    const app = await startLoggedIn()
    const first = grantKeys()[0] ?? ''
    await browser.follow(app.loginURL)
    await until(() => written.get(first) !== undefined && names.length <= 1)
    const grants = new Grants(store, { secret: SECRET, cacheSeconds: 0 })
    expect(grants).toBeDefined()
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(rotating.revocations).toEqual([])
  })

  it.each([
    ['an empty text', ''],
    ['an object', {}],
    ['not a number', NaN],
  ])('needs an account that is not %s', async (_, account) => {
    const app = await startLoggedIn({ accountOf: () => account as string })
    expect(String(app.errors)).toContain('accountOf must return a string that is not empty')
    expect(grantKeys()).toEqual([])
  })

  it('answers 503 while the store is down, and works again afterwards', async () => {
    const app = await startLoggedIn()
    failing = new Set(['get', 'compareAndSet'])
    const page = await browser.visit(`${app.origin}/token`)
    expect([page.status, bodyOf(page)['code']]).toEqual([503, 'ERR_STORAGE'])
    failing = new Set()
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
  })

  it('can be read and ended while the store refuses to write', async () => {
    const app = await startLoggedIn({ revocationURL: rotating.revocationURL })
    failing = new Set(['compareAndSet', 'link'])
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    const page = await browser.post(`${app.origin}/auth/logout`)
    expect(page.status).toBe(303)
    await until(() => rotating.revocations.length === 1)
    expect(storedSessions()).toEqual([])
  })

  it('ends as soon as the store answers again if it could not be read when the person logged out', async () => {
    const app = await startLoggedIn({ accountOf: () => 'account-of-ada' })
    const job = (): Promise<unknown> =>
      app.strategy.accessToken({ account: 'account-of-ada' }).catch(() => 'no token')
    expect(await job()).toBe('access-token-1-of-ada')
    failing = new Set(['get', 'compareAndSet', 'linked'])
    expect((await browser.post(`${app.origin}/auth/logout`)).status).toBe(303)
    expect(await app.strategy.idle({ timeoutMs: 1 })).toBe(1)
    failing = new Set()
    expect(await app.strategy.idle({ timeoutMs: 20_000 })).toBe(0)
    expect(await job()).toBe('no token')
  })
})

describe('onGrantRefused', () => {
  it('is told once whose grant the provider has refused', async () => {
    const refusals: GrantRefusal[] = []
    const app = await startLoggedIn({
      name: 'askara',
      accountOf: () => 'ada-1',
      onGrantRefused: (refused) => refusals.push(refused),
    })
    rotating.endGrants()
    advanceClock(HOUR)
    await Promise.all([tokenOf(app), tokenOf(app), tokenOf(app)])
    await tokenOf(app)
    expect(refusals).toEqual([{ strategy: 'askara', account: 'ada-1', reason: 'invalid_grant' }])
  })

  it('may throw', async () => {
    const app = await startLoggedIn({
      onGrantRefused: () => {
        throw new Error('mail is down')
      },
    })
    rotating.endGrants()
    advanceClock(HOUR)
    const page = await browser.visit(`${app.origin}/token`)
    expect([page.status, bodyOf(page)['code']]).toEqual([401, 'ERR_LOGIN_REQUIRED'])
  })
})

describe('renewInBackground: false', () => {
  it('leaves a token that is due alone until a request needs a new one', async () => {
    const app = await startLoggedIn({ renewInBackground: false })
    advanceClock(HOUR - 30)
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    expect(await app.strategy.idle({ timeoutMs: 1_000 })).toBe(0)
    expect(asked(scene.provider)).toEqual([])
    advanceClock(30)
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
  })
})

describe('strategy.idle', () => {
  it('resolves when the renewals under way are stored', async () => {
    const app = await startLoggedIn()
    const gate = createGate()
    rotating.beforeAnswer = gate.pass
    advanceClock(HOUR - 30)
    expect(await tokenOf(app)).toBe('access-token-1-of-ada')
    await gate.reached
    expect(await app.strategy.idle({ timeoutMs: 1 })).toBe(1)
    const idle = app.strategy.idle({ timeoutMs: 20_000 })
    gate.open()
    expect(await idle).toBe(0)
    scene.provider.requests.length = 0
    expect(await tokenOf(app)).toBe('access-token-2-of-ada')
    expect(asked(scene.provider)).toEqual([])
  })

  it('waits for what is being revoked after a logout', async () => {
    const app = await startLoggedIn({ revocationURL: rotating.revocationURL })
    const gate = createGate()
    rotating.beforeRevoked = gate.pass
    const { status } = await browser.request(`${app.origin}/auth/logout`, { method: 'POST' })
    await gate.reached
    expect([status, await app.strategy.idle({ timeoutMs: 1 })]).toEqual([303, 1])
    const idle = app.strategy.idle({ timeoutMs: 20_000 })
    gate.open()
    expect(await idle).toBe(0)
  })

  it('waits for the logins that a provider has ended', async () => {
    const gate = createGate()
    const openId = await speakOpenId(scene.provider)
    scene.provider.onProfile(json({ sub: 'ada' }))
    const inner = store
    store = { ...inner, linked: async (...list) => gate.pass().then(() => inner.linked(...list)) }
    const app = await startLoggedIn({ ...openId.options, backchannelLogout: true })
    const logout = browser.post(`${app.origin}/auth/backchannel-logout`, {
      logout_token: await openId.logoutToken(),
    })
    await gate.reached
    expect(await app.strategy.idle({ timeoutMs: 1 })).toBe(1)
    const idle = app.strategy.idle({ timeoutMs: 20_000 })
    gate.open()
    expect([await idle, (await logout).status]).toEqual([0, 200])
  })
})

describe('the metrics of OpenTelemetry', () => {
  it('count renewals by result and source, refusals by reason, and failures of the store', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
    const app = await startLoggedIn({ name: 'askara' })
    advanceClock(HOUR)
    await tokenOf(app)
    failing = new Set(['get'])
    await tokenOf(app)
    failing = new Set()
    scene.provider.onToken(json({ error: 'invalid_grant' }, 400))
    advanceClock(HOUR)
    await tokenOf(app)
    await reader.forceFlush()
    metrics.disable()

    const points = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics: all }) => all)
      .filter(({ descriptor }) => descriptor.name === 'passport_authorization_code.steps')
      .flatMap(({ dataPoints }) => dataPoints as readonly DataPoint<number>[])
      .map(({ value, attributes }) => {
        const told = ['step', 'outcome', 'reason'].map(
          (name) => attributes[`passport_authorization_code.${name}`],
        )
        return [...told, value].join(' ')
      })
    expect(points).toEqual(
      expect.arrayContaining([
        'renewal ok refreshed 1',
        'refresh ok  1',
        'grant_end refused invalid_grant 1',
        'renewal failed ERR_LOGIN_REQUIRED 1',
        expect.stringMatching(/^storage failed get \d$/),
      ]),
    )
  })
})
