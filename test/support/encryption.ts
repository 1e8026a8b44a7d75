import { CompactEncrypt, exportJWK, generateKeyPair } from 'jose'
import type { CompactJWEHeaderParameters, JWK } from 'jose'
import { takeRsaKeyPair } from './keys.js'

/** What is changed in the header of a JWE. A parameter that is `undefined` is left out. */
export type ChangedHeader = Readonly<Record<string, string | undefined>>

/** A key pair of a client that others encrypt for. */
export interface EncryptionKey {
  /** Private; its `kid` is in it. */
  readonly jwk: JWK
  /** Encrypts a text for it, by its algorithm and A256GCM. */
  encrypt(text: string, header?: ChangedHeader): Promise<string>
}

/** Makes a key for an algorithm such as `RSA-OAEP-256` or `ECDH-ES`. */
export async function createEncryptionKey(
  alg: string,
  kid: string,
  crv = 'P-256',
): Promise<EncryptionKey> {
  const pair = alg.startsWith('RSA')
    ? takeRsaKeyPair()
    : await generateKeyPair(alg, { crv, extractable: true })
  const jwk = { ...(await exportJWK(pair.privateKey)), kid }
  return {
    jwk,
    encrypt: (text, changes = {}) => {
      const header: ChangedHeader = { alg, enc: 'A256GCM', cty: 'JWT', kid, ...changes }
      const given = Object.entries(header).filter(([, value]) => value !== undefined)
      return new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader(Object.fromEntries(given) as unknown as CompactJWEHeaderParameters)
        .encrypt(pair.publicKey)
    },
  }
}
