import type { Mutant } from '../mutant.js'

const FORGED_STATE = [
  'attacks login CSRF: a forged callback',
  'rfc9700 2.1 (2)',
  'rfc9700 4.8.2',
  'openid fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails',
]

const MISSING_STATE =
  'openid fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails'

const MIX_UP = [
  'attacks mix-up of two providers',
  'rfc9700 2.1 (3)',
  'rfc9700 4.4.2.1 (1)',
  'fapi-2 5.3.3.2-5',
]

const WRONG_ISS =
  'openid fapi2-security-profile-final-client-test-invalid-authorization-response-iss'

/** What is believed of an authorization response. */
const ANOTHER_SESSION = 'attacks the response to connecting, in another session or for another user'

export const CALLBACK_MUTANTS: readonly Mutant[] = [
  {
    rows: FORGED_STATE,
    tests: ['rule-5'],
    file: 'login/session-pending-logins.ts',
    find: 'const attempt = attempts.find((one) => one.id === id)',
    replace: 'const attempt = attempts.find((one) => one.id === id) ?? attempts.at(-1)',
    gone: 'a callback with any state finishes the newest pending login',
  },
  {
    rows: [MISSING_STATE],
    tests: ['rule-5'],
    file: 'login/session-pending-logins.ts',
    find: 'const attempt = attempts.find((one) => one.id === id)',
    replace: "const attempt = attempts.find((one) => one.id === id || id === attemptIdOf(''))",
    gone: 'a callback without state finishes a pending login',
  },
  {
    rows: FORGED_STATE,
    tests: ['rule-5'],
    file: 'login/session-pending-logins.ts',
    find: "if (taken.status === 'unknown') return",
    replace:
      "if (taken.status === 'unknown') write(session, sessionKey, [])\n      if (taken.status === 'unknown') return",
    gone: 'a forged callback spends the pending logins of the session',
  },
  {
    rows: ['attacks login CSRF: a forged callback'],
    tests: ['rule-6'],
    file: 'login/taken-callback.ts',
    find: "    case 'unknown': {\n",
    replace:
      "    case 'unknown': {\n      Reflect.deleteProperty(request.session ?? {}, 'passport')\n",
    gone: 'a forged callback logs out who is logged in',
  },
  {
    rows: ['attacks login CSRF: a forged callback'],
    tests: ['rule-6'],
    file: 'login/taken-callback.ts',
    find: '      throw reason instanceof PendingLoginError\n',
    replace:
      "      if (holdsGrant(request, settings)) return { action: 'redirect', url: '/' }\n      throw reason instanceof PendingLoginError\n",
    gone: 'a forged callback passes for a repeated one where somebody is logged in',
  },
  {
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'endpoints/authorization-response.ts',
    find: 'states.length === 1 ? states[0] : undefined',
    replace: 'states.at(-1)',
    gone: 'of two states, the last one counts, and its pending login is spent',
  },
  {
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'endpoints/authorization-response.ts',
    find: 'parameters.getAll(name).length > 1)',
    replace: 'parameters.getAll(name).length > 2)',
    gone: 'parameters may come twice',
  },
  ...(['code', 'iss', 'error'] as const).map((name): Mutant => ({
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'endpoints/authorization-response.ts',
    find: "['state', 'code', 'iss', 'error', 'error_description', 'error_uri']",
    replace: `['state', 'code', 'iss', 'error', 'error_description', 'error_uri'].filter((one) => one !== '${name}')`,
    gone: `${name} may come twice`,
  })),
  {
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'endpoints/authorization-response.ts',
    find: "if (code === null || code === '')",
    replace: 'if (code === null)',
    gone: 'an empty code is sent',
  },
  {
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'endpoints/authorization-response.ts',
    find: 'if (reported !== undefined) {',
    replace: 'if (reported !== undefined && code === null) {',
    gone: 'a code counts although there is an error',
  },
  {
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'endpoints/authorization-response.ts',
    find: 'Array.isArray(value) ? (value as unknown[]) : [value]',
    replace: '[Array.isArray(value) ? (value as unknown[]).at(-1) : value]',
    gone: 'of a form field that comes several times, the last one counts',
  },
  {
    rows: ['attacks parameters twice, as lists or objects'],
    tests: ['rule-4'],
    file: 'passport/route-handlers.ts',
    find: 'express.urlencoded({ extended: false })',
    replace: 'express.urlencoded({ extended: true })',
    gone: 'the router reads nested form fields',
  },
  {
    rows: ['attacks prototype pollution', 'attacks parameters twice, as lists or objects'],
    tests: ['rule-8'],
    file: 'endpoints/authorization-response.ts',
    find: "typeof one === 'string' ? one : ''",
    replace: "typeof one === 'string' ? one : String(Object.values(Object(one) as object)[0])",
    gone: 'a nested form field counts as its value',
  },
  {
    rows: [...MIX_UP, WRONG_ISS],
    tests: ['mix-up-3'],
    file: 'endpoints/authorization-response.ts',
    find: 'issuer !== undefined && iss !== issuer',
    replace: "issuer !== undefined && iss === ''",
    gone: 'iss is not compared',
  },
  {
    rows: [...MIX_UP, WRONG_ISS],
    tests: ['mix-up-3'],
    file: 'endpoints/authorization-response.ts',
    find: 'issuer !== undefined && iss !== issuer',
    replace: 'issuer !== undefined && !iss.startsWith(issuer)',
    gone: 'iss may be longer than the issuer',
  },
  {
    rows: [...MIX_UP, WRONG_ISS],
    tests: ['mix-up-3'],
    file: 'endpoints/authorization-response.ts',
    find: 'issuer !== undefined && iss !== issuer',
    replace: 'issuer !== undefined && iss.toLowerCase() !== issuer.toLowerCase()',
    gone: 'iss may be in another case',
  },
  {
    rows: [...MIX_UP, WRONG_ISS],
    tests: ['mix-up-3'],
    file: 'endpoints/authorization-response.ts',
    find: 'issuer !== undefined && iss !== issuer',
    replace: "issuer !== undefined && iss !== '' && iss !== issuer",
    gone: 'an empty iss is accepted',
  },
  {
    rows: [
      'rfc9700 2.1 (3)',
      'rfc9700 4.4.2.1 (1)',
      'fapi-2 5.3.3.2-5',
      WRONG_ISS,
      'attacks forged error responses',
    ],
    tests: ['mix-up-2'],
    file: 'endpoints/authorization-response.ts',
    find: "  checkIssuer(parameters.get('iss'), expected)",
    replace: "  if (!parameters.has('error')) checkIssuer(parameters.get('iss'), expected)",
    gone: 'iss is not compared in a denial',
  },
  {
    rows: [
      ...MIX_UP,
      'openid fapi2-security-profile-final-client-test-remove-authorization-response-iss',
    ],
    tests: ['mix-up-1'],
    file: 'endpoints/authorization-response.ts',
    find: '    if (issRequired)\n',
    replace: '    if (issRequired && false)\n',
    gone: 'iss may be missing where the provider always sends it',
  },
  {
    rows: ['attacks forged error responses'],
    tests: ['router-2'],
    file: 'login/finish-login.ts',
    find: '      const taken = await takePendingLogin(',
    replace:
      "      if (response.has('error')) return { action: 'fail', info: { message: 'The login was not granted.' }, status: 403 }\n      const taken = await takePendingLogin(",
    gone: 'an error is believed before the state is looked at',
  },
  {
    rows: ['attacks mix-up of two providers', 'rfc9700 2.1 (3)', 'rfc9700 4.4.2'],
    tests: ['attack-3'],
    file: 'login/check-starter.ts',
    find: 'strategy === strategyId && (mayConnect',
    replace: '(mayConnect',
    gone: 'a strategy finishes what another one has started',
  },
  {
    rows: ['attacks mix-up of two providers'],
    tests: ['attack-8'],
    file: 'options/read-options.ts',
    find: '[sessionKey, issuer ?? tokenURL, clientID]',
    replace: '[sessionKey, clientID]',
    gone: 'two providers with the same name are not told apart',
  },
  {
    rows: ['attacks mix-up of two providers'],
    tests: ['attack-7'],
    file: 'options/read-options.ts',
    find: '[sessionKey, issuer ?? tokenURL, clientID]',
    replace: '[sessionKey, clientID]',
    gone: 'the tokens of two providers with the same name are not told apart',
  },
  {
    rows: ['rfc9700 4.4.2', 'rfc9700 4.4.2.2'],
    tests: ['pending-login-5'],
    file: 'options/session-options.ts',
    find: '`oauth2:${String(name)}`',
    replace: '`oauth2:${String(name).slice(0, 0)}`',
    gone: 'two strategies share their part of the session',
  },
  {
    rows: ['rfc9700 4.4.2.2'],
    tests: ['login-cookie-1'],
    file: 'login/check-starter.ts',
    find: 'isMeant = connectTo === (await connectionOf(request))',
    replace: 'await connectionOf(request)',
    gone: 'a provider is connected to whoever is logged in when the callback comes',
  },
  {
    rows: [ANOTHER_SESSION],
    tests: ['connect-4'],
    file: 'login/check-starter.ts',
    find: 'isMeant = connectTo === (await connectionOf(request))',
    replace: 'await connectionOf(request)',
    gone: 'the response to connecting counts in another session',
  },
  {
    rows: [ANOTHER_SESSION],
    tests: ['connect-5'],
    file: 'login/connection.ts',
    find: 'JSON.stringify([session.id, passport?.user])',
    replace: 'JSON.stringify([session.id, typeof passport])',
    gone: 'a provider is connected to another user of the same session',
  },
  {
    rows: ['attacks a login that has ended, used for connecting'],
    tests: ['connect-6'],
    file: 'login/connection.ts',
    find: ' || (await hasLoginEnded(request))',
    replace: ' || (await hasLoginEnded(request)) === undefined',
    gone: 'whoever has been logged out elsewhere can connect a provider',
  },
]
