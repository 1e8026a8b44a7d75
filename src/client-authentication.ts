import { createPrivateKey, randomUUID, KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { ClientSecretBasic, ClientSecretPost, None } from 'oauth4webapi'
import type { ClientAuth } from 'oauth4webapi'
import { ConfigurationError } from './errors.js'

/**
 * How the client proves who it is at the token endpoint.
 *
 * @see [OpenID Connect Core, section 9 - Client Authentication](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)
 */
export type ClientAuthenticationMethod =
  'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none'

/** Signature algorithms for client assertions. */
export type ClientAssertionAlgorithm = 'PS256' | 'RS256' | 'ES256' | 'EdDSA'

/** A private key: PEM text, a JWK, or a key object of Node.js or Web Crypto. */
export type PrivateKey = string | JWK | KeyObject | CryptoKey

/** The audience of a client assertion: fixed, or chosen by the URL that is called. */
export type ClientAssertionAudience = string | ((url: string) => string)

/** Everything client authentication depends on. */
export interface ClientAuthenticationSettings {
  readonly clientAuthentication: ClientAuthenticationMethod
  readonly clientID: string
  readonly clientSecret?: string | undefined
  readonly basicCredentials: 'encoded' | 'raw'
  readonly privateKey?: PrivateKey | undefined
  readonly keyId?: string | undefined
  readonly clientAssertionAlgorithm?: ClientAssertionAlgorithm | undefined
  readonly clientAssertionAudience: ClientAssertionAudience
}

/** Adds the client's proof to a request to `url`. */
export type AuthenticateClient = (url: string) => ClientAuth

/** A client assertion lives this long; providers allow a few minutes at most. */
const ASSERTION_LIFETIME_SECONDS = 60

/** How far back `iat` is set, for a provider whose clock is behind ours. */
const ASSERTION_BACKDATE_SECONDS = 5

/**
 * Reads the credentials once and returns what authenticates each request with them.
 *
 * @throws {ConfigurationError} when the credentials are missing or cannot be used
 */
export function createClientAuthentication(
  settings: ClientAuthenticationSettings,
): AuthenticateClient {
  const { clientAuthentication, clientSecret } = settings
  switch (clientAuthentication) {
    case 'none':
      return () => None()
    case 'client_secret_post': {
      const secret = required(clientSecret, 'clientSecret', clientAuthentication)
      return () => ClientSecretPost(secret)
    }
    case 'client_secret_basic': {
      const secret = required(clientSecret, 'clientSecret', clientAuthentication)
      return settings.basicCredentials === 'raw'
        ? () => rawClientSecretBasic(secret)
        : () => ClientSecretBasic(secret)
    }
    case 'private_key_jwt':
      return createPrivateKeyJwt(settings)
  }
}

function required<T>(value: T | null | undefined, option: string, method: string): T {
  if (value !== undefined && value !== null) return value
  throw new ConfigurationError(
    `${option} is missing, which clientAuthentication '${method}' needs. Is the environment variable set?`,
    option,
  )
}

/**
 * Basic credentials without the form encoding of each part that RFC 6749 section 2.3.1 asks for: more
 * servers read them as they are than decode them.
 */
function rawClientSecretBasic(clientSecret: string): ClientAuth {
  return (_server, client, _body, headers) => {
    const credentials = Buffer.from(`${client.client_id}:${clientSecret}`).toString('base64')
    headers.set('authorization', `Basic ${credentials}`)
  }
}

/**
 * Signs a fresh assertion for every request: one audience, no `nbf`, a minute of life.
 *
 * @see [RFC 7523, section 3 - JWT Format and Processing Requirements](https://www.rfc-editor.org/rfc/rfc7523.html#section-3)
 */
function createPrivateKeyJwt(settings: ClientAuthenticationSettings): AuthenticateClient {
  const { clientID, clientAssertionAudience } = settings
  const { key, alg, kid } = readPrivateKey(settings)
  const header = kid === undefined ? { alg, typ: 'JWT' } : { alg, typ: 'JWT', kid }

  return (url) => async (_server, client, body) => {
    const issuedAt = Math.floor(Date.now() / 1000) - ASSERTION_BACKDATE_SECONDS
    const assertion = await new SignJWT({
      iss: clientID,
      sub: clientID,
      aud:
        typeof clientAssertionAudience === 'function'
          ? clientAssertionAudience(url)
          : clientAssertionAudience,
      jti: randomUUID(),
      iat: issuedAt,
      exp: issuedAt + ASSERTION_LIFETIME_SECONDS,
    })
      .setProtectedHeader(header)
      .sign(key)
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', assertion)
  }
}

interface SigningKey {
  readonly key: KeyObject | CryptoKey
  readonly alg: ClientAssertionAlgorithm
  readonly kid: string | undefined
}

function readPrivateKey(settings: ClientAuthenticationSettings): SigningKey {
  const privateKey = required(settings.privateKey, 'privateKey', settings.clientAuthentication)
  const key = importPrivateKey(privateKey)
  if (key.type !== 'private') {
    throw new ConfigurationError(
      `privateKey is a ${key.type} key; a private one is needed.`,
      'privateKey',
    )
  }
  const jwk = isJwk(privateKey) ? privateKey : undefined
  const possible = algorithmsOf(key)
  const alg =
    settings.clientAssertionAlgorithm ?? possible.find((name) => name === jwk?.alg) ?? possible[0]
  if (alg === undefined) {
    throw new ConfigurationError(
      'privateKey is of a kind that cannot sign a client assertion: use RSA (2048 bits or more, with SHA-256, not of the RSASSA-PSS kind), EC P-256 or Ed25519.',
      'privateKey',
    )
  }
  if (!possible.includes(alg)) {
    throw new ConfigurationError(
      `clientAssertionAlgorithm '${alg}' does not fit the privateKey, which can sign with ${possible.join(' or ')}.`,
      'clientAssertionAlgorithm',
    )
  }
  return { key, alg, kid: settings.keyId ?? jwk?.kid }
}

function isJwk(key: PrivateKey): key is JWK {
  return typeof key === 'object' && 'kty' in key
}

function importPrivateKey(key: PrivateKey): KeyObject | CryptoKey {
  try {
    // In an environment variable, a PEM's lines are often joined by a backslash and an n.
    if (typeof key === 'string') return createPrivateKey(key.replaceAll('\\n', '\n'))
    if (isJwk(key)) return createPrivateKey({ key: { ...key }, format: 'jwk' })
  } catch {
    // The parser's own error may quote what it was given: said below, in our words.
  }
  if (isKeyLike(key)) return key
  throw new ConfigurationError(
    'privateKey cannot be read: give it as PEM text (-----BEGIN PRIVATE KEY-----), a private JWK, a KeyObject or a CryptoKey.',
    'privateKey',
  )
}

function isKeyLike(key: unknown): key is KeyObject | CryptoKey {
  return key instanceof KeyObject || Object.prototype.toString.call(key) === '[object CryptoKey]'
}

/** The algorithms a key can sign with, the preferred one first. */
function algorithmsOf(key: KeyObject | CryptoKey): readonly ClientAssertionAlgorithm[] {
  return key instanceof KeyObject ? algorithmsOfKeyObject(key) : algorithmsOfCryptoKey(key)
}

function algorithmsOfKeyObject(key: KeyObject): readonly ClientAssertionAlgorithm[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048 ? ['PS256', 'RS256'] : []
    case 'ec':
      return namedCurve === 'prime256v1' ? ['ES256'] : []
    case 'ed25519':
      return ['EdDSA']
    default:
      return []
  }
}

/** What Web Crypto says of a key; which members there are depends on its kind. */
interface CryptoKeyAlgorithm {
  readonly name: string
  readonly hash?: { readonly name: string }
  readonly modulusLength?: number
  readonly namedCurve?: string
}

function algorithmsOfCryptoKey({ algorithm }: CryptoKey): readonly ClientAssertionAlgorithm[] {
  const { name, hash, modulusLength = 0, namedCurve }: CryptoKeyAlgorithm = algorithm
  const strongRsa = hash?.name === 'SHA-256' && modulusLength >= 2048
  switch (name) {
    case 'RSA-PSS':
      return strongRsa ? ['PS256'] : []
    case 'RSASSA-PKCS1-v1_5':
      return strongRsa ? ['RS256'] : []
    case 'ECDSA':
      return namedCurve === 'P-256' ? ['ES256'] : []
    case 'Ed25519':
      return ['EdDSA']
    default:
      return []
  }
}
