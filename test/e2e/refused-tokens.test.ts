import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import type { AuthorizationCodeOptions, GrantStore } from '../../src/index.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { createGate } from '../support/gate.js'
import type { Gate } from '../support/gate.js'
import { grantsIn } from '../support/grant-modes.js'
import { advanceClock } from '../support/clock.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { refreshesAt } from '../support/refreshes.js'
import { until } from '../support/until.js'

/** One request that the API gets: with which token, for which path, and how many there were before, of this path and of all. */
interface Call {
  readonly token: string
  readonly ofPath: number
  readonly ofAll: number
}

const ADA = { account: 'account-of-ada' }
/** How often a refused token is replaced in a minute. */
const MOST = 3

let provider: TestProvider
let api: RunningServer
let answer: (call: Call) => number | Promise<number>
let sent: string[]
let apps: TestApp[]

beforeAll(async () => {
  provider = await startTestProvider()
  api = await listen((req, res) => {
    const path = req.url ?? ''
    const token = (req.headers.authorization ?? '').replace(/^Bearer /, '')
    const call = { token, ofPath: sent.filter((one) => one === path).length, ofAll: sent.length }
    sent.push(path)
    req.resume()
    void Promise.resolve(answer(call)).then((status) => {
      res.statusCode = status
      res.end()
    })
  })
})
beforeEach(() => {
  provider.reset()
  provider.user = { sub: 'ada' }
  sent = []
  apps = []
})
afterEach(async () => {
  jest.restoreAllMocks()
  await Promise.all(apps.map((app) => app.close()))
})
afterAll(async () => {
  await api.close()
  await provider.close()
})

/** An application to which Ada has logged in. */
async function start(
  options: Partial<AuthorizationCodeOptions> = {},
  store: GrantStore = createMemoryStore(),
): Promise<{ browser: Browser; app: TestApp }> {
  const app = await startApp({
    strategy: {
      ...provider.options,
      grants: grantsIn(store, 10),
      accountOf: ({ id }: { id: string }) => `account-of-${id}`,
      ...options,
    },
    routes: (one, strategy) =>
      one.get('/call', (req, res, next) => {
        strategy.fetch(req, api.origin).then(({ status }) => res.json({ status }), next)
      }),
  })
  apps.push(app)
  const browser = new Browser()
  expect((await browser.follow(app.loginURL)).status).toBe(200)
  return { app, browser }
}

/** The status of a job's call. */
async function statusOf(
  { app }: { app: TestApp },
  path = '/',
  init?: RequestInit,
): Promise<number> {
  return (await app.strategy.fetch(ADA, api.origin + path, init)).status
}

/** The statuses of calls one after the other, each of a path of its own. */
async function statusesOf(started: { app: TestApp }, count: number): Promise<readonly number[]> {
  const statuses: number[] = []
  for (let at = 0; at < count; at++) statuses.push(await statusOf(started, `/${at}`))
  return statuses
}

const refreshes = (): number => refreshesAt(provider)

const isAccepted = ({ token }: Call): number => (provider.introspect(token) ? 200 : 401)

function upload(): RequestInit {
  return { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' }
}

describe('tokens that an API refuses', () => {
  it('are replaced once in a minute, if the provider issues the same one again', async () => {
    answer = () => 401
    let issued: unknown
    const parseTokenResponse = (body: unknown): Record<string, unknown> => {
      const response = body as Record<string, unknown>
      issued ??= response['access_token']
      return { ...response, access_token: issued }
    }
    const started = await start({ parseTokenResponse })
    expect(await statusesOf(started, 5)).toEqual(Array(5).fill(401))
    expect(refreshes()).toBe(1)

    const { app, browser } = await start({ parseTokenResponse, grants: undefined })
    for (let at = 0; at < 5; at++) {
      expect((await browser.visit(`${app.origin}/call`)).text).toBe('{"status":401}')
    }
    expect(refreshes()).toBe(2)
  })

  it.each([429, 503])(
    'are replaced three times in a minute at most, if the API answers the next request with %d',
    async (status) => {
      answer = ({ ofPath }) => (ofPath === 0 ? 401 : status)
      const started = await start()
      expect(await statusesOf(started, 6)).toEqual([...Array(MOST).fill(status), 401, 401, 401])
      expect(refreshes()).toBe(MOST)
      advanceClock(61)
      expect(await statusOf(started, '/later')).toBe(status)
      expect(refreshes()).toBe(MOST + 1)
    },
  )

  it('are replaced three times in a minute at most, if one of two servers behind a balancer refuses all', async () => {
    answer = ({ ofAll }) => (ofAll % 2 === 0 ? 401 : 200)
    const started = await start()
    const statuses = await statusesOf(started, 8)
    expect(statuses.slice(0, MOST)).toEqual(Array(MOST).fill(200))
    expect(statuses).toContain(401)
    expect(refreshes()).toBe(MOST)
  })

  it('are replaced three times in a minute at most, if the API takes its time for each second request', async () => {
    const gates: Gate[] = []
    answer = async ({ ofPath }) => {
      if (ofPath === 0) return 401
      const gate = createGate()
      gates.push(gate)
      await gate.pass()
      return 401
    }
    const started = await start()
    const calls: Promise<number>[] = []
    for (let at = 0; at < MOST; at++) {
      calls.push(statusOf(started, `/${at}`))
      await until(() => gates.length > at)
    }
    expect(await statusOf(started, '/last')).toBe(401)
    answer = () => 401
    for (const gate of gates) gate.open()
    expect(await Promise.all(calls)).toEqual(Array(MOST).fill(401))
    expect(refreshes()).toBe(MOST)
    // Once it is known to be in vain, nobody tries any more.
    expect(await statusesOf(started, 5)).toEqual(Array(5).fill(401))
    expect(refreshes()).toBe(MOST)
  })

  it('are replaced when an upload finds out, which cannot be sent again', async () => {
    answer = isAccepted
    const started = await start()
    provider.expireAccessTokens()
    expect(await statusesOf(started, 2)).toEqual([200, 200])
    provider.expireAccessTokens()
    expect(await statusOf(started, '/', upload())).toBe(401)
    expect(await statusesOf(started, 3)).toEqual([200, 200, 200])
    expect(refreshes()).toBe(2)
  })

  it('are not replaced after an upload whose person has withdrawn their consent: they are asked to log in', async () => {
    answer = isAccepted
    const started = await start()
    provider.expireAccessTokens()
    expect(await statusOf(started)).toBe(200)
    provider.endGrants()
    expect(await statusOf(started, '/', upload())).toBe(401)
    await expect(statusOf(started)).rejects.toMatchObject({ reason: 'grant_ended' })
  })

  it('cost no look at the store while it is known that another one would not help', async () => {
    answer = () => 401
    const inner = createMemoryStore()
    let looks = 0
    let isDown = false
    const store: GrantStore = {
      ...inner,
      get(id) {
        looks++
        return isDown ? Promise.reject(new Error('The store is down.')) : inner.get(id)
      },
    }
    const { app, browser } = await start({}, store)
    const call = async (): Promise<string> => (await browser.visit(`${app.origin}/call`)).text
    expect(await call()).toBe('{"status":401}')
    looks = 0
    for (let at = 0; at < 5; at++) expect(await call()).toBe('{"status":401}')
    isDown = true
    expect(await call()).toBe('{"status":401}')
    expect([looks, refreshes()]).toEqual([0, 1])
  })
})
