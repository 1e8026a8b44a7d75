import type { Mutant } from '../mutant.js'

const OVERSIZED = 'attacks oversized and endless bodies'
const FOLLOW = `      const answer = await exchange(dispatcher, target, { ...request, headers }, limits, clock)
        const to = answer.headers['location']
        return answer.status >= 300 && answer.status < 400 && typeof to === 'string'
          ? await exchange(dispatcher, new URL(to, target), { ...request, headers }, limits, clock)
          : answer`
const NO_SECURE_URL = {
  file: 'options/readers.ts',
  find: '  if (isSecure(new URL(url), plainHttpHostsIn(given))) return url\n',
  replace: '  return url\n',
  gone: 'plain HTTP may be configured',
}

/** Limits of requests, and where they go. */
export const OUTGOING_MUTANTS: readonly Mutant[] = [
  ...['rule-14', 'token-3'].map((id): Mutant => ({
    rows: [OVERSIZED],
    tests: [id],
    file: 'client/exchange.ts',
    find: 'if (this.#receivedBytes > responseLimitBytes)',
    replace: 'if (this.#receivedBytes > 1000 * responseLimitBytes)',
    gone: 'answers may be of any size',
  })),
  {
    rows: [OVERSIZED],
    tests: ['token-3'],
    file: 'client/exchange.ts',
    find: '    this.#abort?.(error)\n',
    replace: '',
    gone: 'a body that is too large is read to its end',
  },
  {
    rows: [OVERSIZED],
    tests: ['rule-14'],
    file: 'client/exchange.ts',
    find: '      } else {\n        this.#timeIsUp()\n      }',
    replace: '      }',
    gone: 'an answer may take any time',
  },
  {
    rows: [OVERSIZED],
    tests: ['rule-14'],
    file: 'client/exchange.ts',
    find: '    this.#status = status\n',
    replace: '    this.#status = status\n    this.#stopTimer()\n',
    gone: 'only the beginning of an answer has a time limit',
  },
  {
    rows: [OVERSIZED],
    tests: ['rule-3'],
    file: 'passport/route-handlers.ts',
    find: '{ extended: false }',
    replace: "{ extended: false, limit: '10mb' }",
    gone: 'forms may be large',
  },
  {
    rows: [OVERSIZED],
    tests: ['rule-3'],
    file: 'passport/route-handlers.ts',
    find: '{ extended: false }',
    replace: '{ extended: false, parameterLimit: 1_000_000 }',
    gone: 'forms may have any number of fields',
  },
  {
    rows: ['attacks answers nested deeper than the stack'],
    tests: ['fuzz-answer-3'],
    file: 'endpoints/userinfo-response.ts',
    find: 'if (isObject(claims) && !isTooDeep(claims)) return claims',
    replace: 'if (isObject(claims)) return claims',
    gone: 'a profile may be nested to any depth',
  },
  {
    rows: ['attacks answers nested deeper than the stack'],
    tests: ['fuzz-answer-4'],
    file: 'endpoints/token-response.ts',
    find: 'if (isTooDeep(members)) throw',
    replace: 'if (members === null) throw',
    gone: 'authorization_details may be nested to any depth',
  },
  {
    rows: ['attacks answers nested deeper than the stack'],
    tests: ['fuzz-answer-5'],
    file: 'endpoints/profile.ts',
    find: '    if (isTooDeep(claims)) {',
    replace: '    if (claims.sub === undefined) {',
    gone: 'an ID token that makes the profile may be nested to any depth',
  },
  {
    rows: ['attacks answers nested deeper than the stack'],
    tests: ['fuzz-answer-2'],
    file: 'endpoints/token.ts',
    find: "    const { message = 'unknown reason' } = error as Partial<Error>\n",
    replace:
      "    if (error instanceof RangeError) throw error\n    const { message = 'unknown reason' } = error as Partial<Error>\n",
    gone: 'an answer that overflows the stack is no failure of the provider',
  },
  {
    rows: ['attacks texts that make a pattern slow'],
    tests: ['attack-4'],
    file: 'lib/provider-text.ts',
    find: '/\\beyJ[\\w.-]+/g',
    replace: '/eyJ[\\w-]+\\.[\\w-]+/g',
    also: [
      {
        file: 'lib/provider-text.ts',
        find: 'const READABLE_LENGTH = 10_000',
        replace: 'const READABLE_LENGTH = 10_000_000',
      },
    ],
    gone: 'the pattern tries every start against every end of a text of any length',
  },
  {
    rows: ['attacks redirects of the token endpoint', 'fapi-2 5.2.1-3'],
    tests: ['rule-15'],
    file: 'client/transport.ts',
    find: '        return await exchange(dispatcher, target, { ...request, headers }, limits, clock)',
    replace: FOLLOW,
    gone: 'redirects are followed',
  },
  {
    rows: ['attacks redirects of the token endpoint', 'rfc9700 4.12'],
    tests: ['token-1'],
    file: 'client/transport.ts',
    find: '        return await exchange(dispatcher, target, { ...request, headers }, limits, clock)',
    replace: FOLLOW,
    gone: 'redirects are followed',
  },
  {
    rows: ['rfc9700 4.12', 'fapi-2 5.3.3.1-10'],
    tests: ['discover-1'],
    file: 'client/transport.ts',
    find: '        return await exchange(dispatcher, target, { ...request, headers }, limits, clock)',
    replace: FOLLOW,
    gone: 'redirects are followed',
  },
  {
    rows: ['rfc9700 2.6 (2)', 'fapi-2 5.2.1-1'],
    tests: ['rule-16'],
    ...NO_SECURE_URL,
  },
  {
    rows: ['rfc9700 4.14.2 (1)', 'fapi-2 5.2.1-1', 'fapi-2 5.2.1-3'],
    tests: ['token-5'],
    ...NO_SECURE_URL,
  },
  ...['authorizationURL', 'tokenURL'].map((option): Mutant => ({
    rows: ['rfc9700 2.6 (2)', 'fapi-2 5.2.1-1'],
    tests: ['rule-16'],
    file: 'options/provider-options.ts',
    find:
      option === 'tokenURL'
        ? 'tokenURL: { read: urlWithoutFragment'
        : 'authorizationURL: {\n    read: urlWithoutFragment',
    replace:
      option === 'tokenURL' ? 'tokenURL: { read: text' : 'authorizationURL: {\n    read: text',
    gone: `${option} may be plain HTTP`,
  })),
  ...[
    'profileURL',
    'revocationURL',
    'pushedAuthorizationRequestURL',
    'jwksURL',
    'endSessionURL',
  ].map((option): Mutant => ({
    rows: ['fapi-2 5.2.1-1'],
    tests: ['rule-16'],
    file: 'options/provider-options.ts',
    find: `  ${option}: { read: secureUrl`,
    replace: `  ${option}: { read: text`,
    gone: `${option} may be plain HTTP`,
  })),
  {
    rows: ['fapi-2 5.2.1-1'],
    tests: ['rule-16'],
    file: 'options/provider-options.ts',
    find: '  const issuer = secureUrl(value, name, given)\n',
    replace: '  const issuer = text(value, name)\n',
    gone: 'issuer may be plain HTTP',
  },
  {
    rows: ['rfc9700 2.6 (2)', 'fapi-2 5.2.1-1'],
    tests: ['rule-16'],
    file: 'options/client-options.ts',
    find: 'callbackURL: {\n    read: forEachHost(urlWithoutFragment)',
    replace: 'callbackURL: {\n    read: forEachHost(text)',
    gone: 'callbackURL may be plain HTTP',
  },
  {
    rows: ['fapi-2 5.2.1-1'],
    tests: ['rule-16'],
    file: 'options/client-options.ts',
    find: 'postLogoutRedirectURL: {\n    read: forEachHost(secureUrl)',
    replace: 'postLogoutRedirectURL: {\n    read: forEachHost(text)',
    gone: 'postLogoutRedirectURL may be plain HTTP',
  },
  {
    rows: ['rfc9700 2.6 (2)'],
    tests: ['rule-16'],
    file: 'login/start-login.ts',
    find: '!URL.canParse(callbackURL) ||\n    !isSecure(new URL(callbackURL), settings.dangerouslyAllowHttp)',
    replace: '!URL.canParse(callbackURL)',
    gone: 'the callbackURL of a route may be plain HTTP',
  },
  {
    rows: ['rfc9700 4.14.2 (1)', 'fapi-2 5.2.1-1', 'fapi-2 5.2.1-3'],
    tests: ['token-5'],
    file: 'lib/loopback.ts',
    find: "host === 'localhost' ||",
    replace: "host.startsWith('localhost') ||",
    gone: 'a host whose name begins with localhost passes for this machine',
  },
  {
    rows: ['rfc9700 4.14.2 (1)', 'fapi-2 5.2.1-1', 'fapi-2 5.2.1-3'],
    tests: ['token-5'],
    file: 'lib/loopback.ts',
    find: '/^127(\\.\\d{1,3}){3}$/',
    replace: '/^127(\\.\\d{1,3}){3}/',
    gone: 'a host whose name begins with 127.0.0.1 passes for this machine',
  },
  {
    rows: ['rfc9700 4.14.2 (1)', 'fapi-2 5.2.1-1', 'fapi-2 5.2.1-3'],
    tests: ['token-5'],
    file: 'lib/secure-url.ts',
    find: "return url.protocol === 'http:' && (isLoopback(url.hostname) ||",
    replace: 'return (isLoopback(url.hostname) ||',
    gone: 'any scheme may lead to this machine',
  },
  {
    rows: ['fapi-2 5.2.1-1'],
    tests: ['plain-http-1'],
    file: 'lib/secure-url.ts',
    find: 'plainHttpHosts.includes(url.host)',
    replace: 'plainHttpHosts.length > 0',
    gone: 'plain HTTP is allowed to every host if it is to one',
  },
  {
    rows: ['fapi-2 5.2.1-1'],
    tests: ['plain-http-2'],
    file: 'options/readers.ts',
    find: "process.env['NODE_ENV'] === 'production' && hosts.length > 0",
    replace: 'hosts.length > 1000',
    gone: 'plain HTTP is allowed in production',
  },
  {
    rows: ['rfc9700 2.6 (3)', 'fapi-2 5.2.1-1'],
    tests: ['bearer-2'],
    file: 'client/transport.ts',
    find: '  if (!isSecure(parsed, plainHttpHosts)) {',
    replace: "  if (parsed.protocol === 'ftp:') {",
    gone: 'requests go out over plain HTTP',
  },
]
