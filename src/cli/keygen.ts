import type { JSONWebKeySet } from 'jose'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createClientKeys } from '../client/client-keys.js'
import { createDecryption } from '../client/decryption-keys.js'

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Generates the key pair for each algorithm of signatures. */
const SIGNING = { PS256: rsa, ES256: ec, EdDSA: () => generateKeyPairSync('ed25519') } as const

/** Generates the key pair for each algorithm of encryption. */
const DECRYPTION = { 'RSA-OAEP-256': rsa, 'ECDH-ES': ec } as const

/** An algorithm that {@link generateClientKey} makes keys for. */
export type KeygenAlgorithm = keyof typeof SIGNING | keyof typeof DECRYPTION

/** The algorithms that `keygen` accepts. The first one is its default. */
export const KEYGEN_ALGORITHMS = Object.keys({
  ...SIGNING,
  ...DECRYPTION,
}) as readonly KeygenAlgorithm[]

/** Whether keys for an algorithm decrypt, and do not sign. */
export function isForDecryption(alg: KeygenAlgorithm): alg is keyof typeof DECRYPTION {
  return Object.hasOwn(DECRYPTION, alg)
}

/**
 * Makes a private key for `private_key_jwt` or for decryption, and writes it as PEM into a new file that only its owner can read.
 *
 * @param file the path of the file, which must not exist
 * @param kid the name of the key; its thumbprint (RFC 7638) if left out
 * @returns the public key for the provider, as a JWK Set
 * @throws {Error} with the `code` `EEXIST` if the file exists: it is never overwritten, because that could destroy a key
 */
export async function generateClientKey(
  file: string,
  alg: KeygenAlgorithm,
  kid?: string,
): Promise<JSONWebKeySet> {
  const { privateKey } = { ...SIGNING, ...DECRYPTION }[alg]()
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(file, pem, { flag: 'wx', mode: 0o600 })
  return isForDecryption(alg)
    ? createDecryption({ key: privateKey, kid, alg }).publicKeys()
    : createClientKeys({ privateKey: [{ key: privateKey, kid, alg }] }).publicKeys()
}
