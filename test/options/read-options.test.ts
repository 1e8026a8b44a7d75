import { describe, expect, it } from '@jest/globals'
import { MockAgent } from 'undici'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import {
  AuthorizationCodeStrategy,
  ConfigurationError,
  cookiePendingLogins,
  Grants,
  MemoryGrants,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { readOptions } from '../../src/options/read-options.js'
import { thrownBy } from '../support/errors.js'

const required = {
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  clientID: 'client-1',
  callbackURL: 'https://app.example/callback',
} as const satisfies AuthorizationCodeOptions

/** What the construction of a strategy with these options, right or wrong, throws. */
function refusalOf(options: object): unknown {
  return thrownBy(() => new AuthorizationCodeStrategy({ ...required, ...options }))
}

function expectRefusal(error: unknown, option: string, message: string = option): void {
  expect(error).toBeInstanceOf(ConfigurationError)
  expect(error).toMatchObject({
    name: 'ConfigurationError',
    code: 'ERR_CONFIGURATION',
    status: 500,
    fault: 'developer',
    retryable: false,
    option,
  })
  expect((error as Error).message).toContain(message)
}

describe('a required option', () => {
  it.each(['authorizationURL', 'tokenURL', 'clientID', 'callbackURL'])(
    '%s is reported by its name when it is missing, with the likely reason',
    (option) => {
      expectRefusal(
        refusalOf({ [option]: undefined }),
        option,
        `${option} is missing. Is the environment variable set?`,
      )
    },
  )

  it('clientSecret is reported in the same way when the provider needs one', () => {
    expectRefusal(
      refusalOf({ clientAuthentication: 'client_secret_post', clientSecret: undefined }),
      'clientSecret',
      'Is the environment variable set?',
    )
  })
})

describe('an option from an environment variable that is not set', () => {
  it.each<[string, string, string]>([
    ['clientID', '', 'clientID is empty. Is the environment variable set?'],
    ['clientSecret', '', 'clientSecret is empty. Is the environment variable set?'],
    ['callbackURL', '/callback', 'Is that in an environment variable that is not set?'],
    ['callbackURL', 'undefined/callback', 'Is that in an environment variable that is not set?'],
    ['tokenSecret', '', 'tokenSecret is empty. Is the environment variable set?'],
  ])('%s as %j says what is likely the cause', (option, value, message) => {
    expectRefusal(refusalOf({ [option]: value }), option, message)
  })

  it('says which of the application’s secrets it is', () => {
    const grants = (secret: string) => thrownBy(() => new Grants(createMemoryStore(), { secret }))
    expectRefusal(grants(''), 'secret', 'secret, which seals the grants, is empty.')
    expectRefusal(grants('short'), 'secret', 'secret, which seals the grants, needs at least 32')
    const cookies = thrownBy(() => cookiePendingLogins({ secret: '' }))
    expectRefusal(cookies, 'secret', 'secret, which seals the cookies, is empty.')
  })
})

describe('an option that cannot be used', () => {
  const insecure = 'http://provider.example/path'

  it.each<[string, unknown]>([
    ['name', ''],
    ['name', 5],
    ['authorizationURL', ''],
    ['authorizationURL', null],
    ['authorizationURL', '/authorize'],
    ['authorizationURL', insecure],
    ['authorizationURL', 'https://provider.example/authorize#fragment'],
    ['authorizationURL', 'javascript:alert(1)'],
    ['tokenURL', ''],
    ['tokenURL', 'provider.example/token'],
    ['tokenURL', insecure],
    ['tokenURL', new URL('https://provider.example/token')],
    ['callbackURL', '/callback'],
    ['callbackURL', 'http://app.example/callback'],
    ['callbackURL', 'https://app.example/callback#fragment'],
    ['issuer', 'accounts'],
    ['issuer', insecure],
    ['profileURL', 'me'],
    ['profileURL', insecure],
    ['parseProfile', 'name'],
    ['scope', 5],
    ['scope', ['openid', 5]],
    ['scope', { openid: true }],
    ['scopeSeparator', 5],
    ['clientAuthentication', 'client_secret_query'],
    ['clientAuthentication', 'toString'],
    ['clientAuthenticationMethodsSupported', 'client_secret_basic'],
    ['basicCredentials', 'plain'],
    ['idTokenHint', 'sometimes'],
    ['idTokenHint', false],
    ['postLogoutRedirectParameter', ''],
    ['frontchannelLogout', 'yes'],
    ['clientAssertionAudience', 5],
    ['clientAssertionAudience', ['https://a.example', 'https://b.example']],
    ['clientAssertionAudience', ''],
    ['clientAssertionAlgorithm', 'HS256'],
    ['clientAssertionAlgorithm', 'none'],
    ['providerSignatureAlgorithms', 'PS256'],
    ['providerSignatureAlgorithms', []],
    ['providerSignatureAlgorithms', ['none']],
    ['providerSignatureAlgorithms', ['PS256', 'HS1']],
    ['clockToleranceSeconds', -1],
    ['clockToleranceSeconds', 301],
    ['clockToleranceSeconds', 1.5],
    ['clockToleranceSeconds', '30'],
    ['trustedAudiences', 'https://api.example'],
    ['tokenRequestFormat', 'xml'],
    ['omitRedirectUriInTokenRequest', 'yes'],
    ['parseTokenResponse', {}],
    ['authorizationParameters', 'prompt=consent'],
    ['authorizationParameters', { prompt: 5 }],
    ['authorizationParameters', { prompt: undefined }],
    ['tokenParameters', 'resource=a'],
    ['tokenParameters', { resource: ['a', 'b'] }],
    ['tokenParameters', ['resource']],
    ['tokenParameters', Promise.resolve({})],
    ['refreshParameters', 'scope=a'],
    ['refreshParameters', { scope: 5 }],
    ['refreshParameters', ['scope']],
    ['isGrantRefused', true],
    ['customHeaders', 'User-Agent: app'],
    ['customHeaders', null],
    ['keepSession', null],
    ['grants', null],
    ['customHeaders', { 'X-Api-Key': undefined }],
    ['customHeaders', { 'X-Api-Key': 5 }],
    ['customHeaders', { 'X-Api-Key': 'a\r\nInjected: yes' }],
    ['customHeaders', { 'not a name': 'a' }],
    ['customHeaders', { authorization: 'Basic …' }],
    ['customHeaders', { DPoP: 'a proof' }],
    ['authorizationResponseIssParameterSupported', 1],
    ['dangerouslyOmitPkce', 'true'],
    ['clientID', ''],
    ['clientID', 5],
    ['clientSecret', ''],
    ['clientSecret', null],
    ['keyId', ''],
    ['sessionKey', ''],
    ['keepSession', 'cart'],
    ['keepSession', [5]],
    ['skipUserProfile', 'yes'],
    ['pendingLogins', {}],
    ['pendingLogins', { put: () => undefined }],
    ['pendingLoginLifetimeMs', 0],
    ['pendingLoginLifetimeMs', -1],
    ['pendingLoginLifetimeMs', 1.5],
    ['pendingLoginLifetimeMs', NaN],
    ['pendingLoginLifetimeMs', '600000'],
    ['grants', {}],
    ['grants', 'redis://127.0.0.1'],
    ['accountOf', 'id'],
    ['onGrantRefused', 'log'],
    ['renewInBackground', 'no'],
    ['timeoutMs', 0],
    ['timeoutMs', Infinity],
    ['timeoutMs', null],
    ['timeoutMs', 2 ** 31],
    ['maximumConnections', 0],
    ['responseLimitBytes', -1],
    ['responseLimitBytes', '1mb'],
    ['dispatcher', {}],
    ['dispatcher', 'http://proxy.example'],
  ])('%s is refused by its name: %p', (option, value) => {
    expectRefusal(refusalOf({ [option]: value }), option)
  })

  it.each<[string, unknown, string]>([
    ['clientID', { toString: () => 'the-secret' }, 'the-secret'],
    ['clientAuthentication', 'the-secret', 'the-secret'],
    ['tokenURL', 'http://user:the-secret@provider.example/', 'the-secret'],
    ['customHeaders', { 'X-Api-Key': 'the-secret\r\nX: y' }, 'the-secret'],
  ])('%s is refused without quoting its value', (option, value, secret) => {
    expect((refusalOf({ [option]: value }) as Error).message).not.toContain(secret)
  })
})

describe('an option that does not exist', () => {
  it.each(['clientId', 'scopes', 'callbackUrl', 'privatekey', 'refreshBefore', '__defineGetter__'])(
    '%s is refused by its name',
    (option) => {
      expectRefusal(refusalOf({ [option]: 'a value' }), option, `There is no option '${option}'.`)
    },
  )

  it.each(['toString', 'constructor', 'hasOwnProperty'])(
    '%s is refused by its name, although every object has one',
    (option) => {
      expectRefusal(refusalOf({ [option]: () => '' }), option, `There is no option '${option}'.`)
    },
  )

  it('is refused even when its value is undefined, for it is a slip of the pen', () => {
    expectRefusal(refusalOf({ clientId: undefined }), 'clientId')
  })

  it.each([
    ['state', true, 'always on'],
    ['pkce', true, 'always on'],
    ['store', {}, 'pendingLogins'],
    ['passReqToCallback', true, 'req'],
    ['proxy', true, 'callbackURL is absolute'],
    ['trustProxy', true, 'callbackURL is absolute'],
  ])('of passport-oauth2, %s, is refused with what to do instead', (option, value, advice) => {
    const error = refusalOf({ [option]: value })
    expectRefusal(error, option, `The option '${option}' is not used here: `)
    expect((error as Error).message).toContain(advice)
  })
})

describe('a client secret that ID tokens are signed with', () => {
  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ] as const)('of %s must have %i bytes', (algorithm, bytes) => {
    const issuer = 'https://issuer.example'
    const options = {
      ...required,
      ...{ issuer, providerSignatureAlgorithms: ['PS256', algorithm] as const },
    }
    const message = `${algorithm} in providerSignatureAlgorithms needs a clientSecret of at least ${bytes} bytes`
    expect(() => readOptions(options)).toThrow(message)
    const short = { ...options, clientSecret: 'x'.repeat(bytes - 1) }
    expect(() => readOptions(short)).toThrow(message)
    readOptions({ ...options, clientSecret: 'ü'.repeat(bytes / 2) })
    // It is checked when it is used.
    readOptions({ ...options, clientSecret: () => 'x' })
  })
})

describe('further parameters', () => {
  const reserved = [
    'client_assertion',
    'client_assertion_type',
    'client_id',
    'client_secret',
    'code',
    'code_challenge',
    'code_challenge_method',
    'code_verifier',
    'dpop_jkt',
    'grant_type',
    'nonce',
    'redirect_uri',
    'refresh_token',
    'request',
    'request_uri',
    'response_type',
    'state',
  ]

  it.each(
    ['authorizationParameters', 'tokenParameters', 'refreshParameters'].flatMap((option) =>
      reserved.map((name) => [option, name] as const),
    ),
  )('in %s may not replace %s [options-1]', (option, name) => {
    expectRefusal(refusalOf({ [option]: { [name]: 'x' } }), option, `'${name}'`)
  })

  it('may be any others [options-2]', () => {
    const { authorizationParameters, tokenParameters } = readOptions({
      ...required,
      authorizationParameters: { prompt: 'consent', resource: 'https://api.example' },
      tokenParameters: { resource: 'https://api.example' },
    })
    expect([authorizationParameters, tokenParameters]).toEqual([
      { prompt: 'consent', resource: 'https://api.example' },
      { resource: 'https://api.example' },
    ])
  })
})

describe('options that contradict each other', () => {
  it.each<[string, object, string]>([
    ['PKCE off for a public client', { dangerouslyOmitPkce: true }, 'dangerouslyOmitPkce'],
    [
      'PKCE off for a client that says it is public',
      { dangerouslyOmitPkce: true, clientSecret: 's', clientAuthentication: 'none' },
      'dangerouslyOmitPkce',
    ],
    [
      'no redirect_uri and no PKCE',
      { dangerouslyOmitPkce: true, clientSecret: 's', omitRedirectUriInTokenRequest: true },
      'omitRedirectUriInTokenRequest',
    ],
    [
      'iss required and no issuer to compare it with',
      { authorizationResponseIssParameterSupported: true },
      'issuer',
    ],
    [
      'signature algorithms and no issuer to sign',
      { providerSignatureAlgorithms: ['PS256'] },
      'issuer',
    ],
    [
      'a method and not its secret',
      { clientAuthentication: 'client_secret_basic' },
      'clientSecret',
    ],
    ['a method and not its key', { clientAuthentication: 'private_key_jwt' }, 'privateKey'],
  ])('are refused: %s [options-5]', (_, options, option) => {
    expectRefusal(refusalOf(options), option)
  })
})

describe('options that are left out', () => {
  it('have the documented defaults', () => {
    expect(readOptions(required)).toEqual({
      ...required,
      callbackURL: [required.callbackURL],
      name: 'oauth2',
      scopeSeparator: ' ',
      clientAuthentication: 'none',
      basicCredentials: 'encoded',
      clockToleranceSeconds: 30,
      clientAssertionAudience: required.tokenURL,
      tokenRequestFormat: 'form',
      omitRedirectUriInTokenRequest: false,
      authorizationDetails: [],
      resource: [],
      backchannelLogout: false,
      frontchannelLogout: false,
      idTokenHint: 'always',
      postLogoutRedirectParameter: 'post_logout_redirect_uri',
      signedAuthorizationRequests: false,
      signedAuthorizationResponses: false,
      authorizationParameters: {},
      tokenParameters: {},
      refreshParameters: {},
      customHeaders: {},
      authorizationResponseIssParameterSupported: false,
      dangerouslyOmitPkce: false,
      sessionKey: 'oauth2:oauth2',
      grantLifetime: 'login',
      keepSession: [],
      skipUserProfile: false,
      pendingLoginLifetimeMs: 600_000,
      refreshBeforeSeconds: 60,
      renewInBackground: true,
      timeoutMs: 10_000,
      maximumConnections: 32,
      responseLimitBytes: 1_048_576,
    })
  })

  it.each<[object, string]>([
    [{}, 'none'],
    [{ clientSecret: 's' }, 'client_secret_post'],
    [{ privateKey: 'a key' }, 'private_key_jwt'],
    [{ privateKey: 'a key', clientSecret: 's' }, 'private_key_jwt'],
    [
      { clientSecret: 's', clientAuthenticationMethodsSupported: ['client_secret_basic'] },
      'client_secret_basic',
    ],
    [
      {
        clientSecret: 's',
        clientAuthenticationMethodsSupported: ['client_secret_basic', 'client_secret_post'],
      },
      'client_secret_post',
    ],
    [
      { clientSecret: 's', clientAuthenticationMethodsSupported: ['private_key_jwt'] },
      'client_secret_post',
    ],
    [{ clientAuthenticationMethodsSupported: ['client_secret_basic'] }, 'none'],
    [
      {
        clientSecret: 's',
        clientAuthentication: 'client_secret_post',
        clientAuthenticationMethodsSupported: ['client_secret_basic'],
      },
      'client_secret_post',
    ],
  ])('choose the client authentication by the credentials: %j', (options, method) => {
    expect(readOptions({ ...required, ...options }).clientAuthentication).toBe(method)
  })

  it('take the session key from the name', () => {
    expect(readOptions({ ...required, name: 'askara' }).sessionKey).toBe('oauth2:askara')
  })

  it('take the assertion’s audience from the issuer [options-4]', () => {
    const issuer = 'https://issuer.example'
    expect(readOptions({ ...required, issuer }).clientAssertionAudience).toBe(issuer)
  })

  it('may also be given as undefined, but for secrets', () => {
    const names = [
      ...['name', 'issuer', 'profileURL', 'parseProfile', 'scope', 'scopeSeparator'],
      ...['clientAuthentication', 'clientAuthenticationMethodsSupported', 'basicCredentials'],
      ...['clientAssertionAudience', 'clientAssertionAlgorithm', 'tokenRequestFormat'],
      ...['omitRedirectUriInTokenRequest', 'parseTokenResponse', 'authorizationParameters'],
      ...['tokenParameters', 'customHeaders', 'authorizationResponseIssParameterSupported'],
      ...['dangerouslyOmitPkce', 'keyId', 'providerSignatureAlgorithms', 'sessionKey'],
      ...['clockToleranceSeconds', 'trustedAudiences', 'idTokenHint'],
      ...['postLogoutRedirectParameter', 'frontchannelLogout'],
      ...['keepSession', 'skipUserProfile', 'pendingLogins', 'pendingLoginLifetimeMs', 'grants'],
      ...['accountOf', 'onGrantRefused', 'renewInBackground'],
      ...['timeoutMs', 'maximumConnections', 'responseLimitBytes', 'dispatcher'],
    ]
    const unset = Object.fromEntries(names.map((name) => [name, undefined]))
    expect(readOptions({ ...required, ...unset })).toEqual(readOptions(required))
  })
})

describe('options that are given', () => {
  it('are taken as they are', async () => {
    const agent = new MockAgent()
    const pendingLogins = {
      put: () => Promise.resolve(),
      take: () => Promise.resolve({ status: 'unknown' } as const),
    }
    const options = {
      ...required,
      name: 'mine',
      issuer: 'https://issuer.example',
      sessionKey: 'key',
      keepSession: ['cart'],
      timeoutMs: 2 ** 31 - 1,
      grants: new MemoryGrants(),
      dispatcher: agent,
      pendingLogins,
      authorizationParameters: () => ({}),
      clientAssertionAudience: (url: string) => url,
      skipUserProfile: () => true,
      customHeaders: { 'user-agent': 'app/1.0' },
      authorizationResponseIssParameterSupported: true,
    } satisfies AuthorizationCodeOptions
    expect(readOptions(options)).toMatchObject({
      ...options,
      callbackURL: [required.callbackURL],
    })
    await agent.close()
  })

  it('may write the names of headers in any case, and count once', () => {
    const { customHeaders } = readOptions({
      ...required,
      customHeaders: { 'User-Agent': 'app/1.0', Accept: 'text/html' },
    })
    expect(customHeaders).toEqual({ 'user-agent': 'app/1.0', accept: 'text/html' })
  })

  it.each([
    ['a text as it goes on the wire', 'a b', undefined, 'a b'],
    ['a list, joined by spaces', ['a', 'b'], undefined, 'a b'],
    ['a list, joined as told', ['a', 'b'], ',', 'a,b'],
    ['an empty list', [], undefined, undefined],
    ['an empty text', '', undefined, undefined],
  ])('may say the scope as %s [options-3]', (_, scope, scopeSeparator, joined) => {
    expect(readOptions({ ...required, scope, scopeSeparator }).scope).toBe(joined)
  })

  it('are read once: what changes in them later changes nothing here', () => {
    const options = {
      ...required,
      clientAuthenticationMethodsSupported: ['client_secret_basic'],
      keepSession: ['cart'],
      tokenParameters: { resource: 'a' },
      authorizationParameters: { prompt: 'consent' },
      customHeaders: { 'x-a': 'a' },
    }
    const settings = readOptions(options)
    options.clientAuthenticationMethodsSupported.push('none')
    options.keepSession.push('admin')
    Object.assign(options.tokenParameters, { code: 'x' })
    Object.assign(options.authorizationParameters, { state: 'x' })
    Object.assign(options.customHeaders, { authorization: 'x' })

    expect(settings).toMatchObject({
      clientAuthenticationMethodsSupported: ['client_secret_basic'],
      keepSession: ['cart'],
      tokenParameters: { resource: 'a' },
      authorizationParameters: { prompt: 'consent' },
      customHeaders: { 'x-a': 'a' },
    })
    expect(settings.tokenParameters).not.toHaveProperty('code')
    expect(settings.authorizationParameters).not.toHaveProperty('state')
    expect(settings.customHeaders).not.toHaveProperty('authorization')
    expect(settings.keepSession).toHaveLength(1)
    expect(settings.clientAuthenticationMethodsSupported).toHaveLength(1)
    expect(Object.isFrozen(settings)).toBe(true)
  })
})

describe('a misspelled option', () => {
  it.each([
    ['callbackUrl', 'callbackURL'],
    ['client_id', 'clientID'],
    ['scopes', 'scope'],
  ])('%s is refused with the name that was meant', (name, meant) => {
    expect(() => readOptions({ ...required, [name]: 'x' })).toThrow(`Did you mean '${meant}'?`)
  })

  it('is refused without one where nothing comes near', () => {
    expect(() => readOptions({ ...required, ...{ flavour: 'x' } })).toThrow(
      /^There is no option 'flavour'\.$/,
    )
  })
})

describe('a secret that is an environment variable that is not set', () => {
  it.each(['clientSecret', 'privateKey', 'tokenSecret'])('is refused as %s', (name) => {
    expect(() => readOptions({ ...required, [name]: undefined })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: name }),
    )
  })
})
