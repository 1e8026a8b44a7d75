import { createClientAuthentication } from '../client/client-authentication.js'
import { createClientKeys, readSigningKey } from '../client/client-keys.js'
import { createProofOfPossession } from '../client/dpop.js'
import { createClientRequest } from '../client/requests.js'
import type { Transport } from '../client/transport.js'
import { LoginRequiredError } from '../errors/errors.js'
import { createAuthorizationEndpoint } from '../endpoints/authorization.js'
import { createPushedAuthorizationRequest } from '../endpoints/pushed-authorization-request.js'
import { createTokenEndpoint } from '../endpoints/token.js'
import type { TokenEndpoint } from '../endpoints/token.js'
import type { LoginRequest } from '../lib/login-request.js'
import { createStartLogin } from '../login/start-login.js'
import type { PendingLoginStore } from '../options/pending-login-store.js'
import { strategyIdOf } from '../options/read-options.js'
import type { Settings } from '../options/read-options.js'

/** The provider's endpoints, asked as the strategy asks them. */
export interface TriedEndpoints {
  readonly token: TokenEndpoint

  /**
   * Starts a login that nobody finishes, and resolves to the address where the browser would go.
   *
   * @throws {ConfigurationError} if an option cannot be used
   * @throws {PushedAuthorizationRequestError} if the provider does not accept the pushed request
   */
  readonly startLogin: () => Promise<string>
}

/** A browser that comes for the first time. */
const FIRST_VISIT: unknown = { method: 'GET', url: '/', headers: {} }

const NOT_KEPT: PendingLoginStore = {
  put: () => Promise.resolve(),
  take: () => Promise.resolve({ status: 'unknown' }),
}

/**
 * Puts the endpoints together as the strategy does, so that a check sends the same requests.
 *
 * @throws {ConfigurationError} if a key cannot be used
 */
export function createTriedEndpoints(settings: Settings, transport: Transport): TriedEndpoints {
  const { privateKey, dpopKey, pushedAuthorizationRequestURL } = settings
  const keys = privateKey === undefined ? undefined : createClientKeys({ ...settings, privateKey })
  const dpop =
    dpopKey === undefined ? undefined : createProofOfPossession(readSigningKey(dpopKey, 'dpopKey'))
  const authenticate = createClientAuthentication(settings, keys)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  const push =
    pushedAuthorizationRequestURL === undefined
      ? undefined
      : createPushedAuthorizationRequest(pushedAuthorizationRequestURL, request)
  const startLogin = createStartLogin({
    settings,
    strategyId: strategyIdOf(settings),
    pendingLogins: NOT_KEPT,
    presentLogin: () => Promise.resolve(undefined),
    // Nothing is connected.
    connectionOf: () => Promise.reject(new LoginRequiredError('not_logged_in')),
    authorizationEndpoint: createAuthorizationEndpoint(
      settings,
      settings.signedAuthorizationRequests ? keys : undefined,
      push,
    ),
    dpopThumbprint: dpop?.thumbprint,
  })
  return {
    token: createTokenEndpoint(settings, request, undefined),
    startLogin: () => startLogin(FIRST_VISIT as LoginRequest, {}, {}),
  }
}
