import { createPrivateKey } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { base64url, importJWK } from 'jose'
import type { CryptoKey, JSONWebKeySet, JWTPayload } from 'jose'
import { AuthorizationCodeStrategy, ConfigurationError } from '../../src/index.js'
import type { AuthorizationCodeOptions, DecryptionKeys } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { createEncryptionKey } from '../support/encryption.js'
import type { ChangedHeader, EncryptionKey } from '../support/encryption.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { asked, bodyOf, changed, startLogin } from '../support/login.js'
import { createProviderKey, signWith, speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { renewedToken } from '../support/renewed-token.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const scene = setScene()
let provider: OpenIdProvider
let browser: Browser
let rsa: EncryptionKey
let otherRsa: EncryptionKey
let ec: EncryptionKey

beforeAll(async () => {
  rsa = await createEncryptionKey('RSA-OAEP-256', 'rsa-1')
  otherRsa = await createEncryptionKey('RSA-OAEP-256', 'rsa-2')
  ec = await createEncryptionKey('ECDH-ES', 'ec-1')
})
beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
  browser = new Browser()
})

/** Starts an application with both keys, or with the ones of `strategy`; with none if they are `undefined` there. */
function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  const all = { ...provider.options, decryptionKeys: [rsa.jwk, ec.jwk], ...strategy }
  const given = Object.entries(all).filter(([, value]) => value !== undefined)
  return scene.start({ ...options, strategy: Object.fromEntries(given) })
}

/** From now on the provider encrypts ID tokens. */
function encryptIdTokens(key: EncryptionKey, header?: ChangedHeader): void {
  provider.makeIdToken = async (claims) => key.encrypt(await provider.sign(claims), header)
}

async function idTokenOf(app: TestApp): Promise<string | undefined> {
  const page = await browser.visit(`${app.origin}/tokens`)
  return (bodyOf(page) as { tokens: { idToken?: string } | null }).tokens?.idToken
}

/** The login ends at the application's page, with Ada logged in and the signed ID token in the session. */
async function expectLogin(app: TestApp): Promise<void> {
  const page = await browser.follow(app.loginURL)
  expect(app.errors).toEqual([])
  expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
  expect((await idTokenOf(app))?.split('.')).toHaveLength(3)
}

describe('an encrypted ID token', () => {
  it.each<[string, string, string]>([
    ['RSA-OAEP-256', 'A128CBC-HS256', 'P-256'],
    ['RSA-OAEP-256', 'A256GCM', 'P-256'],
    ['ECDH-ES', 'A128CBC-HS256', 'P-256'],
    ['ECDH-ES', 'A256GCM', 'P-256'],
    ['ECDH-ES', 'A256GCM', 'P-384'],
    ['ECDH-ES', 'A128CBC-HS256', 'P-521'],
    ['ECDH-ES+A128KW', 'A128CBC-HS256', 'P-256'],
    ['ECDH-ES+A128KW', 'A256GCM', 'P-384'],
  ])('by %s with %s is decrypted (EC: %s) [encrypted-1]', async (alg, enc, crv) => {
    const key = await createEncryptionKey(alg, 'key-of-client', crv)
    encryptIdTokens(key, { enc })
    await expectLogin(
      await start({
        decryptionKeys: { key: key.jwk, alg: alg as 'ECDH-ES' },
        profileURL: undefined,
      }),
    )
  })

  it.each<[string, () => DecryptionKeys | Promise<DecryptionKeys>]>([
    ['a JWK', () => rsa.jwk],
    ['PEM text', () => ({ key: pemOf(rsa), kid: 'rsa-1' })],
    ['PEM text in one line', () => ({ key: pemOf(rsa).replaceAll('\n', '\\n'), kid: 'rsa-1' })],
    ['a KeyObject', () => ({ key: createPrivateKey(pemOf(rsa)), kid: 'rsa-1' })],
    [
      'a CryptoKey that cannot be extracted',
      async () => ({ key: (await importJWK(rsa.jwk, 'RSA-OAEP-256')) as CryptoKey, kid: 'rsa-1' }),
    ],
  ])('is decrypted with %s', async (_what, keys) => {
    encryptIdTokens(rsa)
    await expectLogin(await start({ decryptionKeys: await keys() }))
  })

  it('is decrypted with a CryptoKey for ECDH', async () => {
    encryptIdTokens(ec)
    const key = (await importJWK(ec.jwk, 'ECDH-ES')) as CryptoKey
    await expectLogin(await start({ decryptionKeys: { key, kid: 'ec-1' } }))
  })

  it('is decrypted with the key that its kid names, or with whichever fits if it names none', async () => {
    const app = await start({ decryptionKeys: [rsa.jwk, ec.jwk, otherRsa.jwk] })
    for (const key of [rsa, otherRsa, ec]) {
      for (const kid of [key.jwk.kid, undefined]) {
        encryptIdTokens(key, { kid })
        await expectLogin(app)
      }
    }
  })

  it('is decrypted with keys that change while the process runs', async () => {
    let keys: DecryptionKeys = rsa.jwk
    const app = await start({ decryptionKeys: () => Promise.resolve(keys) })
    encryptIdTokens(rsa)
    await expectLogin(app)
    keys = otherRsa.jwk
    encryptIdTokens(otherRsa)
    await expectLogin(app)
    encryptIdTokens(rsa)
    expect((await browser.follow(app.loginURL)).status).toBe(502)
  })

  it('is sent decrypted as the hint of a logout, as Core requires', async () => {
    encryptIdTokens(rsa)
    const app = await start({ endSessionURL: `${provider.issuer}/end-session` })
    await expectLogin(app)
    const idToken = await idTokenOf(app)
    const { location = '' } = await browser.post(`${app.origin}/auth/logout`)
    expect(new URL(location).searchParams.get('id_token_hint')).toBe(idToken)
  })

  it('need not come: a provider that does not encrypt is accepted, too', async () => {
    await expectLogin(await start())
  })
})

const pemOf = ({ jwk }: EncryptionKey): string =>
  createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString()

describe('an ID token is refused, with a message for the developer, when it', () => {
  type MakeIdToken = (claims: JWTPayload) => Promise<string>
  const sealed =
    (header: ChangedHeader, key = (): EncryptionKey => rsa): MakeIdToken =>
    async (claims) =>
      key().encrypt(await provider.sign(claims), header)
  const unsigned = (claims: JWTPayload): string =>
    `${['{"alg":"none"}', JSON.stringify(claims)].map((part) => base64url.encode(part)).join('.')}.`
  const withPart =
    (at: number, change: (part: string) => string): MakeIdToken =>
    async (claims) => {
      const parts = (await sealed({})(claims)).split('.')
      return parts.map((part, index) => (index === at ? change(part) : part)).join('.')
    }
  const withHeader = (header: object): MakeIdToken =>
    withPart(0, () =>
      base64url.encode(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', ...header })),
    )
  const flipped = (part: string): string => `${part.startsWith('A') ? 'B' : 'A'}${part.slice(1)}`

  it.each<[string, MakeIdToken, RegExp, Partial<AuthorizationCodeOptions>?]>([
    [
      'is encrypted for a client without keys',
      sealed({}),
      /decryptionKeys is not set/,
      { decryptionKeys: undefined },
    ],
    ['is encrypted for an unknown kid', sealed({ kid: 'old' }), /'old'.*only 'rsa-1', 'ec-1'/],
    [
      'is encrypted for a key that is no longer here',
      sealed({ kid: undefined }, () => otherRsa),
      /none of the 1 decryptionKeys/,
    ],
    [
      'is encrypted for another key with our kid',
      sealed({ kid: 'rsa-1' }, () => otherRsa),
      /key 'rsa-1' of decryptionKeys cannot decrypt/,
    ],
    [
      'names a key of another algorithm',
      sealed({ kid: 'ec-1' }),
      /'RSA-OAEP-256' \("alg"\).*only 'ECDH-ES'/,
    ],
    [
      'is encrypted with RSA-OAEP and SHA-1',
      withHeader({ alg: 'RSA-OAEP' }),
      /'RSA-OAEP' \("alg"\).*only 'RSA-OAEP-256', 'ECDH-ES'/,
    ],
    ['is encrypted with RSA1_5', withHeader({ alg: 'RSA1_5' }), /'RSA1_5'/],
    [
      'is encrypted with a password',
      withHeader({ alg: 'PBES2-HS256+A128KW', p2c: 1e9, p2s: 'AAAA' }),
      /'PBES2/,
    ],
    ['is encrypted with a shared secret', withHeader({ alg: 'dir' }), /'dir'/],
    ['has no algorithm', withHeader({ alg: undefined }), /"alg"/],
    [
      'has content encrypted with A128GCM',
      sealed({ enc: 'A128GCM' }),
      /'A128GCM' \("enc"\).*only 'A128CBC-HS256', 'A256GCM'/,
    ],
    ['is compressed', withHeader({ zip: 'DEF' }), /"zip"/],
    [
      'has a header that we do not know and must',
      withHeader({ crit: ['exp'], exp: 1 }),
      /cannot decrypt|none of/,
    ],
    ['has line breaks in its kid', sealed({ kid: 'a\nb' }), /'a b'/],
    ['has a header that is not JSON', withPart(0, () => 'AAAA'), /header cannot be read/],
    ['has a changed header', withHeader({ kid: 'rsa-1', cty: 'x' }), /cannot decrypt/],
    ['has another content key', withPart(1, flipped), /cannot decrypt/],
    ['has changed content', withPart(3, flipped), /cannot decrypt/],
    ['has another tag', withPart(4, flipped), /cannot decrypt/],
    [
      'is encrypted and not signed',
      (claims) => rsa.encrypt(JSON.stringify(claims)),
      /encrypted but not signed/,
    ],
    [
      'is encrypted and signed by nobody (alg: none)',
      (claims) => rsa.encrypt(unsigned(claims)),
      /./,
    ],
    [
      'is encrypted twice',
      async (claims) => rsa.encrypt(await sealed({})(claims)),
      /encrypted but not signed/,
    ],
    [
      'is signed by somebody else in it',
      async (claims) =>
        rsa.encrypt(
          await signWith((await createProviderKey('PS256')).privateKey, claims, { kid: 'key-1' }),
        ),
      /signature/,
    ],
    [
      'is about another client in it',
      (claims) => sealed({})({ ...claims, aud: 'client-2' }),
      /"aud"/,
    ],
    ['has another nonce in it', (claims) => sealed({})({ ...claims, nonce: 'x' }), /"nonce"/],
    [
      'is not encrypted though the provider has to',
      (claims) => provider.sign(claims),
      /not encrypted.*'id_token'/,
      { encryptedResponses: ['id_token'] },
    ],
  ])('%s [encrypted-2]', async (...[, makeIdToken, message, options]) => {
    let idToken = ''
    provider.makeIdToken = async (claims) => (idToken = await makeIdToken(claims))
    const app = await start(options)
    const page = await browser.follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([502, { code: 'ERR_TOKEN_ENDPOINT' }])
    expect(app.errors).toMatchObject([{ message: expect.stringMatching(message) }])
    const [, secret] = idToken.split('.')
    const secrets = [secret, rsa.jwk.d, ec.jwk.d].filter((one) => (one ?? '').length > 8)
    expect(secrets.filter((one = '') => String(app.errors).includes(one))).toEqual([])
    expect(asked(scene.provider)).not.toContain('GET /me')
  })
})

describe('a refresh', () => {
  const renew = (app: TestApp): Promise<Page> => browser.visit(`${app.origin}/renew`)
  const withRenewal: Omit<SceneAppOptions, 'strategy'> = {
    routes: (app, strategy) => {
      app.get('/renew', (req, res, next) => {
        renewedToken(strategy, req).then((token) => res.json({ token }), next)
      })
    },
  }

  it('may bring an encrypted ID token, which is kept decrypted', async () => {
    const app = await start({}, withRenewal)
    await expectLogin(app)
    encryptIdTokens(ec)
    provider.claims = { sid: 'renewed' }
    expect((await renew(app)).status).toBe(200)
    const [, claims = ''] = (await idTokenOf(app))?.split('.') ?? []
    expect(base64url.decode(claims).toString()).toBeDefined()
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sid: 'renewed',
    })
  })

  it('is refused when its encrypted ID token is about another person', async () => {
    const app = await start({}, withRenewal)
    await expectLogin(app)
    encryptIdTokens(rsa)
    provider.claims = { sub: 'eve' }
    expect(bodyOf(await renew(app))).toEqual({ code: 'ERR_TOKEN_ENDPOINT' })
  })

  it('keeps the new tokens and the old ID token when no key can decrypt the new one: it need not have brought one', async () => {
    const app = await start({}, withRenewal)
    await expectLogin(app)
    const before = await idTokenOf(app)
    encryptIdTokens(otherRsa)
    expect((await renew(app)).status).toBe(200)
    expect(await idTokenOf(app)).toBe(before)
  })
})

describe('encrypted UserInfo', () => {
  const said = (): JWTPayload => ({
    iss: provider.issuer,
    aud: 'client-1',
    sub: 'ada',
    name: 'Ada',
  })
  function answer(text: () => Promise<string>, type = 'application/jwt; charset=utf-8'): void {
    scene.provider.onProfile((_request, response) => {
      void text().then((body) => response.writeHead(200, { 'content-type': type }).end(body))
    })
  }

  it.each<[string, () => Promise<string>]>([
    ['signed, by RSA-OAEP-256', async () => rsa.encrypt(await provider.sign(said()))],
    ['signed, by ECDH-ES', async () => ec.encrypt(await provider.sign(said()))],
    ['not signed, as the standard allows', () => rsa.encrypt(JSON.stringify(said()))],
  ])('is the profile: %s', async (_what, text) => {
    answer(text)
    const app = await start()
    expect(bodyOf(await browser.follow(app.loginURL))).toMatchObject({
      user: { profile: { displayName: 'Ada', _json: said() } },
    })
  })

  it.each<[string, () => Promise<string>, RegExp, Partial<AuthorizationCodeOptions>?]>([
    [
      'there are no keys',
      () => rsa.encrypt('{}'),
      /decryptionKeys is not set/,
      { decryptionKeys: undefined },
    ],
    ['the key is unknown', () => otherRsa.encrypt('{}'), /'rsa-2'.*only 'rsa-1', 'ec-1'/],
    [
      'it is not encrypted though the provider has to',
      () => provider.sign(said()),
      /'userinfo'/,
      { encryptedResponses: ['userinfo'] },
    ],
    [
      'it is JSON though the provider has to encrypt',
      () => Promise.resolve(JSON.stringify(said())),
      /'userinfo'/,
      { encryptedResponses: ['id_token', 'userinfo'] },
    ],
    ['another person is in it', () => rsa.encrypt('{"sub":"eve"}'), /another person/],
    [
      'something else than claims is in it',
      () => rsa.encrypt('["ada"]'),
      /neither a JSON object nor a JWT/,
    ],
    [
      'it is signed for another client in it',
      async () => rsa.encrypt(await provider.sign({ ...said(), aud: 'x' })),
      /"aud"/,
    ],
  ])('is refused when %s', async (...[, text, message, options]) => {
    if (options?.encryptedResponses?.includes('id_token')) encryptIdTokens(rsa)
    answer(text)
    const app = await start(options)
    expect(bodyOf(await browser.follow(app.loginURL))).toEqual({ code: 'ERR_PROFILE' })
    expect(app.errors).toMatchObject([{ message: expect.stringMatching(message) }])
  })

  it('is not what JSON with four dots in it is', async () => {
    scene.provider.onProfile(json({ sub: 'ada', name: 'a.b.c.d.e' }))
    await expectLogin(await start())
  })
})

describe('an encrypted authorization response', () => {
  const signed = (state: string): Promise<string> =>
    provider.sign({
      ...{ iss: provider.issuer, aud: 'client-1', code: 'code-of-ada', state },
      exp: Math.floor(Date.now() / 1000) + 60,
    })
  const callbackWith = (callback: string, response: string): string =>
    changed(callback, { code: undefined, state: undefined, response })

  it('is decrypted before it is verified', async () => {
    const app = await start({ signedAuthorizationResponses: true })
    const { callback, state } = await startLogin(browser, app.loginURL)
    const page = await browser.follow(callbackWith(callback, await ec.encrypt(await signed(state))))
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
  })

  it('is the only kind that is accepted if the provider has to encrypt', async () => {
    const app = await start({
      signedAuthorizationResponses: true,
      encryptedResponses: ['authorization'],
    })
    const { callback, state } = await startLogin(browser, app.loginURL)
    const plain = await signed(state)
    const page = await browser.visit(callbackWith(callback, plain))
    expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_AUTHORIZATION_RESPONSE' }])
    expect(asked(scene.provider)).not.toContain('POST /token')
    const honest = await browser.follow(callbackWith(callback, await rsa.encrypt(plain)))
    expect(bodyOf(honest)).toMatchObject({ user: { id: 'ada' } })
  })

  it('is refused when a stranger has made it of claims that nobody has signed', async () => {
    const app = await start({ signedAuthorizationResponses: true })
    const { callback, state } = await startLogin(browser, app.loginURL)
    const claims = { iss: provider.issuer, aud: 'client-1', code: 'stolen', state, exp: 4e9 }
    const response = await rsa.encrypt(JSON.stringify(claims))
    expect((await browser.visit(callbackWith(callback, response))).status).toBe(400)
    expect(asked(scene.provider)).not.toContain('POST /token')
  })
})

describe('an encrypted logout token', () => {
  const logOut = async (app: TestApp, token: string): Promise<number> =>
    (await new Browser().post(`${app.origin}/auth/backchannel-logout`, { logout_token: token }))
      .status

  it('ends the login', async () => {
    const app = await start({ backchannelLogout: true })
    await expectLogin(app)
    expect(await logOut(app, await rsa.encrypt(await provider.logoutToken()))).toBe(200)
    expect(await idTokenOf(app)).toBeUndefined()
  })

  it('is the only kind that is accepted if ID tokens have to be encrypted', async () => {
    encryptIdTokens(rsa)
    const app = await start({ backchannelLogout: true, encryptedResponses: ['id_token'] })
    await expectLogin(app)
    expect(await logOut(app, await provider.logoutToken())).toBe(400)
    expect(await idTokenOf(app)).toBeDefined()
    expect(await logOut(app, await rsa.encrypt(await provider.logoutToken()))).toBe(200)
  })
})

describe('the decryption keys', () => {
  const published = async (app: TestApp): Promise<JSONWebKeySet['keys']> => {
    const page = await browser.visit(`${app.origin}/auth/jwks.json`)
    return (bodyOf(page) as unknown as JSONWebKeySet).keys
  }

  it('are published for encryption beside those for signatures, without anything private', async () => {
    const app = await start({
      clientAuthentication: 'private_key_jwt',
      privateKey: [takeRsaKeyPair().privateKey],
      decryptionKeys: [
        rsa.jwk,
        { key: ec.jwk, kid: 'ec-2', alg: 'ECDH-ES+A128KW' },
        pemOf(otherRsa),
      ],
    })
    const keys = await published(app)
    expect(keys).toMatchObject([
      { use: 'sig', alg: 'PS256' },
      { use: 'enc', alg: 'RSA-OAEP-256', kid: 'rsa-1' },
      { use: 'enc', alg: 'ECDH-ES+A128KW', kid: 'ec-2' },
      { use: 'enc', alg: 'RSA-OAEP-256', kid: expect.stringMatching(/^[\w-]{43}$/) },
    ])
    expect([...new Set(keys.flatMap((key) => Object.keys(key)))].sort()).toEqual([
      'alg',
      'crv',
      'e',
      'kid',
      'kty',
      'n',
      'use',
      'x',
      'y',
    ])
  })

  it('are published without a privateKey, and a key without a name has its thumbprint for one', async () => {
    const app = await start({ decryptionKeys: pemOf(rsa) })
    const [key] = await published(app)
    encryptIdTokens(rsa, { kid: key?.kid })
    await expectLogin(app)
  })

  it('of a function that gives nonsense fail the login as a fault of the set-up, and quote nothing', async () => {
    encryptIdTokens(rsa)
    const app = await start({ decryptionKeys: () => 'secret text' })
    const page = await browser.follow(app.loginURL)
    expect([page.status, bodyOf(page)]).toEqual([500, { code: 'ERR_CONFIGURATION' }])
    expect(String(app.errors)).not.toContain('secret text')
  })

  const rsaKey = (): EncryptionKey['jwk'] => rsa.jwk
  it.each<[string, () => Partial<AuthorizationCodeOptions>, string]>([
    ['are not set', () => ({ decryptionKeys: undefined }), 'decryptionKeys'],
    ['are an empty list', () => ({ decryptionKeys: [] }), 'decryptionKeys'],
    ['have a text that is no key', () => ({ decryptionKeys: ['secret text'] }), 'decryptionKeys'],
    [
      'have a name twice',
      () => ({ decryptionKeys: [rsaKey(), { key: ec.jwk, kid: 'rsa-1' }] }),
      'decryptionKeys',
    ],
    [
      'have a public key',
      () => ({ decryptionKeys: { ...rsaKey(), d: undefined } as never }),
      'decryptionKeys',
    ],
    [
      'have an algorithm that does not fit',
      () => ({ decryptionKeys: { key: ec.jwk, alg: 'RSA-OAEP-256' } }),
      'decryptionKeys',
    ],
    [
      'have a JWK for RSA-OAEP with SHA-1',
      () => ({ decryptionKeys: { ...rsaKey(), alg: 'RSA-OAEP' } }),
      'decryptionKeys',
    ],
    [
      'have a JWK for signatures',
      () => ({ decryptionKeys: { ...rsaKey(), alg: 'PS256' } }),
      'decryptionKeys',
    ],
    [
      'are needed for encryptedResponses',
      () => ({ encryptedResponses: ['id_token'] }),
      'decryptionKeys',
    ],
    [
      'are for responses that are not signed',
      () => ({ decryptionKeys: rsaKey(), encryptedResponses: ['authorization'] }),
      'signedAuthorizationResponses',
    ],
  ])('are refused at start: %s', (_what, options, option) => {
    const create = (): unknown =>
      new AuthorizationCodeStrategy({
        authorizationURL: 'https://provider.example/authorize',
        tokenURL: 'https://provider.example/token',
        callbackURL: 'https://app.example/callback',
        clientID: 'client-1',
        ...options(),
      })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(expect.objectContaining({ option }))
    expect(create).not.toThrow(/secret text/)
  })
})
