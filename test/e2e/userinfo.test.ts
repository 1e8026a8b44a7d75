import { beforeEach, describe, expect, it } from '@jest/globals'
import { base64url } from 'jose'
import type { JWTPayload } from 'jose'
import { ConfigurationError, ProfileError } from '../../src/index.js'
import type { AuthorizationCodeOptions, DefaultUser } from '../../src/index.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf } from '../support/login.js'
import { createProviderKey, signWith, speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { Script } from '../support/scripted-provider.js'

const scene = setScene()
let provider: OpenIdProvider

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
})

/** Answers with a JWT, as Keycloak and oidc-provider write its type. */
function jwt(made: () => Promise<string>): Script {
  return (_request, response) => {
    void made().then((text) => {
      response.writeHead(200, { 'content-type': 'application/jwt; charset=utf-8' }).end(text)
    })
  }
}

/** What a signed UserInfo response says; it need not expire. */
function said(claims: Readonly<Record<string, unknown>> = {}): JWTPayload {
  return { iss: provider.issuer, aud: 'client-1', sub: 'ada', name: 'Ada Lovelace', ...claims }
}

interface Outcome {
  readonly status: number
  readonly code: unknown
  readonly error: unknown
  readonly user: Partial<DefaultUser> | undefined
}

/** Logs a person in once: who is logged in then, or the error. */
async function logIn(options: Partial<AuthorizationCodeOptions> = {}): Promise<Outcome> {
  const app = await scene.start({ strategy: { ...provider.options, ...options } })
  const page = await new Browser().follow(app.loginURL)
  const { code, user } = bodyOf(page) as Pick<Outcome, 'code' | 'user'>
  return { status: page.status, code, error: app.errors[0], user }
}

const WITHOUT_ISSUER = { issuer: undefined, jwksURL: undefined, scope: 'profile' }

describe('UserInfo as a signed JWT', () => {
  it('is the profile, although it has no exp [userinfo-1]', async () => {
    scene.provider.onProfile(jwt(() => provider.sign(said())))
    const { status, user } = await logIn()
    expect(status).toBe(200)
    expect(user?.profile).toEqual({
      provider: 'oauth2',
      id: 'ada',
      displayName: 'Ada Lovelace',
      _json: said(),
    })
    expect(asked(scene.provider)).toEqual(['POST /token', 'GET /jwks', 'GET /me'])
  })

  it('may end with a line break', async () => {
    scene.provider.onProfile(jwt(async () => `${await provider.sign(said())}\r\n`))
    expect((await logIn()).user).toMatchObject({ id: 'ada' })
  })

  it('is asked for beside JSON by a strategy that knows the issuer', async () => {
    await logIn()
    await logIn(WITHOUT_ISSUER)
    expect(scene.provider.requestsTo('/me').map(({ headers }) => headers.accept)).toEqual([
      'application/json, application/jwt',
      'application/json',
    ])
  })

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    [
      'has another iss',
      { iss: 'https://evil.example' },
      /it is https:\/\/evil\.example, expected is http:\/\/127/,
    ],
    ['has an iss that is no text', { iss: 5 }, /it is no text, expected is/],
    ['has no iss', { iss: undefined }, /has no "iss"/],
    ['is for another client', { aud: 'client-2' }, /"aud"/],
    ['is for nobody', { aud: undefined }, /"aud"/],
    ['is about nobody', { sub: undefined }, /"sub"/],
    ['is about another person', { sub: 'eve' }, /about another person/],
    ['has expired', { exp: 1_700_000_000 }, /"exp"/],
  ])('is refused when it %s [userinfo-2]', async (_what, claims, message) => {
    const signed = await provider.sign(said(claims))
    scene.provider.onProfile(jwt(() => Promise.resolve(signed)))
    const { status, code, error } = await logIn()
    expect([status, code]).toEqual([502, 'ERR_PROFILE'])
    expect(error).toMatchObject({ message: expect.stringMatching(message), phase: 'profile' })
    expect(String(error)).not.toContain(signed)
  })

  const forgeries: Readonly<Record<string, () => Promise<string>>> = {
    'has a signature by another key': async () =>
      signWith((await createProviderKey('PS256')).privateKey, said(), { kid: 'key-1' }),
    'was changed after it was signed': async () => {
      const [header, , signature] = (await provider.sign(said({ sub: 'eve' }))).split('.')
      return `${header}.${base64url.encode(JSON.stringify(said()))}.${signature}`
    },
    'is not signed (alg: none)': () =>
      Promise.resolve(
        `${['{"alg":"none"}', JSON.stringify(said())].map((part) => base64url.encode(part)).join('.')}.`,
      ),
    'is signed with the public key as a secret': () =>
      signWith(new TextEncoder().encode(JSON.stringify(provider.publicKey)), said(), {
        alg: 'HS256',
      }),
  }

  it.each(Object.keys(forgeries))('is refused when it %s [userinfo-3]', async (what) => {
    scene.provider.onProfile(jwt(() => forgeries[what]?.() ?? Promise.resolve('')))
    const { status, code, user } = await logIn()
    expect([status, code, user]).toEqual([502, 'ERR_PROFILE', undefined])
  })

  it('is refused when its algorithm is none of providerSignatureAlgorithms', async () => {
    const other = await createProviderKey('RS256', { kid: 'other' })
    provider.publish(provider.publicKey, other.jwk)
    const header = { alg: 'RS256', kid: 'other' }
    scene.provider.onProfile(jwt(() => signWith(other.privateKey, said(), header)))
    expect((await logIn()).status).toBe(200)
    expect((await logIn({ providerSignatureAlgorithms: ['PS256'] })).code).toBe('ERR_PROFILE')
  })

  it('is as trustworthy as the connection without jwksURL, and is still for this client', async () => {
    scene.provider.onProfile(jwt(() => provider.sign(said())))
    expect((await logIn({ jwksURL: undefined })).status).toBe(200)
    scene.provider.onProfile(jwt(() => provider.sign({ ...said(), aud: 'client-2' })))
    expect((await logIn({ jwksURL: undefined })).code).toBe('ERR_PROFILE')
  })

  it('is refused without an issuer, and the error names the options', async () => {
    scene.provider.onProfile(jwt(() => provider.sign(said())))
    const { code, error } = await logIn(WITHOUT_ISSUER)
    expect([code, String(error)]).toEqual(['ERR_PROFILE', expect.stringContaining('jwksURL')])
  })

  it('is verified without an ID token, too', async () => {
    scene.provider.onProfile(jwt(() => provider.sign(said())))
    scene.provider.onToken(json({ access_token: 'a', token_type: 'Bearer' }))
    const { user } = await logIn({ scope: 'profile' })
    expect(user?.profile?.id).toBe('ada')
  })
})

describe('UserInfo as JSON', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['has another sub than the ID token', { sub: 'eve' }],
    ['has a sub that differs in case', { sub: 'Ada' }],
    ['has a sub that is a number', { sub: 7 }],
    ['has no sub', { name: 'Ada' }],
    ['has only an id', { id: 'ada' }],
  ])('is refused when it %s', async (_what, document) => {
    scene.provider.onProfile(json(document))
    expect((await logIn()).code).toBe('ERR_PROFILE')
  })

  it('is refused when it has another sub, although parseProfile finds the right id', async () => {
    scene.provider.onProfile(json({ sub: 'eve', uid: 'ada' }))
    expect((await logIn({ parseProfile: ({ uid }) => ({ id: uid as string }) })).code).toBe(
      'ERR_PROFILE',
    )
  })
})

describe('an error of the profile endpoint', () => {
  const challenge = (value: string): Record<string, string> => ({ 'www-authenticate': value })

  it.each<[string, Script, object]>([
    [
      'of RFC 6750 (insufficient_scope)',
      (_request, response) =>
        response
          .writeHead(
            403,
            challenge(
              'Bearer realm="accounts", error="insufficient_scope", error_description="The request requires \\"more\\", than granted", scope="openid profile"',
            ),
          )
          .end(),
      {
        httpStatus: 403,
        error: 'insufficient_scope',
        errorDescription: 'The request requires "more", than granted',
        message: expect.stringContaining('scope "openid profile"'),
      },
    ],
    [
      'of oidc-provider, in the challenge and in JSON',
      json(
        { error: 'invalid_token', error_description: 'access token has expired' },
        401,
        challenge(
          'Bearer realm="http://127.0.0.1", error="invalid_token", error_description="access token has expired"',
        ),
      ),
      { httpStatus: 401, error: 'invalid_token', errorDescription: 'access token has expired' },
    ],
    [
      'in JSON alone',
      json({ error: 'temporarily_unavailable', error_description: 'Back at noon' }, 400),
      { error: 'temporarily_unavailable', errorDescription: 'Back at noon' },
    ],
    [
      'of a DPoP resource, beside another challenge',
      (_request, response) =>
        response
          .writeHead(
            401,
            [
              ['www-authenticate', 'Bearer'],
              ['www-authenticate', 'DPoP error="invalid_token", algs="ES256 PS256"'],
            ].flat(),
          )
          .end(),
      { error: 'invalid_token', errorDescription: undefined },
    ],
    [
      'unquoted, in capitals, with spaces around the equals sign',
      (_request, response) =>
        response
          .writeHead(401, challenge('BEARER ERROR = invalid_token , Error_Description = "gone"'))
          .end(),
      { error: 'invalid_token', errorDescription: 'gone' },
    ],
    [
      'that gives no reason',
      (_request, response) => response.writeHead(401).end('<html>No</html>'),
      {
        error: undefined,
        errorDescription: undefined,
        message: expect.stringContaining('HTTP 401'),
      },
    ],
  ])('%s is what the developer gets', async (_what, script, facts) => {
    scene.provider.onProfile(script)
    const { status, error, user } = await logIn()
    expect(error).toBeInstanceOf(ProfileError)
    expect(error).toMatchObject({ phase: 'profile', ...facts })
    expect([status, user]).toEqual([502, undefined])
  })

  it('does not show the access token or the provider’s line breaks', async () => {
    scene.provider.onProfile((request, response) => {
      const [, token = ''] = (request.headers.authorization ?? '').split(' ')
      json({ error: 'invalid_token', error_description: `No\n${token}` }, 401)(request, response)
    })
    const { error } = await logIn()
    expect(error).toMatchObject({ errorDescription: 'No …' })
  })

  it.each(['server_error', 'invalid_grant'])('is on no page of ours: %s', async (error) => {
    scene.provider.onProfile(json({ error, error_description: 'Call 555-1234' }, 400))
    const app = await scene.start({ strategy: provider.options, router: {} })
    const { text } = await new Browser().follow(app.loginURL)
    expect(app.errors).toMatchObject([{ code: 'ERR_PROFILE', errorDescription: 'Call 555-1234' }])
    expect(text).not.toContain('555-1234')
  })
})

describe('whether the email address is verified', () => {
  const email = 'ada@example.com'

  it.each<[Record<string, unknown>, boolean | undefined]>([
    [{ email, email_verified: true }, true],
    [{ email, email_verified: 'true' }, true],
    [{ email, email_verified: false }, false],
    [{ email, email_verified: 'false' }, false],
    [{ email }, undefined],
    [{ email, email_verified: null }, undefined],
    [{ email, email_verified: 1 }, undefined],
    [{ email, email_verified: 'yes' }, undefined],
    [{ email_verified: true }, undefined],
  ])('is what the provider says, and never guessed: %j', async (claims, emailVerified) => {
    scene.provider.onProfile(json({ sub: 'ada', ...claims }))
    const { user } = await logIn()
    expect(user?.profile?.emailVerified).toBe(emailVerified)
    expect(Object.hasOwn(user?.profile ?? {}, 'emailVerified')).toBe(emailVerified !== undefined)
  })
})

describe('skipUserProfile', () => {
  it.each([true, () => true, () => Promise.resolve(true)])(
    'takes the profile from the ID token, without a request (%p)',
    async (skipUserProfile) => {
      provider.claims = { name: 'Ada Lovelace', email: 'ada@example.com' }
      const { user } = await logIn({ skipUserProfile })
      expect(user?.profile).toMatchObject({
        id: 'ada',
        displayName: 'Ada Lovelace',
        emails: [{ value: 'ada@example.com' }],
      })
      expect(asked(scene.provider)).not.toContain('GET /me')
    },
  )

  it('does not read the ID token with the parseProfile of the profileURL', async () => {
    const parseProfile = ({ uid }: Record<string, unknown>) => ({ id: uid as string })
    const { user } = await logIn({ skipUserProfile: true, parseProfile })
    expect(user?.profile?.id).toBe('ada')
  })

  it('leaves the user of a strategy without verify with an id and an account', async () => {
    const { user } = await logIn({ skipUserProfile: true })
    expect(user).toMatchObject({ id: 'ada', account: 'default-user/oauth2/ada' })
  })

  it('leaves no profile without an ID token', async () => {
    scene.provider.onToken(json({ access_token: 'a', token_type: 'Bearer' }))
    const { status, user } = await logIn({ skipUserProfile: true, scope: 'profile' })
    expect([status, user?.profile]).toEqual([200, undefined])
  })
})

describe('a profile without an id', () => {
  it.each<[string, Readonly<Record<string, unknown>>, Partial<AuthorizationCodeOptions>]>([
    ['neither sub nor id', { user: { id: 7 }, name: 'Ada' }, {}],
    ['an id that is empty', { id: '' }, {}],
    ['an id that no number can hold exactly', { id: 2 ** 53 }, {}],
    [
      'a parseProfile that finds none',
      { name: 'Ada' },
      { parseProfile: () => ({ id: undefined }) },
    ],
    ['a parseProfile that finds an empty one', {}, { parseProfile: () => ({ id: '' }) }],
  ])('is an error that names what to configure: %s', async (_what, document, options) => {
    scene.provider.onToken(json({ access_token: 'a', token_type: 'Bearer' }))
    scene.provider.onProfile(json(document))
    const { code, error, user } = await logIn({ scope: 'profile', ...options })
    expect([code, user]).toEqual(['ERR_PROFILE', undefined])
    expect(error).toMatchObject({ message: expect.stringMatching(/no id.*parseProfile/s) })
  })
})

describe('a profile in JSON', () => {
  it('that has no sub beside an ID token says that, and not that it is another person’s', async () => {
    scene.provider.onProfile(json({ id: 'ada' }))
    expect((await logIn()).error).toMatchObject({
      message: expect.stringContaining('The profile has no "sub"'),
    })
  })

  it.each([
    [403, 'insufficient_scope', 'Add the scope that the API needs'],
    [401, 'invalid_token', 'Check that the token is meant for this API'],
  ])('that is refused with %i %s comes with advice', async (status, error, advice) => {
    scene.provider.onProfile(json({ error }, status))
    expect((await logIn()).error).toMatchObject({
      ...{ error, httpStatus: status, message: expect.stringContaining(advice) },
    })
  })
})

describe('a function for the profile', () => {
  it.each<[string, Partial<AuthorizationCodeOptions>]>([
    [
      'parseProfile',
      {
        parseProfile: () => {
          throw new RangeError('of the application')
        },
      },
    ],
    ['parseProfile', { parseProfile: () => undefined as never }],
    ['parseProfile', { parseProfile: () => 'ada' as never }],
    ['parseProfile', { parseProfile: () => Promise.resolve({ id: 'ada' }) as never }],
    ['parseProfile', { parseProfile: () => Promise.reject(new Error('later')) as never }],
    ['skipUserProfile', { skipUserProfile: () => Promise.reject(new Error('later')) }],
  ])(
    '%s that fails, or returns something else, is the developer’s fault',
    async (option, given) => {
      const { error } = await logIn(given)
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error).toMatchObject({ option, status: 500 })
      expect(String(error)).not.toMatch(/of the application|later/)
    },
  )
})
