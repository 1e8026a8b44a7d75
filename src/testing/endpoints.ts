import { authorize } from './authorize.js'
import { isFromClient } from './client.js'
import type { TestFault } from './faults.js'
import { logout } from './logout.js'
import { refusal } from './refusal.js'
import { PATHS } from './server.js'
import type { TestAnswer, TestEndpoint, TestRequest } from './server.js'
import type { TestProviderState } from './state.js'
import { token, unknownClient } from './token.js'

/** Computes the response to one request, with the fault of the authorization response if there is one. */
type Endpoint = (
  provider: TestProviderState,
  request: TestRequest,
  fault: TestFault | undefined,
) => TestAnswer | Promise<TestAnswer>

/** The endpoints of a test provider. */
export const ENDPOINTS: Readonly<Record<TestEndpoint, Endpoint>> = {
  authorize,
  token,
  userinfo,
  revoke,
  logout,
  jwks: ({ keys }) => ({ status: 200, body: keys.jwks }),
  metadata,
}

/** @see [OpenID Connect Core, section 5.3 - UserInfo Endpoint](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo) */
function userinfo({ grants, clock }: TestProviderState, { headers }: TestRequest): TestAnswer {
  const [, accessToken = ''] = String(headers['authorization']).split(/^Bearer /i)
  const issued = grants.findAccessToken(accessToken, clock.now())
  return issued === undefined
    ? refusal('userinfo', { error: 'invalid_token' })
    : { status: 200, body: issued.grant.user }
}

/** @see [RFC 7009, section 2 - Token Revocation](https://www.rfc-editor.org/rfc/rfc7009.html#section-2) */
async function revoke(
  { client, grants }: TestProviderState,
  request: TestRequest,
): Promise<TestAnswer> {
  if (!(await isFromClient(request, client))) return unknownClient('revoke')
  grants.revoke(request.parameters['token'] ?? '')
  return { status: 200 }
}

/** @see [OpenID Connect Discovery, section 3 - OpenID Provider Metadata](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata) */
function metadata({ issuer, keys, settings }: TestProviderState): TestAnswer {
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
      id_token_signing_alg_values_supported: [keys.algorithm],
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      acr_values_supported: settings.acrValues,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
    },
  }
}
