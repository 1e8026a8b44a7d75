import type { JSONWebKeySet } from 'jose'
import { setTimeout } from 'node:timers/promises'
import { ConfigurationError } from '../errors/errors.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { checkedWhenUsed, oneOf, text, upTo, zeroOrMore } from '../options/readers.js'
import { ENDPOINTS } from './endpoints.js'
import type { ProtocolFault, TestProviderState } from './endpoints.js'
import { createTestGrants } from './grants.js'
import { createTestIdTokens } from './id-tokens.js'
import { PATHS, startServer } from './server.js'
import type { TestAnswer, TestEndpoint, TestRequest } from './server.js'

/** The options of {@link startTestProvider}. The type, the checks, the defaults and the reference are made from this table. */
export const TEST_PROVIDER_OPTIONS = {
  /**
   * The person who logs in: any JSON object. It is the profile, and its `sub` (or `id`) is the ID token's `sub`.
   *
   * @default Ada Lovelace: `{ sub, name, email }`
   */
  user: {
    read: jsonObject,
    default: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
  },

  /** The scope that is granted, separated by spaces. @default the scope that is asked for */
  scope: { read: text },

  /** How long access tokens live, in **seconds**. With 0, they have expired when they are issued. @default 3600 (1 hour) */
  accessTokenSeconds: { read: zeroOrMore, default: 3600 },

  /**
   * `rotate`: each refresh token works once and is replaced by a new one; using it again ends the grant, because it
   * may have been stolen. `keep`: each refresh token works until the grant ends. `none`: none are issued.
   *
   * @default 'rotate'
   */
  refreshTokens: { read: oneOf('rotate', 'keep', 'none'), default: 'rotate' },

  /** The client's identifier. @default 'test-client' */
  clientID: { read: text, default: 'test-client' },

  /** The client's secret. @default 'test-secret' */
  clientSecret: { read: text, default: 'test-secret' },

  /**
   * The client's public keys, for `private_key_jwt`. Without them, client assertions are accepted whatever key they
   * are signed with.
   */
  clientKeys: { read: checkedWhenUsed<JSONWebKeySet>() },

  /**
   * The port of `127.0.0.1` to listen on. A provider on a port that you choose keeps its process running until it is
   * closed, for a script that only starts it. On any free port, it does not, so that no test runner waits for it.
   *
   * @default 0 (any free port)
   */
  port: { read: upTo(65_535), default: 0 },
} as const satisfies OptionTable

/** The options of {@link startTestProvider}. All can be left out. */
export type TestProviderOptions = OptionsOf<typeof TEST_PROVIDER_OPTIONS>

/** @throws {ConfigurationError} if the value is not an object */
function jsonObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new ConfigurationError(`${name} must be an object.`, name)
}

/**
 * A fault that a test provider can have:
 *
 * - `denied`, only at `authorize`: the person refuses the login
 * - `wrong_iss`, only at `authorize`: the callback has the `iss` of another issuer
 * - `invalid_grant`, only at `token`: the code or refresh token is refused
 * - a status such as `503`, at any endpoint: an empty response with that status
 * - `{ slowMs: 500 }`, at any endpoint: the correct response, after so many **milliseconds**
 * - `hangs`, at any endpoint: no response
 */
export type TestFault = ProtocolFault | 'hangs' | number | { readonly slowMs: number }

/** A provider for tests. It runs in this process and logs the person in at once, without a page. */
export interface TestProvider {
  /** The provider's endpoints and the client's credentials. Spread them into the strategy's options, last. */
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
  /** The person who logs in from now on. */
  user: Readonly<Record<string, unknown>>
  /** The scope that is granted from now on; `undefined` grants the one that is asked for. */
  scope: string | undefined
  /** How long access tokens live from now on, in **seconds**. */
  accessTokenSeconds: number
  /** All requests since the start or the last {@link reset}, oldest first. */
  readonly requests: readonly TestRequest[]
  /** The refresh tokens that were used a second time, with `refreshTokens: 'rotate'`. Empty if the application is correct. */
  readonly reused: readonly string[]
  /** The requests to one endpoint since the start or the last {@link reset}, oldest first. */
  requestsTo(endpoint: TestEndpoint): readonly TestRequest[]
  /**
   * Makes the next requests to an endpoint fail.
   *
   * @example The token endpoint is down for two requests
   * ```ts
   * import { startTestProvider } from 'passport-authorization-code/testing'
   *
   * const provider = await startTestProvider()
   * provider.fail('token', 503, 2)
   * ```
   *
   * @param times how many requests; 1 if left out
   * @throws {TypeError} if the endpoint cannot have this fault
   */
  fail(endpoint: TestEndpoint, fault: TestFault, times?: number): void
  /** Makes all access tokens issued so far invalid before they expire. Refreshing gives a valid one. */
  expireAccessTokens(): void
  /** Ends all grants so far, as people can in their account. Refreshing fails, and only a new login helps. */
  endGrants(): void
  /** Deletes all requests, faults and grants. Call it between tests. */
  reset(): void
  /** Stops the provider, and closes all its connections. */
  close(): Promise<void>
}

/**
 * Starts a provider at `127.0.0.1`, for tests of an application and for trying it out.
 *
 * It has an authorization endpoint, a token endpoint (forms and JSON; `client_secret_post`, `client_secret_basic` and
 * `private_key_jwt`; PKCE), UserInfo, revocation, logout, keys, and metadata for `discover`. With the scope `openid`,
 * it issues ID tokens.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy } from 'passport-authorization-code'
 * import { startTestProvider } from 'passport-authorization-code/testing'
 *
 * const provider = await startTestProvider({ scope: 'openid' })
 * passport.use(new AuthorizationCodeStrategy({ ...options, ...provider.options }))
 * console.log(provider.requestsTo('token').length)
 * await provider.close()
 * ```
 *
 * @throws {ConfigurationError} naming the option that is unknown or cannot be used
 * @throws {Error} with the `code` `EADDRINUSE`, if the `port` is taken
 */
export async function startTestProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
  const sample = "await startTestProvider({ scope: 'openid' })"
  const settings = readTable(TEST_PROVIDER_OPTIONS, options, sample)
  const { clientID, clientSecret, clientKeys } = settings
  const requests: TestRequest[] = []
  const faults = createFaults()
  const idTokens = await createTestIdTokens()
  const server = await startServer(settings.port, async (request) => {
    requests.push(request)
    return answer(request, state, faults.take(request.endpoint))
  })
  const state: TestProviderState = {
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
      return state.user
    },
    set user(user) {
      state.user = user
    },
    get scope() {
      return state.scope
    },
    set scope(scope) {
      state.scope = scope
    },
    get accessTokenSeconds() {
      return state.accessTokenSeconds
    },
    set accessTokenSeconds(seconds) {
      state.accessTokenSeconds = seconds
    },
    requests,
    reused: state.grants.reused,
    requestsTo: (endpoint) => requests.filter((request) => request.endpoint === endpoint),
    fail: faults.add,
    expireAccessTokens: () => state.grants.expireAccessTokens(),
    endGrants: () => state.grants.endAll(),
    reset() {
      requests.length = 0
      faults.clear()
      state.grants.clear()
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

/** The response to one request; `undefined` if none is to be sent. */
async function answer(
  request: TestRequest,
  state: TestProviderState,
  fault: TestFault | undefined,
): Promise<TestAnswer | undefined> {
  if (fault === 'hangs') return undefined
  if (typeof fault === 'number') return { status: fault }
  if (typeof fault === 'object') await setTimeout(fault.slowMs, undefined, { ref: false })
  const protocolFault = typeof fault === 'string' ? fault : undefined
  return ENDPOINTS[request.endpoint](state, request, protocolFault)
}

/** The endpoint of each fault that only one endpoint can have. */
const PLACES: Readonly<Record<ProtocolFault, TestEndpoint>> = {
  denied: 'authorize',
  invalid_grant: 'token',
  wrong_iss: 'authorize',
}

/** Keeps the faults of future requests, in the order in which they were added. */
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
      const next = queue.find((one) => one.endpoint === endpoint)
      queue = queue.filter((one) => one !== next)
      return next?.fault
    },
    clear: () => (queue = []),
  }
}
