import type { Mutant } from '../mutant.js'
import { ANY_AUDIENCE_IN_JWT, ANY_ISSUER_IN_JWT } from './provider-jwt-changes.js'

const REFRESH = 'openid oidcc-client-test-refresh-token'
const USERINFO = ['openid oidcc-client-test-userinfo-signed']
const ENCRYPTED = 'openid fapi1-advanced-final-client-test-encrypted-idtoken'
const FORM_POST = 'response_mode=form_post'
const REQUEST_OBJECT = 'request_type=request_object'

/** What is checked of UserInfo that is a signed JWT. */
const VERIFIED = "return verify(plain, { sender: 'provider', required: ['sub'] })"

/** The same mutants, for the modules of the Basic plan among their rows in each variant that it is run in. */
export function inVariants(mutants: readonly Mutant[]): readonly Mutant[] {
  return mutants.flatMap((mutant) => {
    const modules = mutant.rows.filter((row) => BASIC.has(row))
    if (modules.length === 0) return []
    return (
      [
        [FORM_POST, 'oidf-1'],
        [REQUEST_OBJECT, 'oidf-2'],
      ]
        // Beside a private key, the operator says how the client authenticates, not the metadata.
        .filter(
          ([variant]) =>
            variant !== REQUEST_OBJECT || mutant.file !== 'options/provider-options.ts',
        )
        .map(([variant = '', id = '']) => ({
          ...mutant,
          rows: modules.map((row) => `${row}[${variant}]`),
          tests: [id],
        }))
    )
  })
}

const BASIC: ReadonlySet<string> = new Set(
  [
    ...['', '-invalid-iss', '-missing-sub', '-invalid-aud', '-missing-iat', '-nonce-invalid'],
    ...['-kid-absent-single-jwks', '-kid-absent-multiple-jwks', '-client-secret-basic'],
    ...['-idtoken-sig-rs256', '-idtoken-sig-none', '-invalid-sig-rs256'],
    ...['-userinfo-invalid-sub', '-scope-userinfo-claims'],
  ].map((name) => `openid oidcc-client-test${name}`),
)

/** The variants and plans of OpenID Connect, and of FAPI 1.0, that are in no other table. */
export const OIDF_PLAN_MUTANTS: readonly Mutant[] = [
  {
    rows: [`openid oidcc-client-test[${FORM_POST}]`],
    tests: ['oidf-1'],
    file: 'endpoints/authorization-response.ts',
    find: "request.method === 'POST' ? readForm(request) : readQuery(request)",
    replace: 'readQuery(request)',
    gone: 'a posted response is not read',
  },
  {
    rows: [`openid oidcc-client-test[${REQUEST_OBJECT}]`],
    tests: ['oidf-2'],
    file: 'endpoints/authorization.ts',
    find: "  return [...parameters].filter(([name]) => name === 'response_type' || name === 'scope')",
    replace: '  return []',
    gone: 'request objects are sent alone, also with openid',
  },
  {
    rows: ['openid oidcc-client-test-discovery-jwks-uri-keys'],
    tests: ['oidf-3'],
    file: 'providers/provider-metadata.ts',
    find: 'jwksURL: metadata.jwks_uri',
    replace: 'jwksURL: `${metadata.issuer}/jwks`',
    gone: 'the jwks_uri is guessed',
  },
  {
    rows: USERINFO,
    tests: ['userinfo-1'],
    file: 'endpoints/userinfo-response.ts',
    find: VERIFIED,
    replace: VERIFIED.replace("['sub']", "['sub', 'exp']"),
    gone: 'signed UserInfo needs an exp',
  },
  ...[ANY_ISSUER_IN_JWT, ANY_AUDIENCE_IN_JWT].map((change): Mutant => ({
    rows: USERINFO,
    tests: ['userinfo-2'],
    ...change,
    gone: `signed UserInfo may be for or of anybody: ${change.find}`,
  })),
  {
    rows: USERINFO,
    tests: ['userinfo-3'],
    file: 'endpoints/userinfo-response.ts',
    find: VERIFIED,
    replace: "return (await import('jose')).decodeJwt(plain)",
    gone: 'the signature of UserInfo is not checked',
  },
  {
    rows: [REFRESH],
    tests: ['refreshed-1'],
    file: 'endpoints/id-token.ts',
    find: 'if (nonce !== undefined && expected !== undefined && nonce !== expected) {',
    replace: 'if (nonce !== expected) {',
    gone: 'refreshed ID tokens need the nonce of the login',
  },
  {
    rows: [`${REFRESH}-invalid-issuer`],
    tests: ['refreshed-2'],
    ...ANY_ISSUER_IN_JWT,
    also: [
      {
        file: 'endpoints/id-token.ts',
        find: 'if (before.iss !== after.iss || before.sub !== after.sub) {',
        replace: 'if (before.sub !== after.sub) {',
      },
    ],
    gone: 'a refreshed ID token may have another issuer',
  },
  {
    rows: [`${REFRESH}-invalid-sub`],
    tests: ['refreshed-2', 'oidc-1'],
    file: 'endpoints/id-token.ts',
    find: 'if (before.iss !== after.iss || before.sub !== after.sub) {',
    replace: 'if (before.iss !== after.iss) {',
    gone: 'a refreshed ID token may be about another person',
  },
  {
    rows: [`${REFRESH}-invalid-issuer`, `${REFRESH}-invalid-sub`],
    tests: ['refreshed-2'],
    file: 'endpoints/id-token.ts',
    find: '    throw untrusted(error)\n  }\n}\n',
    replace: '    return undefined\n  }\n}\n',
    gone: 'errors of refreshed ID tokens are swallowed',
  },
  {
    rows: [ENCRYPTED],
    tests: ['encrypted-1'],
    file: 'client/decryption-keys.ts',
    find: "= ['ECDH-ES', 'ECDH-ES+A128KW']",
    replace: "= ['ECDH-ES+A128KW']",
    gone: 'ECDH-ES is not accepted',
  },
  {
    rows: [`${ENCRYPTED}-usingrsa15`],
    tests: ['encrypted-2'],
    file: 'client/decryption-keys.ts',
    find: "  refuseUnaccepted('alg', alg, [...new Set(keys.map((key) => key.alg))])\n",
    replace: '',
    gone: 'the algorithm of encrypted ID tokens is not compared',
  },
]
