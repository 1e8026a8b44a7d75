import type { Mutant } from '../mutant.js'
import {
  ANY_ALGORITHM,
  ANY_AUDIENCE_IN_JWT,
  ANY_ISSUER_IN_JWT,
  ANY_TIME_IN_JWT,
  decodedIf,
} from './provider-jwt-changes.js'

const JARM = 'fapi-2 5.4.2-2'
const HAPPY_PATH =
  'openid fapi2-security-profile-final-client-test-happy-path[fapi_response_mode=jarm]'
const JARM_MODULES = 'openid fapi2-security-profile-final-client-test-ensure-jarm'

/** Signed authorization responses. */
export const SIGNED_RESPONSE_MUTANTS: readonly Mutant[] = [
  {
    rows: [JARM, `${JARM_MODULES}-without-iss-fails`, `${JARM_MODULES}-with-invalid-iss-fails`],
    tests: ['jarm-4'],
    ...ANY_ISSUER_IN_JWT,
    gone: 'iss of a signed response is not looked at',
  },
  {
    rows: [JARM, `${JARM_MODULES}-without-aud-fails`, `${JARM_MODULES}-with-invalid-aud-fails`],
    tests: ['jarm-4'],
    ...ANY_AUDIENCE_IN_JWT,
    gone: 'aud of a signed response is not looked at',
  },
  {
    rows: [JARM, `${JARM_MODULES}-with-expired-exp-fails`],
    tests: ['jarm-4'],
    ...ANY_TIME_IN_JWT,
    gone: 'signed responses do not expire',
  },
  {
    rows: [JARM, `${JARM_MODULES}-without-exp-fails`],
    tests: ['jarm-4'],
    file: 'endpoints/signed-response.ts',
    find: "required: ['exp'] }",
    replace: 'required: [] }',
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
    rows: [JARM, HAPPY_PATH],
    tests: ['jarm-2'],
    file: 'endpoints/signed-response.ts',
    find: '  return new URLSearchParams(said)',
    replace:
      "  return new URLSearchParams([...said.filter(([name]) => !parameters.has(name)), ...[...parameters].filter(([name]) => name !== 'response')])",
    gone: 'what stands beside the signed response counts',
  },
  {
    rows: [JARM, HAPPY_PATH],
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
