import { randomUUID } from 'node:crypto'
import type { ClientKeys } from '../client/client-keys.js'
import type { ClientRequest } from '../client/client-request.js'
import type { Diagnostics } from '../diagnostics/diagnostics.js'
import { authorizationUrl, requestObjectClaims } from './authorization-request.js'
import { pushAuthorizationRequest } from './pushed-authorization-request.js'
import type { Settings } from '../options/read-options.js'

/**
 * Where to send the browser with an authorization request: in the URL, signed where
 * `signedAuthorizationRequests` says so, and pushed beforehand where there is a `pushedAuthorizationRequestURL`.
 *
 * @throws {PushedAuthorizationRequestError} when the provider does not take it, or cannot be reached
 */
export type AuthorizationEndpoint = (parameters: URLSearchParams) => Promise<string>

/** The provider's authorization endpoint, and the ways there. */
export function createAuthorizationEndpoint(
  settings: Settings,
  keys: ClientKeys | undefined,
  request: ClientRequest,
  diagnostics: Diagnostics,
): AuthorizationEndpoint {
  const { clientID: client_id, authorizationURL, pushedAuthorizationRequestURL } = settings
  const push = diagnostics.watch('push', pushAuthorizationRequest)

  /** @see [RFC 9101, section 5 - Authorization Request](https://www.rfc-editor.org/rfc/rfc9101.html#section-5) */
  async function signed(parameters: URLSearchParams): Promise<URLSearchParams> {
    if (!settings.signedAuthorizationRequests || keys === undefined) return parameters
    const claims = requestObjectClaims(parameters, {
      audience: settings.issuer ?? authorizationURL,
      id: randomUUID(),
      now: Date.now(),
    })
    const object = await keys.sign(claims, 'oauth-authz-req+jwt')
    return new URLSearchParams({ client_id, request: object })
  }

  /** @see [RFC 9126, section 4 - Authorization Request](https://www.rfc-editor.org/rfc/rfc9126.html#section-4) */
  async function pushed(parameters: URLSearchParams): Promise<URLSearchParams> {
    if (pushedAuthorizationRequestURL === undefined) return parameters
    const request_uri = await push(pushedAuthorizationRequestURL, parameters, request)
    return new URLSearchParams({ client_id, request_uri })
  }

  return async (parameters) =>
    authorizationUrl(authorizationURL, await pushed(await signed(parameters)))
}
