import type { Mutant } from '../mutant.js'

const PASS_FOR_SUCCESS = 'attacks errors that pass for success'
const NEWEST = ['rfc9700 2.2.2 (1)', 'rfc9700 4.14.2 (2)', 'fapi-2 5.3.3.1-6']
const REFRESH_MODULE = 'openid fapi2-security-profile-final-client-refresh-token-test'
const REUSE = 'attacks theft by reuse: a refresh token sent twice'
const SECRETS = 'attacks secrets in logs, pages and referrers'
const STORED = 'rfc9700 4.14.2 (1)'
const POLLUTION = 'attacks prototype pollution'

/** Token responses, refreshes, and what is kept. */
export const TOKEN_MUTANTS: readonly Mutant[] = [
  {
    rows: [PASS_FOR_SUCCESS],
    tests: ['token-2'],
    file: 'client/answer.ts',
    find: '!succeeded || (error !== undefined && accessToken === undefined)',
    replace: '!succeeded',
    gone: 'an error with status 200 is none',
  },
  {
    rows: [PASS_FOR_SUCCESS],
    tests: ['token-2'],
    file: 'client/answer.ts',
    find: '!succeeded || (error !== undefined && accessToken === undefined)',
    replace: 'accessToken === undefined && (!succeeded || error !== undefined)',
    gone: 'tokens with an error status are accepted',
  },
  {
    rows: [PASS_FOR_SUCCESS],
    tests: ['token-2'],
    file: 'client/answer.ts',
    find: 'answer.status >= 200 && answer.status < 300',
    replace: 'answer.status >= 200 && answer.status < 400',
    gone: 'a redirect is a success',
  },
  {
    rows: [PASS_FOR_SUCCESS],
    tests: ['token-2'],
    file: 'client/answer.ts',
    find: '    return typeOf(answer) === FORM\n',
    replace: "    return typeOf(answer) === 'x'\n",
    gone: 'an error in a form is not read',
  },
  {
    rows: [PASS_FOR_SUCCESS],
    tests: ['token-6'],
    file: 'endpoints/token-response.ts',
    find: '  if (response.token_type !== tokenType) {',
    replace: "  if (response.token_type === '') {",
    gone: 'tokens of any type are accepted',
  },
  {
    rows: [POLLUTION],
    tests: ['fuzz-answer-1'],
    file: 'client/standard-members.ts',
    find: '  return Object.fromEntries(\n    Object.entries(members).filter(',
    replace: `  return ((entries: (readonly [string, unknown])[]) => {
    const all: any = {}
    for (const [name, value] of entries) all[name] = value
    return all
  })(
    Object.entries(members).filter(`,
    also: [
      {
        file: 'client/standard-members.ts',
        find: " && name !== '__proto__'",
        replace: " && name !== 'x'",
      },
    ],
    gone: '__proto__ in a token response says what its members are',
  },
  {
    rows: [POLLUTION],
    tests: ['fuzz-answer-1'],
    file: 'client/answer.ts',
    find: '  const members: Record<string, unknown> = isObject(message) ? standardMembers(message) : {}\n',
    replace: `  const members: Record<string, unknown> = isObject(message) ? standardMembers(message) : {}
  for (const name of Object.keys(members)) {
    if (isObject(members[name])) Object.assign(({} as any)[name] ?? {}, members[name])
  }
`,
    gone: 'a token response pollutes the prototype of all objects',
  },
  {
    rows: [...NEWEST],
    tests: ['refresh-3'],
    file: 'endpoints/token.ts',
    find: 'renewed.refreshToken === undefined ? { refreshToken, refreshTokenExpiresAt } : {}',
    replace: '{}',
    gone: 'a refresh without a new refresh token loses the old one',
  },
  {
    rows: [...NEWEST],
    tests: ['refresh-3'],
    file: 'endpoints/token.ts',
    find: 'renewed.refreshToken === undefined ? { refreshToken, refreshTokenExpiresAt } : {}',
    replace: 'renewed.refreshToken === undefined ? { refreshToken } : {}',
    gone: 'a refresh without a new refresh token loses the end of the old one',
  },
  {
    rows: [...NEWEST, REFRESH_MODULE],
    tests: ['refresh-2'],
    file: 'endpoints/token.ts',
    find: 'renewed.refreshToken === undefined ? { refreshToken, refreshTokenExpiresAt } : {}',
    replace: '{ refreshToken, refreshTokenExpiresAt }',
    gone: 'the first refresh token is used for ever',
  },
  {
    rows: [...NEWEST],
    tests: ['refresh-1'],
    file: 'grants/renewal.ts',
    find: '    if (joined !== undefined) return joined\n',
    replace: '',
    also: [
      {
        file: 'grants/renewal.ts',
        find: "    return mayTakeOver(cell, record.mark) ? { go: record, line } : 'wait'",
        replace: '    return { go: record, line }',
      },
    ],
    gone: 'requests that come together each refresh',
  },
  {
    rows: [REUSE],
    tests: ['process-1'],
    file: 'grants/renewal.ts',
    find: "    return mayTakeOver(cell, record.mark) ? { go: record, line } : 'wait'",
    replace: '    return { go: record, line }',
    gone: 'a process does not wait for the refresh of another',
  },
  {
    rows: [REUSE],
    tests: ['logout-1'],
    file: 'grants/renewal.ts',
    find: "line === undefined || hasEnded(record)) {\n      throw new LoginRequiredError('grant_ended')",
    replace: "line === undefined) {\n      throw new LoginRequiredError('grant_ended')",
    gone: 'an ended grant can be refreshed',
    equivalent: 'an ended record has no lines (ended in grant-record.ts), and a renewal needs one',
  },
  {
    rows: [REUSE],
    tests: ['logout-1'],
    file: 'login/log-out.ts',
    find: '    const ended = await endLogin(request, unlessIn)\n',
    replace:
      "    const ended = request.url === '' ? await endLogin(request, unlessIn) : undefined\n",
    gone: 'logging out does not end the grant',
  },
  {
    rows: ['rfc9700 4.14.2 (3)'],
    tests: ['logout-2'],
    file: 'login/log-out.ts',
    find: '  void ended?.revoke()\n',
    replace: '',
    gone: 'logging out revokes nothing',
  },
  {
    rows: ['rfc9700 4.14.2 (3)'],
    tests: ['logout-2'],
    file: 'endpoints/revocation.ts',
    find: 'const refreshTokens = tokens.flatMap(({ refreshToken = [] }) => refreshToken)',
    replace: 'const refreshTokens: string[] = []',
    gone: 'the refresh token is not revoked',
  },
  {
    rows: [STORED],
    tests: ['sealing-2'],
    file: 'grants/session-entry.ts',
    find: 'held: seal === undefined ? held : seal.seal(held, contextOf(id, number)),',
    replace: 'held,',
    gone: 'tokens are in the session in clear',
  },
  {
    rows: [STORED],
    tests: ['sealing-1'],
    file: 'grants/record-codec.ts',
    find: 'write: (record, id) => seal.seal(record, id),',
    replace:
      "write: (record, id) => `${Buffer.from(JSON.stringify(record)).toString('base64url')}~${seal.seal(record, id)}`,",
    also: [
      {
        file: 'grants/record-codec.ts',
        find: '      const record = seal.open(text, id)\n',
        replace: "      const record = seal.open(text.split('~')[1] ?? '', id)\n",
      },
    ],
    gone: 'records show the tokens',
  },
  {
    rows: [STORED],
    tests: ['sealing-1'],
    file: 'passport/compose-grants.ts',
    find: 'pendingSeal: parts.pendingSeal ?? sealOf(settings),',
    replace: 'pendingSeal: undefined,',
    gone: 'code verifiers are in the session in clear',
  },
  {
    rows: [STORED],
    tests: ['sealing-3'],
    file: 'grants/record-codec.ts',
    find: 'write: (record, id) => seal.seal(record, id),',
    replace: "write: (record) => seal.seal(record, 'grant'),",
    also: [
      {
        file: 'grants/record-codec.ts',
        find: '      const record = seal.open(text, id)\n',
        replace: "      const record = id && seal.open(text, 'grant')\n",
      },
    ],
    gone: 'records are not bound to their id',
  },
  {
    rows: [SECRETS],
    tests: ['no-secrets-1'],
    file: 'client/answer.ts',
    find: '  const secrets = [...sent.secrets(), ...tokensIn(members)]\n',
    replace: '  const secrets: string[] = []\n',
    gone: 'errors quote what the provider quotes',
  },
  {
    rows: [SECRETS],
    tests: ['no-secrets-1'],
    file: 'client/answer.ts',
    find: '  const secrets = [...sent.secrets(), ...tokensIn(members)]\n',
    replace: '  const secrets = [...sent.secrets()]\n',
    gone: 'errors quote tokens that come with a refusal',
  },
  {
    rows: [SECRETS],
    tests: ['no-secrets-1'],
    file: 'client/transport-error.ts',
    find: "if (isHarmless && typeof message === 'string' && !quotes(message, sent)) return message",
    replace: "if (typeof message === 'string') return message",
    also: [
      {
        file: 'client/transport-error.ts',
        find: 'return Object.assign(cause, { code,',
        replace: 'return Object.assign(cause, facts, { code,',
      },
    ],
    gone: 'errors of the network are passed on as they are',
  },
  {
    rows: [SECRETS],
    tests: ['no-secrets-1'],
    file: 'endpoints/token.ts',
    find: '    throw new TokenEndpointError(`The token response is not valid: ${message}.`, {\n      phase,\n',
    replace:
      '    throw new TokenEndpointError(`The token response is not valid: ${message}.`, {\n      phase,\n      cause: error,\n',
    gone: 'the error for an invalid token response has the response in it',
  },
  {
    rows: [SECRETS, 'rfc9700 4.10.1'],
    tests: ['no-secrets-1'],
    file: 'client/dpop.ts',
    find: '  const publicJwk = signing.publicJwk()\n',
    replace:
      "  const publicJwk = signing.publicJwk()\n  process.stderr.write(JSON.stringify((key as KeyObject).export({ format: 'jwk' })))\n",
    gone: 'the key of proofs is printed',
  },
  {
    rows: [SECRETS],
    tests: ['inspector-1'],
    file: 'diagnostics/shown-values.ts',
    find: "  'error_uri',\n",
    replace: "  'error_uri',\n  'code',\n  'state',\n  'refresh_token',\n",
    gone: 'events show code, state and refresh token',
  },
  {
    rows: [SECRETS],
    tests: ['no-secrets-1'],
    file: 'login/taken-callback.ts',
    find: '        ? new PendingLoginError(reason.code, [...hints, ...reason.hints])',
    replace: '        ? Object.assign(new PendingLoginError(reason.code), { url: request.url })',
    gone: 'the error for a forged callback has its address',
  },
]
