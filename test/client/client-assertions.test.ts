import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader, exportJWK, jwtVerify } from 'jose'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { expectNoneOf } from '../support/errors.js'
import { refusalOf } from '../support/refused-credentials.js'
import { Browser } from '../support/http.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { formOf } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { TestApp } from '../support/app.js'

type Options = Partial<AuthorizationCodeOptions>

const scene = setScene()
const rsa = takeRsaKeyPair()
const ed = generateKeyPairSync('ed25519')
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secretOf = (bytes: number): string => 'a secret of many bytes '.repeat(9).slice(0, bytes)

let app: TestApp

/** Logs in with these credentials, and resolves to the client assertion that the provider got. */
async function assertionWith(strategy: Options): Promise<string> {
  app = await scene.start({ strategy })
  await new Browser().follow(app.loginURL)
  const [request] = scene.provider.requestsTo('/token')
  return (request && formOf(request).get('client_assertion')) ?? ''
}

describe('client_secret_jwt', () => {
  const clientAuthentication = 'client_secret_jwt' as const

  it.each([
    ['HS256 unless something else is known', {}, 'HS256'],
    ['what it was told', { clientAssertionAlgorithm: 'HS512' }, 'HS512'],
    [
      'the first that the metadata lists',
      { clientAssertionAlgorithmsSupported: ['RS256', 'HS512', 'HS384'] },
      'HS384',
    ],
  ] as const)('signs with %s, and never sends the secret', async (_, options, alg) => {
    const clientSecret = secretOf(64)
    const assertion = await assertionWith({ clientAuthentication, clientSecret, ...options })
    const { payload, protectedHeader } = await jwtVerify(
      assertion,
      new TextEncoder().encode(clientSecret),
      { issuer: 'client-1', subject: 'client-1', audience: scene.provider.tokenURL },
    )
    expect(protectedHeader).toEqual({ alg, typ: 'JWT' })
    expect(Object.keys(payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sub'])
    expect(app.errors).toEqual([])
    expect(JSON.stringify(scene.provider.requests)).not.toContain(clientSecret)
  })

  it('asks a function for the secret at each request', async () => {
    const clientSecret = secretOf(32)
    const options = { clientAuthentication, clientSecret: () => Promise.resolve(clientSecret) }
    const assertion = await assertionWith(options)
    await expect(
      jwtVerify(assertion, new TextEncoder().encode(clientSecret)),
    ).resolves.toBeDefined()
  })

  it.each([
    ['no secret', {}, 'clientSecret'],
    ['31 bytes for HS256', { clientSecret: secretOf(31) }, 'clientSecret'],
    [
      '47 bytes for HS384',
      { clientSecret: secretOf(47), clientAssertionAlgorithm: 'HS384' },
      'clientSecret',
    ],
    [
      '63 bytes for HS512',
      { clientSecret: secretOf(63), clientAssertionAlgorithmsSupported: ['HS512'] },
      'clientSecret',
    ],
    [
      'metadata that lists no HMAC',
      { clientSecret: secretOf(64), clientAssertionAlgorithmsSupported: ['RS256'] },
      'clientAssertionAlgorithm',
    ],
    [
      'an algorithm for keys',
      { clientSecret: secretOf(64), clientAssertionAlgorithm: 'PS256' },
      'clientAssertionAlgorithm',
    ],
  ] as const)('is refused at start with %s', (_, options, option) => {
    const error = refusalOf({ clientAuthentication, ...options })
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option })
    expectNoneOf([secretOf(31)], error)
  })

  it('is refused at the request if a function gives a secret that is too short', async () => {
    await assertionWith({ clientAuthentication, clientSecret: () => secretOf(31) })
    expect(app.errors).toEqual([expect.objectContaining({ option: 'clientSecret' })])
    expect(scene.provider.requestsTo('/token')).toEqual([])
    expectNoneOf([secretOf(31)], app.errors[0])
  })

  it('alone signs by HMAC: not with a private key', () => {
    expect(
      refusalOf({ privateKey: rsa.privateKey, clientAssertionAlgorithm: 'HS256' }),
    ).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'clientAssertionAlgorithm' })
  })
})

describe('private_key_jwt, where the metadata lists algorithms,', () => {
  it.each([
    ['PS256 of both for RSA', ['RS256', 'PS256'], rsa.privateKey, 'PS256'],
    ['RS256 if it is the only one for RSA', ['HS256', 'RS256', 'ES256'], rsa.privateKey, 'RS256'],
    ['Ed25519 by its newer name', ['Ed25519', 'ES256'], ed.privateKey, 'Ed25519'],
    ['EdDSA by its older name', ['EdDSA'], ed.privateKey, 'EdDSA'],
  ] as const)('signs with %s', async (_, listed, privateKey, alg) => {
    const options = { privateKey, clientAssertionAlgorithmsSupported: listed }
    expect(decodeProtectedHeader(await assertionWith(options)).alg).toBe(alg)
    expect(app.errors).toEqual([])
  })

  it('signs with the algorithm of the JWK if that is listed, and else with one that is', async () => {
    const privateKey = { ...(await exportJWK(rsa.privateKey)), alg: 'RS256' }
    const used: unknown[] = []
    for (const listed of [['PS256', 'RS256'], ['PS256']]) {
      scene.provider.reset()
      const options = { privateKey, clientAssertionAlgorithmsSupported: listed }
      used.push(decodeProtectedHeader(await assertionWith(options)).alg)
    }
    expect(used).toEqual(['RS256', 'PS256'])
  })

  it('is refused at start if the key can do none of them, and the message names both', () => {
    const error = refusalOf({
      privateKey: ed.privateKey,
      clientAssertionAlgorithmsSupported: ['PS256', 'ES256'],
    })
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'privateKey' })
    expect(String(error)).toMatch(/EdDSA or Ed25519.*PS256, ES256.*clientAssertionAlgorithm/)
  })

  it('does what clientAssertionAlgorithm says all the same', async () => {
    const options: Options = {
      privateKey: rsa.privateKey,
      clientAssertionAlgorithm: 'PS256',
      clientAssertionAlgorithmsSupported: ['RS256'],
    }
    expect(decodeProtectedHeader(await assertionWith(options)).alg).toBe('PS256')
  })

  it.each<[string, readonly [typeof rsa.privateKey, typeof rsa.privateKey], Partial<Options>]>([
    ['EC before RSA', [ec.privateKey, rsa.privateKey], {}],
    [
      'EC before RSA, by option',
      [ec.privateKey, rsa.privateKey],
      { clientAssertionAlgorithm: 'ES256' },
    ],
    ['EC before Ed25519', [ec.privateKey, ed.privateKey], {}],
  ])(
    'does not apply them to the further keys, which are published only: %s',
    async (_, keys, others) => {
      const options = { privateKey: keys, clientAssertionAlgorithmsSupported: ['ES256'], ...others }
      expect(decodeProtectedHeader(await assertionWith(options)).alg).toBe('ES256')
      expect(refusalOf({ ...options, privateKey: keys.toReversed() })).toMatchObject({
        code: 'ERR_CONFIGURATION',
      })
    },
  )

  it('does not apply them to a key that signs authorization requests alone', () => {
    const options: Options = {
      clientSecret: 'secret-1',
      clientAuthentication: 'client_secret_basic',
      privateKey: ed.privateKey,
      signedAuthorizationRequests: true,
      clientAssertionAlgorithmsSupported: ['RS256'],
    }
    expect(refusalOf(options)).toBeUndefined()
  })
})

describe('a client secret', () => {
  it('signs assertions by default where the metadata lists no other method for it', async () => {
    const options: Options = {
      clientSecret: secretOf(32),
      clientAuthenticationMethodsSupported: ['private_key_jwt', 'client_secret_jwt'],
    }
    expect(decodeProtectedHeader(await assertionWith(options)).alg).toBe('HS256')
  })

  it('is not advised to be sent by a method that the metadata does not list', async () => {
    scene.provider.onToken(json({ error: 'invalid_client' }, 401))
    await assertionWith({
      clientSecret: secretOf(32),
      clientAuthentication: 'client_secret_post',
      clientAuthenticationMethodsSupported: ['client_secret_post'],
    })
    expect(String(app.errors[0])).toContain('Check `clientID` and `clientSecret`')
    expect(String(app.errors[0])).not.toContain('client_secret_basic')
  })
})

describe('an error about the client itself names what else to try', () => {
  const issuer = 'https://issuer.example'

  // As the servers send them.
  const KEYCLOAK = [
    401,
    {
      error: 'unauthorized_client',
      error_description: 'Invalid client or Invalid client credentials',
    },
  ] as const
  const HYDRA = [
    401,
    {
      error: 'invalid_client',
      error_description:
        'Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method).',
    },
  ] as const
  const SPRING = [401, { error: 'invalid_client' }] as const

  it.each<[string, readonly [number, object], Options, readonly string[]]>([
    [
      'Keycloak’s 401 unauthorized_client: the other methods',
      KEYCLOAK,
      {
        clientAuthentication: 'client_secret_post',
        clientAuthenticationMethodsSupported: ['private_key_jwt', 'client_secret_basic'],
      },
      [
        'Check `clientID` and `clientSecret`',
        "'private_key_jwt', 'client_secret_basic'",
        "does not list 'client_secret_post'",
      ],
    ],
    [
      'Hydra’s invalid_client: another way to write Basic credentials',
      HYDRA,
      { clientAuthentication: 'client_secret_basic' },
      ["`basicCredentials: 'raw'`", 'client_secret_post'],
    ],
    [
      'Spring’s invalid_client for a private key: audiences and algorithms',
      SPRING,
      { privateKey: rsa.privateKey, issuer },
      [`was '${issuer}'; try '`, '/token', "'PS256' or 'RS256'", '`keyId`'],
    ],
    [
      'an invalid_client for a secret’s JWT: audiences, algorithms of the metadata and methods',
      SPRING,
      {
        clientAuthentication: 'client_secret_jwt',
        clientSecret: secretOf(32),
        issuer,
        clientAssertionAudience: (url) => url,
        clientAssertionAlgorithmsSupported: ['HS256', 'HS512'],
        clientAuthenticationMethodsSupported: ['client_secret_jwt', 'client_secret_post'],
      },
      [
        `that of your function; try '${issuer}', '`,
        "lists clientAssertionAlgorithm 'HS256', 'HS512'",
        "'client_secret_post'",
      ],
    ],
  ])('%s', async (_, [status, body], strategy, parts) => {
    scene.provider.onToken(json(body, status))
    await assertionWith(strategy)
    expect(app.errors).toEqual([
      expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT', status: 500, fault: 'developer' }),
    ])
    for (const part of parts) expect(String(app.errors[0])).toContain(part)
    expect(String(app.errors[0])).not.toContain('not registered for this grant')
  })

  it('as a pushed authorization request does', async () => {
    scene.provider.on('/par', json({ error: 'invalid_client' }, 401))
    const pushedAuthorizationRequestURL = `${scene.provider.origin}/par`
    await assertionWith({ privateKey: rsa.privateKey, issuer, pushedAuthorizationRequestURL })
    expect(String(app.errors[0])).toContain(`'${pushedAuthorizationRequestURL}'`)
  })

  it('but a 400 unauthorized_client is about the client’s registration', async () => {
    scene.provider.onToken(json({ error: 'unauthorized_client' }, 400))
    await assertionWith({})
    expect(String(app.errors[0])).toContain('allow it the authorization code grant')
    expect(String(app.errors[0])).not.toContain('Check `clientID`')
  })
})
