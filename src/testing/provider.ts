import { setTimeout } from 'node:timers/promises'
import { readTable } from '../options/option-table.js'
import { createTestClock } from './clock.js'
import { endSessions } from './end-sessions.js'
import { ENDPOINTS } from './endpoints.js'
import { createFaults, refusalIn } from './faults.js'
import type { TestFault } from './faults.js'
import { createTestGrants } from './grants.js'
import { createTestIssueTimes } from './issue-times.js'
import { TEST_PROVIDER_OPTIONS, TEST_REGISTRATION_OPTIONS } from './provider-options.js'
import type {
  RegisteredAddresses,
  TestProviderOptions,
  TestRegistration,
} from './provider-options.js'
import { refusal } from './refusal.js'
import { PATHS, startServer } from './server.js'
import type { TestAnswer, TestRequest } from './server.js'
import { createTestSessions } from './sessions.js'
import { createTestSigningKeys } from './signing-keys.js'
import type { TestProviderState } from './state.js'
import type { TestAccessToken, TestProvider } from './provider-type.js'

/**
 * Starts a provider at `127.0.0.1`, for tests of an application and for trying it out.
 *
 * It has an authorization endpoint (`prompt`, `max_age`, `login_hint`, `acr_values`, `resource`), a token endpoint (forms
 * and JSON; `client_secret_post`, `client_secret_basic` and `private_key_jwt`; PKCE), UserInfo, revocation, logout
 * (RP-initiated, back-channel and front-channel), keys, and metadata for `discover`. With the scope `openid`, it issues
 * ID tokens.
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
  const { clientID, clientSecret, clientKeys, refreshTokens, port, ...initial } = readTable(
    TEST_PROVIDER_OPTIONS,
    options,
    sample,
  )
  const requests: TestRequest[] = []
  const faults = createFaults()
  const { clock, reset: resetClock } = createTestClock()
  const grants = createTestGrants()
  const sessions = createTestSessions()
  const keys = await createTestSigningKeys()
  const server = await startServer(port, async (request) => {
    requests.push(request)
    const answered = await answer(request, state, faults.take(request.endpoint))
    return answered && { ...answered, contentEncoding: provider.contentEncoding }
  })
  const issuer = server.origin

  const provider: TestProvider = {
    ...initial,
    options: { ...endpointsAt(issuer), clientID, clientSecret },
    clock,
    requests,
    reused: grants.reused,
    get sessions() {
      return sessions.all()
    },
    requestsTo: (endpoint) => requests.filter((request) => request.endpoint === endpoint),
    fail: (endpoint, fault, times) => faults.add(endpoint, fault, times),
    introspect: (accessToken) => introspect(accessToken, state),
    expireAccessTokens: () => grants.expireAccessTokens(),
    endGrants: () => grants.endAll(),
    register(addresses) {
      state.registered = readRegistration({ ...state.registered, ...addresses })
    },
    newBrowser: () => sessions.newBrowser(),
    logOut: (who = {}) => endSessions(state, who),
    rotateKeys: ({ dropOld = false } = {}) => keys.rotate(dropOld),
    reset() {
      requests.length = 0
      for (const part of [faults, grants, sessions]) part.clear()
      keys.reset()
      resetClock()
      Object.assign(provider, initial)
    },
    close: () => server.close(),
  }
  const state: TestProviderState = {
    issuer,
    client: { clientID, clientSecret, clientKeys },
    registered: readRegistration({}),
    issueTimes: createTestIssueTimes(clock),
    ...{ clock, grants, keys, sessions, refreshTokens },
    // What a test can set are fields of the provider, which are read at each request.
    settings: provider,
  }
  return provider
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

/** @throws {ConfigurationError} naming the member that is unknown or cannot be used */
function readRegistration(addresses: TestRegistration): RegisteredAddresses {
  const sample = 'provider.register({ backchannelLogoutURL })'
  return readTable(TEST_REGISTRATION_OPTIONS, addresses, sample)
}

function introspect(
  accessToken: string,
  { grants, clock }: TestProviderState,
): TestAccessToken | undefined {
  const issued = grants.findAccessToken(accessToken, clock.now())
  if (issued === undefined) return undefined
  const { grant, scope, resources, expiresAt } = issued
  return { user: grant.user, scope, resources, expiresAt }
}

/** The response to one request; `undefined` if none is to be sent. */
async function answer(
  request: TestRequest,
  state: TestProviderState,
  fault: TestFault | undefined,
): Promise<TestAnswer | undefined> {
  const { endpoint } = request
  if (fault === 'hangs') return undefined
  if (typeof fault === 'number') return { status: fault }
  const refused = endpoint === 'authorize' ? undefined : refusalIn(fault)
  if (refused !== undefined) return refusal(endpoint, refused)
  if (typeof fault === 'object' && 'slowMs' in fault) {
    await setTimeout(fault.slowMs, undefined, { ref: false })
  }
  return ENDPOINTS[endpoint](state, request, fault)
}
