import { CompactEncrypt, compactDecrypt, errors } from 'jose'
import { hash, hkdfSync, webcrypto } from 'node:crypto'

/** Encrypts values, so that they cannot be read or changed where they are stored. */
export interface Seal {
  /**
   * Encrypts a JSON value. It can be opened only with the same `context`, so that a sealed value cannot be moved to
   * another place.
   *
   * @param context names the place that the value is stored in; it is not encrypted
   */
  seal(value: unknown, context: string): Promise<string>

  /**
   * Decrypts a sealed value. Resolves to `undefined` if none of the secrets fits, the context is another one, or
   * the value was changed.
   */
  open(sealed: string, context: string): Promise<unknown>
}

/**
 * Creates a seal. The first secret encrypts, and all of them decrypt. To replace a secret, put the new one in front
 * of the old one: values that the old one has encrypted stay readable.
 *
 * @param secrets one or more; the caller must check that they are long enough
 * @param purpose separates seals that share a secret: one cannot open what another has sealed
 * @throws {TypeError} if there is no secret
 * @see [RFC 7516 - JSON Web Encryption](https://www.rfc-editor.org/rfc/rfc7516.html), with `dir` and `A256GCM`
 */
export function createSeal(secrets: string | readonly string[], purpose: string): Seal {
  const keys = [secrets].flat().map((secret) => deriveKey(secret, purpose))
  const [first] = keys
  if (first === undefined) throw new TypeError('A seal needs a secret.')

  return {
    async seal(value, context) {
      return new CompactEncrypt(Buffer.from(JSON.stringify(value)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: first.id, context })
        .encrypt(await first.imported())
    },

    async open(sealed, context) {
      try {
        const { plaintext, protectedHeader } = await compactDecrypt(
          sealed,
          ({ kid }) => {
            const key = keys.find(({ id }) => id === kid)
            if (key === undefined) throw new errors.JWEDecryptionFailed()
            return key.imported()
          },
          { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
        )
        if (protectedHeader['context'] !== context) return undefined
        return JSON.parse(Buffer.from(plaintext).toString()) as unknown
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}

/** A key that is derived from one secret. */
interface Key {
  /** The `kid` of what it encrypts: 8 characters, which say nothing about the secret. */
  readonly id: string
  /** The key for Web Crypto. It is imported once, because that takes as long as encrypting a value. */
  readonly imported: () => Promise<webcrypto.CryptoKey>
}

/**
 * Derives a key from a secret. A fast derivation is enough, because the secrets are random and long.
 *
 * @see [RFC 5869 - HMAC-based Extract-and-Expand Key Derivation Function](https://www.rfc-editor.org/rfc/rfc5869.html)
 */
function deriveKey(secret: string, purpose: string): Key {
  const bytes = new Uint8Array(
    hkdfSync('sha256', secret, '', `passport-authorization-code ${purpose}`, 32),
  )
  let imported: Promise<webcrypto.CryptoKey> | undefined
  return {
    id: hash('sha256', bytes, 'base64url').slice(0, 8),
    imported: () =>
      (imported ??= webcrypto.subtle.importKey('raw', bytes, 'AES-GCM', false, [
        'encrypt',
        'decrypt',
      ])),
  }
}
