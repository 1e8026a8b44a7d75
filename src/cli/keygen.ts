import type { JSONWebKeySet } from 'jose'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createClientKeys } from '../client/client-keys.js'

/** Generates the key pair for each algorithm. */
const GENERATORS = {
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
} as const

/** An algorithm that {@link generateClientKey} makes keys for. */
export type KeygenAlgorithm = keyof typeof GENERATORS

/** The algorithms that `keygen` accepts. The first one is its default. */
export const KEYGEN_ALGORITHMS = Object.keys(GENERATORS) as readonly KeygenAlgorithm[]

/**
 * Makes a private key for `private_key_jwt`, and writes it as PEM into a new file that only its owner can read.
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
  const { privateKey } = GENERATORS[alg]()
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(file, pem, { flag: 'wx', mode: 0o600 })
  return createClientKeys({ privateKey: [{ key: privateKey, kid, alg }] }).publicKeys()
}
