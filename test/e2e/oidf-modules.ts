/**
 * The relying-party plans of the OpenID Foundation’s conformance suite, module by module, and what
 * proves each here. The names are the suite’s own (`testName` of its modules). The plan for message
 * signing has all modules of the security profile’s plan; only those that it adds are listed.
 *
 * @see https://gitlab.com/openid/conformance-suite
 */
export interface OidfModule {
  readonly name: string
  /** What the module looks at, in a few words. */
  readonly checks: string
  /** The ids of the tests that prove it, or `not applicable: ` and the reason. */
  readonly provenBy: readonly string[]
}

/** The modules by the name of their plan. */
export const OIDF_PLANS: Readonly<Record<string, readonly OidfModule[]>> = {
  'oidcc-client-basic-certification-test-plan': [
    {
      name: 'oidcc-client-test',
      checks:
        'a login by the code flow: authorization, token and UserInfo requests that are well formed',
      provenBy: ['oidc-4'],
    },
    {
      name: 'oidcc-client-test-invalid-iss',
      checks: 'an ID token of another issuer is refused',
      provenBy: ['token-9'],
    },
    {
      name: 'oidcc-client-test-missing-sub',
      checks: 'an ID token without sub is refused',
      provenBy: ['token-9'],
    },
    {
      name: 'oidcc-client-test-invalid-aud',
      checks: 'an ID token for another client is refused',
      provenBy: ['token-9'],
    },
    {
      name: 'oidcc-client-test-missing-iat',
      checks: 'an ID token without iat is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'oidcc-client-test-kid-absent-single-jwks',
      checks: 'an ID token without kid is verified by the only key there is',
      provenBy: ['id-token-6'],
    },
    {
      name: 'oidcc-client-test-kid-absent-multiple-jwks',
      checks:
        'an ID token without kid and several keys that fit: refused, or verified by the one that works',
      provenBy: ['id-token-7', 'id-token-5'],
    },
    {
      name: 'oidcc-client-test-idtoken-sig-rs256',
      checks: 'an ID token signed with RS256 is verified',
      provenBy: ['id-token-3'],
    },
    {
      name: 'oidcc-client-test-idtoken-sig-none',
      checks:
        'an unsigned ID token: the plan lets a client of the code flow take it; FAPI 2.0 forbids that, so it is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'oidcc-client-test-invalid-sig-rs256',
      checks: 'an ID token with a wrong RS256 signature is refused',
      provenBy: ['id-token-4'],
    },
    {
      name: 'oidcc-client-test-userinfo-invalid-sub',
      checks: 'a UserInfo response about somebody else is refused',
      provenBy: ['oidc-13'],
    },
    {
      name: 'oidcc-client-test-nonce-invalid',
      checks: 'an ID token with another nonce is refused',
      provenBy: ['oidc-2', 'oidc-3'],
    },
    {
      name: 'oidcc-client-test-scope-userinfo-claims',
      checks: 'claims asked for by scope are read from the UserInfo endpoint',
      provenBy: ['id-token-9'],
    },
    {
      name: 'oidcc-client-test-client-secret-basic',
      checks: 'the client authenticates with client_secret_basic',
      provenBy: ['client-auth-1', 'client-auth-2'],
    },
  ],
  'oidcc-client-rp-initiated-logout-rp-basic': [
    {
      name: 'oidcc-client-test-rp-init-logout',
      checks:
        'logout leads to the end_session_endpoint with id_token_hint, post_logout_redirect_uri and state, and back',
      provenBy: ['oidc-11'],
    },
    {
      name: 'oidcc-client-test-rp-init-logout-other-state',
      checks: 'coming back from logout with another state does no harm',
      provenBy: ['oidc-12'],
    },
    {
      name: 'oidcc-client-test-rp-init-logout-no-state',
      checks: 'coming back from logout without state does no harm',
      provenBy: ['oidc-12'],
    },
  ],
  'oidcc-client-back-channel-logout-rp-basic': [
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout',
      checks: 'a logout token ends the session; 200 and Cache-Control: no-store',
      provenBy: ['oidc-5'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none',
      checks: 'an unsigned logout token is refused with 400',
      provenBy: ['oidc-9'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-no-event',
      checks: 'a logout token without events is refused with 400',
      provenBy: ['oidc-7'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce',
      checks: 'a logout token with a nonce is refused with 400',
      provenBy: ['oidc-7'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg',
      checks: 'a logout token signed with another algorithm is refused with 400',
      provenBy: ['oidc-8'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud',
      checks: 'a logout token for another client is refused with 400',
      provenBy: ['oidc-7'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event',
      checks: 'a logout token with another event is refused with 400',
      provenBy: ['oidc-7'],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss',
      checks: 'a logout token of another issuer is refused with 400',
      provenBy: ['oidc-7'],
    },
  ],
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
}
