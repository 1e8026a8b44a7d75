import type { Change } from '../mutant.js'

/** How `verifyByAny` is called: before it, a mutant can take a JWT in its own way. */
export const VERIFY = '      const { payload } = await verifyByAny(jwt, keys, options)\n'

/** `iss` of the provider's JWTs is not looked at. */
export const ANY_ISSUER_IN_JWT: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: '    const options: JWTVerifyOptions = {\n      issuer,\n',
  replace: '    const options: JWTVerifyOptions = {\n',
}

/** `aud` of the provider's JWTs is not looked at. */
export const ANY_AUDIENCE_IN_JWT: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: '      audience: clientID,\n',
  replace: '',
}

/** The provider's JWTs do not expire. */
export const ANY_TIME_IN_JWT: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: 'clockTolerance: CLOCK_TOLERANCE_MS / 1000,',
  replace: 'clockTolerance: 1e10,',
}

/** The provider's JWTs need no `exp`. */
export const NO_EXP_IN_JWT: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: 'requiredClaims: [...required],',
  replace: "requiredClaims: required.filter((name) => name !== 'exp'),",
}

/** The provider's JWTs may be signed with any algorithm. */
export const ANY_ALGORITHM: Change = {
  file: 'endpoints/provider-jwt.ts',
  find: 'algorithms: [...algorithms],',
  replace: 'algorithms: [...SIGNATURE_ALGORITHMS],',
}

/** JWTs for which the condition holds are taken without a look at their signature. */
export function decodedIf(condition: string): Change {
  return {
    file: 'endpoints/provider-jwt.ts',
    find: VERIFY,
    replace: `      if (${condition}) return (await import('jose')).decodeJwt(jwt)\n${VERIFY}`,
  }
}
