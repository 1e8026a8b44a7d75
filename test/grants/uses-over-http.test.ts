import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import { createClientAuthentication } from '../../src/client/client-authentication.js'
import { createConnectionLimit } from '../../src/client/connection-limit.js'
import { createClientRequest } from '../../src/client/requests.js'
import { createTransport } from '../../src/client/transport.js'
import { refusalOfRefresh } from '../../src/endpoints/refresh-refusal.js'
import { createTokenEndpoint } from '../../src/endpoints/token.js'
import type { TokenEndpoint } from '../../src/endpoints/token.js'
import type { GrantEngine } from '../../src/grants/engine.js'
import { partsOf } from '../../src/grants/grants.js'
import { renewalTime } from '../../src/grants/line-state.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { RefreshWays } from '../../src/grants/refresh-ways.js'
import type { WantedUse } from '../../src/grants/uses.js'
import { readOptions } from '../../src/options/read-options.js'
import { advanceClock } from '../support/clock.js'
import { grantsIn } from '../support/grant-modes.js'
import { formOf } from '../support/login.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import type { RotatingProvider } from '../support/rotating-provider.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const GRANT = 'ada'
const STRATEGY = 'the strategy'
const CALENDAR: WantedUse = { resource: ['https://calendar.example'] }
const BOTH: WantedUse = { resource: ['https://mail.example', 'https://calendar.example'] }
const LESS: WantedUse = { scope: ['profile'] }
const OWN: WantedUse = {}

let provider: ScriptedProvider
let rotating: RotatingProvider
let engines: readonly GrantEngine[]
let ways: RefreshWays

beforeAll(async () => {
  provider = await startScriptedProvider()
})
afterEach(() => {
  jest.restoreAllMocks()
})
afterAll(() => provider.close())

/** Two processes that share a store, and a login. */
beforeEach(async () => {
  provider.reset()
  rotating = rotateRefreshTokens(provider)
  rotating.response = { scope: 'openid profile' }
  const endpoint = createEndpoint()
  ways = waysOf(endpoint)
  const store = createMemoryStore()
  engines = [partsOf(grantsIn(store)).engine, partsOf(grantsIn(store)).engine]
  const redirectUri = 'https://app.example/callback'
  const { tokens } = await endpoint.exchange({ code: 'code', redirectUri })
  await engines[0]?.begin(GRANT, {
    strategy: STRATEGY,
    tokens,
    renewAt: renewalTime(tokens, 60, Date.now()),
    lifetimeMs: 30 * 24 * 60 * 60_000,
    of: { names: [] },
  })
  provider.requests.length = 0
})

function createEndpoint(): TokenEndpoint {
  const settings = readOptions({
    authorizationURL: provider.authorizationURL,
    tokenURL: provider.tokenURL,
    callbackURL: 'https://app.example/callback',
    clientID: 'client-1',
    clientSecret: 'secret-1',
    resource: 'https://own.example',
  })
  const authenticate = createClientAuthentication(settings, undefined)
  const request = createClientRequest(settings, createTransport(settings), authenticate, undefined)
  return createTokenEndpoint(settings, request, undefined)
}

function waysOf({ refresh }: TokenEndpoint): RefreshWays {
  return {
    strategy: STRATEGY,
    refresh,
    refusalOf: refusalOfRefresh,
    revoke: () => Promise.resolve(),
    onRefused: () => undefined,
    around: (renewal) => renewal(),
    connections: createConnectionLimit(4),
    refreshBeforeSeconds: 60,
    timeoutMs: 10_000,
    renewInBackground: true,
  }
}

/** What each token request has asked for: its scope and its resources. */
function asked(): string[] {
  return provider.requestsTo('/token').map((request) => {
    const form = formOf(request)
    return [form.get('scope') ?? 'all', ...form.getAll('resource')].join(' ')
  })
}

/** Twenty callers ask for this at once, in both processes. */
async function askTwentyTimes(use: WantedUse): Promise<ReadonlySet<string>> {
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, index) => tokenFor(use, index % 2)),
  )
  return new Set(tokens)
}

async function tokenFor(use: WantedUse, process = 0): Promise<string> {
  const line = await engines[process]?.freshLine(GRANT, ways, { use })
  return line?.served.accessToken ?? ''
}

it('renews three uses and the own token once per expiry, and uses each refresh token once', async () => {
  const uses = [OWN, CALENDAR, BOTH, LESS]
  const all = [
    'all https://own.example',
    'all https://calendar.example',
    'all https://calendar.example https://mail.example',
    'profile https://own.example',
  ]
  const earlier = new Set<string>()
  for (let expiry = 0; expiry < 6; expiry++) {
    provider.requests.length = 0
    const tokens = (await Promise.all(uses.map(askTwentyTimes))).map((found) => [...found])
    expect(tokens.map(({ length }) => length)).toEqual([1, 1, 1, 1])
    // The own token is that of the login at first.
    expect(asked().sort()).toEqual((expiry === 0 ? all.slice(1) : all).toSorted())
    for (const [token = ''] of tokens) {
      expect(earlier.has(token)).toBe(false)
      earlier.add(token)
    }
    expect(await Promise.all(uses.map((use) => tokenFor(use, 1)))).toEqual(tokens.flat())
    advanceClock(3_601)
  }
  expect(rotating.reused).toEqual([])
})

it('leaves all others alone if the provider does not know one of the resources', async () => {
  rotating.fault = json({ error: 'invalid_target' }, 400)
  const refused = await tokenFor(CALENDAR).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT', error: 'invalid_target' })
  rotating.fault = undefined
  const [less, own] = await Promise.all([askTwentyTimes(LESS), askTwentyTimes(OWN)])
  expect([less.size, own.size]).toEqual([1, 1])
  await expect(tokenFor(CALENDAR, 1)).rejects.toMatchObject({ error: 'invalid_target' })
  expect(asked()).toEqual(['all https://calendar.example', 'profile https://own.example'])
  expect(rotating.reused).toEqual([])
})

it('takes the own token for exactly its scope, and another for a part of it', async () => {
  const own = await tokenFor(OWN)
  expect(await tokenFor({ scope: ['profile', 'openid'] })).toBe(own)
  expect(asked()).toEqual([])
  expect(await tokenFor({ scope: ['openid'] })).not.toBe(own)
  expect(asked()).toEqual(['openid https://own.example'])
})

it('keeps the scope that was asked for if the answer has none', async () => {
  rotating.response = {}
  await tokenFor(LESS)
  const record = await engines[1]?.read(GRANT, STRATEGY)
  expect(record?.lines[0]?.uses).toMatchObject([{ scope: 'profile' }])
  expect(record?.lines[0]?.tokens.scope).toBe('openid profile')
})
