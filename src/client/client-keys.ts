import type { CryptoKey, JWK, JWTPayload } from 'jose'
import { KeyObject } from 'node:crypto'
import { once } from '../lib/once.js'
import { loadJose } from './load-jose.js'
import type { CryptoKeyAlgorithm } from './private-key.js'
import {
  importPrivateKey,
  isJwk,
  isNamed,
  kidOf,
  publicJwkOf,
  refuseSameKid,
} from './private-key.js'
import type { PublishedKeys } from './published-keys.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { isClientSecretAlgorithm } from '../options/client-credentials.js'
import type {
  ClientAssertionAlgorithm,
  ClientAuthenticationMethod,
  NamedPrivateKey,
  PrivateKey,
  PrivateKeyAlgorithm,
  PrivateKeys,
} from '../options/client-credentials.js'

/** What the client signs with. */
export interface ClientKeysSettings {
  readonly privateKey: PrivateKeys | (() => PrivateKeys | Promise<PrivateKeys>)
  readonly keyId?: string | undefined
  readonly clientAssertionAlgorithm?: ClientAssertionAlgorithm | undefined
  /** What the keys are for: client assertions, or signed authorization requests alone. */
  readonly clientAuthentication?: ClientAuthenticationMethod | undefined
  /** The algorithms of client assertions that the provider accepts, if it says. */
  readonly clientAssertionAlgorithmsSupported?: readonly string[] | undefined
}

/** The keys that the client signs with. */
export interface ClientKeys extends PublishedKeys {
  /** Signs a JWT of this type with the first key. */
  sign(claims: JWTPayload, typ: string): Promise<string>
}

/**
 * The client's keys. Keys from a function are read at each use, so that they can change while the process
 * runs; others are read once.
 *
 * @throws {ConfigurationError} if a key cannot be read or cannot sign: now, or for a function when it is used
 */
export function createClientKeys(settings: ClientKeysSettings): ClientKeys {
  const { privateKey } = settings
  const read =
    typeof privateKey === 'function'
      ? async () => readKeys(await privateKey(), settings)
      : always(readKeys(privateKey, settings))

  return {
    async sign(claims, typ) {
      const { SignJWT } = await loadJose()
      const [{ key, alg, kid: name }] = await read()
      const kid = await name()
      const header = { alg, typ, ...(kid !== undefined && { kid }) }
      return new SignJWT(claims).setProtectedHeader(header).sign(key)
    },

    async publicKeys() {
      const keys = (await read()).map(async (key) => {
        const kid = await key.kid()
        return { ...key.publicJwk(), ...(kid !== undefined && { kid }), alg: key.alg, use: 'sig' }
      })
      return { keys: await Promise.all(keys) }
    },
  }
}

function always<Value>(value: Value): () => Promise<Value> {
  const promise = Promise.resolve(value)
  return () => promise
}

/** A private key that is ready to sign. */
export interface SigningKey {
  readonly key: KeyObject | CryptoKey
  readonly alg: PrivateKeyAlgorithm
  /** @throws {ConfigurationError} if the key is not extractable */
  readonly publicJwk: () => JWK
}

interface ClientKey extends SigningKey {
  /** Its name at the provider; `undefined` for a key without one whose thumbprint cannot be computed. */
  readonly kid: () => Promise<string | undefined>
}

const OPTION = 'privateKey'

function readKeys(
  given: PrivateKeys,
  settings: ClientKeysSettings,
): readonly [ClientKey, ...ClientKey[]] {
  const { keyId, clientAssertionAlgorithm } = settings
  const isOne = !isList(given)
  if (!isOne && keyId !== undefined) {
    throw new ConfigurationError(
      'keyId is for a single privateKey: in a list, each key has a kid of its own.',
      'keyId',
    )
  }
  const wanted = isClientSecretAlgorithm(clientAssertionAlgorithm)
    ? undefined
    : clientAssertionAlgorithm
  const list = isOne ? [{ key: given, kid: keyId }] : given
  const [first, ...others] = list.map((one, place) => {
    const { key, kid = kidOf(key), alg } = isNamed(one) ? one : { key: one }
    const read = place === 0 ? readSigningKey : readOtherKey
    const signing = read(key, OPTION, alg ?? wanted, acceptedBy(settings))
    return { ...signing, given: kid, kid: kid === undefined ? thumbprintOf(signing) : always(kid) }
  })
  if (first === undefined) throw new ConfigurationError('privateKey is an empty list.', OPTION)
  refuseSameKid(
    [first, ...others].map((key) => key.given),
    OPTION,
  )
  return [first, ...others]
}

/**
 * The same as {@link readSigningKey}, for a key that is only published, for the time when it signed or will sign. It may be
 * of another kind than the first one: then `wanted` and `accepted` are not about it.
 */
function readOtherKey(
  given: PrivateKey,
  option: string,
  wanted?: PrivateKeyAlgorithm,
  accepted?: readonly string[],
): SigningKey {
  const possible = algorithmsOf(importPrivateKey(given, option))
  const fits = wanted !== undefined && possible.includes(wanted)
  const accepts = possible.some((name) => accepted?.includes(name))
  return readSigningKey(given, option, fits ? wanted : undefined, accepts ? accepted : undefined)
}

/** The algorithms that the provider accepts; `undefined` if it does not say, or the keys sign no client assertions. */
function acceptedBy(settings: ClientKeysSettings): readonly string[] | undefined {
  const { clientAuthentication, clientAssertionAlgorithmsSupported } = settings
  return clientAuthentication === 'private_key_jwt' ? clientAssertionAlgorithmsSupported : undefined
}

/**
 * Computes the name of a key that has no other, once.
 *
 * @see [RFC 7638 - JSON Web Key (JWK) Thumbprint](https://www.rfc-editor.org/rfc/rfc7638.html)
 */
function thumbprintOf({ key, publicJwk }: SigningKey): () => Promise<string | undefined> {
  const isReadable = key instanceof KeyObject || key.extractable
  return once(async () => {
    if (!isReadable) return undefined
    const { calculateJwkThumbprint } = await loadJose()
    return calculateJwkThumbprint(publicJwk())
  })
}

function isList(given: PrivateKeys): given is readonly (PrivateKey | NamedPrivateKey)[] {
  return Array.isArray(given)
}

/**
 * Makes a private key ready to sign.
 *
 * @param option the name of the option it comes from
 * @param wanted the algorithm; by default the JWK's own `alg`, else the best one for the key
 * @param accepted the algorithms from which the default is chosen; all if left out
 * @throws {ConfigurationError} if it cannot be read, or cannot sign with such an algorithm
 */
export function readSigningKey(
  given: PrivateKey,
  option: string,
  wanted?: PrivateKeyAlgorithm,
  accepted?: readonly string[],
): SigningKey {
  const key = importPrivateKey(given, option)
  const possible = algorithmsOf(key)
  const own = isJwk(given) ? given.alg : undefined
  const listed = possible.filter((name) => accepted?.includes(name) ?? true)
  const alg = wanted ?? listed.find((name) => name === own) ?? listed[0]
  if (possible.length === 0) {
    throw new ConfigurationError(
      `${option} is of a kind that cannot sign a client assertion: use RSA (2048 bits or more, with SHA-256, not of the RSASSA-PSS kind), EC P-256 or Ed25519.`,
      option,
    )
  }
  if (alg === undefined) {
    throw new ConfigurationError(
      `The ${option} can sign with ${possible.join(' or ')}, but the provider’s metadata lists only ${accepted?.join(', ') ?? 'others'}. Use a key for one of these. If the metadata is wrong, set clientAssertionAlgorithm.`,
      option,
    )
  }
  if (!possible.includes(alg)) {
    throw new ConfigurationError(
      `clientAssertionAlgorithm '${alg}' does not fit the ${option}, which can sign with ${possible.join(' or ')}.`,
      'clientAssertionAlgorithm',
    )
  }
  return { key, alg, publicJwk: () => publicJwkOf(key, option) }
}

/** The algorithms a key can sign with, the preferred one first. */
function algorithmsOf(key: KeyObject | CryptoKey): readonly PrivateKeyAlgorithm[] {
  return key instanceof KeyObject ? algorithmsOfKeyObject(key) : algorithmsOfCryptoKey(key)
}

function algorithmsOfKeyObject(key: KeyObject): readonly PrivateKeyAlgorithm[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= 2048 ? ['PS256', 'RS256'] : []
    case 'ec':
      return namedCurve === 'prime256v1' ? ['ES256'] : []
    case 'ed25519':
      return ['EdDSA', 'Ed25519']
    default:
      return []
  }
}

function algorithmsOfCryptoKey({ algorithm }: CryptoKey): readonly PrivateKeyAlgorithm[] {
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
      return ['EdDSA', 'Ed25519']
    default:
      return []
  }
}
