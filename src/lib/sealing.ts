import { CompactEncrypt, compactDecrypt, errors } from 'jose'
import { hash, hkdfSync, webcrypto } from 'node:crypto'

/** Hides values from whoever can read where they are kept, and notices when they were changed there. */
export interface Seal {
  /** Seals a JSON value. It opens only in the same `context`, such as the place it was made for. */
  seal(value: unknown, context: string): Promise<string>

  /** Opens what was sealed in `context`; `undefined` if no key fits, or it was changed. */
  open(sealed: string, context: string): Promise<unknown>
}

/**
 * Creates a seal. The first secret seals, all of them open, so that a new secret put in front of the old
 * one takes over without anything becoming unreadable.
 *
 * @param secrets one or more; whether they are long enough to be safe is for the caller to check
 * @param purpose keeps seals that share a secret apart
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

interface Key {
  readonly id: string
  /** For Web Crypto: importing it costs as much as what is done with it, so it is done once. */
  readonly imported: () => Promise<webcrypto.CryptoKey>
}

/** @see [RFC 5869 - HMAC-based Extract-and-Expand Key Derivation Function](https://www.rfc-editor.org/rfc/rfc5869.html) */
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
