import type { OidfModule, OidfPlans } from './oidf-module.js'

const BASIC: readonly OidfModule[] = [
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
]

/** The same modules, run in a variant of the plan. */
function inVariant(variant: string, provenBy: string): readonly OidfModule[] {
  return BASIC.map(({ name, checks }) => ({
    name: `${name}[${variant}]`,
    checks,
    provenBy: [provenBy],
  }))
}

/** The plans of OpenID Connect: login, configuration, refresh and logout. */
export const OPENID_PLANS: OidfPlans = {
  'oidcc-client-basic-certification-test-plan': BASIC,
  'oidcc-client-basic-certification-test-plan[request_type=request_object]': inVariant(
    'request_type=request_object',
    'oidf-2',
  ),
  'oidcc-client-formpost-basic-certification-test-plan': inVariant(
    'response_mode=form_post',
    'oidf-1',
  ),
  'oidcc-client-config-certification-test-plan': [
    {
      name: 'oidcc-client-test-discovery-openid-config',
      checks: 'the metadata of the issuer are read',
      provenBy: ['discover-5'],
    },
    {
      name: 'oidcc-client-test-discovery-jwks-uri-keys',
      checks: 'the keys are read from the jwks_uri of the metadata, which is another each time',
      provenBy: ['oidf-3'],
    },
    {
      name: 'oidcc-client-test-discovery-issuer-mismatch',
      checks: 'metadata of another issuer are refused',
      provenBy: ['discover-2'],
    },
    {
      name: 'oidcc-client-test-signing-key-rotation-just-before-signing',
      checks:
        'the provider changes its key after the keys were read and before it signs the ID token',
      provenBy: ['id-token-13'],
    },
    {
      name: 'oidcc-client-test-signing-key-rotation',
      checks: 'the provider changes its key between two logins',
      provenBy: ['id-token-13'],
    },
  ],
  'oidcc-client-dynamic-certification-test-plan': [
    {
      name: 'oidcc-client-test-discovery-webfinger-acct',
      checks: 'the issuer is found by WebFinger from an address such as acct:ada@example.com',
      provenBy: ['not applicable: the library does no WebFinger; the operator names the issuer'],
    },
    {
      name: 'oidcc-client-test-discovery-webfinger-url',
      checks: 'the issuer is found by WebFinger from a URL',
      provenBy: ['not applicable: the library does no WebFinger; the operator names the issuer'],
    },
    {
      name: 'oidcc-client-test-dynamic-registration',
      checks: 'the client registers itself',
      provenBy: ['not applicable: the library does no dynamic registration'],
    },
    {
      name: 'oidcc-client-test-request-uri-signed-rs256',
      checks: 'a request object that the client publishes under a URL of its own',
      provenBy: [
        'not applicable: request objects are sent by value or pushed (PAR), never published by the client',
      ],
    },
    {
      name: 'oidcc-client-test-request-uri-signed-none',
      checks: 'an unsigned request object that the client publishes under a URL of its own',
      provenBy: [
        'not applicable: request objects are always signed, and never published by the client',
      ],
    },
    {
      name: 'oidcc-client-test-userinfo-signed',
      checks: 'UserInfo as a signed JWT is verified and read',
      provenBy: ['userinfo-1', 'userinfo-2', 'userinfo-3'],
    },
  ],
  'oidcc-client-refreshtoken-test-plan': [
    {
      name: 'oidcc-client-test-refresh-token',
      checks: 'a refresh, with an ID token in its response',
      provenBy: ['refreshed-1'],
    },
    {
      name: 'oidcc-client-test-refresh-token-invalid-issuer',
      checks: 'a refresh response is refused whose ID token has another issuer',
      provenBy: ['refreshed-2'],
    },
    {
      name: 'oidcc-client-test-refresh-token-invalid-sub',
      checks: 'a refresh response is refused whose ID token is about another person',
      provenBy: ['refreshed-2', 'oidc-1'],
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
}
