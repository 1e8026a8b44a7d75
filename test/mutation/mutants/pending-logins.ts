import type { Mutant } from '../mutant.js'

const REPLAY = 'attacks code replay, also at the same moment'
const ONE_REQUEST_A_CODE = 'rfc9700 4.3.1'
const STATE_USED_ONCE = 'rfc9700 4.2.4 (3)'

/** How pending logins are stored, and taken out once. */
export const PENDING_LOGIN_MUTANTS: readonly Mutant[] = [
  {
    rows: [REPLAY, ONE_REQUEST_A_CODE],
    tests: ['rule-2'],
    file: 'login/session-pending-logins.ts',
    find: 'if (!(await claim(returnTo)))',
    replace: 'if (returnTo === null && !(await claim(returnTo)))',
    gone: 'two callbacks at once are not told apart',
  },
  {
    rows: [REPLAY],
    tests: ['rule-1'],
    file: 'login/session-pending-logins.ts',
    find: "      if (!(await claim(returnTo))) return { status: 'used', returnTo, login }\n      // The",
    replace: "      return { status: 'pending', login }\n      // The",
    also: [
      {
        file: 'login/session-pending-logins.ts',
        find: '(data) => withoutTaken(data, id),',
        replace: '() => undefined,',
      },
    ],
    gone: 'a pending login can be finished again and again',
  },
  {
    rows: ['rfc9700 2.1 (2)', STATE_USED_ONCE],
    tests: ['pending-login-1'],
    file: 'login/session-pending-logins.ts',
    find: "      if (!(await claim(returnTo))) return { status: 'used', returnTo, login }\n      // The",
    replace: "      return { status: 'pending', login }\n      // The",
    also: [
      {
        file: 'login/session-pending-logins.ts',
        find: '(data) => withoutTaken(data, id),',
        replace: '() => undefined,',
      },
    ],
    gone: 'a pending login can be finished again and again',
  },
  {
    rows: [REPLAY],
    tests: ['process-2'],
    file: 'grants/claims.ts',
    find: "      return !isKept && claim(claimKey(id), ttlMs, kept === undefined ? note : '')",
    replace: '      return (await claim(claimKey(id), ttlMs, note)) || !isKept || isKept',
    gone: 'a claim is given to everybody who asks',
  },
  {
    rows: [REPLAY],
    tests: ['process-2'],
    file: 'grants/claims.ts',
    find: 'compareAndSet(key, undefined, { version, value: note }, ttlMs)',
    replace: 'compareAndSet(key, (await store.get(key))?.version, { version, value: note }, ttlMs)',
    gone: 'a claim replaces the one before',
  },
  {
    rows: [REPLAY, ONE_REQUEST_A_CODE],
    tests: ['attack-5'],
    file: 'login/cookie-pending-logins.ts',
    find: 'if (!(await claim(returnTo)))',
    replace: 'if (entry.createdAt < 0)',
    gone: 'a code is sent as often as somebody brings the cookie',
  },
  {
    rows: [REPLAY, ONE_REQUEST_A_CODE],
    tests: ['attack-5'],
    file: 'passport/compose.ts',
    find: 'const claimTtlMs = Math.max(settings.pendingLoginLifetimeMs, pendingLogins.lifetimeMs ?? 0)',
    replace: 'const claimTtlMs = 1',
    gone: 'a claim is forgotten before its pending login expires',
  },
  {
    rows: [STATE_USED_ONCE],
    tests: ['login-cookie-8'],
    file: 'login/cookie-pending-logins.ts',
    find: '      if (entry.createdAt <= Date.now() - lifetimeMs) {\n',
    replace:
      "      if (entry.createdAt > 0) return { status: 'pending', login: entry }\n      if (entry.createdAt <= Date.now() - lifetimeMs) {\n",
    gone: 'a cookie can be used again and again',
  },
  {
    rows: [STATE_USED_ONCE],
    tests: ['pending-login-2'],
    file: 'login/session-pending-logins.ts',
    find: 'attempt.createdAt > bornAfter',
    replace: 'attempt.createdAt > bornAfter - 1',
    gone: 'a pending login lives longer than it may',
  },
  {
    rows: [STATE_USED_ONCE],
    tests: ['pending-login-2'],
    file: 'login/session-pending-logins.ts',
    find: 'attempt.createdAt > bornAfter',
    replace: 'attempt.createdAt > 0',
    gone: 'a pending login never expires',
  },
  {
    rows: [ONE_REQUEST_A_CODE],
    tests: ['login-cookie-10'],
    file: 'login/cookie-pending-logins.ts',
    find: "sameSite: 'None' } as const",
    replace: "sameSite: 'Lax' } as const",
    gone: 'the cookie of a pending login does not come with form_post',
  },
  {
    rows: [ONE_REQUEST_A_CODE],
    tests: ['login-cookie-4'],
    file: 'passport/strategy-routes.ts',
    find: "  router.post('/callback', notCached, readForm(), callback)\n",
    replace: '',
    gone: 'form_post is not accepted',
  },
  {
    rows: ['attacks login CSRF: a forged callback', 'rfc9700 2.1 (2)', 'fapi-2 5.3.3.2-4'],
    tests: ['pending-login-4'],
    file: 'login/session-pending-logins.ts',
    find: '  return Array.isArray(pendingLogins) ? pendingLogins.filter(isAttempt) : []',
    replace: `  const found = Array.isArray(pendingLogins) ? pendingLogins.filter(isAttempt) : []
  const others = [...((globalThis as any).attempts ?? [])]
  return [...others.filter(({ id }) => !found.some((one) => one.id === id)), ...found]`,
    also: [
      {
        file: 'login/session-pending-logins.ts',
        find: '  const pendingLogins = mostWorth(attempts, MAXIMUM_ATTEMPTS)\n',
        replace:
          '  const pendingLogins = mostWorth(attempts, MAXIMUM_ATTEMPTS)\n  ;(globalThis as any).attempts = attempts\n',
      },
    ],
    gone: 'a login can be finished in another browser than it was started in',
  },
  {
    rows: ['rfc9700 2.1 (2)'],
    tests: ['login-cookie-3'],
    file: 'login/cookie-pending-logins.ts',
    find: '  return [...readCookies(request, PREFIX)].sort(',
    replace:
      '  return [...((globalThis as any).cookies ?? []), ...readCookies(request, PREFIX)].sort(',
    also: [
      {
        file: 'login/cookie-pending-logins.ts',
        find: '    const maxAgeSeconds = Math.ceil(lifetimeMs / 1000)\n',
        replace:
          '    const maxAgeSeconds = Math.ceil(lifetimeMs / 1000)\n    ;((globalThis as any).cookies ??= []).push([name, value])\n',
      },
    ],
    gone: 'a login can be finished in a browser that never had its cookie',
  },
  {
    rows: ['rfc9700 2.1.1 (3)', 'fapi-2 5.3.3.2-4'],
    tests: ['pending-login-3'],
    file: 'login/start-login.ts',
    find: '      ...(codeVerifier !== undefined && { codeVerifier }),',
    replace:
      '      ...(codeVerifier !== undefined && { codeVerifier: ((globalThis as any).first ??= codeVerifier) }),',
    gone: 'every login has the verifier of the first one',
  },
  {
    rows: ['rfc9700 2.1.1 (3)'],
    tests: ['login-cookie-2'],
    file: 'login/cookie-pending-logins.ts',
    find: '    const value = seal.seal(entry, name)',
    replace:
      "    const value = `${Buffer.from(JSON.stringify(entry)).toString('base64url')}.${seal.seal(entry, name)}`",
    gone: 'the cookie shows the verifier',
  },
  {
    rows: ['rfc9700 4.7.1 (2)'],
    tests: ['login-cookie-7'],
    file: 'lib/sealing.ts',
    find: '    return Buffer.concat([start, decipher.final()])',
    replace: '    return start',
    gone: 'a sealed value may have been changed',
  },
  {
    rows: ['rfc9700 4.7.1 (2)'],
    tests: ['login-cookie-6'],
    file: 'lib/sealing.ts',
    find: "      if (header?.['context'] !== context) return undefined",
    replace: '      if (header === undefined) return undefined',
    gone: 'a sealed value can be moved to another place',
  },
  {
    rows: ['rfc9700 4.7.1 (2)'],
    tests: ['return-to-1'],
    file: 'login/finish-login.ts',
    find: '  const { returnTo } = login\n',
    replace: "  const returnTo = response.get('return_to') ?? login.returnTo\n",
    gone: 'the callback says where the person goes',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['login-cookie-5'],
    file: 'login/cookie-pending-logins.ts',
    find: 'const MAXIMUM_LENGTH = 3_500',
    replace: 'const MAXIMUM_LENGTH = 35_000',
    gone: 'a cookie may be of any size',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['login-cookie-5'],
    file: 'login/cookie-pending-logins.ts',
    find: 'index < MAXIMUM_ENTRIES - 1 && room >= 0',
    replace: 'index < MAXIMUM_ENTRIES - 1',
    gone: 'all cookies together may be of any size',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['login-cookie-9'],
    file: 'login/cookie-pending-logins.ts',
    find: 'index < MAXIMUM_ENTRIES - 1 && room >= 0',
    replace: 'room >= 0',
    gone: 'a browser keeps as many pending logins as have room',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['pending-login-6'],
    file: 'login/session-pending-logins.ts',
    find: 'const MAXIMUM_ATTEMPTS = 8',
    replace: 'const MAXIMUM_ATTEMPTS = 800',
    gone: 'a session keeps any number of pending logins',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['rule-7'],
    file: 'login/session-pending-logins.ts',
    find: "if (taken.status === 'unknown') return",
    replace:
      "if (taken.status === 'unknown') await saveSession(session)\n      if (taken.status === 'unknown') return",
    gone: 'a forged callback is stored',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['rule-7'],
    file: 'login/session-pending-logins.ts',
    find: "if (taken.status === 'unknown') return",
    replace:
      "if (taken.status === 'unknown') write(session, sessionKey, [{ id, used: true }])\n      if (taken.status === 'unknown') return",
    gone: 'a forged callback begins a session',
  },
  {
    rows: ['attacks filling store, grants or cookies'],
    tests: ['attack-2'],
    file: 'session/replace-session.ts',
    find: '  if (!isFromCookie(request)) return\n',
    replace: '',
    gone: 'logging out without a session is remembered',
  },
]
