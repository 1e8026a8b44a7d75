import { createHash } from 'node:crypto'
import { isFromClient } from './client.js'
import type { TestCode, TestGrant } from './grants.js'
import { signIdToken } from './id-tokens.js'
import { refusal } from './refusal.js'
import type { TestRefusal } from './refusal.js'
import { refusedResource } from './resources.js'
import type { TestAnswer, TestRequest } from './server.js'
import type { TestProviderState } from './state.js'

/**
 * Exchanges a code or a refresh token. A refresh may ask for less scope: its access token then has no more, and the grant
 * keeps its own. The same holds for the APIs (`resource`) that the authorization request has named, at both.
 *
 * @see [RFC 6749, section 4.1.3 - Access Token Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.3)
 */
export async function token(
  provider: TestProviderState,
  request: TestRequest,
): Promise<TestAnswer> {
  if (!(await isFromClient(request, provider.client))) return unknownClient('token')
  const refused = refusedUse(request, provider)
  if (refused !== undefined) return refusal('token', refused)
  const grant = grantOf(request, provider)
  if (grant === undefined) {
    return refusal('token', { error: 'invalid_grant', description: 'not valid here' })
  }
  const body = await tokenResponse(grant, provider, request)
  return { status: 200, headers: { 'cache-control': 'no-store' }, body }
}

/** The refusal of a client that is unknown, or has the wrong credentials. */
export function unknownClient(endpoint: 'token' | 'revoke'): TestAnswer {
  const description = 'unknown client, or not its credentials'
  return refusal(endpoint, { error: 'invalid_client', description })
}

/**
 * Why tokens for a use are refused: a scope that was not granted, or an API that there is not, that was not granted, or that
 * is not named by an absolute URI. `undefined` if they are not. The code or refresh token stays usable.
 *
 * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
 * @see [RFC 8707, section 2.2 - Access Token Request](https://www.rfc-editor.org/rfc/rfc8707.html#section-2.2)
 */
function refusedUse(
  { parameters, resources }: TestRequest,
  { grants, settings }: TestProviderState,
): TestRefusal | undefined {
  const { grant_type, refresh_token = '', code = '', scope = '' } = parameters
  const isRefresh = grant_type === 'refresh_token'
  const grant = isRefresh ? grants.findRefreshToken(refresh_token) : grants.findCode(code)
  const named = grant?.resources.length ? grant.resources : undefined
  const refused = refusedResource(resources, settings.resources, named)
  if (refused !== undefined) return refused
  if (!isRefresh || grant?.isAlive !== true) return undefined
  const granted = scopesIn(grant.scope)
  const surplus = scopesIn(scope).filter((name) => !granted.includes(name))
  if (surplus.length === 0) return undefined
  return { error: 'invalid_scope', description: `not granted: ${surplus.join(' ')}` }
}

/** Some providers want scopes joined by commas, and this one may stand in for such a provider. */
function scopesIn(scope: string): readonly string[] {
  return scope.split(/[ ,]/).filter((name) => name !== '')
}

/** The grant that the code or the refresh token of a token request belongs to; `undefined` if it is not valid. */
function grantOf(
  { parameters }: TestRequest,
  { grants, refreshTokens, clock }: TestProviderState,
): TestGrant | undefined {
  const { grant_type, code = '', refresh_token = '' } = parameters
  if (grant_type === 'refresh_token') {
    return grants.grantOfRefreshToken(refresh_token, refreshTokens === 'rotate')
  }
  if (grant_type !== 'authorization_code') return undefined
  const taken = grants.takeCode(code, clock.now())
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

/** @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1) */
async function tokenResponse(
  grant: TestGrant,
  provider: TestProviderState,
  { parameters, resources }: TestRequest,
): Promise<object> {
  const { grants, settings, refreshTokens, clock } = provider
  const { accessTokenSeconds } = settings
  const { grant_type, scope: asked = '' } = parameters
  const scope = grant_type === 'refresh_token' && asked !== '' ? asked : grant.scope
  const accessToken = {
    grant,
    scope,
    resources: resources.length > 0 ? resources : grant.resources,
    expiresAt: clock.now() + accessTokenSeconds * 1000,
  }
  const isOpenId = scopesIn(scope).includes('openid')
  return {
    access_token: grants.addAccessToken(accessToken),
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    ...(scope !== '' && { scope }),
    ...(refreshTokens !== 'none' && { refresh_token: grants.addRefreshToken(grant) }),
    ...(isOpenId && { id_token: await signIdToken(grant, provider) }),
  }
}
