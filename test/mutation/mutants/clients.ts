import type { Mutant } from '../mutant.js'

const BASIC = 'openid oidcc-client-test-client-secret-basic'
const SIGNED_JWT = ['rfc9700 2.5 (1)', 'fapi-2 5.3.3.1-2', 'fapi-2 5.4.1-1b']
const AUDIENCE = 'fapi-2 5.3.3.1-5'
const RSA = 'fapi-2 5.4.1-2'
const CURVES = 'fapi-2 5.4.1-3'

/** How the client says who it is, and its keys. */
export const CLIENT_MUTANTS: readonly Mutant[] = [
  {
    rows: [BASIC],
    tests: ['client-auth-1'],
    file: 'client/client-authentication.ts',
    find: 'unencoded : formEncoded',
    replace: 'unencoded : unencoded',
    gone: 'Basic credentials are not form-encoded',
  },
  {
    rows: [BASIC],
    tests: ['client-auth-2'],
    file: 'options/provider-options.ts',
    find: 'SECRET_METHODS.find((method) => offered?.includes(method)) ?? SECRET_METHODS[0]',
    replace: "offered?.includes('') ? 'client_secret_basic' : 'client_secret_post'",
    gone: 'what the metadata offers does not count',
  },
  {
    rows: ['rfc9700 2.5 (1)'],
    tests: ['client-auth-3'],
    file: 'options/provider-options.ts',
    find: "  if (given['privateKey'] !== undefined) return 'private_key_jwt'\n",
    replace:
      "  if (given['privateKey'] !== undefined && given['clientSecret'] === undefined) return 'private_key_jwt'\n",
    gone: 'a secret is preferred to a key',
  },
  {
    rows: ['rfc9700 2.5 (1)'],
    tests: ['client-auth-3'],
    file: 'client/client-authentication.ts',
    find: "      return byAssertion(settings, (claims) => signing.sign(claims, 'JWT'))\n",
    replace: `      const prove = byAssertion(settings, (claims) => signing.sign(claims, 'JWT'))
      return async (server, client, body, headers) => {
        await prove(server, client, body, headers)
        if (typeof clientSecret === 'string') body.set('client_secret', clientSecret)
      }
`,
    gone: 'the secret is sent beside the assertion',
  },
  {
    rows: SIGNED_JWT,
    tests: ['client-auth-6'],
    file: 'client/client-keys.ts',
    find: "modulusLength >= 2048 ? ['PS256', 'RS256'] : []",
    replace: "modulusLength >= 2048 ? ['RS256', 'PS256'] : []",
    gone: 'RSA keys sign with RS256 unless told otherwise',
  },
  {
    rows: SIGNED_JWT.slice(0, 2),
    tests: ['client-auth-6'],
    file: 'client/client-assertion.ts',
    find: '      sub: clientID,\n',
    replace: '',
    gone: 'assertions have no sub',
  },
  {
    rows: SIGNED_JWT.slice(0, 2),
    tests: ['client-auth-6'],
    file: 'client/client-assertion.ts',
    find: "    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')\n",
    replace: '',
    gone: 'the type of the assertion is not said',
  },
  {
    rows: ['fapi-2 5.4.1-1b'],
    tests: ['wire-5'],
    file: 'client/client-keys.ts',
    find: "modulusLength >= 2048 ? ['PS256', 'RS256'] : []",
    replace: "modulusLength >= 2048 ? ['RS256'] : []",
    gone: 'RSA keys sign with RS256 only',
  },
  {
    rows: [AUDIENCE],
    tests: ['client-auth-7'],
    file: 'options/provider-options.ts',
    find: 'issuer ?? tokenURL',
    replace: 'tokenURL',
    gone: 'the audience is the token endpoint',
  },
  {
    rows: [AUDIENCE],
    tests: ['options-4'],
    file: 'options/provider-options.ts',
    find: 'issuer ?? tokenURL',
    replace: 'tokenURL',
    gone: 'the audience is the token endpoint',
  },
  {
    rows: [AUDIENCE],
    tests: ['client-auth-7'],
    file: 'client/client-assertion.ts',
    find: '          : clientAssertionAudience,\n',
    replace: '          : [clientAssertionAudience],\n',
    gone: 'the audience is a list',
  },
  {
    rows: [AUDIENCE],
    tests: ['wire-5'],
    file: 'client/client-assertion.ts',
    find: '          : clientAssertionAudience,\n',
    replace: '          : [clientAssertionAudience],\n',
    gone: 'the audience is a list',
  },
  {
    rows: [RSA],
    tests: ['client-auth-5'],
    file: 'client/client-keys.ts',
    find: "modulusLength >= 2048 ? ['PS256', 'RS256'] : []",
    replace: "modulusLength >= 1024 ? ['PS256', 'RS256'] : []",
    gone: 'the client signs with RSA keys of 1024 bits',
  },
  {
    rows: [RSA],
    tests: ['client-auth-5'],
    file: 'client/client-keys.ts',
    find: "modulusLength >= 2048 ? ['PS256', 'RS256'] : []",
    replace: "modulusLength >= 2040 ? ['PS256', 'RS256'] : []",
    gone: 'the client signs with RSA keys of a little less than 2048 bits',
  },
  {
    rows: [RSA],
    tests: ['client-auth-5'],
    file: 'client/client-keys.ts',
    find: "hash?.name === 'SHA-256' && modulusLength >= 2048",
    replace: "hash?.name === 'SHA-256' && modulusLength >= 2040",
    gone: 'the client signs with CryptoKeys of a little less than 2048 bits',
  },
  {
    rows: [CURVES],
    tests: ['client-auth-5'],
    file: 'client/client-keys.ts',
    find: "namedCurve === 'prime256v1' ? ['ES256'] : []",
    replace: "namedCurve !== undefined ? ['ES256'] : []",
    gone: 'any curve counts as P-256',
  },
  {
    rows: [CURVES],
    tests: ['client-auth-5'],
    file: 'client/client-keys.ts',
    find: "namedCurve === 'P-256' ? ['ES256'] : []",
    replace: "namedCurve !== undefined ? ['ES256'] : []",
    gone: 'any curve of a CryptoKey counts as P-256',
  },
  {
    rows: [CURVES],
    tests: ['client-auth-4'],
    file: 'client/client-keys.ts',
    find: "namedCurve === 'prime256v1' ? ['ES256'] : []",
    replace: '[]',
    gone: 'P-256 is refused',
  },
  {
    rows: [CURVES],
    tests: ['client-auth-4'],
    file: 'client/client-keys.ts',
    find: "    case 'ed25519':\n      return ['EdDSA', 'Ed25519']\n",
    replace: '',
    gone: 'Ed25519 is refused',
  },
]
