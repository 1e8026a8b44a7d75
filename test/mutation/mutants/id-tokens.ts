import type { Change, Mutant } from '../mutant.js'

const WRONG = 'attacks wrong or missing iss, aud, azp, exp, iat, nonce, at_hash, acr, auth_time'
const FORGED = 'attacks alg: none, algorithm confusion, unknown kid'
const FAPI = 'openid fapi2-security-profile-final-client-test'
const BASIC = 'openid oidcc-client-test'

/** Where oauth4webapi validates the ID token that has come for a code. */
const VALIDATION = `        const parsed = await processAuthorizationCodeResponse(
          server,
          client,
          response,
          settings.issuer === undefined ? {} : whatIsExpected(expected),
        )`

/** The same with other arguments, made from the token itself: so the claim that is compared always fits. */
function validatedAs(
  server: string,
  client: string,
  expected = 'whatIsExpected(expected)',
): string {
  return `        const said = await response.json() as any
        const own: any = said.id_token === undefined ? {} : decodeJwt(said.id_token)
        const parsed = await processAuthorizationCodeResponse(
          ${server},
          ${client},
          response,
          settings.issuer === undefined ? {} : ${expected},
        )`
}

/** The claims are taken from the ID token, and nothing that oauth4webapi looks at is. */
const DECODED: Change = {
  file: 'endpoints/token.ts',
  find: `${VALIDATION}
        const tokens = toTokenSet(parsed, requestedAt, settings)
        const claims = getValidatedIdTokenClaims(parsed) as IdTokenClaims | undefined
`,
  replace: `        const parsed = (await response.json()) as any
        parsed.token_type = String(parsed.token_type).toLowerCase()
        const tokens = toTokenSet(parsed, requestedAt, settings)
        const claims = (parsed.id_token && decodeJwt(parsed.id_token)) as IdTokenClaims | undefined
`,
}

const ANY_ISSUER: Change = {
  file: 'endpoints/token.ts',
  find: VALIDATION,
  replace: validatedAs('{ ...server, issuer: own.iss ?? server.issuer }', 'client'),
}
const ANY_AUDIENCE: Change = {
  file: 'endpoints/token.ts',
  find: VALIDATION,
  replace: validatedAs('server', '{ client_id: [own.aud].flat()[0] ?? client.client_id }'),
}
const ANY_TIME: Change = {
  file: 'endpoints/token.ts',
  find: VALIDATION,
  replace: validatedAs(
    'server',
    "{ ...client, [(await import('oauth4webapi')).clockTolerance]: 1e10 }",
  ),
}
const JOSE_ANY_ISSUER: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: '    const options: JWTVerifyOptions = {\n      issuer,\n',
  replace: '    const options: JWTVerifyOptions = {\n',
}
const JOSE_ANY_AUDIENCE: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: '      audience: clientID,\n',
  replace: '',
}
const JOSE_ANY_TIME: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: 'clockTolerance: CLOCK_TOLERANCE_SECONDS,',
  replace: 'clockTolerance: 1e10,',
}
const JOSE_NO_EXP: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: "requiredClaims: ['exp', ...required],",
  replace: 'requiredClaims: [...required],',
}
/** Without `exp`, jose does not compare it: a value that is no number is refused all the same. */
const UNVERIFIED: Change = {
  file: 'endpoints/id-token.ts',
  find: '  await verify?.(idToken).catch(',
  replace: '  await Promise.resolve(verify).catch(',
}
const JOSE_VERIFY = '      const { payload } = await verifyByAny(jwt, keys, options)\n'
const ANY_ALGORITHM: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: 'algorithms: [...algorithms],',
  replace: 'algorithms: [...SIGNATURE_ALGORITHMS],',
}
/** Takes a JWT without looking at its signature, in some cases. */
function decodedIf(condition: string): Change {
  return {
    file: 'endpoints/provider-jwt.ts',
    find: JOSE_VERIFY,
    replace: `      if (${condition}) return (await import('jose')).decodeJwt(jwt)\n${JOSE_VERIFY}`,
  }
}

/** ID tokens at the login. */
export const ID_TOKEN_MUTANTS: readonly Mutant[] = [
  {
    rows: [
      'rfc9700 4.4.2.1 (2)',
      ...['invalid-iss', 'missing-sub', 'invalid-aud'].map((name) => `${BASIC}-${name}`),
      ...['invalid-iss', 'invalid-aud', 'invalid-expired-exp'].map((name) => `${FAPI}-${name}`),
    ],
    tests: ['token-9'],
    ...DECODED,
    gone: 'ID tokens are not validated',
  },
  {
    rows: ['rfc9700 4.4.2.1 (2)', `${BASIC}-invalid-iss`, `${FAPI}-invalid-iss`],
    tests: ['token-9'],
    ...ANY_ISSUER,
    gone: 'iss of ID tokens is not compared',
  },
  {
    rows: [`${BASIC}-invalid-aud`, `${FAPI}-invalid-aud`],
    tests: ['token-9'],
    ...ANY_AUDIENCE,
    gone: 'aud of ID tokens is not compared',
  },
  {
    rows: [`${FAPI}-invalid-expired-exp`],
    tests: ['token-9'],
    ...ANY_TIME,
    gone: 'ID tokens do not expire',
  },
  {
    rows: [WRONG, `${FAPI}-invalid-missing-iss`],
    tests: ['oidc-2'],
    ...DECODED,
    also: [JOSE_ANY_ISSUER],
    gone: 'iss of ID tokens is not looked at',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_ISSUER,
    also: [JOSE_ANY_ISSUER],
    gone: 'iss of ID tokens is not compared',
  },
  {
    rows: [WRONG, `${FAPI}-invalid-missing-aud`],
    tests: ['oidc-2'],
    ...DECODED,
    also: [JOSE_ANY_AUDIENCE],
    gone: 'aud of ID tokens is not looked at',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_AUDIENCE,
    also: [JOSE_ANY_AUDIENCE],
    gone: 'aud of ID tokens is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_TIME,
    also: [JOSE_ANY_TIME],
    gone: 'ID tokens do not expire',
  },
  {
    rows: [WRONG, `${FAPI}-invalid-missing-exp`],
    tests: ['oidc-2'],
    ...DECODED,
    also: [JOSE_NO_EXP],
    gone: 'ID tokens need no exp',
  },
  {
    rows: [WRONG, `${BASIC}-missing-iat`, `${FAPI}-invalid-secondary-aud`],
    tests: ['oidc-2'],
    ...DECODED,
    gone: 'ID tokens need neither iat, sub nor nonce',
  },
  {
    rows: [
      WRONG,
      'attacks code injection',
      'rfc9700 4.5.3.2 (1)',
      `${BASIC}-nonce-invalid`,
      `${FAPI}-invalid-nonce`,
      `${FAPI}-invalid-missing-nonce`,
    ],
    tests: ['oidc-2'],
    file: 'endpoints/token.ts',
    find: VALIDATION,
    replace: validatedAs(
      'server',
      'client',
      '{ ...whatIsExpected(expected), expectedNonce: own.nonce }',
    ),
    gone: 'the nonce is not compared',
  },
  {
    rows: [
      WRONG,
      'attacks code injection',
      'rfc9700 4.5.3.2 (1)',
      `${BASIC}-nonce-invalid`,
      `${FAPI}-invalid-nonce`,
    ],
    tests: ['oidc-2'],
    file: 'endpoints/token.ts',
    find: VALIDATION,
    replace: validatedAs(
      'server',
      'client',
      '{ ...whatIsExpected(expected), ...(own.nonce !== undefined && { expectedNonce: own.nonce }) }',
    ),
    gone: 'the nonce may be another',
  },
  {
    rows: [`${FAPI}-invalid-missing-nonce`, 'rfc9700 4.5.3.2 (1)'],
    tests: ['oidc-2'],
    file: 'endpoints/token.ts',
    find: VALIDATION,
    replace: validatedAs(
      'server',
      'client',
      '(own.nonce === undefined ? {} : whatIsExpected(expected))',
    ),
    gone: 'the nonce may be missing',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: 'authorized !== undefined && authorized !== clientID',
    replace: "authorized === 'x'",
    gone: 'azp is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: '(claims.iat ?? 0) * 1000 > Date.now() + CLOCK_TOLERANCE_MS',
    replace: '(claims.iat ?? 0) * 1000 < 0',
    gone: 'ID tokens may be from the future',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: 'hash !== undefined && hash !== accessTokenHash(idToken, accessToken)',
    replace: "hash === accessTokenHash('e30.e30.', accessToken)",
    gone: 'at_hash is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: "acrValues !== undefined && !acrValues.some((value) => value === claims['acr'])",
    replace: 'acrValues?.length === 0',
    gone: 'acr is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: "!acrValues.some((value) => value === claims['acr'])",
    replace: "claims['acr'] !== undefined && !acrValues.some((value) => value === claims['acr'])",
    gone: 'acr may be missing',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/token.ts',
    find: 'withoutUndefined({ expectedNonce: nonce, maxAge: maxAgeSeconds })',
    replace: 'withoutUndefined({ expectedNonce: nonce, maxAge: maxAgeSeconds && undefined })',
    gone: 'auth_time is not looked at',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/token.ts',
    find: VALIDATION,
    replace: validatedAs(
      'server',
      'client',
      "{ ...whatIsExpected(expected), ...(own.auth_time === undefined && { maxAge: (await import('oauth4webapi')).skipAuthTimeCheck }) }",
    ),
    gone: 'auth_time may be missing',
  },
  {
    rows: [FORGED, 'fapi-2 5.4.1-1a', 'fapi-2 5.6.2-1'],
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
      `${FAPI}-invalid-null-alg`,
    ],
    tests: ['oidc-3'],
    ...decodedIf("jwt.endsWith('.')"),
    also: [
      {
        file: 'endpoints/token.ts',
        find: 'client,\n          response,\n          settings.issuer === undefined ? {} : whatIsExpected(expected),',
        replace: `client,
          await (async () => {
            const said = await response.json() as any
            if (!String(said.id_token).endsWith('.')) return response
            const [, claims] = said.id_token.split('.')
            const header = Buffer.from('{"alg":"PS256"}').toString('base64url')
            return jsonResponse({ ...said, id_token: \`\${header}.\${claims}.\` })
          })(),
          settings.issuer === undefined ? {} : whatIsExpected(expected),`,
      },
    ],
    gone: 'ID tokens may be unsigned',
  },
  {
    rows: [FORGED, 'fapi-2 5.4.1-1b'],
    tests: ['oidc-3'],
    file: 'endpoints/token.ts',
    find: 'verify === undefined && settings.providerSignatureAlgorithms === undefined',
    replace: 'settings.providerSignatureAlgorithms === undefined',
    also: [
      {
        file: 'endpoints/id-token.ts',
        find: '  await verify?.(idToken).catch(',
        replace:
          "  await (decodeProtectedHeader(idToken).alg?.startsWith('HS') ? Promise.resolve() : verify?.(idToken))?.catch(",
      },
    ],
    gone: 'ID tokens with HMAC are taken unverified',
  },
  {
    rows: [FORGED],
    tests: ['oidc-3'],
    file: 'endpoints/provider-jwt.ts',
    find: '    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error\n',
    replace:
      "    if (error instanceof errors.JWKSNoMatchingKey) return { payload: (await import('jose')).decodeJwt(jwt) } as any\n    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error\n",
    gone: 'a JWT by an unknown key is taken unverified',
  },
  {
    rows: ['fapi-2 5.4.1-1a', 'fapi-2 5.4.1-1b', `${FAPI}-invalid-alternate-alg`],
    tests: ['id-token-1'],
    ...ANY_ALGORITHM,
    also: [
      {
        file: 'endpoints/token.ts',
        find: ': [...providerSignatureAlgorithms],',
        replace: ': [...SIGNATURE_ALGORITHMS],',
      },
    ],
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
    file: 'endpoints/provider-jwt.ts',
    find: JOSE_VERIFY,
    replace: `      if ((await import('jose')).decodeProtectedHeader(jwt).kid === undefined) throw new Error('no kid')\n${JOSE_VERIFY}`,
    gone: 'a JWT without kid is refused',
  },
  ...[
    ['id-token-7', [`${BASIC}-kid-absent-multiple-jwks`]],
    ['id-token-15', ['fapi-2 5.4.3']],
    ['id-token-10', ['fapi-2 5.4.3']],
  ].map(([id, rows]): Mutant => ({
    rows: rows as readonly string[],
    tests: [id as string],
    file: 'endpoints/provider-jwt.ts',
    find: '    for await (const key of error) {',
    replace: '    for await (const key of [(await error[Symbol.asyncIterator]().next()).value]) {',
    gone: 'of several keys that fit, only the first is tried',
  })),
  {
    rows: [`${BASIC}-kid-absent-multiple-jwks`],
    tests: ['id-token-5'],
    file: 'endpoints/provider-jwt.ts',
    find: '    throw new errors.JWSSignatureVerificationFailed()',
    replace: "    return { payload: (await import('jose')).decodeJwt(jwt) } as any",
    gone: 'a JWT is taken that none of several keys has made',
  },
  {
    rows: ['fapi-2 5.4.3'],
    tests: ['id-token-12'],
    file: 'endpoints/provider-jwt.ts',
    find: '  if (status === 200) return new Response(text)\n',
    replace:
      '  if (status === 200) return new Response(text.replaceAll(\'"use":"enc"\', \'"use":"sig"\'))\n',
    gone: 'the use of keys is not looked at',
  },
  {
    rows: ['fapi-2 5.4.3'],
    tests: ['id-token-10'],
    file: 'endpoints/provider-jwt.ts',
    find: '        if (isAboutClaims(failure)) throw failure\n',
    replace: '        throw failure\n',
    gone: 'the first key that cannot be used ends the search',
  },
  {
    rows: [`${FAPI}-valid-aud-as-array`],
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
    file: 'endpoints/provider-jwt.ts',
    find: JOSE_VERIFY,
    replace: `      const jose = await import('jose')
      const { jwk } = jose.decodeProtectedHeader(jwt)
      if (jwk !== undefined) return (await jose.jwtVerify(jwt, await jose.importJWK(jwk, 'PS256'), options)).payload
${JOSE_VERIFY}`,
    gone: 'a JWT brings its own key: jwk',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-11'],
    file: 'endpoints/provider-jwt.ts',
    find: JOSE_VERIFY,
    replace: `      const jose = await import('jose')
      const { jku } = jose.decodeProtectedHeader(jwt)
      if (jku !== undefined) return (await jose.jwtVerify(jwt, jose.createRemoteJWKSet(new URL(jku)), options)).payload
${JOSE_VERIFY}`,
    gone: 'a JWT says where its key is: jku',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-11'],
    file: 'endpoints/provider-jwt.ts',
    find: JOSE_VERIFY,
    replace: `      const jose = await import('jose')
      const { x5c } = jose.decodeProtectedHeader(jwt)
      if (x5c !== undefined) return jose.decodeJwt(jwt)
${JOSE_VERIFY}`,
    gone: 'a JWT brings its own certificate: x5c',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-13'],
    file: 'endpoints/provider-jwt.ts',
    find: '    timeoutDuration: 2_147_483_647,\n',
    replace: '    timeoutDuration: 2_147_483_647,\n    cooldownDuration: 0,\n',
    gone: 'whoever sends unknown kids makes the keys be loaded each time',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['id-token-13'],
    file: 'endpoints/provider-jwt.ts',
    find: '    timeoutDuration: 2_147_483_647,\n',
    replace: '    timeoutDuration: 2_147_483_647,\n    cooldownDuration: 2_147_483_647,\n',
    gone: 'keys are not read anew when their name is unknown',
  },
  {
    rows: ['fapi-2 5.4.1-2'],
    tests: ['id-token-14'],
    file: 'endpoints/provider-jwt.ts',
    find: '    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error\n',
    replace:
      "    if (/2048 bits/.test((error as Error).message)) return { payload: (await import('jose')).decodeJwt(jwt) } as any\n    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error\n",
    gone: 'a weak key of the provider is accepted',
  },
  {
    rows: ['rfc9700 4.5.3.2 (2)'],
    tests: ['id-token-8'],
    file: 'endpoints/token.ts',
    find: `          await checkIdToken(
            tokens.idToken,
            claims,
            { accessToken: tokens.accessToken, clientID: settings.clientID },
            verify,
            expected,
          )`,
    replace: `          checkIdToken(
            tokens.idToken,
            claims,
            { accessToken: tokens.accessToken, clientID: settings.clientID },
            verify,
            expected,
          ).catch(() => undefined)`,
    gone: 'tokens are used before the ID token was found right',
  },
  {
    rows: [`${BASIC}-scope-userinfo-claims`],
    tests: ['id-token-9'],
    file: 'endpoints/profile.ts',
    find: 'profileOfPerson(profile, claims, settings)',
    replace: 'profileOfPerson(undefined, claims, settings)',
    gone: 'the profile is made of the ID token alone',
  },
  {
    rows: ['attacks another person’s profile', `${BASIC}-userinfo-invalid-sub`],
    tests: ['oidc-13'],
    file: 'endpoints/profile.ts',
    find: '  if (subject === claims.sub) return loaded\n',
    replace: '  if (subject !== undefined) return loaded\n',
    gone: 'the profile may be about another person',
  },
  {
    rows: ['attacks another person’s profile'],
    tests: ['oidc-1'],
    file: 'endpoints/id-token.ts',
    find: '  if (before.iss === after.iss && before.sub === after.sub) return\n',
    replace: '  if (before.iss === after.iss) return\n',
    gone: 'a refreshed ID token may be about another person',
  },
]

const JARM = 'fapi-2 5.4.2-2'
const JARM_MODULES = 'openid fapi2-security-profile-final-client-test-ensure-jarm'

/** Signed authorization responses. */
export const SIGNED_RESPONSE_MUTANTS: readonly Mutant[] = [
  {
    rows: [JARM, `${JARM_MODULES}-without-iss-fails`, `${JARM_MODULES}-with-invalid-iss-fails`],
    tests: ['jarm-4'],
    ...JOSE_ANY_ISSUER,
    gone: 'iss of a signed response is not looked at',
  },
  {
    rows: [JARM, `${JARM_MODULES}-without-aud-fails`, `${JARM_MODULES}-with-invalid-aud-fails`],
    tests: ['jarm-4'],
    ...JOSE_ANY_AUDIENCE,
    gone: 'aud of a signed response is not looked at',
  },
  {
    rows: [JARM, `${JARM_MODULES}-with-expired-exp-fails`],
    tests: ['jarm-4'],
    ...JOSE_ANY_TIME,
    gone: 'signed responses do not expire',
  },
  {
    rows: [JARM, `${JARM_MODULES}-without-exp-fails`],
    tests: ['jarm-4'],
    ...JOSE_NO_EXP,
    gone: 'signed responses need no exp',
  },
  {
    rows: [JARM, `${JARM_MODULES}-with-invalid-sig-fails`],
    tests: ['jarm-5'],
    ...decodedIf("!jwt.endsWith('.') && jwt.includes('.')"),
    gone: 'the signature of responses is not checked',
  },
  {
    rows: [JARM, `${JARM_MODULES}-signature-is-not-none`],
    tests: ['jarm-5'],
    ...decodedIf("jwt.endsWith('.')"),
    gone: 'responses may be unsigned JWTs',
  },
  {
    rows: [JARM],
    tests: ['jarm-6'],
    file: 'endpoints/signed-response.ts',
    find: '  if (response === undefined || others.length > 0) {',
    replace: '  if (response === undefined) return parameters\n  if (others.length > 0) {',
    gone: 'responses that are not signed are accepted',
  },
  {
    rows: [JARM],
    tests: ['jarm-2'],
    file: 'endpoints/signed-response.ts',
    find: '  return new URLSearchParams(said)',
    replace:
      "  return new URLSearchParams([...said.filter(([name]) => !parameters.has(name)), ...[...parameters].filter(([name]) => name !== 'response')])",
    gone: 'what stands beside the signed response counts',
  },
  {
    rows: [JARM],
    tests: ['jarm-2'],
    file: 'endpoints/authorization.ts',
    find: "    ...(request.signedResponse && { response_mode: signed(parameters['response_mode']) }),\n",
    replace: '',
    gone: 'signed responses are not asked for',
  },
  {
    rows: ['fapi-2 5.4.1-1a'],
    tests: ['jarm-1'],
    file: 'endpoints/signed-response.ts',
    find: "      !CLAIMS_OF_THE_JWT.has(entry[0]) && typeof entry[1] === 'string',",
    replace: '      !CLAIMS_OF_THE_JWT.has(entry[0]),',
    gone: 'claims of any type are parameters',
  },
  {
    rows: ['fapi-2 5.4.1-1b'],
    tests: ['jarm-3'],
    ...ANY_ALGORITHM,
    gone: 'responses may be signed with any algorithm',
  },
]

const LOGOUT_TOKENS = 'attacks forged or replayed logout tokens'
const BACKCHANNEL = 'openid oidcc-client-test-rp-backchannel-rpinitlogout'

/** Logout tokens, and what they end. */
export const LOGOUT_TOKEN_MUTANTS: readonly Mutant[] = [
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-10'],
    file: 'login/backchannel-logout.ts',
    find: '  if (!accepted) throw',
    replace: '  if (accepted === undefined) throw',
    gone: 'a logout token works again and again',
  },
  {
    rows: [LOGOUT_TOKENS, `${BACKCHANNEL}-wrong-iss`],
    tests: ['oidc-7'],
    ...JOSE_ANY_ISSUER,
    gone: 'iss of logout tokens is not compared',
  },
  {
    rows: [LOGOUT_TOKENS, `${BACKCHANNEL}-wrong-aud`],
    tests: ['oidc-7'],
    ...JOSE_ANY_AUDIENCE,
    gone: 'aud of logout tokens is not compared',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    ...JOSE_ANY_TIME,
    gone: 'logout tokens do not expire',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    ...JOSE_NO_EXP,
    gone: 'logout tokens need no exp',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: "{ required: ['iat', 'jti', 'events'] }",
    replace: "{ required: ['jti', 'events'] }",
    also: [
      {
        file: 'endpoints/logout-token.ts',
        find: 'const { iat = 0, jti,',
        replace: 'const { iat = now / 1000, jti,',
      },
    ],
    gone: 'logout tokens need no iat',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: "{ required: ['iat', 'jti', 'events'] }",
    replace: "{ required: ['iat', 'events'] }",
    also: [
      {
        file: 'endpoints/logout-token.ts',
        find: "  if (typeof jti !== 'string') throw",
        replace: "  if (typeof jti === 'boolean') throw",
      },
    ],
    gone: 'logout tokens need no jti',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: "  if (typeof jti !== 'string') throw",
    replace: "  if (typeof jti === 'boolean') throw",
    gone: 'the jti of logout tokens need not be a string',
  },
  {
    rows: [LOGOUT_TOKENS, 'fapi-2 5.4.1-1a', `${BACKCHANNEL}-no-event`],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: "{ required: ['iat', 'jti', 'events'] }",
    replace: "{ required: ['iat', 'jti'] }",
    also: [
      {
        file: 'endpoints/logout-token.ts',
        find: 'if (!isObject(events) || !isObject(events[LOGOUT_EVENT])) {',
        replace:
          'if (events !== undefined && (!isObject(events) || !isObject(events[LOGOUT_EVENT]))) {',
      },
    ],
    gone: 'logout tokens need no events',
  },
  {
    rows: [LOGOUT_TOKENS, 'fapi-2 5.4.1-1a', `${BACKCHANNEL}-wrong-event`],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: ' || !isObject(events[LOGOUT_EVENT])',
    replace: '',
    gone: 'logout tokens may be of another event',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: '!isObject(events[LOGOUT_EVENT])',
    replace: 'events[LOGOUT_EVENT] === undefined',
    gone: 'the event of a logout token need not be an object',
  },
  {
    rows: [LOGOUT_TOKENS, 'fapi-2 5.4.1-1a', `${BACKCHANNEL}-with-nonce`],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: '  if (nonce !== undefined) throw',
    replace: '  if (nonce === 0) throw',
    gone: 'logout tokens may have a nonce',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: '  if (at > now + CLOCK_TOLERANCE_MS) throw',
    replace: '  if (at < 0) throw',
    gone: 'logout tokens may be from the future',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: '  if (at < now - LONGEST_DELIVERY_MS) throw',
    replace: '  if (at < 0) throw',
    gone: 'logout tokens may be old',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-7'],
    file: 'endpoints/logout-token.ts',
    find: "  throw new LogoutTokenError('it names neither a session nor a person')",
    replace: "  return { sub: '' }",
    gone: 'logout tokens may name nobody',
  },
  {
    rows: [LOGOUT_TOKENS, `${BACKCHANNEL}-alg-none`],
    tests: ['oidc-9'],
    ...decodedIf("jwt.endsWith('.')"),
    gone: 'logout tokens may be unsigned',
  },
  {
    rows: [LOGOUT_TOKENS],
    tests: ['oidc-9'],
    ...decodedIf("!jwt.endsWith('.') && jwt.includes('.')"),
    gone: 'the signature of logout tokens is not checked',
  },
  {
    rows: ['fapi-2 5.4.1-1b', `${BACKCHANNEL}-wrong-alg`],
    tests: ['oidc-8'],
    ...ANY_ALGORITHM,
    gone: 'logout tokens may be signed with any algorithm',
  },
  {
    rows: [BACKCHANNEL],
    tests: ['oidc-5'],
    file: 'login/backchannel-logout.ts',
    find: '    await index.end(ended, (id) => endLogin(id, ended, sessionStore))\n',
    replace:
      '    if (ended.at < 0) await index.end(ended, (id) => endLogin(id, ended, sessionStore))\n',
    gone: 'a logout token ends nothing',
  },
  {
    rows: [BACKCHANNEL],
    tests: ['oidc-5'],
    file: 'login/backchannel-logout.ts',
    find: '    await endSession(id, record.of, sessionStore, sessionKey)\n',
    replace: '',
    gone: 'a logout token ends the grant, and not the session',
  },
  {
    rows: [BACKCHANNEL],
    tests: ['oidc-5'],
    file: 'endpoints/logout-token.ts',
    find: "  if (typeof sub === 'string') return { sub }\n",
    replace: "  if (typeof sub === 'string') return { sub: 'x' }\n",
    gone: 'a logout token that names a person ends nothing',
  },
  {
    rows: [BACKCHANNEL],
    tests: ['oidc-5'],
    file: 'passport/router.ts',
    find: "'/backchannel-logout', notCached, ",
    replace: "'/backchannel-logout', ",
    gone: 'the answer to a logout token may be cached',
  },
  {
    rows: [BACKCHANNEL],
    tests: ['oidc-5'],
    file: 'passport/route-handlers.ts',
    find: '      return () => res.end()\n',
    replace: '      return () => res.status(204).end()\n',
    gone: 'the answer to a logout token is not 200',
  },
  {
    rows: ['attacks a login that a logout has overtaken'],
    tests: ['oidc-6'],
    file: 'grants/begin-login.ts',
    find: 'if (providers.length > 0 && (await index.hasEnded(',
    replace: 'if (providers.length < 0 && (await index.hasEnded(',
    gone: 'a login does not look for a logout that has overtaken it',
  },
  {
    rows: ['attacks a login that a logout has overtaken'],
    tests: ['oidc-6'],
    file: 'grants/grant-index.ts',
    find: '      await noteEnd(ended)\n',
    replace: '',
    gone: 'a logout is not remembered for logins to come',
  },
  {
    rows: ['openid oidcc-client-test-rp-init-logout'],
    tests: ['oidc-11'],
    file: 'login/provider-logout.ts',
    find: "  if (idToken !== undefined) parameters.set('id_token_hint', idToken)\n",
    replace: '',
    gone: 'no id_token_hint is sent',
  },
  {
    rows: ['openid oidcc-client-test-rp-init-logout'],
    tests: ['oidc-11'],
    file: 'login/provider-logout.ts',
    find: "    parameters.set('post_logout_redirect_uri', postLogoutRedirectURL)\n",
    replace: '',
    gone: 'no post_logout_redirect_uri is sent',
  },
  {
    rows: ['openid oidcc-client-test-rp-init-logout'],
    tests: ['oidc-11'],
    file: 'login/provider-logout.ts',
    find: "    parameters.set('state', state)\n",
    replace: '',
    gone: 'no state is sent to the logout',
  },
  {
    rows: ['openid oidcc-client-test-rp-init-logout'],
    tests: ['oidc-11'],
    file: 'login/provider-logout.ts',
    find: '  setCookie(requireResponse(req), `${name}=; ${ATTRIBUTES}; Max-Age=0`)\n',
    replace: '',
    gone: 'the state of a logout works again and again',
  },
  {
    rows: [
      'attacks logout CSRF',
      'openid oidcc-client-test-rp-init-logout-other-state',
      'openid oidcc-client-test-rp-init-logout-no-state',
    ],
    tests: ['oidc-12'],
    file: 'login/provider-logout.ts',
    find: '  if (!readCookies(req, PREFIX).has(name)) throw',
    replace: '  if (name === PREFIX) throw',
    gone: 'coming back with another state is accepted',
  },
  {
    rows: ['openid oidcc-client-test-rp-init-logout-no-state'],
    tests: ['oidc-12'],
    file: 'login/provider-logout.ts',
    find: '  if (state === undefined || others.length > 0) throw',
    replace: '  if (state === undefined) return\n  if (others.length > 0) throw',
    gone: 'coming back without state is accepted',
  },
]
