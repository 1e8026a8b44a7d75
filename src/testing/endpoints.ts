import { createHash } from 'node:crypto'
import { isFromClient } from './client.js'
import type { TestClient } from './client.js'
import type { TestCode, TestGrant, TestGrants } from './grants.js'
import type { TestIdTokens } from './id-tokens.js'
import { PATHS } from './server.js'
import type { TestAnswer, TestEndpoint, TestRequest } from './server.js'

/** What the endpoints of a test provider know. */
export interface TestWorld {
  readonly issuer: string
  readonly client: TestClient
  readonly grants: TestGrants
  readonly idTokens: TestIdTokens
  readonly refreshTokens: 'rotate' | 'keep' | 'none'
  user: Readonly<Record<string, unknown>>
  scope: string | undefined
  accessTokenSeconds: number
}

/** What an endpoint can be told to say instead of the truth. */
export type TestLie = 'denied' | 'wrong_iss' | 'invalid_grant'

type Endpoint = (
  world: TestWorld,
  request: TestRequest,
  lie: TestLie | undefined,
) => TestAnswer | Promise<TestAnswer>

/** What each endpoint answers. */
export const ENDPOINTS: Readonly<Record<TestEndpoint, Endpoint>> = {
  authorize,
  token,
  userinfo,
  revoke,
  logout,
  jwks: ({ idTokens }) => ({ status: 200, body: idTokens.jwks }),
  metadata,
}

function authorize(
  { issuer, client, grants, user, scope }: TestWorld,
  { parameters }: TestRequest,
  lie: TestLie | undefined,
): TestAnswer {
  const { client_id, redirect_uri = '', state = '', nonce } = parameters
  if (client_id !== client.clientID || !URL.canParse(redirect_uri)) {
    return refusal(400, 'invalid_request', 'unknown client_id, or no redirect_uri')
  }
  const { code_challenge: codeChallenge, code_challenge_method: method } = parameters
  if (codeChallenge !== undefined && method !== 'S256') {
    return refusal(400, 'invalid_request', 'code_challenge_method has to be S256')
  }
  const callback = new URL(redirect_uri)
  callback.searchParams.set('state', state)
  callback.searchParams.set('iss', lie === 'wrong_iss' ? 'https://another.example' : issuer)
  if (lie === 'denied') {
    callback.searchParams.set('error', 'access_denied')
  } else {
    const grant = { user, scope: scope ?? parameters['scope'] ?? '', nonce, isAlive: true }
    const code = grants.addCode({ grant, redirectUri: redirect_uri, codeChallenge })
    callback.searchParams.set('code', code)
  }
  return { status: 302, location: callback.href }
}

async function token(
  world: TestWorld,
  request: TestRequest,
  lie: TestLie | undefined,
): Promise<TestAnswer> {
  if (!(await isFromClient(request, world.client))) {
    return refusal(401, 'invalid_client', 'unknown client, or not its credentials')
  }
  const grant = lie === 'invalid_grant' ? undefined : grantOf(request, world)
  if (grant === undefined) return refusal(400, 'invalid_grant', 'not valid here')
  const body = await tokenResponse(grant, world)
  return { status: 200, headers: { 'cache-control': 'no-store' }, body }
}

function grantOf(
  { parameters }: TestRequest,
  { grants, refreshTokens }: TestWorld,
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

/** @see [RFC 7636, section 4.6 - Server Verifies code_verifier before Returning the Tokens](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.6) */
function answersChallenge(verifier: string | undefined, { codeChallenge }: TestCode): boolean {
  const hash = verifier && createHash('sha256').update(verifier).digest('base64url')
  return hash === codeChallenge
}

async function tokenResponse(grant: TestGrant, world: TestWorld): Promise<object> {
  const { grants, accessTokenSeconds, refreshTokens, idTokens, issuer, client } = world
  // The client may join its scopes by a comma, as some providers want it.
  const isOpenId = grant.scope.split(/[ ,]/).includes('openid')
  return {
    access_token: grants.addAccessToken(grant, Date.now() + accessTokenSeconds * 1000),
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    ...(grant.scope !== '' && { scope: grant.scope }),
    ...(refreshTokens !== 'none' && { refresh_token: grants.addRefreshToken(grant) }),
    ...(isOpenId && { id_token: await idTokens.sign(grant, issuer, client.clientID) }),
  }
}

function userinfo({ grants }: TestWorld, { headers }: TestRequest): TestAnswer {
  const [, accessToken = ''] = String(headers['authorization']).split(/^Bearer /i)
  const grant = grants.grantOfAccessToken(accessToken, Date.now())
  return grant === undefined
    ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
    : { status: 200, body: grant.user }
}

async function revoke({ client, grants }: TestWorld, request: TestRequest): Promise<TestAnswer> {
  if (!(await isFromClient(request, client))) {
    return refusal(401, 'invalid_client', 'unknown client, or not its credentials')
  }
  grants.revoke(request.parameters['token'] ?? '')
  return { status: 200 }
}

function logout(
  _world: TestWorld,
  { parameters: { post_logout_redirect_uri: back, state } }: TestRequest,
): TestAnswer {
  if (back === undefined || !URL.canParse(back)) return { status: 200, body: {} }
  const url = new URL(back)
  if (state !== undefined) url.searchParams.set('state', state)
  return { status: 302, location: url.href }
}

function metadata({ issuer }: TestWorld): TestAnswer {
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

function refusal(status: number, error: string, description: string): TestAnswer {
  return { status, body: { error, error_description: description } }
}
