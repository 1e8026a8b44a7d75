import { createHash, randomBytes } from 'node:crypto'
import { exportJWK, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTHeaderParameters, JWTPayload } from 'jose'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { takeKeyPair } from './keys.js'
import { json, tokenResponse } from './scripted-provider.js'
import type { ScriptedProvider } from './scripted-provider.js'

/** A scripted provider that speaks OpenID Connect, honestly until it is told otherwise. */
export interface OpenIdProvider {
  /** What a strategy needs to log people in there. */
  readonly options: Partial<AuthorizationCodeOptions>
  readonly issuer: string
  /** The person's session at the provider: another one for each test, as processes remember which have ended. */
  readonly sid: string
  /** The person's id. */
  person: string
  /** Changes the claims of ID tokens from now on; a claim that is `undefined` is left out. */
  claims: Readonly<Record<string, unknown>>
  /** Makes the ID token of the claims; honest until it is set. */
  makeIdToken: (claims: JWTPayload) => Promise<string>
  /** Signs with the published key. */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>
  /** The published key itself, for those who confuse it with a secret. */
  readonly publicKey: JWK
  /** Publishes these keys from now on, in this order. */
  publish(...keys: readonly JWK[]): void
  /** An honest logout token. */
  logoutToken(claims?: Readonly<Record<string, unknown>>): Promise<string>
}

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

const now = (): number => Math.floor(Date.now() / 1000)

/** Makes a scripted provider an OpenID provider of Ada's. */
export async function speakOpenId(provider: ScriptedProvider): Promise<OpenIdProvider> {
  const { privateKey, jwk } = await createProviderKey('PS256', { kid: 'key-1', alg: 'PS256' })
  const issuer = provider.origin
  let nonce: string | undefined

  const own: OpenIdProvider = {
    issuer,
    sid: `session-${randomBytes(8).toString('hex')}`,
    person: 'ada',
    options: { issuer, jwksURL: `${issuer}/jwks`, scope: 'openid' },
    claims: {},
    makeIdToken: (claims) => own.sign(claims),
    sign: (claims, header) => signWith(privateKey, claims, { kid: 'key-1', ...header }),
    publicKey: jwk,
    publish: (...keys) => provider.on('/jwks', json({ keys })),
    logoutToken: (claims = {}) =>
      own.sign(
        given({
          iss: issuer,
          aud: 'client-1',
          iat: now(),
          exp: now() + 120,
          jti: `logout-${Math.random()}`,
          sid: own.sid,
          sub: own.person,
          events: { [LOGOUT_EVENT]: {} },
          ...claims,
        }),
        { typ: 'logout+jwt' },
      ),
  }

  own.publish(jwk)
  provider.onAuthorize((parameters) => {
    nonce = parameters.get('nonce') ?? undefined
    return { code: 'code-of-ada', state: parameters.get('state') ?? '' }
  })
  provider.onToken((request, response) => {
    const members = tokenResponse()
    const hash = createHash('sha256').update(String(members['access_token'])).digest()
    const isRefresh = request.body.includes('grant_type=refresh_token')
    const claims = given({
      iss: issuer,
      aud: 'client-1',
      sub: own.person,
      sid: own.sid,
      iat: now(),
      exp: now() + 300,
      at_hash: hash.subarray(0, 16).toString('base64url'),
      nonce: isRefresh ? undefined : nonce,
      ...own.claims,
    })
    void own.makeIdToken(claims).then((idToken) => {
      json({ ...members, id_token: idToken })(request, response)
    })
  })
  return own
}

/** A key that a provider might have. */
export interface ProviderKey {
  readonly privateKey: CryptoKey
  /** As it is published. */
  readonly jwk: JWK
}

/** Makes a key for an algorithm, to be published for signatures under these names. */
export async function createProviderKey(algorithm: string, names: JWK = {}): Promise<ProviderKey> {
  const { privateKey, publicKey } = await takeKeyPair(algorithm)
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), use: 'sig', ...names } }
}

/** Signs a JWT by any key. */
export function signWith(
  key: CryptoKey | Uint8Array,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'PS256', ...header }).sign(key)
}

function given(claims: Readonly<Record<string, unknown>>): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}
