import type { Mutant } from '../mutant.js'
import { inFapi } from './fapi-rows.js'

const CONNECT = 'connect: { timeout: CONNECT_TIMEOUT_MS } }'
const PROVIDER_DISPATCHER =
  'const dispatcher = options.dispatcher ?? (await providerAgent(maximumConnections))'
/** An agent of its own, without the certificate and the cipher suites of the option. */
const UNCHECKED = 'new (await loadUndici()).Agent({ connect: { rejectUnauthorized: false } })'
const CERTIFICATES = 'fapi-2 5.2.1-5'
const MTLS_TOKENS = [
  'rfc9700 2.2.1 (2)',
  'fapi-2 5.3.3.1-1',
  'openid fapi1-advanced-final-client-test',
]
const MTLS_CLIENT = ['rfc9700 2.5 (2)', 'fapi-2 5.3.3.1-2']

/** TLS, and certificates of the client. */
export const TLS_MUTANTS: readonly Mutant[] = [
  {
    rows: [CERTIFICATES],
    tests: ['tls-8'],
    file: 'client/agents.ts',
    find: CONNECT,
    replace: 'connect: { timeout: CONNECT_TIMEOUT_MS, checkServerIdentity: () => undefined } }',
    gone: 'host names in certificates are not compared',
  },
  ...['tls-9', 'tls-8'].map((id): Mutant => ({
    rows: [CERTIFICATES],
    tests: [id],
    file: 'client/agents.ts',
    find: CONNECT,
    replace: 'connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: false } }',
    gone: 'certificates are not checked',
  })),
  {
    rows: ['fapi-2 5.2.1-2'],
    tests: ['tls-7'],
    file: 'client/agents.ts',
    find: CONNECT,
    replace:
      "connect: { timeout: CONNECT_TIMEOUT_MS, minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } }",
    gone: 'TLS 1.0 is spoken',
  },
  {
    rows: ['fapi-2 5.2.2-2'],
    tests: ['tls-6'],
    file: 'client/transport.ts',
    find: PROVIDER_DISPATCHER,
    replace: `const dispatcher =
        options.dispatcher === undefined
          ? await providerAgent(maximumConnections)
          : ${UNCHECKED}`,
    gone: 'the cipher suites of the dispatcher are not used',
  },
  {
    rows: ['fapi-2 5.2.2-2'],
    tests: ['tls-6'],
    file: 'client/agents.ts',
    find: CONNECT,
    replace: "connect: { timeout: CONNECT_TIMEOUT_MS, ciphers: 'ALL:eNULL:@SECLEVEL=0' } }",
    gone: 'weak cipher suites are offered',
  },
  {
    rows: ['fapi-2 5.2.2.1'],
    tests: ['tls-5'],
    file: 'providers/discover.ts',
    find: 'settings.mutualTls ? withMutualTlsAliases(metadata) : metadata',
    replace: 'metadata',
    gone: 'mtls_endpoint_aliases are not used',
  },
  {
    rows: ['fapi-2 5.3.3.1-7'],
    tests: ['tls-4'],
    file: 'providers/discover.ts',
    find: 'settings.mutualTls ? withMutualTlsAliases(metadata) : metadata',
    replace: 'metadata',
    gone: 'mtls_endpoint_aliases are not used',
  },
  ...['token_endpoint', 'userinfo_endpoint', 'revocation_endpoint'].map((name): Mutant => ({
    rows: ['fapi-2 5.3.3.1-7'],
    tests: ['tls-4'],
    file: 'providers/provider-metadata.ts',
    find: `  '${name}',\n`,
    replace: '',
    gone: `the alias of the ${name} is not used`,
  })),
  {
    rows: ['fapi-2 5.3.3.1-7'],
    tests: ['tls-4'],
    file: 'providers/provider-metadata.ts',
    find: "  'pushed_authorization_request_endpoint',\n",
    replace: '',
    gone: 'the alias of the endpoint for pushed requests is not used',
  },
  {
    rows: ['fapi-2 5.3.3.1-7'],
    tests: ['tls-4'],
    file: 'providers/provider-metadata.ts',
    find: 'aliases.filter(([name]) => BACK_CHANNEL.has(name))',
    replace: 'aliases',
    gone: 'browsers are sent to aliases, and the issuer may be one',
  },
  {
    rows: inFapi('happy-path-no-mtls-endpoint-aliases'),
    tests: ['tls-3'],
    file: 'providers/provider-metadata.ts',
    find: 'metadata.mtls_endpoint_aliases ?? {}',
    replace: "metadata.mtls_endpoint_aliases ?? { token_endpoint: '' }",
    gone: 'mtls_endpoint_aliases are needed',
  },
  {
    rows: MTLS_TOKENS,
    tests: ['tls-2'],
    file: 'client/transport.ts',
    find: 'options.dispatcher ?? (await applicationAgent())',
    replace: UNCHECKED,
    gone: 'resources are called without the certificate',
  },
  {
    rows: MTLS_CLIENT,
    tests: ['tls-1'],
    file: 'client/client-authentication.ts',
    find: '      return byClientId',
    replace:
      "      return typeof clientSecret === 'string' ? clientSecretPost(clientSecret) : byClientId",
    gone: 'the secret is sent beside the certificate',
  },
  {
    rows: MTLS_CLIENT,
    tests: ['tls-1'],
    file: 'client/client-authentication.ts',
    find: '      return byClientId',
    replace: '      return () => undefined',
    gone: 'the client does not say who it is beside its certificate',
  },
  {
    rows: MTLS_CLIENT,
    tests: ['tls-1'],
    file: 'client/transport.ts',
    find: PROVIDER_DISPATCHER,
    replace: `const dispatcher = ${UNCHECKED}`,
    gone: 'the client’s certificate is not presented',
  },
]
