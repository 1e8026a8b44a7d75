import type { OidfPlans } from './oidf-module.js'

/** The plans of the FAPI profiles. */
export const FAPI_PLANS: OidfPlans = {
  'fapi2-security-profile-final-client-test-plan': [
    {
      name: 'fapi2-security-profile-final-client-test-happy-path',
      checks:
        'a login by PAR with private_key_jwt or mTLS, DPoP or mTLS, with server nonces, and a resource request',
      provenBy: ['fapi-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-discovery-issuer-mismatch',
      checks: 'metadata of another issuer are refused',
      provenBy: ['discover-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-iss',
      checks: 'an ID token of another issuer is refused',
      provenBy: ['token-9'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-aud',
      checks: 'an ID token for another client is refused',
      provenBy: ['token-9'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-secondary-aud',
      checks: 'an ID token for this client and one that is not trusted is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-null-alg',
      checks: 'an unsigned ID token is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-alternate-alg',
      checks: 'an ID token signed with RS256 is refused',
      provenBy: ['id-token-1'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-expired-exp',
      checks: 'an ID token that has expired is refused',
      provenBy: ['token-9'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-exp',
      checks: 'an ID token without exp is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-aud',
      checks: 'an ID token without aud is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-iss',
      checks: 'an ID token without iss is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-valid-aud-as-array',
      checks: 'an ID token whose aud is a list with this client alone is taken',
      provenBy: ['id-token-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-nonce',
      checks: 'an ID token with another nonce is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-nonce',
      checks: 'an ID token without the nonce that was sent is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-authorization-response-iss',
      checks: 'an authorization response of another issuer is refused',
      provenBy: ['mix-up-3', 'mix-up-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-remove-authorization-response-iss',
      checks: 'an authorization response without iss is refused',
      provenBy: ['mix-up-1'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails',
      checks: 'an authorization response with another state is refused',
      provenBy: ['rule-5'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails',
      checks: 'an authorization response without the state that was sent is refused',
      provenBy: ['rule-5'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in',
      checks: 'a token response without expires_in is taken',
      provenBy: ['token-8'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-token-type-case-insensitivity',
      checks: 'token_type counts in any case: dpop as DPoP',
      provenBy: ['token-7', 'dpop-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity',
      checks: 'a resource that challenges with the scheme dpop in any case is understood',
      provenBy: ['dpop-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce',
      checks: 'the happy path with DPoP and without server nonces',
      provenBy: ['fapi-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-happy-path-no-mtls-endpoint-aliases',
      checks: 'the happy path where the server publishes no mtls_endpoint_aliases',
      provenBy: ['tls-3'],
    },
    {
      name: 'fapi2-security-profile-final-client-refresh-token-test',
      checks: 'a refresh that rotates the refresh token (only run in Brazil’s profile)',
      provenBy: ['refresh-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-grant-management-happy-path',
      checks: 'grant management: grant_id and grant_management_action',
      provenBy: [
        'not applicable: only run where the variant grant_management is enabled; the library does no grant management',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-grant-management-query-and-revoke',
      checks: 'grant management: reading and revoking a grant by its own endpoint',
      provenBy: [
        'not applicable: only run where the variant grant_management is enabled; the library does no grant management',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-grant-management-invalid-grant-id-fails',
      checks: 'grant management: an answer with another grant_id is refused',
      provenBy: [
        'not applicable: only run where the variant grant_management is enabled; the library does no grant management',
      ],
    },
  ],
  'fapi2-message-signing-final-client-test-plan': [
    {
      name: 'fapi2-security-profile-final-client-test-happy-path[fapi_request_method=signed_non_repudiation]',
      checks: 'the happy path with a signed request object that is pushed',
      provenBy: ['fapi-2', 'fapi-5'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-happy-path[fapi_response_mode=jarm]',
      checks: 'the happy path with a signed response (JARM)',
      provenBy: ['fapi-2', 'jarm-2'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-without-iss-fails',
      checks: 'a signed response without iss is refused',
      provenBy: ['jarm-4'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-iss-fails',
      checks: 'a signed response of another issuer is refused',
      provenBy: ['jarm-4'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-without-aud-fails',
      checks: 'a signed response without aud is refused',
      provenBy: ['jarm-4'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-aud-fails',
      checks: 'a signed response for another client is refused',
      provenBy: ['jarm-4'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-without-exp-fails',
      checks: 'a signed response without exp is refused',
      provenBy: ['jarm-4'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-expired-exp-fails',
      checks: 'a signed response that has expired is refused',
      provenBy: ['jarm-4'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-sig-fails',
      checks: 'a signed response with a wrong signature is refused',
      provenBy: ['jarm-5'],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none',
      checks: 'an unsigned response is refused',
      provenBy: ['jarm-5'],
    },
  ],
  'fapi1-advanced-final-client-test-plan[fapi_auth_request_method=pushed][fapi_response_mode=jarm]':
    [
      {
        name: 'fapi1-advanced-final-client-test',
        checks:
          'a login by PAR with a signed response (JARM), and a resource request with a token that is bound to the certificate',
        provenBy: ['fapi-2', 'tls-2'],
      },
      {
        name: 'fapi1-advanced-final-client-test-discovery-issuer-mismatch',
        checks: 'metadata of another issuer are refused',
        provenBy: ['discover-2'],
      },
      {
        name: 'fapi1-advanced-final-client-test-happy-path-no-mtls-endpoint-aliases',
        checks: 'the happy path where the server publishes no mtls_endpoint_aliases',
        provenBy: ['tls-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-encrypted-idtoken',
        checks: 'an encrypted ID token is decrypted (not run with JARM)',
        provenBy: ['encrypted-1'],
      },
      {
        name: 'fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15',
        checks: 'an ID token encrypted with RSA1_5 is refused (not run with JARM)',
        provenBy: ['encrypted-2'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-shash',
        checks: 'an ID token with another s_hash is refused',
        provenBy: [
          'not applicable: not run with JARM, and the library never asks for an ID token by way of the browser',
        ],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-chash',
        checks: 'an ID token with another c_hash is refused',
        provenBy: [
          'not applicable: not run with JARM, and the library never asks for an ID token by way of the browser',
        ],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-nonce',
        checks: 'an ID token with another nonce is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-iss',
        checks: 'an ID token of another issuer is refused',
        provenBy: ['token-9'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-aud',
        checks: 'an ID token for another client is refused',
        provenBy: ['token-9'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-secondary-aud',
        checks: 'an ID token for this client and one that is not trusted is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-signature',
        checks: 'an ID token with a wrong signature is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-null-alg',
        checks: 'an unsigned ID token is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-alternate-alg',
        checks: 'an ID token signed with RS256 is refused',
        provenBy: ['id-token-1'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-expired-exp',
        checks: 'an ID token that has expired is refused',
        provenBy: ['token-9'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-missing-exp',
        checks: 'an ID token without exp is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-iat-is-week-in-past',
        checks:
          'an ID token that was issued a week ago, from the authorization endpoint, is refused',
        provenBy: [
          'not applicable: not run with JARM, and the library never asks for an ID token by way of the browser',
        ],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-missing-aud',
        checks: 'an ID token without aud is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-missing-iss',
        checks: 'an ID token without iss is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-missing-nonce',
        checks: 'an ID token without the nonce that was sent is refused',
        provenBy: ['oidc-2', 'oidc-3'],
      },
      {
        name: 'fapi1-advanced-final-client-test-invalid-missing-shash',
        checks: 'an ID token without s_hash is refused',
        provenBy: [
          'not applicable: not run with JARM, and the library never asks for an ID token by way of the browser',
        ],
      },
      {
        name: 'fapi1-advanced-final-client-test-valid-aud-as-array',
        checks: 'an ID token whose aud is a list with this client alone is taken',
        provenBy: ['id-token-2'],
      },
      {
        name: 'fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response',
        checks: 'a token response without scope and expires_in is taken',
        provenBy: ['token-8'],
      },
    ],
}
