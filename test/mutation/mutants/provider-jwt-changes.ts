import type { Change } from '../mutant.js'

/** Where a JWT is checked: before it, a mutant can take a JWT in its own way. */
export const VERIFY = '    if (!algorithms.some((one) => one === header.alg)) {\n'

/** Where a signature is verified with the published keys. */
export const VERIFY_BY_KEY = '      await verifyByPublishedKey(jwt, header, sender, keys)\n'

/** `iss` of the provider's JWTs is not looked at. */
export const ANY_ISSUER_IN_JWT: Change = {
  file: 'endpoints/jwt-claims.ts',
  find: 'if (claims.iss !== expected.issuer) throw',
  replace: "if (expected.issuer === '') throw",
}

/** `aud` of the provider's JWTs is not looked at. */
export const ANY_AUDIENCE_IN_JWT: Change = {
  file: 'endpoints/jwt-claims.ts',
  find: 'if (!audiencesOf(claims).includes(expected.clientID)) {',
  replace: "if (expected.clientID === '') {",
}

/** The provider's JWTs may be issued in the future. */
export const FROM_THE_FUTURE: Change = {
  file: 'endpoints/jwt-claims.ts',
  find: 'issuedAt > now + toleranceMs',
  replace: 'issuedAt < 0',
}

/** The provider's JWTs do not expire. */
export const ANY_TIME_IN_JWT: Change = {
  file: 'endpoints/jwt-claims.ts',
  find: 'now - toleranceMs >= expiresAt',
  replace: 'now - 1e13 >= expiresAt',
}

/** The provider's JWTs may be signed with any algorithm. */
export const ANY_ALGORITHM: Change = {
  file: 'endpoints/verify-provider-jwt.ts',
  find: VERIFY,
  replace: '    if (!PUBLIC_KEY_ALGORITHMS.some((one) => one === header.alg)) {\n',
}

/** JWTs for which the condition holds are taken without a look at their algorithm or signature. */
export function decodedIf(condition: string): Change {
  return {
    file: 'endpoints/verify-provider-jwt.ts',
    find: VERIFY,
    replace: `    if (${condition}) return claims\n${VERIFY}`,
  }
}
