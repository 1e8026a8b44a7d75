import {
  createClientAuthentication,
  revocationAuthentication,
} from '../client/client-authentication.js'
import type { ClientKeys } from '../client/client-keys.js'
import type { ProofOfPossession } from '../client/dpop.js'
import { createClientRequest } from '../client/requests.js'
import type { ResourceClient } from '../client/requests.js'
import type { Transport } from '../client/transport.js'
import type { Conclusion } from '../diagnostics/events.js'
import type { Diagnostics } from '../diagnostics/watch.js'
import { createAuthorizationEndpoint } from '../endpoints/authorization.js'
import type { AuthorizationEndpoint } from '../endpoints/authorization.js'
import type { DecryptJwt } from '../endpoints/encrypted-jwt.js'
import type { VerifyProviderJwt } from '../endpoints/expected-jwt.js'
import { createRequestProfile } from '../endpoints/profile.js'
import type { ReadProfile } from '../endpoints/profile.js'
import { createProviderJwtVerifier } from '../endpoints/provider-jwt.js'
import type { ProviderKeys } from '../endpoints/provider-keys.js'
import { createPushedAuthorizationRequest } from '../endpoints/pushed-authorization-request.js'
import { withGrantRefusal } from '../endpoints/refresh-refusal.js'
import { createRevocationEndpoint, createRevokeTokens } from '../endpoints/revocation.js'
import type { RevokeTokens } from '../endpoints/revocation.js'
import { openSignedResponse } from '../endpoints/signed-response.js'
import { createTokenEndpoint } from '../endpoints/token.js'
import type { TokenEndpoint } from '../endpoints/token.js'
import type { EncryptedResponse } from '../options/decryption.js'
import type { Settings } from '../options/read-options.js'

/** A provider's endpoints, as its metadata say, and how this client talks to them. */
export interface Endpoints extends TokenEndpoint {
  readonly settings: Settings
  readonly keys: ClientKeys | undefined
  readonly authorizationEndpoint: AuthorizationEndpoint
  /** Verifies a signed authorization response, and resolves to its parameters; `undefined` if responses are not signed. */
  readonly openResponse: ((parameters: URLSearchParams) => Promise<URLSearchParams>) | undefined
  readonly revoke: RevokeTokens
  readonly verifyLogoutToken: VerifyProviderJwt
  readonly requestProfile: ReadProfile
}

/** What all endpoints of a provider share, also when its metadata change. */
export interface EndpointParts {
  readonly transport: Transport
  readonly resources: ResourceClient
  readonly dpop: ProofOfPossession | undefined
  readonly decryptJwt: DecryptJwt
  /** The client's keys, for what the provider accepts. */
  readonly clientKeys: (settings: Settings) => ClientKeys | undefined
  readonly providerKeys: (jwksURL: string) => ProviderKeys
}

/**
 * Puts together how a strategy talks to its provider: all that depends on the provider's metadata.
 *
 * @throws {ConfigurationError} if the credentials are missing or cannot be used
 */
export function composeEndpoints(
  settings: Settings,
  { transport, resources, dpop, decryptJwt, clientKeys, providerKeys }: EndpointParts,
  { watch }: Diagnostics,
): Endpoints {
  const { jwksURL, pushedAuthorizationRequestURL, revocationURL, timeoutMs } = settings
  const keys = clientKeys(settings)
  const authenticate = createClientAuthentication(settings, keys)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  const atRevocation = {
    ...settings,
    clientAuthentication: revocationAuthentication(settings),
  }
  const revocationRequest = createClientRequest(
    atRevocation,
    transport,
    createClientAuthentication(atRevocation, keys),
    dpop,
  )
  const verifyJwt = createProviderJwtVerifier(
    settings,
    jwksURL === undefined ? undefined : providerKeys(jwksURL),
  )
  const verifyResponse = verifyDecrypted('authorization', decryptJwt, verifyJwt)
  const { exchange, refresh } = createTokenEndpoint(settings, request, verifyJwt, decryptJwt)
  const push =
    pushedAuthorizationRequestURL === undefined
      ? undefined
      : watch('push', createPushedAuthorizationRequest(pushedAuthorizationRequestURL, request))
  const signingKeys = settings.signedAuthorizationRequests ? keys : undefined
  const revoke =
    revocationURL === undefined
      ? undefined
      : watch(
          'revocation',
          createRevocationEndpoint(revocationURL, timeoutMs, revocationRequest),
          (status): Conclusion =>
            status < 400 ? { outcome: 'ok' } : { outcome: 'refused', reason: `http_${status}` },
        )

  return {
    settings,
    keys,
    authorizationEndpoint: createAuthorizationEndpoint(settings, signingKeys, push),
    openResponse:
      settings.signedAuthorizationResponses && verifyResponse !== undefined
        ? (parameters) => openSignedResponse(parameters, verifyResponse)
        : undefined,
    exchange: watch('exchange', exchange),
    refresh: watch('refresh', withGrantRefusal(refresh, settings.isGrantRefused)),
    revoke: createRevokeTokens(revoke, settings.revocationEnds),
    verifyLogoutToken: verifyDecrypted('id_token', decryptJwt, verifyJwt) ?? withoutIssuer,
    requestProfile: createRequestProfile(settings, resources, {
      decrypt: decryptJwt,
      verify: verifyJwt,
    }),
  }
}

/** `verify` for JWTs that may be encrypted; `undefined` without it. */
function verifyDecrypted(
  kind: EncryptedResponse,
  decrypt: DecryptJwt,
  verify: VerifyProviderJwt | undefined,
): VerifyProviderJwt | undefined {
  if (verify === undefined) return undefined
  return async (jwt, options) => verify(await decrypt(kind, jwt), options)
}

function withoutIssuer(): Promise<never> {
  return Promise.reject(new Error('it cannot be verified without the option issuer'))
}
