import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import type { Option, OptionTable } from '../../src/options/option-table.js'
import { OPTIONS, readOptions } from '../../src/options/read-options.js'
import { REPOSITORY } from '../support/repository.js'

const required = {
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  clientID: 'client-1',
  callbackURL: 'https://app.example/callback',
}
const table: OptionTable = OPTIONS
const entries = Object.entries<Option>(table)

describe('the table of options', () => {
  const withDefault = entries.filter(([, option]) => option.default !== undefined)

  it.each(withDefault)('has a default for %s that passes its own check', (name, option) => {
    expect(option.read(option.default as never, name, {})).toEqual(option.default)
  })

  it('names only options that exist as what others need', () => {
    const needed = entries.flatMap(([, { needs }]) => needs ?? [])
    expect(needed.filter((name) => !Object.hasOwn(table, name))).toEqual([])
    expect(needed).toContain('issuer')
  })

  it.each(entries.filter(([, { needs }]) => needs !== undefined))(
    'refuses %s without what it needs',
    (name, { needs, read }) => {
      const samples = [
        true,
        5,
        'https://provider.example/a',
        ['PS256'],
        ['id_token'],
        'a text',
        () => ({}),
      ]
      const value = samples.find((sample) => {
        try {
          return read(sample as never, name, {}) !== undefined
        } catch {
          return false
        }
      })
      expect(() => readOptions({ ...required, [name]: value })).toThrow(
        `${name} needs the option ${needs ?? ''}.`,
      )
    },
  )
})

describe('a name that is nearly an option', () => {
  it.each([
    ['clientSecrt', 'clientSecret'],
    ['clinetID', 'clientID'],
    ['client_id', 'clientID'],
    ['clientid', 'clientID'],
    ['client-secret', 'clientSecret'],
    ['redirect_uri', 'callbackURL'],
    ['redirectUri', 'callbackURL'],
    ['callbackUri', 'callbackURL'],
    ['issuerURL', 'issuer'],
    ['issuerBaseURL', 'issuer'],
    ['token_endpoint', 'tokenURL'],
    ['authorization_endpoint', 'authorizationURL'],
    ['userinfo_endpoint', 'profileURL'],
    ['jwks_uri', 'jwksURL'],
    ['end_session_endpoint', 'endSessionURL'],
    ['revocation_endpoint', 'revocationURL'],
    ['pushed_authorization_request_endpoint', 'pushedAuthorizationRequestURL'],
    ['post_logout_redirect_uri', 'postLogoutRedirectURL'],
    ['token_endpoint_auth_method', 'clientAuthentication'],
    ['max_age', 'maxAgeSeconds'],
    ['acr_values', 'acrValues'],
    ['authorization_details', 'authorizationDetails'],
    ['scopes', 'scope'],
    ['scpoe', 'scope'],
    ['timeout', 'timeoutMs'],
    ['refreshBefore', 'refreshBeforeSeconds'],
    ['kid', 'keyId'],
    ['agent', 'dispatcher'],
    ['pendingLoginLifetime', 'pendingLoginLifetimeMs'],
    ['constructor', undefined],
    ['flavour', undefined],
    ['x', undefined],
  ])('%s is answered with %s', (name, meant) => {
    const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`
    expect(() => readOptions({ ...required, [name]: 'x' })).toThrow(
      expect.objectContaining({ message: `There is no option '${name}'.${hint}` }),
    )
  })
})

describe('an editor', () => {
  const file = `${REPOSITORY}/test/options/as-in-an-editor.ts`
  const text = `
    import { authRouter, AuthorizationCodeStrategy, askara } from '../../src/index.js'
    const strategy = new AuthorizationCodeStrategy({
      ...askara, clientID: 'a', callbackURL: 'https://app.example/', refreshBeforeSeconds: 30,
    })
    authRouter(strategy, { successRedirect: '/' })
  `
  const { useCaseSensitiveFileNames, ...files } = ts.sys
  const service = ts.createLanguageService({
    ...files,
    useCaseSensitiveFileNames: () => useCaseSensitiveFileNames,
    getCompilationSettings: () => ({
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
    }),
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const content = name === file ? text : ts.sys.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    getCurrentDirectory: () => REPOSITORY,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  })

  it.each([
    [
      'refreshBeforeSeconds',
      '(property) refreshBeforeSeconds?: number | undefined',
      'An access token is renewed this long before it expires',
      '60 (1 minute)',
    ],
    [
      'clientID',
      '(property) clientID: string | undefined',
      'identifier at the provider',
      undefined,
    ],
    [
      'successRedirect',
      '(property) successRedirect?: string | undefined',
      'Where the browser goes',
      "'/'",
    ],
  ])(
    'shows type, description and default of %s',
    (name, type, description, value) => {
      const info = service.getQuickInfoAtPosition(file, text.indexOf(`${name}:`))
      expect(ts.displayPartsToString(info?.displayParts)).toContain(type)
      expect(ts.displayPartsToString(info?.documentation)).toContain(description)
      const tag = info?.tags?.find((one) => one.name === 'default')
      expect(tag && ts.displayPartsToString(tag.text)).toBe(value)
      // The first one compiles the sources.
    },
    60_000,
  )
})
