import type { Mutant } from '../mutant.js'

const DPOP = ['rfc9700 2.2.1 (1)', 'rfc9700 4.9.3 (1)', 'fapi-2 5.3.3.1-1']
const HAPPY_PATH = 'openid fapi2-security-profile-final-client-test-happy-path'
const SIGNED_REQUEST = `${HAPPY_PATH}[fapi_request_method=signed_non_repudiation]`
const PUSHED = [
  'fapi-2 5.3.3.2-2',
  'fapi-2 5.3.3.2-6',
  HAPPY_PATH,
  `${HAPPY_PATH}[fapi_response_mode=jarm]`,
  'openid fapi1-advanced-final-client-test',
]
const KEY = 'rfc9700 4.10.1'
const MODULES = 'openid fapi2-security-profile-final-client-test'

/** FAPI 2.0: pushed and signed requests, and tokens that are bound to a key. */
export const BOUND_TOKEN_MUTANTS: readonly Mutant[] = [
  {
    rows: [...DPOP, HAPPY_PATH],
    tests: ['fapi-2'],
    file: 'client/requests.ts',
    find: "...(proves && dpop !== undefined && { dpop: await dpop.prove(url, 'POST') }),",
    replace: '',
    gone: 'token requests have no proof',
  },
  {
    rows: [...DPOP, HAPPY_PATH, 'fapi-2 5.3.3.1-3'],
    tests: ['fapi-2'],
    file: 'client/requests.ts',
    find: 'authorization: `DPoP ${accessToken}`,',
    replace: 'authorization: `Bearer ${accessToken}`,',
    gone: 'a bound token goes out as a bearer token',
  },
  {
    rows: ['rfc9700 2.2.2 (2)'],
    tests: ['fapi-2'],
    file: 'client/dpop.ts',
    find: '        .setProtectedHeader(header)\n        .sign(key)',
    replace: `        .setProtectedHeader(
          ((globalThis as any).proofs = ((globalThis as any).proofs ?? 0) + 1) > 5
            ? { ...header, jwk: (await import('node:crypto')).createPublicKey(((globalThis as any).next ??= (await import('node:crypto')).generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)).export({ format: 'jwk' }) }
            : header,
        )
        .sign((globalThis as any).next ?? key)`,
    gone: 'after a few requests, another key proves',
  },
  {
    rows: PUSHED,
    tests: ['fapi-2'],
    file: 'endpoints/authorization.ts',
    find: 'if (push === undefined) {',
    replace: 'if (push !== null) {',
    gone: 'requests are not pushed',
  },
  {
    rows: ['fapi-2 5.3.3.2-6'],
    tests: ['fapi-2'],
    file: 'endpoints/authorization.ts',
    find: 'const reference = new URLSearchParams({ client_id, request_uri: await push(parameters) })',
    replace:
      "const reference = new URLSearchParams(parameters)\n    reference.set('request_uri', await push(parameters))",
    gone: 'the browser carries the parameters that were pushed',
  },
  {
    rows: ['fapi-2 5.3.2-1', SIGNED_REQUEST],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: 'keys === undefined ? plain : await sign(plain, keys)',
    replace: 'keys === null as any ? await sign(plain, keys as any) : plain',
    gone: 'requests are not signed',
  },
  {
    rows: ['fapi-2 5.3.2-1', SIGNED_REQUEST],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: '    return new URLSearchParams({ client_id, request })',
    replace: "    return new URLSearchParams([...parameters, ['request', request]])",
    gone: 'the parameters are sent beside the request object too',
  },
  {
    rows: ['fapi-2 5.3.2-2'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: 'audience: issuer ?? authorizationURL,',
    replace: 'audience: authorizationURL,',
    gone: 'aud of request objects is the authorization endpoint',
  },
  {
    rows: ['fapi-2 5.3.2-2'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: '    aud: audience,\n',
    replace: '',
    gone: 'request objects have no aud',
  },
  {
    rows: ['fapi-2 5.3.2-3'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: '    nbf: issuedAt,\n',
    replace: '',
    gone: 'request objects have no nbf',
  },
  {
    rows: ['fapi-2 5.3.2-3'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: 'const issuedAt = Math.floor(now / 1000) - BACKDATE_SECONDS',
    replace: 'const issuedAt = Math.floor(now / 1000) + 5',
    gone: 'nbf is in the future',
  },
  {
    rows: ['fapi-2 5.3.2-4'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: '    exp: issuedAt + REQUEST_OBJECT_LIFETIME_SECONDS,\n',
    replace: '',
    gone: 'request objects have no exp',
  },
  {
    rows: ['fapi-2 5.3.2-4'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: 'const REQUEST_OBJECT_LIFETIME_SECONDS = 300',
    replace: 'const REQUEST_OBJECT_LIFETIME_SECONDS = 3_700',
    gone: 'request objects are valid for more than an hour',
  },
  {
    rows: ['fapi-2 5.3.2-5'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: "'oauth-authz-req+jwt'",
    replace: "'JWT'",
    gone: 'request objects have another typ',
  },
  {
    rows: ['fapi-2 5.4.2-1'],
    tests: ['fapi-5'],
    file: 'endpoints/authorization.ts',
    find: "    ...(request.signedResponse && { response_mode: signed(parameters['response_mode']) }),\n",
    replace: '',
    gone: 'signed responses are not asked for',
  },
  {
    rows: ['fapi-2 5.4.1-1b'],
    tests: ['fapi-2'],
    file: 'client/client-keys.ts',
    find: 'const alg = wanted ?? listed.find((name) => name === own) ?? listed[0]',
    replace: 'const alg = wanted ?? possible.at(-1)',
    gone: 'RSA keys sign with RS256',
  },
  {
    rows: ['fapi-2 5.3.3.1-8'],
    tests: ['fapi-1'],
    file: 'client/requests.ts',
    find: "    dpop?.learn(url, answer.headers['dpop-nonce'])\n    return {\n      answer,",
    replace: '    return {\n      answer,',
    gone: 'nonces of the authorization server are not learned',
  },
  {
    rows: ['fapi-2 5.3.3.1-8'],
    tests: ['fapi-1'],
    file: 'client/dpop.ts',
    find: '        ...(nonce !== undefined && { nonce }),\n',
    replace: '',
    gone: 'proofs have no nonce',
  },
  {
    rows: ['fapi-2 5.3.3.1-8'],
    tests: ['fapi-1'],
    file: 'client/dpop.ts',
    find: '      const nonce = nonces.get(origin)\n',
    replace: '      const nonce = nonces.get(origin)\n      nonces.delete(origin)\n',
    gone: 'a nonce is used once, so that each request is refused first',
  },
  {
    rows: ['fapi-2 5.3.3.1-8'],
    tests: ['dpop-4'],
    file: 'client/dpop.ts',
    find: '      setNewest(nonces, new URL(url).origin, nonce, MAXIMUM_NONCES)\n',
    replace:
      '      const { origin } = new URL(url)\n' +
      '      if (!nonces.has(origin)) setNewest(nonces, origin, nonce, MAXIMUM_NONCES)\n',
    gone: 'the first nonce of a server is used for ever',
  },
  {
    rows: ['fapi-2 5.3.3.1-8'],
    tests: ['dpop-4'],
    file: 'client/dpop.ts',
    find: '      const nonce = nonces.get(origin)\n',
    replace: '      const nonce = [...nonces.values()].at(-1)\n',
    gone: 'servers are sent the nonces of other servers',
  },
  {
    rows: [`${MODULES}-happy-path-no-dpop-nonce`],
    tests: ['fapi-3'],
    file: 'client/requests.ts',
    find: 'options.proves !== false && wantsNonce(first.answer)',
    replace: 'options.proves !== false',
    gone: 'every request is sent twice',
  },
  {
    rows: [`${MODULES}-happy-path-no-dpop-nonce`],
    tests: ['fapi-3'],
    file: 'client/dpop.ts',
    find: '        ...(nonce !== undefined && { nonce }),\n',
    replace:
      "        ...(nonce === undefined ? (() => { throw new Error('no nonce') })() : { nonce }),\n",
    gone: 'there is no proof without a nonce',
  },
  {
    rows: [KEY],
    tests: ['fapi-4'],
    file: 'client/dpop.ts',
    find: "        ...(accessToken !== undefined && { ath: hash('sha256', accessToken, 'base64url') }),\n",
    replace: '',
    gone: 'proofs do not name the access token',
  },
  {
    rows: [KEY],
    tests: ['fapi-4'],
    file: 'login/start-login.ts',
    find: '      ...(codeVerifier !== undefined && { codeVerifier }),',
    replace:
      '      ...(codeVerifier !== undefined && { codeVerifier }),\n      ...({ key: (globalThis as any).dpopKey } as object),',
    also: [
      {
        file: 'client/dpop.ts',
        find: '  const publicJwk = signing.publicJwk()\n',
        replace:
          "  const publicJwk = signing.publicJwk()\n  ;(globalThis as any).dpopKey = (signing.key as KeyObject).export({ format: 'jwk' })\n",
      },
    ],
    gone: 'the key is in the session while a login is pending',
  },
  {
    rows: [KEY],
    tests: ['fapi-4'],
    file: 'grants/session-entry.ts',
    find: '    const held = { tokens, renewAt, refused }\n',
    replace:
      '    const held = { tokens: { ...tokens, key: (globalThis as any).dpopKey }, renewAt, refused } as any\n',
    also: [
      {
        file: 'client/dpop.ts',
        find: '  const publicJwk = signing.publicJwk()\n',
        replace:
          "  const publicJwk = signing.publicJwk()\n  ;(globalThis as any).dpopKey = (signing.key as KeyObject).export({ format: 'jwk' })\n",
      },
    ],
    gone: 'the key is in the session beside the tokens',
  },
  {
    rows: [KEY],
    tests: ['dpop-1'],
    file: 'client/dpop.ts',
    find: "        ...(accessToken !== undefined && { ath: hash('sha256', accessToken, 'base64url') }),\n",
    replace: '',
    gone: 'proofs do not name the access token',
  },
  {
    rows: [KEY],
    tests: ['dpop-1'],
    file: 'client/dpop.ts',
    find: 'jti: randomUUID(),',
    replace: "jti: 'the same',",
    gone: 'all proofs have one jti',
  },
  {
    rows: [KEY],
    tests: ['dpop-1'],
    file: 'client/dpop.ts',
    find: 'htm: method,',
    replace: "htm: 'GET',",
    gone: 'proofs do not name the method',
  },
  {
    rows: [KEY],
    tests: ['dpop-1'],
    file: 'client/dpop.ts',
    find: 'htu: `${origin}${pathname}`,',
    replace: 'htu: origin,',
    gone: 'proofs do not name the address',
  },
  {
    rows: [KEY],
    tests: ['dpop-1'],
    file: 'client/dpop.ts',
    find: '        iat: Math.floor(Date.now() / 1000),\n',
    replace: '',
    gone: 'proofs do not say when they were made',
  },
  {
    rows: [KEY],
    tests: ['dpop-1'],
    file: 'client/private-key.ts',
    find: "return createPublicKey(own).export({ format: 'jwk' })",
    replace: "return own.export({ format: 'jwk' })",
    gone: 'proofs show the private key',
  },
  {
    rows: [`${MODULES}-rs-dpop-auth-scheme-case-insensitivity`],
    tests: ['dpop-2'],
    file: 'client/dpop.ts',
    find: '/\\berror\\s*=\\s*"?use_dpop_nonce\\b/i',
    replace: '/^DPoP .*\\berror\\s*=\\s*"?use_dpop_nonce\\b/',
    gone: 'the scheme of a challenge counts in one case only',
  },
  {
    rows: [`${MODULES}-rs-dpop-auth-scheme-case-insensitivity`],
    tests: ['dpop-2'],
    file: 'client/requests.ts',
    find: 'if (dpop === undefined || !isRepeatable(init.body) || !asksForNonce(answer)) return answer',
    replace: 'if (init !== null) return answer',
    gone: 'a challenge of a resource is not answered',
  },
  ...['dpop-3', 'token-7'].map((id): Mutant => ({
    rows: [`${MODULES}-token-type-case-insensitivity`],
    tests: [id],
    file: 'client/answer.ts',
    find: '  return { ...rest, access_token: accessToken, ...verifiable }',
    replace:
      "  if (!['DPoP', 'Bearer'].includes(rest['token_type'] as string)) throw new Error('its \"token_type\" is unknown')\n  return { ...rest, access_token: accessToken, ...verifiable }",
    gone: 'token_type counts in one case only',
  })),
  {
    rows: [
      `${MODULES}-token-endpoint-response-without-expires_in`,
      'openid fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response',
    ],
    tests: ['token-8'],
    file: 'endpoints/token-response.ts',
    find: '...(expires_in !== undefined && { expiresAt: endOf(requestedAt, expires_in) }),',
    replace: 'expiresAt: endOf(requestedAt, expires_in ?? 0),',
    gone: 'a token without expires_in has expired',
  },
  {
    rows: [
      `${MODULES}-token-endpoint-response-without-expires_in`,
      'openid fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response',
    ],
    tests: ['token-8'],
    file: 'endpoints/token-response.ts',
    find: '  const details: unknown = response.authorization_details\n',
    replace:
      '  if (expires_in === undefined) throw new Error(\'it has no "expires_in"\')\n  const details: unknown = response.authorization_details\n',
    gone: 'a token without expires_in is refused',
  },
]
