import type { Change, Mutant } from '../mutant.js'
import { inFapi } from './fapi-rows.js'
import {
  ANY_AUDIENCE_IN_JWT,
  ANY_ISSUER_IN_JWT,
  ANY_TIME_IN_JWT,
  FROM_THE_FUTURE,
} from './provider-jwt-changes.js'

const WRONG = 'attacks wrong or missing iss, aud, azp, exp, iat, nonce, at_hash, acr, auth_time'
const BASIC = 'openid oidcc-client-test'

/** The claims that an ID token must have. */
function requiredOnly(...names: readonly string[]): Change {
  return {
    file: 'endpoints/id-token.ts',
    find: "required: ['sub', 'exp', 'iat'],",
    replace: `required: ${JSON.stringify(names)},`,
  }
}

/** An ID token may be for anybody else, too. */
const ANY_FURTHER_AUDIENCE: Change = {
  file: 'endpoints/id-token.ts',
  find: 'if (authorized === undefined && !audiencesOf(claims).every(isTrusted)) {',
  replace: 'if (isTrusted(0)) {',
}

/** How the nonce of a login is compared. */
function nonceDiffersIf(condition: string): Change {
  return {
    file: 'endpoints/id-token.ts',
    find: 'if (nonce !== expected?.nonce) throw',
    replace: `if (${condition}) throw`,
  }
}

/** Where the ID token of a login is checked. */
const CHECKED = 'const claims = await checkIdToken({ idToken, accessToken }, expected, idTokens)'

/** ID tokens at the login. */
export const ID_TOKEN_MUTANTS: readonly Mutant[] = [
  {
    rows: [
      'rfc9700 4.4.2.1 (2)',
      ...['invalid-iss', 'missing-sub', 'invalid-aud'].map((name) => `${BASIC}-${name}`),
      ...['invalid-iss', 'invalid-aud', 'invalid-expired-exp'].flatMap(inFapi),
    ],
    tests: ['token-9'],
    file: 'endpoints/token.ts',
    find: CHECKED,
    replace:
      "const claims = (await import('jose')).decodeJwt(idToken) as Awaited<ReturnType<typeof checkIdToken>>",
    gone: 'ID tokens are not validated',
  },
  {
    rows: ['rfc9700 4.4.2.1 (2)', `${BASIC}-invalid-iss`, ...inFapi('invalid-iss')],
    tests: ['token-9'],
    ...ANY_ISSUER_IN_JWT,
    gone: 'iss of ID tokens is not compared',
  },
  {
    rows: [`${BASIC}-invalid-aud`, ...inFapi('invalid-aud')],
    tests: ['token-9'],
    ...ANY_AUDIENCE_IN_JWT,
    also: [ANY_FURTHER_AUDIENCE],
    gone: 'aud of ID tokens is not compared',
  },
  {
    rows: [...inFapi('invalid-expired-exp')],
    tests: ['token-9'],
    ...ANY_TIME_IN_JWT,
    gone: 'ID tokens do not expire',
  },
  {
    rows: [WRONG, ...inFapi('invalid-missing-iss')],
    tests: ['oidc-2'],
    ...ANY_ISSUER_IN_JWT,
    gone: 'iss of ID tokens is not looked at',
  },
  {
    rows: [WRONG, ...inFapi('invalid-missing-aud')],
    tests: ['oidc-2'],
    ...ANY_AUDIENCE_IN_JWT,
    also: [ANY_FURTHER_AUDIENCE],
    gone: 'aud of ID tokens is not looked at',
  },
  {
    rows: [WRONG, ...inFapi('invalid-secondary-aud')],
    tests: ['oidc-2'],
    ...ANY_FURTHER_AUDIENCE,
    gone: 'ID tokens may be for further audiences',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...ANY_TIME_IN_JWT,
    gone: 'ID tokens do not expire',
  },
  {
    rows: [WRONG, ...inFapi('invalid-missing-exp')],
    tests: ['oidc-2'],
    ...requiredOnly('sub', 'iat'),
    gone: 'ID tokens need no exp',
  },
  {
    rows: [WRONG, `${BASIC}-missing-iat`],
    tests: ['oidc-2'],
    ...requiredOnly('sub', 'exp'),
    gone: 'ID tokens need no iat',
  },
  {
    rows: [
      WRONG,
      'attacks code injection',
      'rfc9700 4.5.3.2 (1)',
      `${BASIC}-nonce-invalid`,
      ...inFapi('invalid-nonce'),
      ...inFapi('invalid-missing-nonce'),
    ],
    tests: ['oidc-2'],
    ...nonceDiffersIf("nonce === ''"),
    gone: 'the nonce is not compared',
  },
  {
    rows: [
      WRONG,
      'attacks code injection',
      'rfc9700 4.5.3.2 (1)',
      `${BASIC}-nonce-invalid`,
      ...inFapi('invalid-nonce'),
    ],
    tests: ['oidc-2'],
    ...nonceDiffersIf('nonce === undefined && expected !== undefined'),
    gone: 'the nonce may be another',
  },
  {
    rows: [...inFapi('invalid-missing-nonce'), 'rfc9700 4.5.3.2 (1)'],
    tests: ['oidc-2'],
    ...nonceDiffersIf('nonce !== undefined && nonce !== expected?.nonce'),
    gone: 'the nonce may be missing',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: 'authorized !== undefined && authorized !== clientID',
    replace: "authorized === 'y'",
    gone: 'azp is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    ...FROM_THE_FUTURE,
    gone: 'ID tokens may be from the future',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: 'hash !== undefined && hash !== accessTokenHash(algorithm, accessToken)',
    replace: "hash === accessTokenHash('RS256', '')",
    gone: 'at_hash is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: '(acrValues?.some((one) => one === acr) ?? true)',
    replace: 'acrValues?.length !== 0',
    gone: 'acr is not compared',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: 'acrValues?.some((one) => one === acr)',
    replace: 'acrValues?.some((one) => acr === undefined || one === acr)',
    gone: 'acr may be missing',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: '    maxAgeSeconds === undefined ||\n',
    replace: '    maxAgeSeconds !== 0 ||\n',
    gone: 'auth_time is not looked at',
  },
  {
    rows: [WRONG],
    tests: ['oidc-2'],
    file: 'endpoints/id-token.ts',
    find: '(authenticatedAt ?? -Infinity)',
    replace: '(authenticatedAt ?? Infinity)',
    gone: 'auth_time may be missing',
  },
  {
    rows: ['rfc9700 4.5.3.2 (2)'],
    tests: ['id-token-8'],
    file: 'endpoints/token.ts',
    find: CHECKED,
    replace:
      'const claims = undefined\n        checkIdToken({ idToken, accessToken }, expected, idTokens).catch(() => undefined)',
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
    find: 'if (before.iss !== after.iss || before.sub !== after.sub) {',
    replace: 'if (before.iss !== after.iss) {',
    gone: 'a refreshed ID token may be about another person',
  },
]
