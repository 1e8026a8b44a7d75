import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importPKCS8, jwtVerify } from 'jose'
import { AuthorizationCodeStrategy, ConfigurationError } from '../../src/index.js'
import type { AuthorizationCodeOptions, PrivateKey, PrivateKeyAlgorithm } from '../../src/index.js'
import { expectNoneOf } from '../support/errors.js'
import { refusalOf } from '../support/refused-credentials.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { asked } from '../support/login.js'
import { endpointsOf, logInOnce, tokenRequestOf } from '../support/one-login.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider

beforeAll(async () => {
  provider = await startScriptedProvider()
})
beforeEach(() => provider.reset())
afterAll(() => provider.close())

type Credentials = Partial<Omit<AuthorizationCodeOptions, 'callbackURL' | 'clientID'>> & {
  clientID?: string
}

/** A login that works, and the one token request it made. */
async function logInWith(credentials: Credentials) {
  const { errors } = await logInOnce({
    ...endpointsOf(provider),
    skipUserProfile: true,
    ...credentials,
  })
  expect(errors).toEqual([])
  expect(asked(provider)).toEqual(['POST /token'])
  return tokenRequestOf(provider)
}

/** By what name a key without one is known (RFC 7638). */
async function thumbprintOf(publicKey: KeyObject): Promise<string> {
  return calculateJwkThumbprint(await exportJWK(publicKey))
}

/** The parameters by which the client says who it is. */
function credentialsIn(form: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([name]) => name.startsWith('client_')))
}

const rsa = takeRsaKeyPair()
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')

function pem(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string {
  return key.export({ type, format: 'pem' }).toString()
}

describe('none', () => {
  it('sends the client id in the form and no proof', async () => {
    const { request, form } = await logInWith({})

    expect(credentialsIn(form)).toEqual({ client_id: 'client-1' })
    expect(request.headers.authorization).toBeUndefined()
  })
})

describe('client_secret_post', () => {
  it('is the default when there is a secret, and sends it in the form alone', async () => {
    const { request, form } = await logInWith({ clientSecret: 'a secret: +&=%é' })

    expect(credentialsIn(form)).toEqual({
      client_id: 'client-1',
      client_secret: 'a secret: +&=%é',
    })
    expect(request.headers.authorization).toBeUndefined()
  })

  it('is refused without a secret', () => {
    expect(refusalOf({ clientAuthentication: 'client_secret_post' })).toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'clientSecret',
    })
  })
})

describe('a client secret that is a function', () => {
  it.each(['client_secret_post', 'client_secret_basic'] as const)(
    'is asked at each request, by %s',
    async (clientAuthentication) => {
      const secrets = ['firstSecret', 'secondSecret']
      const clientSecret = () => Promise.resolve(secrets.shift() ?? '')
      const sent: string[] = []
      for (let count = 0; count < 2; count++) {
        provider.reset()
        const { request, form } = await logInWith({ clientAuthentication, clientSecret })
        const [, basic = ''] = (request.headers.authorization ?? '').split(' ')
        const [, fromHeader] = Buffer.from(basic, 'base64').toString().split(':')
        sent.push(form['client_secret'] ?? fromHeader ?? '')
      }
      expect(sent).toEqual(['firstSecret', 'secondSecret'])
    },
  )

  it.each(['client_secret_post', 'client_secret_basic'] as const)(
    'is in no error, though the provider quotes it, by %s',
    async (clientAuthentication) => {
      const secret = 'a secret/with+signs'
      provider.onToken(json({ error: 'invalid_client', error_description: secret }, 401))
      const { errors } = await logInOnce({
        ...endpointsOf(provider),
        clientAuthentication,
        clientSecret: () => secret,
      })
      expect(errors).toEqual([expect.objectContaining({ error: 'invalid_client' })])
      expectNoneOf([secret, encodeURIComponent(secret)], errors[0])
    },
  )

  it('has to give one', async () => {
    const { errors } = await logInOnce({ ...endpointsOf(provider), clientSecret: () => '' })
    expect(errors).toEqual([expect.objectContaining({ option: 'clientSecret' })])
    expect(asked(provider)).toEqual([])
  })
})

describe('client_secret_basic', () => {
  const basic = {
    clientAuthentication: 'client_secret_basic',
    clientID: 'client:1 é',
    clientSecret: 'a secret: +&=%/é-_.~!*',
  } as const

  async function credentialsWith(basicCredentials?: 'encoded' | 'raw'): Promise<string> {
    const { request, form } = await logInWith({ ...basic, basicCredentials })
    expect(credentialsIn(form)).toEqual({})
    const [scheme, credentials = ''] = request.headers.authorization?.split(' ') ?? []
    expect(scheme).toBe('Basic')
    return Buffer.from(credentials, 'base64').toString()
  }

  it('form-urlencodes each part, as RFC 6749 section 2.3.1 says [client-auth-1]', async () => {
    const [id = '', secret = '', ...rest] = (await credentialsWith()).split(':')

    expect(rest).toEqual([])
    expect(new URLSearchParams(`id=${id}&secret=${secret}`).get('id')).toBe(basic.clientID)
    expect(new URLSearchParams(`id=${id}&secret=${secret}`).get('secret')).toBe(basic.clientSecret)
  })

  it('leaves the parts as they are where a provider reads them raw', async () => {
    expect(await credentialsWith('raw')).toBe(`${basic.clientID}:${basic.clientSecret}`)
  })

  it('is the default where the provider’s metadata offers it and not the form [client-auth-2]', async () => {
    const { request } = await logInWith({
      clientSecret: 'secret-1',
      clientAuthenticationMethodsSupported: ['private_key_jwt', 'client_secret_basic'],
    })
    expect(request.headers.authorization).toBe(`Basic ${btoa('client-1:secret-1')}`)
  })

  it('is refused without a secret', () => {
    expect(refusalOf({ clientAuthentication: 'client_secret_basic' })).toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'clientSecret',
    })
  })
})

describe('private_key_jwt', () => {
  /** Logs in with a key and returns the assertion, its signature verified. */
  async function assertionWith(
    credentials: Credentials & { privateKey: PrivateKey },
    publicKey: KeyObject,
    alg: PrivateKeyAlgorithm,
  ) {
    const { request, form } = await logInWith(credentials)
    expect(request.headers.authorization).toBeUndefined()
    expect(credentialsIn(form)).toEqual({
      client_id: 'client-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: expect.any(String),
    })
    return jwtVerify(form['client_assertion'] ?? '', publicKey, {
      algorithms: [alg],
      issuer: 'client-1',
      subject: 'client-1',
    })
  }

  it.each([
    ['an RSA key with PS256 unless told otherwise', rsa, undefined, 'PS256'],
    ['an RSA key with PS256 when told', rsa, 'PS256', 'PS256'],
    ['an RSA key with RS256 when told', rsa, 'RS256', 'RS256'],
    ['a P-256 key with ES256 untold', ec, undefined, 'ES256'],
    ['a P-256 key with ES256 when told', ec, 'ES256', 'ES256'],
    ['an Ed25519 key with EdDSA untold', ed, undefined, 'EdDSA'],
    ['an Ed25519 key with EdDSA when told', ed, 'EdDSA', 'EdDSA'],
  ] as const)('signs with %s [client-auth-6]', async (_, pair, told, alg) => {
    const { protectedHeader } = await assertionWith(
      { privateKey: pair.privateKey, clientAssertionAlgorithm: told },
      pair.publicKey,
      alg,
    )
    expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: await thumbprintOf(pair.publicKey) })
  })

  it.each<[string, () => PrivateKey | Promise<PrivateKey>, KeyObject, PrivateKeyAlgorithm]>([
    ['PKCS #8 PEM of an RSA key', () => pem(rsa.privateKey), rsa.publicKey, 'PS256'],
    ['PKCS #1 PEM of an RSA key', () => pem(rsa.privateKey, 'pkcs1'), rsa.publicKey, 'PS256'],
    ['PKCS #8 PEM of an EC key', () => pem(ec.privateKey), ec.publicKey, 'ES256'],
    ['SEC 1 PEM of an EC key', () => pem(ec.privateKey, 'sec1'), ec.publicKey, 'ES256'],
    ['PKCS #8 PEM of an Ed25519 key', () => pem(ed.privateKey), ed.publicKey, 'EdDSA'],
    ['an RSA JWK', () => exportJWK(rsa.privateKey), rsa.publicKey, 'PS256'],
    ['an EC JWK', () => exportJWK(ec.privateKey), ec.publicKey, 'ES256'],
    ['an Ed25519 JWK', () => exportJWK(ed.privateKey), ed.publicKey, 'EdDSA'],
    [
      'an RSA JWK whose alg says RS256',
      async () => ({ ...(await exportJWK(rsa.privateKey)), alg: 'RS256' }),
      rsa.publicKey,
      'RS256',
    ],
    [
      'a CryptoKey for RSA-PSS',
      () => importPKCS8(pem(rsa.privateKey), 'PS256', { extractable: true }),
      rsa.publicKey,
      'PS256',
    ],
    [
      'a CryptoKey for RSASSA-PKCS1-v1_5',
      () => importPKCS8(pem(rsa.privateKey), 'RS256', { extractable: true }),
      rsa.publicKey,
      'RS256',
    ],
    [
      'a CryptoKey for ECDSA',
      () => importPKCS8(pem(ec.privateKey), 'ES256', { extractable: true }),
      ec.publicKey,
      'ES256',
    ],
    [
      'a CryptoKey for Ed25519',
      () => importPKCS8(pem(ed.privateKey), 'EdDSA', { extractable: true }),
      ed.publicKey,
      'EdDSA',
    ],
  ])('reads %s [client-auth-4]', async (_, read, publicKey, alg) => {
    const { protectedHeader } = await assertionWith({ privateKey: await read() }, publicKey, alg)
    expect(protectedHeader).toEqual({ alg, typ: 'JWT', kid: await thumbprintOf(publicKey) })
  })

  it('names no key whose public half cannot be seen', async () => {
    const privateKey = await importPKCS8(pem(ec.privateKey), 'ES256')
    const { protectedHeader } = await assertionWith({ privateKey }, ec.publicKey, 'ES256')
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT' })
  })

  it('reads PEM text with Windows line ends and white space around it', async () => {
    const privateKey = `\r\n${pem(rsa.privateKey).replaceAll('\n', '\r\n')}\r\n`
    const { protectedHeader } = await assertionWith({ privateKey }, rsa.publicKey, 'PS256')
    expect(protectedHeader.alg).toBe('PS256')
  })

  it('signs with a CryptoKey that cannot be exported', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: false })
    const { form } = await logInWith({ privateKey })
    const { protectedHeader } = await jwtVerify(form['client_assertion'] ?? '', publicKey)
    // Its thumbprint cannot be computed.
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT' })
  })

  it('takes kid from keyId, else from the JWK, else from the thumbprint of the key, as a list does', async () => {
    const jwk = { ...(await exportJWK(ec.privateKey)), kid: 'of the JWK' }
    const kids: unknown[] = []
    for (const credentials of [
      { privateKey: jwk, keyId: 'told' },
      { privateKey: jwk },
      { privateKey: ec.privateKey, keyId: 'told' },
      { privateKey: ec.privateKey },
    ]) {
      provider.reset()
      const { protectedHeader } = await assertionWith(credentials, ec.publicKey, 'ES256')
      kids.push(protectedHeader.kid)
    }
    expect(kids).toEqual(['told', 'of the JWK', 'told', await thumbprintOf(ec.publicKey)])
  })

  it('does not change with the JWK object it was made from', async () => {
    const privateKey = { ...(await exportJWK(ec.privateKey)), kid: 'first' }
    const refusedLater = new AuthorizationCodeStrategy({
      ...endpointsOf(provider),
      callbackURL: 'https://app.example/callback',
      clientID: 'client-1',
      privateKey,
    })
    Object.assign(privateKey, { kty: 'nonsense', kid: 'second' })
    expect(refusedLater.name).toBe('oauth2')
    expect(refusalOf({ privateKey })).toMatchObject({ option: 'privateKey' })
    expect(asked(provider)).toEqual([])
  })

  it('is the default when there is a key, even beside a secret, which then stays here [client-auth-3]', async () => {
    const { request, form } = await logInWith({ privateKey: ec.privateKey, clientSecret: 's3cret' })
    expect(form['client_assertion']).toBeDefined()
    expect(JSON.stringify([request.headers, request.body])).not.toContain('s3cret')
  })

  describe('the audience', () => {
    async function audienceWith(options: Credentials): Promise<unknown> {
      const { payload } = await assertionWith(
        { ...options, privateKey: ec.privateKey },
        ec.publicKey,
        'ES256',
      )
      return payload.aud
    }

    it('is the token endpoint when no issuer is known', async () => {
      expect(await audienceWith({})).toBe(provider.tokenURL)
    })

    it('is the issuer when it is known [client-auth-7]', async () => {
      expect(await audienceWith({ issuer: 'https://issuer.example' })).toBe(
        'https://issuer.example',
      )
    })

    it('is the string it was told, issuer or not', async () => {
      expect(
        await audienceWith({
          issuer: 'https://issuer.example',
          clientAssertionAudience: 'https://audience.example',
        }),
      ).toBe('https://audience.example')
    })

    it('is what a function makes of the URL that is called', async () => {
      expect(await audienceWith({ clientAssertionAudience: (url) => `${url}#audience` })).toBe(
        `${provider.tokenURL}#audience`,
      )
    })
  })

  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const almost = generateKeyPairSync('rsa', { modulusLength: 2040 }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  // Not every supported version of Node.js can hand such a key to Web Crypto.
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
  const x25519 = generateKeyPairSync('x25519').privateKey
  const encrypted = rsa.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
    .toString()

  it.each<[string, () => Promise<Credentials> | Credentials, string]>([
    ['no key', () => ({ clientAuthentication: 'private_key_jwt' }), 'privateKey'],
    ['null', () => ({ privateKey: null as unknown as string }), 'privateKey'],
    ['an empty text', () => ({ privateKey: '' }), 'privateKey'],
    ['a number', () => ({ privateKey: 5 as unknown as string }), 'privateKey'],
    ['an empty object', () => ({ privateKey: {} as unknown as string }), 'privateKey'],
    ['a text that is no PEM', () => ({ privateKey: 'correct horse battery' }), 'privateKey'],
    ['PEM cut short', () => ({ privateKey: pem(rsa.privateKey).slice(0, 400) }), 'privateKey'],
    ['encrypted PEM', () => ({ privateKey: encrypted }), 'privateKey'],
    [
      'the public key as PEM',
      () => ({ privateKey: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString() }),
      'privateKey',
    ],
    ['the public key as KeyObject', () => ({ privateKey: rsa.publicKey }), 'privateKey'],
    [
      'the public key as JWK',
      async () => ({ privateKey: await exportJWK(rsa.publicKey) }),
      'privateKey',
    ],
    ['a symmetric JWK', () => ({ privateKey: { kty: 'oct', k: 'c3ltbWV0cmlj' } }), 'privateKey'],
    ['a JWK without its members', () => ({ privateKey: { kty: 'RSA' } }), 'privateKey'],
    ['an RSA key of 1024 bits', () => ({ privateKey: weak }), 'privateKey'],
    ['an RSA key of 2040 bits', () => ({ privateKey: almost }), 'privateKey'],
    [
      'a CryptoKey of 2040 bits',
      async () => ({ privateKey: await importPKCS8(pem(almost), 'RS256') }),
      'privateKey',
    ],
    [
      'a CryptoKey of 1024 bits',
      async () => ({ privateKey: await importPKCS8(pem(weak), 'RS256') }),
      'privateKey',
    ],
    ['a P-384 key', () => ({ privateKey: p384 }), 'privateKey'],
    [
      'a P-384 CryptoKey',
      async () => ({ privateKey: await importPKCS8(pem(p384), 'ES384') }),
      'privateKey',
    ],
    ['a key of the RSASSA-PSS kind', () => ({ privateKey: pss }), 'privateKey'],
    ['a key for key agreement', () => ({ privateKey: x25519 }), 'privateKey'],
    [
      'an algorithm of another kind of key',
      () => ({ privateKey: ec.privateKey, clientAssertionAlgorithm: 'PS256' }),
      'clientAssertionAlgorithm',
    ],
    [
      'another algorithm than the CryptoKey is made for',
      async () => ({
        privateKey: await importPKCS8(pem(rsa.privateKey), 'RS256'),
        clientAssertionAlgorithm: 'PS256',
      }),
      'clientAssertionAlgorithm',
    ],
  ])(
    'refuses %s at construction, by the option’s name and without quoting it [client-auth-5]',
    async (_, credentials, option) => {
      const given = await credentials()
      const error = refusalOf(given)

      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error).toMatchObject({
        code: 'ERR_CONFIGURATION',
        status: 500,
        fault: 'developer',
        retryable: false,
        option,
      })
      expect((error as Error).message).toContain(option)
      expectNoneOf(piecesOf(given.privateKey), error)
    },
  )
})

/** Parts of a key that an error could quote: each line of a PEM, each member of a JWK. */
function piecesOf(key: unknown): string[] {
  if (typeof key === 'string') {
    return key.split('\n').filter((line) => line.length > 8 && !line.startsWith('-----'))
  }
  if (typeof key !== 'object' || key === null || !('kty' in key)) return []
  return Object.values(key).filter(
    (value): value is string => typeof value === 'string' && value.length > 8,
  )
}
