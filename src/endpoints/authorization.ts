import { randomUUID } from 'node:crypto'
import type { ClientKeys } from '../client/client-keys.js'
import type { ExpectedIdToken } from '../options/pending-login-store.js'
import type { AuthorizationDetail } from '../options/token-set.js'

/** One authorization request. */
export interface AuthorizationRequest {
  readonly clientID: string
  readonly redirectUri: string
  readonly scope: string | undefined
  readonly state: string
  /** The S256 challenge; `undefined` if PKCE is off. */
  readonly codeChallenge: string | undefined
  /** The thumbprint of the key that the tokens are to be bound to. */
  readonly dpopThumbprint: string | undefined
  /** What the ID token must contain; `undefined` if none is requested. */
  readonly idToken: ExpectedIdToken | undefined
  /** The resources that the tokens are for (RFC 8707). */
  readonly resource: readonly string[]
  readonly authorizationDetails: readonly AuthorizationDetail[]
  /** Whether the response must be signed (JARM). */
  readonly signedResponse: boolean
  /** Further parameters. They may not repeat those above. */
  readonly parameters: Readonly<Record<string, string>>
}

/** Where the authorization endpoint is, and how this client sends requests there. */
export interface AuthorizationEndpointSettings {
  readonly clientID: string
  readonly authorizationURL: string
  readonly issuer?: string | undefined
}

/**
 * Resolves to the address where the browser is sent with an authorization request.
 *
 * @throws {PushedAuthorizationRequestError} if the provider does not accept a pushed request
 */
export type AuthorizationEndpoint = (request: AuthorizationRequest) => Promise<string>

/**
 * The provider's authorization endpoint.
 *
 * @param keys signs each request, if present (RFC 9101)
 * @param push sends each request to the provider beforehand and resolves to its `request_uri`, if present (RFC 9126)
 */
export function createAuthorizationEndpoint(
  { clientID: client_id, authorizationURL, issuer }: AuthorizationEndpointSettings,
  keys: Pick<ClientKeys, 'sign'> | undefined,
  push: ((parameters: URLSearchParams) => Promise<string>) | undefined,
): AuthorizationEndpoint {
  /** @see [RFC 9101, section 5 - Authorization Request](https://www.rfc-editor.org/rfc/rfc9101.html#section-5) */
  async function sign(parameters: URLSearchParams, { sign }: Pick<ClientKeys, 'sign'>) {
    const claims = requestObjectClaims(parameters, {
      audience: issuer ?? authorizationURL,
      id: randomUUID(),
      now: Date.now(),
    })
    const request = await sign(claims, 'oauth-authz-req+jwt')
    return new URLSearchParams({ client_id, request })
  }

  return async (request) => {
    const plain = authorizationParameters(request)
    const parameters = keys === undefined ? plain : await sign(plain, keys)
    if (push === undefined) {
      const beside = keys === undefined ? [] : besideRequestObject(request, plain)
      return authorizationUrl(authorizationURL, new URLSearchParams([...parameters, ...beside]))
    }
    // RFC 9126, section 4: the browser carries only the reference.
    const reference = new URLSearchParams({ client_id, request_uri: await push(parameters) })
    return authorizationUrl(authorizationURL, reference)
  }
}

/**
 * The parameters of an authorization request.
 *
 * @see [RFC 6749, section 4.1.1 - Authorization Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.1)
 * @see [RFC 7636, section 4.3 - Client Sends the Code Challenge](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.3)
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
 * @see [RFC 8707, section 2.1 - Authorization Request](https://www.rfc-editor.org/rfc/rfc8707.html#section-2.1)
 */
export function authorizationParameters(request: AuthorizationRequest): URLSearchParams {
  const { codeChallenge, idToken, authorizationDetails, parameters } = request
  const members = {
    response_type: 'code',
    client_id: request.clientID,
    redirect_uri: request.redirectUri,
    scope: request.scope,
    state: request.state,
    code_challenge: codeChallenge,
    code_challenge_method: codeChallenge === undefined ? undefined : 'S256',
    dpop_jkt: request.dpopThumbprint,
    nonce: idToken?.nonce,
    max_age: idToken?.maxAgeSeconds?.toString(),
    acr_values: idToken?.acrValues?.join(' '),
    authorization_details:
      authorizationDetails.length === 0 ? undefined : JSON.stringify(authorizationDetails),
    ...parameters,
    ...(request.signedResponse && { response_mode: signed(parameters['response_mode']) }),
  }
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) given.append(name, value)
  }
  for (const resource of request.resource) given.append('resource', resource)
  return given
}

/**
 * What goes beside a request object in the browser's URL: OpenID Connect wants the request to be a valid OAuth 2.0
 * request without it, and Ory Hydra insists. For OAuth 2.0 alone, and for a pushed request, nothing may go beside it.
 *
 * @see [OpenID Connect Core, section 6.1 - Passing a Request Object by Value](https://openid.net/specs/openid-connect-core-1_0.html#RequestObject)
 * @see [RFC 9126, section 3 - The "request" Request Parameter](https://www.rfc-editor.org/rfc/rfc9126.html#section-3)
 */
function besideRequestObject(
  { idToken }: AuthorizationRequest,
  parameters: URLSearchParams,
): [string, string][] {
  if (idToken === undefined) return []
  return [...parameters].filter(([name]) => name === 'response_type' || name === 'scope')
}

/** @see [JARM, section 2.3 - Response Encoding](https://openid.net/specs/oauth-v2-jarm-final.html#section-2.3) */
function signed(responseMode = ''): string {
  const encoding = responseMode.replace(/\.?jwt$/, '')
  return encoding === '' ? 'jwt' : `${encoding}.jwt`
}

/** The URL for the browser. The endpoint's own query is kept, and the request's is appended. */
export function authorizationUrl(authorizationURL: string, parameters: URLSearchParams): string {
  const url = new URL(authorizationURL)
  // %20 means a space everywhere in a URL, + only to servers that read the query as a form.
  const query = parameters.toString().replaceAll('+', '%20')
  if (!/[?#]/.test(url.href)) return `${url.href}?${query}`
  for (const name of parameters.keys()) url.searchParams.delete(name)
  url.search = url.search === '' ? query : `${url.search}&${query}`
  return url.href
}

/** How long a request object is valid, in **seconds**: the browser delivers it at once. */
const REQUEST_OBJECT_LIFETIME_SECONDS = 300

/** How far back `iat` and `nbf` are set, in **seconds**, for providers whose clock is behind ours. */
const BACKDATE_SECONDS = 5

/** Parameters whose value is JSON text in a query, and a JSON value in a JWT. */
const JSON_PARAMETERS: ReadonlySet<string> = new Set(['authorization_details', 'claims', 'max_age'])

/**
 * The claims of a request object: the request's parameters with issuer, audience and lifetime.
 *
 * @see [RFC 9101, section 4 - Request Object](https://www.rfc-editor.org/rfc/rfc9101.html#section-4)
 */
export function requestObjectClaims(
  parameters: URLSearchParams,
  { audience, id, now }: { readonly audience: string; readonly id: string; readonly now: number },
): Record<string, unknown> {
  const issuedAt = Math.floor(now / 1000) - BACKDATE_SECONDS
  const members = [...new Set(parameters.keys())].map((name) => {
    const values = parameters.getAll(name)
    const [first = ''] = values
    if (values.length > 1) return [name, values] as const
    return [name, JSON_PARAMETERS.has(name) ? (JSON.parse(first) as unknown) : first] as const
  })
  return {
    ...Object.fromEntries(members),
    iss: parameters.get('client_id'),
    aud: audience,
    jti: id,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + REQUEST_OBJECT_LIFETIME_SECONDS,
  }
}
