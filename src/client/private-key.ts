import type { CryptoKey, JWK } from 'jose'
import { KeyObject, createPrivateKey, createPublicKey } from 'node:crypto'
import { ConfigurationError } from '../errors/setup-errors.js'
import type { PrivateKey } from '../options/client-credentials.js'

/**
 * Reads a private key in any of the forms that an option takes.
 *
 * @param option the name of the option it comes from
 * @throws {ConfigurationError} if it cannot be read, or is not a private key
 */
export function importPrivateKey(given: PrivateKey, option: string): KeyObject | CryptoKey {
  const key = readKey(given, option)
  if (key.type === 'private') return key
  throw new ConfigurationError(`${option} is a ${key.type} key; a private one is needed.`, option)
}

function readKey(key: PrivateKey, option: string): KeyObject | CryptoKey {
  try {
    // In an environment variable, a PEM's lines are often joined by a backslash and an n.
    if (typeof key === 'string') return createPrivateKey(key.replaceAll('\\n', '\n'))
    if (isJwk(key)) return createPrivateKey({ key: { ...key }, format: 'jwk' })
  } catch {
    // The parser's own error may quote the key, so it is not passed on.
  }
  if (isKeyLike(key)) return key
  throw new ConfigurationError(
    `${option} cannot be read: give it as PEM text (-----BEGIN PRIVATE KEY-----), a private JWK, a KeyObject or a CryptoKey.`,
    option,
  )
}

function isKeyLike(key: unknown): key is KeyObject | CryptoKey {
  return key instanceof KeyObject || Object.prototype.toString.call(key) === '[object CryptoKey]'
}

/**
 * The public half of a private key.
 *
 * @throws {ConfigurationError} if the key is not extractable
 */
export function publicJwkOf(key: KeyObject | CryptoKey, option: string): JWK {
  try {
    const own = key instanceof KeyObject ? key : KeyObject.from(key)
    return createPublicKey(own).export({ format: 'jwk' })
  } catch {
    throw new ConfigurationError(
      `${option} does not let its public half be seen: it has to be extractable.`,
      option,
    )
  }
}

/** Whether a key is a JWK. */
export function isJwk(key: unknown): key is JWK {
  return typeof key === 'object' && key !== null && 'kty' in key
}

/** Whether a key of a list comes with a name. */
export function isNamed<Named extends { readonly key: PrivateKey }>(
  given: PrivateKey | Named,
): given is Named {
  return typeof given === 'object' && Object.hasOwn(given, 'key') && !isJwk(given)
}

/** The name that a JWK has in itself. */
export function kidOf(key: PrivateKey): string | undefined {
  return isJwk(key) ? key.kid : undefined
}

/** @throws {ConfigurationError} if two keys of a list have the same name */
export function refuseSameKid(kids: readonly (string | undefined)[], option: string): void {
  const given = kids.filter((kid) => kid !== undefined)
  if (new Set(given).size === given.length) return
  throw new ConfigurationError(`${option} has two keys with the same kid.`, option)
}

/** Web Crypto's description of a key. Its members depend on the kind of key. */
export interface CryptoKeyAlgorithm {
  readonly name: string
  readonly hash?: { readonly name: string }
  readonly modulusLength?: number
  readonly namedCurve?: string
}
