import type { Change, Mutant } from '../mutant.js'
import {
  ANY_AUDIENCE_IN_JWT,
  ANY_ISSUER_IN_JWT,
  ANY_TIME_IN_JWT,
  NO_EXP_IN_JWT,
} from './provider-jwt-changes.js'

const WRONG = 'attacks wrong or missing iss, aud, azp, exp, iat, nonce, at_hash, acr, auth_time'
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
    also: [ANY_ISSUER_IN_JWT],
    gone: 'iss of ID tokens is not looked at',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_ISSUER,
    also: [ANY_ISSUER_IN_JWT],
    gone: 'iss of ID tokens is not compared',
  },
  {
    rows: [WRONG, `${FAPI}-invalid-missing-aud`],
    tests: ['oidc-2'],
    ...DECODED,
    also: [ANY_AUDIENCE_IN_JWT],
    gone: 'aud of ID tokens is not looked at',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_AUDIENCE,
    also: [ANY_AUDIENCE_IN_JWT],
    gone: 'aud of ID tokens is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_TIME,
    also: [ANY_TIME_IN_JWT],
    gone: 'ID tokens do not expire',
  },
  {
    rows: [WRONG, `${FAPI}-invalid-missing-exp`],
    tests: ['oidc-2'],
    ...DECODED,
    also: [NO_EXP_IN_JWT],
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
    find: 'profileOfPerson(loaded, claims, settings)',
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
