import type { JSONWebKeySet } from 'jose'
import { setTimeout } from 'node:timers/promises'
import { ConfigurationError } from '../errors/errors.js'
import { readTable } from '../options/option-table.js'
import type { OptionsOf, OptionTable } from '../options/option-table.js'
import { checkedWhenUsed, oneOf, text, zeroOrMore } from '../options/readers.js'
import { ENDPOINTS } from './endpoints.js'
import type { TestLie, TestWorld } from './endpoints.js'
import { createTestGrants } from './grants.js'
import { createTestIdTokens } from './id-tokens.js'
import { PATHS, startServer } from './server.js'
import type { TestAnswer, TestEndpoint, TestRequest } from './server.js'

export const TEST_PROVIDER_OPTIONS = {
  /** Who logs in: any JSON object, which is also the profile. @default Ada: `{ sub, name, email }` */
  user: {
    read: jsonObject,
    default: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
  },

  /** The scope that is granted. @default what is asked for */
  scope: { read: text },

  /** How long access tokens live, in **seconds**; 0 lets each expire at once. @default 3600 (1 hour) */
  accessTokenSeconds: { read: zeroOrMore, default: 3600 },

  /**
   * `rotate`: each works once and brings the next one, and coming again ends the grant, as theft does.
   * `keep`: one for the whole grant. `none`: there are none.
   *
   * @default 'rotate'
   */
  refreshTokens: { read: oneOf('rotate', 'keep', 'none'), default: 'rotate' },

  /** The client's identifier. @default 'test-client' */
  clientID: { read: text, default: 'test-client' },

  /** The client's secret. @default 'test-secret' */
  clientSecret: { read: text, default: 'test-secret' },

  /**
   * The client's public keys, for `private_key_jwt`. Without them, any assertion in the client's name will
   * do, whoever has signed it.
   */
  clientKeys: { read: checkedWhenUsed<JSONWebKeySet>() },
} as const satisfies OptionTable

/** The options of {@link startTestProvider}. Everything has a default. */
export type TestProviderOptions = OptionsOf<typeof TEST_PROVIDER_OPTIONS>

function jsonObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new ConfigurationError(`${name} must be an object.`, name)
}

/**
 * What can go wrong at a provider:
 *
 * - `denied`, at `authorize`: the person says no
 * - `wrong_iss`, at `authorize`: the answer names another issuer
 * - `invalid_grant`, at `token`: the code or refresh token is refused
 * - a status such as `503`, anywhere: nothing but that
 * - `{ slowMs: 500 }`, anywhere: the honest answer, so many **milliseconds** later
 * - `hangs`, anywhere: no answer at all
 */
export type TestFault = TestLie | 'hangs' | number | { readonly slowMs: number }

/** A provider for tests: it runs in this process and logs everybody in at once, without any page. */
export interface TestProvider {
  /** To be spread into the strategy's options, after a provider's constant or instead of one. */
  readonly options: Readonly<
    Record<
      | 'authorizationURL'
      | 'clientID'
      | 'clientSecret'
      | 'endSessionURL'
      | 'issuer'
      | 'jwksURL'
      | 'profileURL'
      | 'revocationURL'
      | 'tokenURL',
      string
    >
  >
  /** Who logs in from now on. */
  user: Readonly<Record<string, unknown>>
  /** The scope that is granted from now on; `undefined` for what is asked for. */
  scope: string | undefined
  /** How long access tokens live from now on, in **seconds**. */
  accessTokenSeconds: number
  /** The requests so far, oldest first. */
  readonly requests: readonly TestRequest[]
  /** The refresh tokens that came a second time: none, if your application does it right. */
  readonly reused: readonly string[]
  /** The requests to one endpoint so far, oldest first. */
  requestsTo(endpoint: TestEndpoint): readonly TestRequest[]
  /**
   * Lets the next requests to an endpoint fail.
   *
   * @param times how many of them; 1 if left out
   * @throws {TypeError} when this cannot go wrong there
   */
  fail(endpoint: TestEndpoint, fault: TestFault, times?: number): void
  /** No access token given out so far works any more, though it should; a refresh helps. */
  expireAccessTokens(): void
  /** Ends all that was granted so far, as people can in their account; nothing but a new login helps. */
  endGrants(): void
  /** Forgets all requests, faults and grants. To be called between tests. */
  reset(): void
  /** Stops it. */
  close(): Promise<void>
}

/**
 * Starts a provider at a free port of this machine: authorization endpoint, token endpoint (forms and JSON;
 * secret, Basic and `private_key_jwt`; PKCE), UserInfo, revocation, end of session, keys and metadata, so
 * that `discover` works as well. With the scope `openid` there are ID tokens.
 *
 * @throws {ConfigurationError} naming an option that is unknown
 */
export async function startTestProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
  const sample = "await startTestProvider({ scope: 'openid' })"
  const settings = readTable(TEST_PROVIDER_OPTIONS, options, sample)
  const { clientID, clientSecret, clientKeys } = settings
  const requests: TestRequest[] = []
  const faults = createFaults()
  const idTokens = await createTestIdTokens()
  const server = await startServer(async (request) => {
    requests.push(request)
    return answer(request, world, faults.take(request.endpoint))
  })
  const world: TestWorld = {
    issuer: server.origin,
    client: { clientID, clientSecret, clientKeys },
    grants: createTestGrants(),
    idTokens,
    refreshTokens: settings.refreshTokens,
    user: settings.user,
    scope: settings.scope,
    accessTokenSeconds: settings.accessTokenSeconds,
  }

  return {
    options: { ...endpointsAt(server.origin), clientID, clientSecret },
    get user() {
      return world.user
    },
    set user(user) {
      world.user = user
    },
    get scope() {
      return world.scope
    },
    set scope(scope) {
      world.scope = scope
    },
    get accessTokenSeconds() {
      return world.accessTokenSeconds
    },
    set accessTokenSeconds(seconds) {
      world.accessTokenSeconds = seconds
    },
    requests,
    reused: world.grants.reused,
    requestsTo: (endpoint) => requests.filter((request) => request.endpoint === endpoint),
    fail: faults.add,
    expireAccessTokens: () => world.grants.expireAccessTokens(),
    endGrants: () => world.grants.endAll(),
    reset() {
      requests.length = 0
      faults.clear()
      world.grants.clear()
    },
    close: () => server.close(),
  }
}

function endpointsAt(issuer: string): Omit<TestProvider['options'], 'clientID' | 'clientSecret'> {
  return {
    issuer,
    authorizationURL: `${issuer}${PATHS.authorize}`,
    tokenURL: `${issuer}${PATHS.token}`,
    profileURL: `${issuer}${PATHS.userinfo}`,
    revocationURL: `${issuer}${PATHS.revoke}`,
    endSessionURL: `${issuer}${PATHS.logout}`,
    jwksURL: `${issuer}${PATHS.jwks}`,
  }
}

/** What one request is answered; `undefined` for no answer. */
async function answer(
  request: TestRequest,
  world: TestWorld,
  fault: TestFault | undefined,
): Promise<TestAnswer | undefined> {
  if (fault === 'hangs') return undefined
  if (typeof fault === 'number') return { status: fault }
  if (typeof fault === 'object') await setTimeout(fault.slowMs, undefined, { ref: false })
  const lie = typeof fault === 'string' ? fault : undefined
  return ENDPOINTS[request.endpoint](world, request, lie)
}

/** Where the faults go wrong that cannot go wrong anywhere. */
const PLACES: Readonly<Record<TestLie, TestEndpoint>> = {
  denied: 'authorize',
  invalid_grant: 'token',
  wrong_iss: 'authorize',
}

/** The faults to come. */
function createFaults(): {
  add: TestProvider['fail']
  take(endpoint: TestEndpoint): TestFault | undefined
  clear(): void
} {
  let queue: { readonly endpoint: TestEndpoint; readonly fault: TestFault }[] = []
  return {
    add(endpoint, fault, times = 1) {
      if (typeof fault === 'string' && fault !== 'hangs' && PLACES[fault] !== endpoint) {
        throw new TypeError(`'${fault}' happens at '${PLACES[fault]}', not at '${endpoint}'.`)
      }
      for (let count = 0; count < times; count++) queue.push({ endpoint, fault })
    },
    take(endpoint) {
      const found = queue.find((one) => one.endpoint === endpoint)
      queue = queue.filter((one) => one !== found)
      return found?.fault
    },
    clear: () => (queue = []),
  }
}
