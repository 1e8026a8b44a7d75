import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { OIDF_PLANS } from '../e2e/oidf-modules.js'
import { REPOSITORY } from '../support/repository.js'
import { namedTests, namedTestsIn } from '../support/test-ids.js'

/** The sections that ask something of clients, by the heading of their table. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  Attacks: [
    'login CSRF: a forged callback',
    'login started behind the victim’s back',
    'connecting the attacker’s account behind the person’s back',
    'the response to connecting, in another session or for another user',
    'a login that has ended, used for connecting',
    'a session cookie planted by a sibling subdomain',
    'a person who has somebody else’s id, at another provider',
    'code injection',
    'PKCE downgrade',
    'code replay, also at the same moment',
    'mix-up of two providers',
    'session fixation',
    'open redirect, in all its spellings',
    'forged `Host` and `X-Forwarded-…`',
    'parameters twice, as lists or objects',
    'prototype pollution',
    'header injection and script in texts',
    'oversized and endless bodies',
    'answers nested deeper than the stack',
    'texts that make a pattern slow',
    'filling store, grants or cookies',
    'forged error responses',
    'errors that pass for success',
    'redirects of the token endpoint',
    'an address that leads into the own network',
    'a name that leads elsewhere at the next lookup',
    'metadata of another resource or authorization server',
    'a connected server without PKCE',
    'mix-up of two connected servers',
    'a login page other than the page that asks has shown',
    'metadata that fail after the person has agreed',
    'the same account id in two applications with one store',
    'a token for what lies beside its resource',
    'wrong or missing `iss`, `aud`, `azp`, `exp`, `iat`, `nonce`, `at_hash`, `acr`, `auth_time`',
    '`alg: none`, algorithm confusion, unknown `kid`',
    'another person’s profile',
    'logout CSRF',
    'forged front-channel logouts',
    'forged or replayed logout tokens',
    'a login that a logout has overtaken',
    'theft by reuse: a refresh token sent twice',
    'secrets in logs, pages and referrers',
  ],
  'RFC 9700, Best Current Practice for OAuth 2.0 Security': [
    '2.1',
    '2.1.1',
    '2.1.2',
    '2.2.1',
    '2.2.2',
    '2.3',
    '2.4',
    '2.5',
    '2.6',
    '4.1.3',
    '4.2.4',
    '4.3.1',
    '4.3.2',
    '4.4.2',
    '4.4.2.1',
    '4.4.2.2',
    '4.5.3.1',
    '4.5.3.2',
    '4.6.1',
    '4.7.1',
    '4.8.2',
    '4.9.3',
    '4.10.1',
    '4.10.2',
    '4.11.1',
    '4.12',
    '4.13',
    '4.14.2',
    '4.15.1',
    '4.16',
    '4.17.2',
  ],
  'FAPI 2.0 Security Profile': [
    '5.2.1-1',
    '5.2.1-2',
    '5.2.1-3',
    '5.2.1-4',
    '5.2.1-5',
    '5.2.2-2',
    '5.2.2.1',
    '5.2.3',
    '5.3.3.1-1',
    '5.3.3.1-2',
    '5.3.3.1-3',
    '5.3.3.1-4',
    '5.3.3.1-5',
    '5.3.3.1-6',
    '5.3.3.1-7',
    '5.3.3.1-8',
    '5.3.3.1-9',
    '5.3.3.1-10',
    '5.3.3.1-11',
    '5.3.3.1-12',
    '5.3.3.1-13',
    '5.3.3.2-1',
    '5.3.3.2-2',
    '5.3.3.2-3',
    '5.3.3.2-4',
    '5.3.3.2-5',
    '5.3.3.2-6',
    '5.3.3.2-7',
    '5.4.1-1a',
    '5.4.1-1b',
    '5.4.1-1c',
    '5.4.1-2',
    '5.4.1-3',
    '5.4.1-4',
    '5.4.2',
    '5.4.3',
  ],
  'FAPI 2.0 Message Signing': [
    '5.3.2-1',
    '5.3.2-2',
    '5.3.2-3',
    '5.3.2-4',
    '5.3.2-5',
    '5.4.2-1',
    '5.4.2-2',
    '5.5.2',
    '5.6.2-1',
  ],
}

/** The modules of the Basic plan. */
const BASIC_MODULES = [
  'oidcc-client-test',
  'oidcc-client-test-invalid-iss',
  'oidcc-client-test-missing-sub',
  'oidcc-client-test-invalid-aud',
  'oidcc-client-test-missing-iat',
  'oidcc-client-test-kid-absent-single-jwks',
  'oidcc-client-test-kid-absent-multiple-jwks',
  'oidcc-client-test-idtoken-sig-rs256',
  'oidcc-client-test-idtoken-sig-none',
  'oidcc-client-test-invalid-sig-rs256',
  'oidcc-client-test-userinfo-invalid-sub',
  'oidcc-client-test-nonce-invalid',
  'oidcc-client-test-scope-userinfo-claims',
  'oidcc-client-test-client-secret-basic',
]

/** The modules of the relying-party plans, as the conformance suite lists them. */
const OIDF_MODULES = {
  'oidcc-client-basic-certification-test-plan': BASIC_MODULES,
  'oidcc-client-basic-certification-test-plan[request_type=request_object]': BASIC_MODULES.map(
    (name) => `${name}[request_type=request_object]`,
  ),
  'oidcc-client-formpost-basic-certification-test-plan': BASIC_MODULES.map(
    (name) => `${name}[response_mode=form_post]`,
  ),
  'oidcc-client-config-certification-test-plan': [
    'oidcc-client-test-discovery-openid-config',
    'oidcc-client-test-discovery-jwks-uri-keys',
    'oidcc-client-test-discovery-issuer-mismatch',
    'oidcc-client-test-signing-key-rotation-just-before-signing',
    'oidcc-client-test-signing-key-rotation',
  ],
  'oidcc-client-dynamic-certification-test-plan': [
    'oidcc-client-test-discovery-webfinger-acct',
    'oidcc-client-test-discovery-webfinger-url',
    'oidcc-client-test-dynamic-registration',
    'oidcc-client-test-request-uri-signed-rs256',
    'oidcc-client-test-request-uri-signed-none',
    'oidcc-client-test-userinfo-signed',
  ],
  'oidcc-client-refreshtoken-test-plan': [
    'oidcc-client-test-refresh-token',
    'oidcc-client-test-refresh-token-invalid-issuer',
    'oidcc-client-test-refresh-token-invalid-sub',
  ],
  'oidcc-client-rp-initiated-logout-rp-basic': [
    'oidcc-client-test-rp-init-logout',
    'oidcc-client-test-rp-init-logout-other-state',
    'oidcc-client-test-rp-init-logout-no-state',
  ],
  'oidcc-client-back-channel-logout-rp-basic': [
    'oidcc-client-test-rp-backchannel-rpinitlogout',
    'oidcc-client-test-rp-backchannel-rpinitlogout-alg-none',
    'oidcc-client-test-rp-backchannel-rpinitlogout-no-event',
    'oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce',
    'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg',
    'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud',
    'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event',
    'oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss',
  ],
  'fapi2-security-profile-final-client-test-plan': [
    'fapi2-security-profile-final-client-test-happy-path',
    'fapi2-security-profile-final-client-test-discovery-issuer-mismatch',
    'fapi2-security-profile-final-client-test-invalid-iss',
    'fapi2-security-profile-final-client-test-invalid-aud',
    'fapi2-security-profile-final-client-test-invalid-secondary-aud',
    'fapi2-security-profile-final-client-test-invalid-null-alg',
    'fapi2-security-profile-final-client-test-invalid-alternate-alg',
    'fapi2-security-profile-final-client-test-invalid-expired-exp',
    'fapi2-security-profile-final-client-test-invalid-missing-exp',
    'fapi2-security-profile-final-client-test-invalid-missing-aud',
    'fapi2-security-profile-final-client-test-invalid-missing-iss',
    'fapi2-security-profile-final-client-test-valid-aud-as-array',
    'fapi2-security-profile-final-client-test-invalid-nonce',
    'fapi2-security-profile-final-client-test-invalid-missing-nonce',
    'fapi2-security-profile-final-client-test-invalid-authorization-response-iss',
    'fapi2-security-profile-final-client-test-remove-authorization-response-iss',
    'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails',
    'fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails',
    'fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in',
    'fapi2-security-profile-final-client-test-token-type-case-insensitivity',
    'fapi2-security-profile-final-client-test-rs-dpop-auth-scheme-case-insensitivity',
    'fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce',
    'fapi2-security-profile-final-client-test-happy-path-no-mtls-endpoint-aliases',
    'fapi2-security-profile-final-client-refresh-token-test',
    'fapi2-security-profile-final-client-test-grant-management-happy-path',
    'fapi2-security-profile-final-client-test-grant-management-query-and-revoke',
    'fapi2-security-profile-final-client-test-grant-management-invalid-grant-id-fails',
  ],
  'fapi2-message-signing-final-client-test-plan': [
    'fapi2-security-profile-final-client-test-happy-path[fapi_request_method=signed_non_repudiation]',
    'fapi2-security-profile-final-client-test-happy-path[fapi_response_mode=jarm]',
    'fapi2-security-profile-final-client-test-ensure-jarm-without-iss-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-iss-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-without-aud-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-aud-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-without-exp-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-with-expired-exp-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-sig-fails',
    'fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none',
  ],
  'fapi1-advanced-final-client-test-plan[fapi_auth_request_method=pushed][fapi_response_mode=jarm]':
    [
      'fapi1-advanced-final-client-test',
      'fapi1-advanced-final-client-test-discovery-issuer-mismatch',
      'fapi1-advanced-final-client-test-happy-path-no-mtls-endpoint-aliases',
      'fapi1-advanced-final-client-test-encrypted-idtoken',
      'fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15',
      'fapi1-advanced-final-client-test-invalid-shash',
      'fapi1-advanced-final-client-test-invalid-chash',
      'fapi1-advanced-final-client-test-invalid-nonce',
      'fapi1-advanced-final-client-test-invalid-iss',
      'fapi1-advanced-final-client-test-invalid-aud',
      'fapi1-advanced-final-client-test-invalid-secondary-aud',
      'fapi1-advanced-final-client-test-invalid-signature',
      'fapi1-advanced-final-client-test-invalid-null-alg',
      'fapi1-advanced-final-client-test-invalid-alternate-alg',
      'fapi1-advanced-final-client-test-invalid-expired-exp',
      'fapi1-advanced-final-client-test-invalid-missing-exp',
      'fapi1-advanced-final-client-test-iat-is-week-in-past',
      'fapi1-advanced-final-client-test-invalid-missing-aud',
      'fapi1-advanced-final-client-test-invalid-missing-iss',
      'fapi1-advanced-final-client-test-invalid-missing-nonce',
      'fapi1-advanced-final-client-test-invalid-missing-shash',
      'fapi1-advanced-final-client-test-valid-aud-as-array',
      'fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response',
    ],
}

const NOT_APPLICABLE = /^not applicable: \S.{9,}$/

/** The page of each table of SECTIONS. */
const PAGES: Readonly<Record<string, string>> = {
  Attacks: 'attacks.md',
  'RFC 9700, Best Current Practice for OAuth 2.0 Security': 'rfc9700.md',
  'FAPI 2.0 Security Profile': 'fapi-2.md',
  'FAPI 2.0 Message Signing': 'fapi-2.md',
}

const pages = new Map(
  await Promise.all(
    [...new Set(Object.values(PAGES))].map(
      async (page) =>
        [page, await readFile(join(REPOSITORY, 'docs/conformance', page), 'utf8')] as const,
    ),
  ),
)
const ids = (await namedTests()).map(({ id }) => id)

describe('the conformance tables', () => {
  describe.each(Object.entries(SECTIONS))('about %s', (heading, sections) => {
    const rows = rowsUnder(heading, pages.get(PAGES[heading] ?? '') ?? '')

    it('have a row for every section, in order, and for nothing else', () => {
      expect([...new Set(rows.map(([section]) => section))]).toEqual(sections)
    })

    it('say in every row what is asked, how it is met, and by which test', () => {
      expect(rows.flatMap(faultsOfRow)).toEqual([])
    })
  })
})

describe('the modules of the OpenID Foundation’s relying-party tests', () => {
  it('are all there', () => {
    const names = Object.entries(OIDF_PLANS).map(
      ([plan, modules]) => [plan, modules.map(({ name }) => name)] as const,
    )
    expect(Object.fromEntries(names)).toEqual(OIDF_MODULES)
  })

  it.each(Object.keys(OIDF_MODULES))('of %s say what proves them', (plan) => {
    const faults = (OIDF_PLANS[plan] ?? []).flatMap(({ name, provenBy }) =>
      faultsOfProof(provenBy, ids).map((fault) => `${name}: ${fault}`),
    )
    expect(faults).toEqual([])
  })
})

describe('the ids of tests', () => {
  it('each belong to one test', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it('are each used in a table or by a module', () => {
    const used = new Set([
      ...[...pages.values()].flatMap((text) =>
        [...text.matchAll(/`([\w-]+)`/g)].map(([, id]) => id),
      ),
      ...Object.values(OIDF_PLANS).flatMap((modules) =>
        modules.flatMap(({ provenBy }) => provenBy),
      ),
    ])
    expect(ids.filter((id) => !used.has(id))).toEqual([])
  })
})

describe('a proof', () => {
  const known = ['a-1', 'b-2', 'b-2']

  it.each([
    ['a test that is there', ['a-1']],
    ['why it does not apply', ['not applicable: a rule for servers']],
  ])('is good when it names %s', (_what, proof) => {
    expect(faultsOfProof(proof, known)).toEqual([])
  })

  it.each([
    ['nothing', []],
    ['an empty text', ['']],
    ['a test that is not there', ['a-2']],
    ['an id that two tests have', ['b-2']],
    ['a test that is yet to be written', ['TODO: is fast']],
    ['a test that is not yet there, and says so', ['not yet: is fast']],
    ['one like that beside a test that is there', ['a-1', 'not yet: is fast']],
    ['no reason why it does not apply', ['not applicable: ']],
    ['a test beside a reason why there is none', ['a-1', 'not applicable: a rule for servers']],
    ['a missing test beside one that is there', ['a-1', 'c-1']],
  ])('is none when it names %s', (_what, proof) => {
    expect(faultsOfProof(proof, known)).toHaveLength(1)
  })
})

describe('the ids of the tests in a file', () => {
  const idsIn = (text: string): readonly string[] => namedTestsIn('x.ts', text).map(({ id }) => id)

  it('stand in brackets at the end of the title', () => {
    expect(
      idsIn(
        "describe('a', () => { it('b [x-1]', f) }); test('c [y-2-10]', f); it('d [z-3] e', f); it('f', f)",
      ),
    ).toEqual(['x-1', 'y-2-10'])
  })

  it('are read once where a table makes many tests of one', () => {
    expect(
      idsIn("describe.each(TABLE)('by %s', () => { it.each([1])('takes %j [x-1]', f) })"),
    ).toEqual(['x-1'])
  })

  it('are found in a group of another function of ours that begins with describe', () => {
    expect(idsIn("describeWithRedis('a', () => { it('b [x-1]', f) })")).toEqual(['x-1'])
  })

  it('leave out what is skipped, to do, or only looks like a test', () => {
    const text =
      "it.skip('a [x-1]', f); it.todo('b [x-2]'); describe.skip('c', () => { it('d [x-3]', f) }); pattern.test('g [x-4]')"
    expect(idsIn(text)).toEqual([])
  })
})

/** The rows of the table under a heading of the first or second level, cell by cell. */
function rowsUnder(heading: string, text: string): readonly (readonly string[])[] {
  const [, part = ''] = `\n${text}`.split(new RegExp(`\n##? ${heading.replaceAll('.', '\\.')}\n`))
  const [table = ''] = part.split(/\n#/)
  const lines = table.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.replaceAll('\\|', '|').trim()),
  )
}

function faultsOfRow(cells: readonly string[]): readonly string[] {
  const [section = '', requirement = '', met = '', tests = ''] = cells
  const proof = tests.startsWith('`')
    ? tests.split(', ').map((one) => one.replace(/^`(.*)`$/, '$1'))
    : [tests]
  const faults = [...faultsOfProof(proof, ids)]
  if (cells.length !== 4 || requirement === '') faults.push('is no row of four cells')
  if (met === '' && !NOT_APPLICABLE.test(tests)) faults.push('does not say how it is met')
  return faults.map((fault) => `${section} ${requirement}: ${fault}`)
}

/** What is wrong with the tests that are named as a proof. */
function faultsOfProof(proof: readonly string[], known: readonly string[]): readonly string[] {
  const [first = ''] = proof
  if (proof.length === 1 && NOT_APPLICABLE.test(first)) return []
  if (proof.length === 0) return ['names no test']
  return proof
    .filter((one) => known.filter((id) => id === one).length !== 1)
    .map((one) => `there is not exactly one test ${one}`)
}
