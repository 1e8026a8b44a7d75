import type { JSONWebKeySet } from 'jose'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createClientKeys } from '../client/client-keys.js'

/** What each algorithm is signed with. */
const GENERATORS = {
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
} as const

/** An algorithm that {@link generateClientKey} makes keys for. */
export type KeygenAlgorithm = keyof typeof GENERATORS

export const KEYGEN_ALGORITHMS = Object.keys(GENERATORS) as readonly KeygenAlgorithm[]

/**
 * Makes a private key for `private_key_jwt`, writes it as PEM into a new file that only its owner can read,
 * and resolves to the public half for the provider.
 *
 * @param kid the key's name; left out, its thumbprint (RFC 7638)
 * @throws {Error} with `code` `EEXIST` when the file is there already: it is never written over
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
