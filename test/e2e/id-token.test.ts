import { generateKeyPairSync, sign } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { base64url, decodeJwt } from 'jose'
import type { JWTHeaderParameters, JWTPayload } from 'jose'
import type { AuthorizationCodeOptions, VerifiedLogin } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { createCertificate } from '../support/certificates.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf } from '../support/login.js'
import { createProviderKey, signWith, speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider, ProviderKey } from '../support/openid-provider.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'

const scene = setScene()
let provider: OpenIdProvider

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
})

function start(
  strategy: Partial<AuthorizationCodeOptions> = {},
  options: Omit<SceneAppOptions, 'strategy'> = {},
): Promise<TestApp> {
  return scene.start({ ...options, strategy: { ...provider.options, ...strategy } })
}

/** From now on ID tokens are signed so. */
function signBy({ privateKey }: ProviderKey, header: Partial<JWTHeaderParameters>): void {
  provider.makeIdToken = (claims) => signWith(privateKey, claims, header)
}

async function expectLogin(app: TestApp): Promise<void> {
  const page = await new Browser().follow(app.loginURL)
  expect(app.errors).toEqual([])
  expect([page.status, bodyOf(page)]).toMatchObject([200, { user: { id: 'ada' } }])
}

/** Nobody is logged in, and the reason is the one that was meant. */
async function expectRefusal(app: TestApp, reason: RegExp): Promise<void> {
  const browser = new Browser()
  const page = await browser.follow(app.loginURL)
  expect([page.status, bodyOf(page)]).toEqual([502, { code: 'ERR_TOKEN_ENDPOINT' }])
  expect(String(app.errors.at(-1))).toMatch(reason)
  expect((await browser.visit(`${app.origin}/private`)).status).not.toBe(200)
}

const NO_KEY = /no applicable key found/
const WRONG_SIGNATURE = /signature verification failed/

describe('an ID token', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'that is signed with %s is verified by the published key [id-token-3]',
    async (alg) => {
      const key = await createProviderKey(alg, { kid: 'a' })
      provider.publish(key.jwk)
      // Ed25519 has another hash than the rest, and the claim may be left out.
      provider.claims = { at_hash: undefined }
      signBy(key, { alg, kid: 'a' })
      await expectLogin(await start())
    },
  )

  it('that is signed with RS256 by another key is refused [id-token-4]', async () => {
    const [key, stranger] = [await createProviderKey('RS256'), await createProviderKey('RS256')]
    provider.publish({ ...key.jwk, kid: 'a' })
    signBy(stranger, { alg: 'RS256', kid: 'a' })
    await expectRefusal(await start(), WRONG_SIGNATURE)
  })

  it('may be for a list of clients with this one alone [id-token-2]', async () => {
    provider.claims = { aud: ['client-1'] }
    await expectLogin(await start())
  })

  it('is refused when its algorithm is none that was agreed on, though the provider has such a key [id-token-1]', async () => {
    const [agreed, other] = [await createProviderKey('PS256'), await createProviderKey('RS256')]
    provider.publish({ ...agreed.jwk, kid: 'ps' }, { ...other.jwk, kid: 'rs' })
    const app = await start({ providerSignatureAlgorithms: ['PS256', 'ES256'] })
    signBy(other, { alg: 'RS256', kid: 'rs' })
    await expectRefusal(app, /"alg"/)
    app.errors.length = 0
    signBy(agreed, { alg: 'PS256', kid: 'ps' })
    await expectLogin(app)
  })

  it('is refused when its algorithm is none that was agreed on, also where signatures are not checked', async () => {
    const key = await createProviderKey('RS256')
    signBy(key, { alg: 'RS256' })
    await expectLogin(await start({ jwksURL: undefined }))
    const options = { jwksURL: undefined, providerSignatureAlgorithms: ['PS256'] } as const
    await expectRefusal(await start(options), /"alg".*signed with RS256; accepted: PS256\)/)
  })

  it('is refused when its header asks for an extension', async () => {
    signBy(await createProviderKey('PS256'), { crit: ['b64'], b64: true })
    await expectRefusal(await start(), /extension/)
  })
})

describe('an ID token without kid', () => {
  it('is verified by the only key there is [id-token-6]', async () => {
    const key = await createProviderKey('RS256')
    provider.publish(key.jwk)
    signBy(key, { alg: 'RS256' })
    await expectLogin(await start())
  })

  it('is verified by whichever of three keys made it [id-token-7]', async () => {
    const keys = await Promise.all([1, 2, 3].map(() => createProviderKey('RS256')))
    provider.publish(...keys.map(({ jwk }, place) => ({ ...jwk, kid: `key-${place}` })))
    const app = await start()
    for (const key of keys) {
      signBy(key, { alg: 'RS256' })
      await expectLogin(app)
    }
  })

  it.each(['RS256', 'PS256', 'ES256'])(
    'is refused when none of several keys made it: %s [id-token-5]',
    async (alg) => {
      const keys = await Promise.all([1, 2].map(() => createProviderKey(alg)))
      provider.publish(...keys.map(({ jwk }) => jwk))
      signBy(await createProviderKey(alg), { alg })
      await expectRefusal(await start(), WRONG_SIGNATURE)
    },
  )
})

describe('the key of an ID token', () => {
  it('is picked by alg, kty, use and crv where several have the same kid [id-token-12]', async () => {
    const kid = 'the same'
    const [encryption, strange, rs256, es256, edDsa, ps256] = await Promise.all([
      createProviderKey('PS256', { kid, use: 'enc' }),
      createProviderKey('ES384', { kid }),
      createProviderKey('RS256', { kid, alg: 'RS256' }),
      createProviderKey('ES256', { kid }),
      createProviderKey('EdDSA', { kid }),
      createProviderKey('PS256', { kid, alg: 'PS256' }),
    ])
    provider.publish(...[encryption, strange, rs256, es256, edDsa, ps256].map(({ jwk }) => jwk))
    provider.claims = { at_hash: undefined }
    const app = await start()
    for (const [alg, key] of Object.entries({ RS256: rs256, ES256: es256, EdDSA: edDsa })) {
      signBy(key, { alg, kid })
      await expectLogin(app)
    }
    signBy(ps256, { alg: 'PS256', kid })
    await expectLogin(app)

    signBy(encryption, { alg: 'PS256', kid })
    await expectRefusal(app, WRONG_SIGNATURE)
    provider.publish(encryption.jwk, rs256.jwk)
    const without = await start()
    await expectRefusal(without, NO_KEY)
  })

  it('is the one that made it where two differ in nothing but themselves [id-token-15]', async () => {
    const kid = 'the same'
    const keys = await Promise.all([1, 2].map(() => createProviderKey('PS256', { kid })))
    provider.publish(...keys.map(({ jwk }) => jwk))
    const app = await start()
    for (const key of keys) {
      signBy(key, { kid })
      await expectLogin(app)
    }
    signBy(await createProviderKey('PS256'), { kid })
    await expectRefusal(app, WRONG_SIGNATURE)
  })

  it.each(['jwk', 'jku', 'x5u', 'x5c'])(
    'is never taken from the header: %s [id-token-11]',
    async (member) => {
      const { cert } = await createCertificate()
      const thief = await createProviderKey('PS256', { kid: 'thief', alg: 'PS256' })
      scene.provider.on('/thief/jwks', json({ keys: [thief.jwk] }))
      scene.provider.on('/thief/cert', (_request, response) => response.end(cert))
      const ownKey: Readonly<Record<string, unknown>> = {
        jwk: thief.jwk,
        jku: `${provider.issuer}/thief/jwks`,
        x5u: `${provider.issuer}/thief/cert`,
        x5c: [cert.replaceAll(/-----.*-----|\s/g, '')],
      }
      const app = await start()
      for (const [kid, reason] of [
        ['key-1', WRONG_SIGNATURE],
        ['thief', NO_KEY],
        [undefined, WRONG_SIGNATURE],
      ] as const) {
        signBy(thief, { ...(kid !== undefined && { kid }), [member]: ownKey[member] })
        await expectRefusal(app, reason)
      }
      expect(new Set(asked(scene.provider))).toEqual(new Set(['POST /token', 'GET /jwks']))
    },
  )

  it.each([1024, 2040])(
    'is refused when it is an RSA key of %i bits [id-token-14]',
    async (modulusLength) => {
      const weak = weakKey(modulusLength)
      provider.publish(weak.jwk)
      provider.makeIdToken = (claims) => Promise.resolve(weak.sign(claims))
      await expectRefusal(await start(), /2048 bits/)
    },
  )

  it('is looked for beyond one that is too weak [id-token-10]', async () => {
    const [weak, strong] = [weakKey(1024), await createProviderKey('RS256')]
    provider.publish(weak.jwk, strong.jwk)
    const app = await start()
    signBy(strong, { alg: 'RS256' })
    await expectLogin(app)
    provider.makeIdToken = (claims) => Promise.resolve(weak.sign(claims))
    await expectRefusal(app, WRONG_SIGNATURE)
  })

  const reads = (): number => scene.provider.requestsTo('/jwks').length

  it('is read anew, once, when its name is unknown, however short the last time is ago [id-token-13]', async () => {
    const app = await start()
    await expectLogin(app)
    await expectLogin(app)
    expect(reads()).toBe(1)
    for (const kid of ['key-2', 'key-3']) {
      const next = await createProviderKey('PS256', { kid })
      provider.publish(next.jwk)
      signBy(next, { kid })
      await expectLogin(app)
    }
    expect(reads()).toBe(3)

    signBy(await createProviderKey('PS256'), { kid: 'unknown' })
    await expectRefusal(app, NO_KEY)
    expect(reads()).toBe(4)
  })

  it.each<[string, string | undefined]>([
    ['keeps the name of the old one', 'key-1'],
    ['has no name', undefined],
  ])('is read anew when the next key %s', async (_how, kid) => {
    const names = kid === undefined ? {} : { kid }
    const app = await start()
    await expectLogin(app)
    const next = await createProviderKey('PS256', names)
    provider.publish(next.jwk)
    signBy(next, names)
    await expectLogin(app)
    expect(reads()).toBe(2)
  })

  it('is used although others in the set are malformed, private or no keys at all', async () => {
    const key = await createProviderKey('PS256', { kid: 'key-1' })
    const malformed = [
      ...[null, 'key', 5, [], {}, { kty: 'RSA' }, { kty: 'RSA', kid: 'key-1', n: '!', e: 'AQAB' }],
      ...[
        { kty: 'oct', kid: 'key-1', k: 'c2VjcmV0' },
        { kty: 'RSA', alg: 5, key_ops: 'verify' },
      ],
      { kty: 'EC', crv: 'P-256', kid: 'key-1', x: 'AA', y: 'AA', d: 'AA' },
    ]
    const deep = `{"kty":"RSA","x5c":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    const set = `{"keys":[${[...malformed, key.jwk].map((one) => JSON.stringify(one)).join()},${deep}]}`
    scene.provider.on('/jwks', (_request, response) => response.end(set))
    signBy(key, { kid: 'key-1' })
    await expectLogin(await start())
    signBy(key, {})
    await expectLogin(await start())
  })

  function weakKey(modulusLength: number) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
    return {
      jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig' },
      /** Not by jose, which would not sign with it either. */
      sign(claims: JWTPayload): string {
        const said = ['{"alg":"RS256"}', JSON.stringify(claims)].map(base64url.encode).join('.')
        return `${said}.${sign('sha256', Buffer.from(said), privateKey).toString('base64url')}`
      },
    }
  }
})

describe('before the ID token was found right', () => {
  it.each<[string, Readonly<Record<string, unknown>>, boolean]>([
    ['its nonce is another', { nonce: 'another' }, true],
    ['its nonce is missing', { nonce: undefined }, true],
    ['its nonce is a list with the right one', { nonce: ['another'] }, true],
    ['its at_hash is another', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, true],
    ['its signature is wrong', {}, false],
  ])(
    'no token is used, no profile loaded, and nothing kept: %s [id-token-8]',
    async (_what, claims, isOwn) => {
      provider.claims = claims
      if (!isOwn) signBy(await createProviderKey('PS256'), { kid: 'key-1' })
      const store = new RecordingStore()
      const verified: VerifiedLogin[] = []
      const app = await start(
        { revocationURL: `${provider.issuer}/revoke` },
        { store, verify: (login) => (verified.push(login), { id: 'ada' }) },
      )
      const browser = new Browser()
      expect((await browser.follow(app.loginURL)).status).toBe(502)

      expect(asked(scene.provider).filter((one) => one !== 'GET /jwks')).toEqual(['POST /token'])
      expect(verified).toEqual([])
      expect(JSON.stringify(await store.contents())).not.toMatch(/(access|refresh)-token|eyJ/)
      expect(bodyOf(await browser.visit(`${app.origin}/tokens`))).toEqual({ tokens: null })
    },
  )
})

describe('the UserInfo endpoint', () => {
  it('is where the claims of the scopes profile and email are read [id-token-9]', async () => {
    const said = {
      ...{ sub: 'ada', name: 'Ada Lovelace', given_name: 'Ada', family_name: 'Lovelace' },
      ...{ email: 'ada@example.com', email_verified: true },
    }
    scene.provider.onProfile(json(said))
    const app = await start({ scope: 'openid profile email' })
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)

    const [request = ''] = scene.provider.authorizationRequests
    expect(new URL(request, provider.issuer).searchParams.get('scope')).toBe('openid profile email')
    const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
      tokens: { accessToken: string; idToken: string }
    }
    expect(decodeJwt(tokens.idToken)).not.toHaveProperty('email')
    const profile = {
      provider: 'oauth2',
      id: 'ada',
      displayName: 'Ada Lovelace',
      emailVerified: true,
      emails: [{ value: 'ada@example.com' }],
      _json: said,
    }
    const account = 'default-user/oauth2/ada'
    expect(bodyOf(page)).toEqual({ user: { provider: 'oauth2', id: 'ada', account, profile } })
    expect(scene.provider.requestsTo('/me')).toEqual([
      expect.objectContaining({
        method: 'GET',
        headers: expect.objectContaining({
          authorization: `Bearer ${tokens.accessToken}`,
        }),
      }),
    ])
  })
})
