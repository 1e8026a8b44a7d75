import type { Change, Mutant } from '../mutant.js'
import { inFapi } from './fapi-rows.js'
import { ANY_ALGORITHM, VERIFY, VERIFY_BY_KEY, decodedIf } from './provider-jwt-changes.js'

const FORGED = 'attacks alg: none, algorithm confusion, unknown kid'
const BASIC = 'openid oidcc-client-test'
const ROTATION = ['', '-just-before-signing'].map((when) => `${BASIC}-signing-key-rotation${when}`)

/** The signature of ID tokens is not checked. */
const UNVERIFIED: Change = {
  file: 'endpoints/verify-provider-jwt.ts',
  find: VERIFY_BY_KEY,
  replace: `        if (sender === 'anyone') {\n${VERIFY_BY_KEY}        }\n`,
}

/** Signatures of ID tokens, and the keys that they are checked with. */
export const SIGNATURE_MUTANTS: readonly Mutant[] = [
  {
    rows: [
      FORGED,
      'fapi-2 5.4.1-1a',
      'fapi-2 5.6.2-1',
      'openid fapi1-advanced-final-client-test-invalid-signature',
    ],
    tests: ['oidc-3'],
    ...UNVERIFIED,
    gone: 'the signature of ID tokens is not checked',
  },
  {
    rows: [`${BASIC}-invalid-sig-rs256`],
    tests: ['id-token-4'],
    ...UNVERIFIED,
    gone: 'the signature of ID tokens is not checked',
  },
  {
    rows: [
      FORGED,
      'fapi-2 5.4.1-1a',
      'fapi-2 5.4.1-1b',
      'fapi-2 5.4.1-1c',
      `${BASIC}-idtoken-sig-none`,
      ...inFapi('invalid-null-alg'),
    ],
    tests: ['oidc-3'],
    ...decodedIf("jwt.endsWith('.')"),
    gone: 'ID tokens may be unsigned',
  },
  {
    rows: [FORGED, 'fapi-2 5.4.1-1b'],
    tests: ['oidc-3'],
    ...decodedIf("header.alg.startsWith('HS')"),
    gone: 'ID tokens with HMAC are taken unverified',
  },
  {
    rows: [FORGED],
    tests: ['oidc-3'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: '  throw failures[0] ?? new errors.JWKSNoMatchingKey()',
    replace: '  if (failures.length > 0) throw failures[0]',
    gone: 'a JWT by an unknown key is taken unverified',
  },
  {
    rows: ['fapi-2 5.4.1-1a', 'fapi-2 5.4.1-1b', ...inFapi('invalid-alternate-alg')],
    tests: ['id-token-1'],
    ...ANY_ALGORITHM,
    gone: 'any algorithm is accepted',
  },
  {
    rows: [`${BASIC}-idtoken-sig-rs256`],
    tests: ['id-token-3'],
    file: 'options/signature-algorithms.ts',
    find: "'RS256', 'RS384'",
    replace: "'RS384'",
    gone: 'RS256 is not accepted',
  },
  {
    rows: [`${BASIC}-kid-absent-single-jwks`],
    tests: ['id-token-6'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: VERIFY,
    replace: `      if (header.kid === undefined) throw new Error('no kid')\n${VERIFY}`,
    gone: 'a JWT without kid is refused',
  },
  ...[
    ['id-token-7', [`${BASIC}-kid-absent-multiple-jwks`]],
    ['id-token-15', ['fapi-2 5.4.3']],
    ['id-token-10', ['fapi-2 5.4.3']],
  ].map(([id, rows]): Mutant => ({
    rows: rows as readonly string[],
    tests: [id as string],
    file: 'endpoints/verify-provider-jwt.ts',
    find: 'failures.length === MAXIMUM_TRIED',
    replace: 'failures.length === 1',
    gone: 'of several keys that fit, only the first is tried',
  })),
  {
    rows: [`${BASIC}-kid-absent-multiple-jwks`],
    tests: ['id-token-5'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: 'throw new errors.JWSSignatureVerificationFailed()',
    replace: 'return',
    gone: 'a JWT is taken that none of several keys has made',
  },
  {
    rows: ['fapi-2 5.4.3'],
    tests: ['id-token-12'],
    file: 'endpoints/provider-keys.ts',
    find: 'Object(parsedJson(text))',
    replace: 'Object(parsedJson(text.replaceAll(\'"use":"enc"\', \'"use":"sig"\')))',
    gone: 'the use of keys is not looked at',
  },
  {
    rows: ['fapi-2 5.4.3'],
    tests: ['id-token-10'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: 'if (error instanceof errors.JWSInvalid) throw error',
    replace: 'if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error',
    gone: 'the first key that cannot be used ends the search',
  },
  {
    rows: [...inFapi('valid-aud-as-array')],
    tests: ['id-token-2'],
    file: 'endpoints/id-token.ts',
    find: "  const authorized = claims['azp']\n",
    replace:
      "  if (Array.isArray(claims.aud)) throw new Error('its \"aud\" is a list')\n  const authorized = claims['azp']\n",
    gone: 'aud may not be a list',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-11'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: VERIFY,
    replace: `      const jose = await import('jose')
      const { jwk } = jose.decodeProtectedHeader(jwt)
      if (jwk !== undefined && (await jose.compactVerify(jwt, await jose.importJWK(jwk, 'PS256')))) return claims
${VERIFY}`,
    gone: 'a JWT brings its own key: jwk',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-11'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: VERIFY,
    replace: `      const jose = await import('jose')
      const { jku } = jose.decodeProtectedHeader(jwt)
      if (jku !== undefined && (await jose.compactVerify(jwt, jose.createRemoteJWKSet(new URL(jku))))) return claims
${VERIFY}`,
    gone: 'a JWT says where its key is: jku',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-11'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: VERIFY,
    replace: `      const jose = await import('jose')
      const { x5c } = jose.decodeProtectedHeader(jwt)
      if (x5c !== undefined) return claims
${VERIFY}`,
    gone: 'a JWT brings its own certificate: x5c',
  },
  {
    rows: ['fapi-2 5.4.1-1a', ...ROTATION],
    tests: ['id-token-13'],
    file: 'endpoints/provider-keys.ts',
    find: 'return isFresh ? published : lastKnown(sender, published)',
    replace: 'return lastKnown(sender, published)',
    gone: 'the keys are loaded for each JWT',
  },
  {
    rows: ['fapi-2 5.4.1-1a', ...ROTATION],
    tests: ['id-token-13'],
    file: 'endpoints/provider-keys.ts',
    find: "if (sender === 'provider') return loadedSince(since, sender)",
    replace: "if (sender === 'provider') return undefined",
    gone: 'keys are not read anew when their name is unknown',
  },
  {
    rows: ['fapi-2 5.4.1-2'],
    tests: ['id-token-14'],
    file: 'endpoints/verify-provider-jwt.ts',
    find: 'if (error instanceof errors.JWSInvalid) throw error',
    replace:
      'if (/2048 bits/.test((error as Error).message)) return\n      if (error instanceof errors.JWSInvalid) throw error',
    gone: 'a weak key of the provider is accepted',
  },
]
