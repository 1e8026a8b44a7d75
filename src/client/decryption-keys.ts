import type { CryptoKey } from 'jose'
import { KeyObject } from 'node:crypto'
import { loadJose } from './load-jose.js'
import type { PublishedKeys } from './published-keys.js'
import {
  importPrivateKey,
  isJwk,
  isNamed,
  kidOf,
  publicJwkOf,
  refuseSameKid,
} from './private-key.js'
import type { CryptoKeyAlgorithm } from './private-key.js'
import { callFunction } from '../options/call-function.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import { providerText } from '../lib/provider-text.js'
import { CONTENT_ENCRYPTION_ALGORITHMS } from '../options/decryption.js'
import type {
  DecryptionAlgorithm,
  DecryptionKeys,
  NamedDecryptionKey,
} from '../options/decryption.js'
import type { PrivateKey } from '../options/client-credentials.js'

/** Decrypts what the provider has encrypted for this client. */
export interface Decryption extends PublishedKeys {
  /**
   * The plain text of a JWE in compact form.
   *
   * @throws {Error} saying what is wrong, without quoting the JWE or a key
   * @throws {ConfigurationError} if a key from a function cannot be used
   * @see [RFC 7516, section 5.2 - Message Decryption](https://www.rfc-editor.org/rfc/rfc7516.html#section-5.2)
   */
  readonly decrypt: (jwe: string) => Promise<string>
}

/**
 * Decryption with these keys. Keys from a function are read at each use, so that they can change while the process runs;
 * others are read once.
 *
 * @throws {ConfigurationError} if a key cannot be read or cannot decrypt: now, or for a function when it is used
 */
export function createDecryption(
  given: DecryptionKeys | (() => DecryptionKeys | Promise<DecryptionKeys>),
): Decryption {
  const read =
    typeof given === 'function'
      ? async () => readKeys(await callFunction(OPTION, given))
      : always(readKeys(given))

  return {
    async decrypt(jwe) {
      const { compactDecrypt } = await loadJose()
      const { kid, candidates } = await chooseKeys(jwe, await read())
      for (const { key, alg } of candidates) {
        try {
          const { plaintext } = await compactDecrypt(jwe, key, {
            keyManagementAlgorithms: [alg],
            contentEncryptionAlgorithms: [...CONTENT_ENCRYPTION_ALGORITHMS],
            maxDecompressedLength: 0,
          })
          return new TextDecoder().decode(plaintext)
        } catch {
          // All failures are alike: to tell them apart would help somebody who sends guesses (RFC 7516, section 11.5).
        }
      }
      throw new Error(
        kid === undefined
          ? `it is encrypted, and none of the ${candidates.length} ${OPTION} for its algorithm can decrypt it`
          : `it is encrypted, and the key '${kid}' of ${OPTION} cannot decrypt it`,
      )
    },

    async publicKeys() {
      const keys = (await read()).map(async ({ key, alg, kid }) => ({
        ...publicJwkOf(key, OPTION),
        kid: await kid(),
        alg,
        use: 'enc',
      }))
      return { keys: await Promise.all(keys) }
    },
  }
}

function always<Value>(value: Value): () => Value {
  return () => value
}

interface DecryptionKey {
  readonly key: KeyObject | CryptoKey
  /** A key is used with one algorithm only (RFC 8725, section 3.1). */
  readonly alg: DecryptionAlgorithm
  /** @throws {ConfigurationError} if the key has no name and is not extractable */
  readonly kid: () => Promise<string>
}

const OPTION = 'decryptionKeys'

/**
 * The keys that a JWE may be encrypted for: the one that its header names, or all of its algorithm.
 *
 * @throws {Error} if there is none, or an algorithm is not accepted
 */
async function chooseKeys(
  jwe: string,
  keys: readonly DecryptionKey[],
): Promise<{ readonly kid: string | undefined; readonly candidates: readonly DecryptionKey[] }> {
  const { alg, enc, kid, zip } = await headerOf(jwe)
  refuseUnaccepted('enc', enc, CONTENT_ENCRYPTION_ALGORITHMS)
  refuseUnaccepted('alg', alg, [...new Set(keys.map((key) => key.alg))])
  if (zip !== undefined) throw new Error('it is compressed ("zip"), which is not accepted')
  if (typeof kid !== 'string') {
    return { kid: undefined, candidates: keys.filter((key) => key.alg === alg) }
  }
  const kids = await Promise.all(keys.map((key) => key.kid()))
  const named = keys[kids.indexOf(kid)]
  if (named === undefined) {
    throw new Error(
      `it is encrypted for the key '${quoted(kid)}', and ${OPTION} has only ${listed(kids)}`,
    )
  }
  refuseUnaccepted('alg', alg, [named.alg])
  return { kid, candidates: [named] }
}

async function headerOf(jwe: string): Promise<Readonly<Record<string, unknown>>> {
  const { decodeProtectedHeader } = await loadJose()
  try {
    return decodeProtectedHeader(jwe)
  } catch {
    throw new Error('it has the form of a JWE, but its header cannot be read')
  }
}

function refuseUnaccepted(name: 'alg' | 'enc', has: unknown, accepted: readonly string[]): void {
  if (accepted.some((one) => one === has)) return
  throw new Error(
    `it is encrypted with the algorithm '${quoted(has)}' ("${name}"), and accepted is only ${listed(accepted)}`,
  )
}

/** A text of the header, which may come from an attacker. */
function quoted(value: unknown): string {
  return providerText(value) ?? ''
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}

function readKeys(given: DecryptionKeys): readonly DecryptionKey[] {
  const all = [given].flat() as readonly (PrivateKey | NamedDecryptionKey)[]
  if (all.length === 0) throw new ConfigurationError(`${OPTION} is an empty list.`, OPTION)
  const keys = all.map((one) => (isNamed(one) ? one : { key: one }))
  refuseSameKid(
    keys.map(({ key, kid = kidOf(key) }) => kid),
    OPTION,
  )
  return keys.map(readDecryptionKey)
}

function readDecryptionKey({
  key: given,
  kid = kidOf(given),
  alg,
}: NamedDecryptionKey): DecryptionKey {
  const key = importPrivateKey(given, OPTION)
  const possible = key instanceof KeyObject ? algorithmsOf(key) : algorithmsOfCryptoKey(key)
  const wanted = alg ?? (isJwk(given) ? given.alg : undefined)
  const chosen = wanted === undefined ? possible[0] : possible.find((one) => one === wanted)
  if (chosen === undefined) {
    throw new ConfigurationError(
      possible.length === 0
        ? `${OPTION} has a key that cannot decrypt: use RSA (2048 bits or more) or EC (P-256, P-384 or P-521).`
        : `${OPTION} has a key with an alg that it cannot be used with: it can decrypt ${possible.join(' or ')}.`,
      OPTION,
    )
  }
  return {
    key,
    alg: chosen,
    async kid() {
      if (kid !== undefined) return kid
      const { calculateJwkThumbprint } = await loadJose()
      return calculateJwkThumbprint(publicJwkOf(key, OPTION))
    },
  }
}

const RSA: readonly DecryptionAlgorithm[] = ['RSA-OAEP-256']
const EC: readonly DecryptionAlgorithm[] = ['ECDH-ES', 'ECDH-ES+A128KW']

/** The algorithms a key can decrypt, the preferred one first. */
function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject) {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails
  if (asymmetricKeyType === 'rsa') return modulusLength >= 2048 ? RSA : []
  return ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve) ? EC : []
}

function algorithmsOfCryptoKey({ algorithm }: CryptoKey): readonly DecryptionAlgorithm[] {
  const { name, hash, modulusLength = 0 }: CryptoKeyAlgorithm = algorithm
  if (name === 'ECDH') return EC
  return name === 'RSA-OAEP' && hash?.name === 'SHA-256' && modulusLength >= 2048 ? RSA : []
}
