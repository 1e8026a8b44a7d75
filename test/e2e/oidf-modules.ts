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
  /** The full titles of the tests that prove it, or `not applicable: ` and the reason. */
  readonly provenBy: readonly string[]
}

/** The modules by the name of their plan. */
export const OIDF_PLANS: Readonly<Record<string, readonly OidfModule[]>> = {
  'oidcc-client-basic-certification-test-plan': [
    {
      name: 'oidcc-client-test',
      checks:
        'a login by the code flow: authorization, token and UserInfo requests that are well formed',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an OpenID Connect login > sends a nonce of its own each time, and takes an ID token that is all it should be',
      ],
    },
    {
      name: 'oidcc-client-test-invalid-iss',
      checks: 'an ID token of another issuer is refused',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > with an ID token > is refused with one %s',
      ],
    },
    {
      name: 'oidcc-client-test-missing-sub',
      checks: 'an ID token without sub is refused',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > with an ID token > is refused with one %s',
      ],
    },
    {
      name: 'oidcc-client-test-invalid-aud',
      checks: 'an ID token for another client is refused',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > with an ID token > is refused with one %s',
      ],
    },
    {
      name: 'oidcc-client-test-missing-iat',
      checks: 'an ID token without iat is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'oidcc-client-test-kid-absent-single-jwks',
      checks: 'an ID token without kid is verified by the only key there is',
      provenBy: [
        'test/e2e/id-token.test.ts > an ID token without kid > is verified by the only key there is',
      ],
    },
    {
      name: 'oidcc-client-test-kid-absent-multiple-jwks',
      checks:
        'an ID token without kid and several keys that fit: refused, or verified by the one that works',
      provenBy: [
        'test/e2e/id-token.test.ts > an ID token without kid > is verified by whichever of three keys made it',
        'test/e2e/id-token.test.ts > an ID token without kid > is refused when none of several keys made it: %s',
      ],
    },
    {
      name: 'oidcc-client-test-idtoken-sig-rs256',
      checks: 'an ID token signed with RS256 is verified',
      provenBy: [
        'test/e2e/id-token.test.ts > an ID token > that is signed with %s is verified by the published key',
      ],
    },
    {
      name: 'oidcc-client-test-idtoken-sig-none',
      checks:
        'an unsigned ID token: the plan lets a client of the code flow take it; FAPI 2.0 forbids that, so it is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'oidcc-client-test-invalid-sig-rs256',
      checks: 'an ID token with a wrong RS256 signature is refused',
      provenBy: [
        'test/e2e/id-token.test.ts > an ID token > that is signed with RS256 by another key is refused',
      ],
    },
    {
      name: 'oidcc-client-test-userinfo-invalid-sub',
      checks: 'a UserInfo response about somebody else is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > the profile > is refused when it is about another person than the ID token',
      ],
    },
    {
      name: 'oidcc-client-test-nonce-invalid',
      checks: 'an ID token with another nonce is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'oidcc-client-test-scope-userinfo-claims',
      checks: 'claims asked for by scope are read from the UserInfo endpoint',
      provenBy: [
        'test/e2e/id-token.test.ts > the UserInfo endpoint > is where the claims of the scopes profile and email are read',
      ],
    },
    {
      name: 'oidcc-client-test-client-secret-basic',
      checks: 'the client authenticates with client_secret_basic',
      provenBy: [
        'test/client-authentication.test.ts > client_secret_basic > form-urlencodes each part, as RFC 6749 section 2.3.1 says',
        'test/client-authentication.test.ts > client_secret_basic > is the default where the provider’s metadata offers it and not the form',
      ],
    },
  ],
  'oidcc-client-rp-initiated-logout-rp-basic': [
    {
      name: 'oidcc-client-test-rp-init-logout',
      checks:
        'logout leads to the end_session_endpoint with id_token_hint, post_logout_redirect_uri and state, and back',
      provenBy: [
        'test/e2e/openid-connect.test.ts > logging out at the provider as well > leads to its logout page with the ID token and a state, and home again',
      ],
    },
    {
      name: 'oidcc-client-test-rp-init-logout-other-state',
      checks: 'coming back from logout with another state does no harm',
      provenBy: [
        'test/e2e/openid-connect.test.ts > logging out at the provider as well > refuses to come back with %j',
      ],
    },
    {
      name: 'oidcc-client-test-rp-init-logout-no-state',
      checks: 'coming back from logout without state does no harm',
      provenBy: [
        'test/e2e/openid-connect.test.ts > logging out at the provider as well > refuses to come back with %j',
      ],
    },
  ],
  'oidcc-client-back-channel-logout-rp-basic': [
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout',
      checks: 'a logout token ends the session; 200 and Cache-Control: no-store',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > ends the login by the provider’s %s, over all who share store and ledger',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none',
      checks: 'an unsigned logout token is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses what is signed by another, by nobody, or is not there',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-no-event',
      checks: 'a logout token without events is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses a logout token %s',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce',
      checks: 'a logout token with a nonce is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses a logout token %s',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg',
      checks: 'a logout token signed with another algorithm is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses a logout token signed with an algorithm %s by 400, and ends nothing',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud',
      checks: 'a logout token for another client is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses a logout token %s',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event',
      checks: 'a logout token with another event is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses a logout token %s',
      ],
    },
    {
      name: 'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss',
      checks: 'a logout token of another issuer is refused with 400',
      provenBy: [
        'test/e2e/openid-connect.test.ts > back-channel logout > refuses a logout token %s',
      ],
    },
  ],
  'fapi2-security-profile-final-client-test-plan': [
    {
      name: 'fapi2-security-profile-final-client-test-happy-path',
      checks:
        'a login by PAR with private_key_jwt or mTLS, DPoP or mTLS, with server nonces, and a resource request',
      provenBy: [
        'test/e2e/fapi.test.ts > a server of the %s > logs a person in, serves the API, refreshes, and logs out',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-discovery-issuer-mismatch',
      checks: 'metadata of another issuer are refused',
      provenBy: [
        'test/providers/discover.test.ts > discover, of an issuer that has nothing to offer > says so when the metadata %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-iss',
      checks: 'an ID token of another issuer is refused',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > with an ID token > is refused with one %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-aud',
      checks: 'an ID token for another client is refused',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > with an ID token > is refused with one %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-secondary-aud',
      checks: 'an ID token for this client and one that is not trusted is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-null-alg',
      checks: 'an unsigned ID token is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-alternate-alg',
      checks: 'an ID token signed with RS256 is refused',
      provenBy: [
        'test/e2e/id-token.test.ts > an ID token > is refused when its algorithm is none that was agreed on, though the provider has such a key',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-expired-exp',
      checks: 'an ID token that has expired is refused',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > with an ID token > is refused with one %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-exp',
      checks: 'an ID token without exp is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-aud',
      checks: 'an ID token without aud is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-iss',
      checks: 'an ID token without iss is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-valid-aud-as-array',
      checks: 'an ID token whose aud is a list with this client alone is taken',
      provenBy: [
        'test/e2e/id-token.test.ts > an ID token > may be for a list of clients with this one alone',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-nonce',
      checks: 'an ID token with another nonce is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-missing-nonce',
      checks: 'an ID token without the nonce that was sent is refused',
      provenBy: [
        'test/e2e/openid-connect.test.ts > an ID token is refused, and nobody logged in, when it > %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-invalid-authorization-response-iss',
      checks: 'an authorization response of another issuer is refused',
      provenBy: [
        'test/e2e/mix-up.test.ts > the issuer of an authorization response > is refused when it is %s, and no code is sent',
        'test/e2e/mix-up.test.ts > the issuer of an authorization response > is refused when it is %s, also with a denial',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-remove-authorization-response-iss',
      checks: 'an authorization response without iss is refused',
      provenBy: [
        'test/e2e/mix-up.test.ts > the issuer of an authorization response > is missed where the provider always sends it, and no code is sent',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails',
      checks: 'an authorization response with another state is refused',
      provenBy: [
        'test/e2e/invariants.test.ts > 10. bad input gets a clear error and nothing is lost > by %s > a forged callback with %s spends nobody’s pending login',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails',
      checks: 'an authorization response without the state that was sent is refused',
      provenBy: [
        'test/e2e/invariants.test.ts > 10. bad input gets a clear error and nothing is lost > by %s > a forged callback with %s spends nobody’s pending login',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in',
      checks: 'a token response without expires_in is taken',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > may leave its life open: expires_in may %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-token-type-case-insensitivity',
      checks: 'token_type counts in any case: dpop as DPoP',
      provenBy: [
        'test/token-endpoint.test.ts > a token response > may call its type %s',
        'test/e2e/dpop.test.ts > a token that is bound to a key > may be called %s, and goes out under the scheme DPoP',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity',
      checks: 'a resource that challenges with the scheme dpop in any case is understood',
      provenBy: [
        'test/e2e/dpop.test.ts > a proof of possession > is repeated with the nonce of a challenge by a resource, whatever the case of its scheme: %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce',
      checks: 'the happy path with DPoP and without server nonces',
      provenBy: [
        'test/e2e/fapi.test.ts > a server of the FAPI 2.0 Security Profile that gives no nonces > is asked once for each step: the login by PAR with private_key_jwt and DPoP, and the resource',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-happy-path-no-mtls-endpoint-aliases',
      checks: 'the happy path where the server publishes no mtls_endpoint_aliases',
      provenBy: [
        'test/e2e/tls.test.ts > a client that is known by its certificate > goes to the ordinary endpoints of a provider without mtls_endpoint_aliases',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-refresh-token-test',
      checks: 'a refresh that rotates the refresh token (only run in Brazil’s profile)',
      provenBy: [
        'test/e2e/refresh.test.ts > what the answer leaves out > is replaced when it is there',
      ],
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
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-iss-fails',
      checks: 'a signed response of another issuer is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-without-aud-fails',
      checks: 'a signed response without aud is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-aud-fails',
      checks: 'a signed response for another client is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-without-exp-fails',
      checks: 'a signed response without exp is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-expired-exp-fails',
      checks: 'a signed response that has expired is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-sig-fails',
      checks: 'a signed response with a wrong signature is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it is forged: it %s',
      ],
    },
    {
      name: 'fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none',
      checks: 'an unsigned response is refused',
      provenBy: [
        'test/e2e/signed-response.test.ts > a signed response > is refused, and its code is not sent, when it is forged: it %s',
      ],
    },
  ],
}
