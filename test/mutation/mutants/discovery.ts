import type { Mutant } from '../mutant.js'
import { inFapi } from './fapi-rows.js'

const METADATA = 'fapi-2 5.3.3.1-9'
const CONFIGURED = 'rfc9700 2.6 (1)'
const SECURE = 'fapi-2 5.3.3.1-10'
const ISSUERS = [
  'fapi-2 5.3.3.1-11',
  ...inFapi('discovery-issuer-mismatch'),
  'openid oidcc-client-test-discovery-issuer-mismatch',
]

/** The provider's metadata. */
export const DISCOVERY_MUTANTS: readonly Mutant[] = [
  ...[
    ['profileURL: metadata.userinfo_endpoint', 'profileURL: undefined'],
    ['endSessionURL: metadata.end_session_endpoint', 'endSessionURL: undefined'],
    ['jwksURL: metadata.jwks_uri', 'jwksURL: undefined'],
    [
      'metadata.authorization_response_iss_parameter_supported === true',
      'metadata.authorization_response_iss_parameter_supported === null as any',
    ],
  ].map(([find = '', replace = '']): Mutant => ({
    rows: [METADATA, CONFIGURED, 'openid oidcc-client-test-discovery-openid-config'],
    tests: ['discover-5'],
    file: 'providers/provider-metadata.ts',
    find,
    replace,
    gone: `not read from the metadata: ${find.split(/[:.]/)[1] ?? find}`,
  })),
  {
    rows: [METADATA],
    tests: ['discover-5'],
    file: 'providers/provider-metadata.ts',
    find: '    authorizationURL,\n    tokenURL,\n',
    replace: '    authorizationURL,\n    tokenURL: `${metadata.issuer}/oauth/token`,\n',
    gone: 'the token endpoint is guessed',
  },
  {
    rows: [CONFIGURED],
    tests: ['discover-6'],
    file: 'providers/provider-metadata.ts',
    find: '    authorizationURL,\n    tokenURL,\n',
    replace: '    authorizationURL: `${metadata.issuer}/authorize`,\n    tokenURL,\n',
    gone: 'the authorization endpoint is guessed',
  },
  {
    rows: [METADATA],
    tests: ['discover-4'],
    file: 'providers/read-metadata.ts',
    find: "first.status === 404 ? await request(issuer, 'oauth2', transport) : first",
    replace: 'first',
    gone: 'metadata are not looked for where RFC 8414 has them',
  },
  {
    rows: [SECURE],
    tests: ['discover-3'],
    file: 'providers/discover.ts',
    find: '!URL.canParse(issuer) || !isSecure(new URL(issuer), plainHttpHosts)',
    replace: '!URL.canParse(issuer)',
    gone: 'the issuer may be plain HTTP',
  },
  {
    rows: [SECURE],
    tests: ['discover-3'],
    file: 'providers/discover.ts',
    find: '!URL.canParse(issuer) || !isSecure(new URL(issuer), plainHttpHosts)',
    replace: "!URL.canParse(issuer) || new URL(issuer).protocol === 'http:'",
    gone: 'the issuer may have any scheme',
  },
  {
    rows: ISSUERS,
    tests: ['discover-2'],
    file: 'providers/read-metadata.ts',
    find: 'await processDiscoveryResponse(issuer, response).catch(',
    replace:
      'await processDiscoveryResponse(new URL(String(((await copy.clone().json()) as any).issuer)), response).catch(',
    gone: 'issuer in the metadata is not compared',
  },
  {
    rows: ISSUERS,
    tests: ['discover-2'],
    file: 'providers/read-metadata.ts',
    find: 'await processDiscoveryResponse(issuer, response).catch(',
    replace: `await processDiscoveryResponse(await copy.clone().json().then((said: any) =>
      String(said?.issuer).startsWith(issuer.origin) ? new URL(said.issuer) : issuer, () => issuer), response).catch(`,
    gone: 'issuer in the metadata may be another one of the same origin',
  },
]
