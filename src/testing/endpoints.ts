import { createHash } from 'node:crypto'
import { isFromClient } from './client.js'
import type { TestClient } from './client.js'
import type { TestCode, TestGrant, TestGrants } from './grants.js'
import type { TestIdTokens } from './id-tokens.js'
import { PATHS } from './server.js'
import type { TestAnswer, TestEndpoint, TestRequest } from './server.js'

/** The state of a test provider, which all its endpoints share. */
export interface TestProviderState {
  /** The address of the provider, which is its issuer identifier. */
  readonly issuer: string
  /** The only client that is registered. */
  readonly client: TestClient
  /** The codes and tokens issued so far. */
  readonly grants: TestGrants
  /** Signs ID tokens. */
  readonly idTokens: TestIdTokens
  /** What happens to refresh tokens; see the option of the same name. */
  readonly refreshTokens: 'rotate' | 'keep' | 'none'
  /** The person who logs in next. */
  user: Readonly<Record<string, unknown>>
  /** The scope that is granted next; `undefined` grants the one that is asked for. */
  scope: string | undefined
  /** How long the next access tokens live, in **seconds**. */
  accessTokenSeconds: number
}

/** The faults that are a response of the endpoint itself, and not a failure of the server. */
export type ProtocolFault = 'denied' | 'wrong_iss' | 'invalid_grant'

/** Computes the response to one request, with a fault if there is one. */
type Endpoint = (
  provider: TestProviderState,
  request: TestRequest,
  fault: ProtocolFault | undefined,
) => TestAnswer | Promise<TestAnswer>

/** The endpoints of a test provider. */
export const ENDPOINTS: Readonly<Record<TestEndpoint, Endpoint>> = {
  authorize,
  token,
  userinfo,
  revoke,
  logout,
  jwks: ({ idTokens }) => ({ status: 200, body: idTokens.jwks }),
  metadata,
}

/**
 * Logs the person in without asking, and redirects to the callback.
 *
 * @see [RFC 6749, section 4.1.2 - Authorization Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2)
 */
function authorize(
  { issuer, client, grants, user, scope }: TestProviderState,
  { parameters }: TestRequest,
  fault: ProtocolFault | undefined,
): TestAnswer {
  const { client_id, redirect_uri = '', state = '', nonce } = parameters
  if (client_id !== client.clientID || !URL.canParse(redirect_uri)) {
    return refusal(400, 'invalid_request', 'unknown client_id, or no redirect_uri')
  }
  const { code_challenge: codeChallenge, code_challenge_method: method } = parameters
  if (codeChallenge !== undefined && method !== 'S256') {
    return refusal(400, 'invalid_request', 'code_challenge_method must be S256')
  }
  const callback = new URL(redirect_uri)
  callback.searchParams.set('state', state)
  callback.searchParams.set('iss', fault === 'wrong_iss' ? 'https://another.example' : issuer)
  if (fault === 'denied') {
    callback.searchParams.set('error', 'access_denied')
  } else {
    const grant = { user, scope: scope ?? parameters['scope'] ?? '', nonce, isAlive: true }
    const code = grants.addCode({ grant, redirectUri: redirect_uri, codeChallenge })
    callback.searchParams.set('code', code)
  }
  return { status: 302, location: callback.href }
}

/**
 * Exchanges a code or a refresh token. A refresh may ask for less scope: its access token then has no more, and the grant
 * keeps its own.
 *
 * @see [RFC 6749, section 4.1.3 - Access Token Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.3)
 */
async function token(
  provider: TestProviderState,
  request: TestRequest,
  fault: ProtocolFault | undefined,
): Promise<TestAnswer> {
  if (!(await isFromClient(request, provider.client))) {
    return refusal(401, 'invalid_client', 'unknown client, or not its credentials')
  }
  const refused = fault === undefined ? refusedUse(request, provider) : undefined
  if (refused !== undefined) return refused
  const grant = fault === 'invalid_grant' ? undefined : grantOf(request, provider)
  if (grant === undefined) return refusal(400, 'invalid_grant', 'not valid here')
  const { grant_type, scope = '' } = request.parameters
  const isForLess = grant_type === 'refresh_token' && scope !== ''
  const body = await tokenResponse(grant, provider, isForLess ? scope : grant.scope)
  return { status: 200, headers: { 'cache-control': 'no-store' }, body }
}

/**
 * Why a refresh for a use is refused: a scope that was not granted, or an API that is not named by an absolute URI.
 * `undefined` if it is not. The refresh token stays usable.
 *
 * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
 * @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2)
 */
function refusedUse(
  { parameters }: TestRequest,
  { grants }: TestProviderState,
): TestAnswer | undefined {
  const { grant_type, refresh_token = '', scope = '', resource } = parameters
  if (resource !== undefined && (!URL.canParse(resource) || resource.includes('#'))) {
    return refusal(400, 'invalid_target', 'resource must be an absolute URI without a fragment')
  }
  const grant = grant_type === 'refresh_token' ? grants.findRefreshToken(refresh_token) : undefined
  if (grant?.isAlive !== true) return undefined
  const granted = scopesIn(grant.scope)
  const surplus = scopesIn(scope).filter((name) => !granted.includes(name))
  return surplus.length === 0
    ? undefined
    : refusal(400, 'invalid_scope', `not granted: ${surplus.join(' ')}`)
}

/** Some providers want scopes joined by commas, and this one may stand in for such a provider. */
function scopesIn(scope: string): readonly string[] {
  return scope.split(/[ ,]/).filter((name) => name !== '')
}

/** The grant that the code or the refresh token of a token request belongs to; `undefined` if it is not valid. */
function grantOf(
  { parameters }: TestRequest,
  { grants, refreshTokens }: TestProviderState,
): TestGrant | undefined {
  const { grant_type, code = '', refresh_token = '' } = parameters
  if (grant_type === 'refresh_token') {
    return grants.grantOfRefreshToken(refresh_token, refreshTokens === 'rotate')
  }
  if (grant_type !== 'authorization_code') return undefined
  const taken = grants.takeCode(code)
  if (taken === undefined) return undefined
  const { redirect_uri = taken.redirectUri, code_verifier: verifier } = parameters
  const isSame = redirect_uri === taken.redirectUri && answersChallenge(verifier, taken)
  return isSame ? taken.grant : undefined
}

/**
 * Whether the code verifier belongs to the code challenge. Both are left out if the client does not use PKCE.
 *
 * @see [RFC 7636, section 4.6 - Server Verifies code_verifier before Returning the Tokens](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.6)
 */
function answersChallenge(verifier: string | undefined, { codeChallenge }: TestCode): boolean {
  const hash = verifier && createHash('sha256').update(verifier).digest('base64url')
  return hash === codeChallenge
}

/**
 * @param scope of the access token
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
async function tokenResponse(
  grant: TestGrant,
  provider: TestProviderState,
  scope: string,
): Promise<object> {
  const { grants, accessTokenSeconds, refreshTokens, idTokens, issuer, client } = provider
  const isOpenId = scopesIn(scope).includes('openid')
  return {
    access_token: grants.addAccessToken(grant, Date.now() + accessTokenSeconds * 1000),
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    ...(scope !== '' && { scope }),
    ...(refreshTokens !== 'none' && { refresh_token: grants.addRefreshToken(grant) }),
    ...(isOpenId && { id_token: await idTokens.sign(grant, issuer, client.clientID) }),
  }
}

/** @see [OpenID Connect Core, section 5.3 - UserInfo Endpoint](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo) */
function userinfo({ grants }: TestProviderState, { headers }: TestRequest): TestAnswer {
  const [, accessToken = ''] = String(headers['authorization']).split(/^Bearer /i)
  const grant = grants.grantOfAccessToken(accessToken, Date.now())
  return grant === undefined
    ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
    : { status: 200, body: grant.user }
}

/** @see [RFC 7009, section 2 - Token Revocation](https://www.rfc-editor.org/rfc/rfc7009.html#section-2) */
async function revoke(
  { client, grants }: TestProviderState,
  request: TestRequest,
): Promise<TestAnswer> {
  if (!(await isFromClient(request, client))) {
    return refusal(401, 'invalid_client', 'unknown client, or not its credentials')
  }
  grants.revoke(request.parameters['token'] ?? '')
  return { status: 200 }
}

/** @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html) */
function logout(
  _provider: TestProviderState,
  { parameters: { post_logout_redirect_uri: back, state } }: TestRequest,
): TestAnswer {
  if (back === undefined || !URL.canParse(back)) return { status: 200, body: {} }
  const url = new URL(back)
  if (state !== undefined) url.searchParams.set('state', state)
  return { status: 302, location: url.href }
}

/** @see [OpenID Connect Discovery, section 3 - OpenID Provider Metadata](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata) */
function metadata({ issuer }: TestProviderState): TestAnswer {
  const at = (endpoint: TestEndpoint): string => `${issuer}${PATHS[endpoint]}`
  return {
    status: 200,
    body: {
      issuer,
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      userinfo_endpoint: at('userinfo'),
      revocation_endpoint: at('revoke'),
      end_session_endpoint: at('logout'),
      jwks_uri: at('jwks'),
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
    },
  }
}

/** @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2) */
function refusal(status: number, error: string, description: string): TestAnswer {
  return { status, body: { error, error_description: description } }
}
