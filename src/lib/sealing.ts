import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** Encrypts values, so that they cannot be read or changed where they are stored. */
export interface Seal {
  /**
   * Encrypts a JSON value. It can be opened only with the same `context`, so that a sealed value cannot be moved to
   * another place.
   *
   * @param context names the place that the value is stored in; it is not encrypted
   * @throws {TypeError} if JSON has no text for the value, as for `undefined`
   */
  seal(value: unknown, context: string): string

  /**
   * Decrypts a sealed value. Returns `undefined` if none of the secrets fits, the context is another one, or the
   * value was changed.
   */
  open(sealed: string, context: string): unknown

  /**
   * Whether a sealed value names the first secret. If not, seal it again when it is next written, so that the older
   * secret can be removed. Does not check that the value can be opened.
   */
  isCurrent(sealed: string): boolean

  /** Whether a sealed value names a secret that is not among these. */
  isForeign(sealed: string): boolean
}

/**
 * Creates a seal. The first secret encrypts, and all of them decrypt. To replace a secret, put the new one in front
 * of the old one: values that the old one has encrypted stay readable.
 *
 * It uses node:crypto, not jose: Web Crypto is asynchronous and takes about ten times as long.
 *
 * @param secrets one or more; the caller must check that they are long enough
 * @param purpose separates seals that share a secret: one cannot open what another has sealed
 * @throws {TypeError} if there is no secret
 * @see [RFC 7516, section 7.1 - JWE Compact Serialization](https://www.rfc-editor.org/rfc/rfc7516.html#section-7.1)
 * @see [RFC 7518, section 4.5 - Direct Encryption with a Shared Symmetric Key](https://www.rfc-editor.org/rfc/rfc7518.html#section-4.5)
 */
export function createSeal(secrets: string | readonly string[], purpose: string): Seal {
  const keys = [secrets].flat().map((secret) => deriveKey(secret, purpose))
  const [first] = keys
  if (first === undefined) throw new TypeError('A seal needs a secret.')

  return {
    seal(value, context) {
      const header = { alg: ALGORITHM, enc: ENCRYPTION, kid: first.id, context }
      return encrypt(Buffer.from(JSON.stringify(value)), header, first.key)
    },

    open(sealed, context) {
      const parts = sealed.split('.')
      const header = readHeader(parts[0])
      if (header?.['context'] !== context) return undefined
      const key = keys.find(({ id }) => id === header['kid'])?.key
      const plaintext = key === undefined ? undefined : decrypt(parts, key)
      return plaintext === undefined ? undefined : parseJson(plaintext)
    },

    isCurrent(sealed) {
      return readHeader(sealed.split('.', 1)[0])?.['kid'] === first.id
    },

    isForeign(sealed) {
      const header = readHeader(sealed.split('.', 1)[0])
      return header !== undefined && keys.every(({ id }) => id !== header['kid'])
    },
  }
}

const ALGORITHM = 'dir'
const ENCRYPTION = 'A256GCM'

/**
 * The initialization vector and the authentication tag, in **bytes**.
 *
 * @see [RFC 7518, section 5.3 - Content Encryption with AES GCM](https://www.rfc-editor.org/rfc/rfc7518.html#section-5.3)
 */
const IV_BYTES = 12
const TAG_BYTES = 16

/** A key that is derived from one secret. */
interface Key {
  /** The `kid` of what it encrypts: 8 characters, which say nothing about the secret. */
  readonly id: string
  readonly key: KeyObject
}

/**
 * Derives a key from a secret. A fast derivation is enough, because the secrets are random and long.
 *
 * @see [RFC 5869 - HMAC-based Extract-and-Expand Key Derivation Function](https://www.rfc-editor.org/rfc/rfc5869.html)
 */
function deriveKey(secret: string, purpose: string): Key {
  const bytes = Buffer.from(
    hkdfSync('sha256', secret, '', `passport-authorization-code ${purpose}`, 32),
  )
  return { id: hash('sha256', bytes, 'base64url').slice(0, 8), key: createSecretKey(bytes) }
}

/** Makes a compact JWE. The second of its five parts, the encrypted key, is empty: the key is the shared one. */
function encrypt(plaintext: Buffer, header: object, key: KeyObject): string {
  const encodedHeader = Buffer.from(JSON.stringify(header)).toString('base64url')
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(encodedHeader))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const [encodedIv, encodedText, encodedTag] = [iv, ciphertext, cipher.getAuthTag()].map((bytes) =>
    bytes.toString('base64url'),
  )
  return `${encodedHeader}..${encodedIv}.${encodedText}.${encodedTag}`
}

/** The plaintext of a compact JWE; `undefined` if it is malformed, or the key or any of its parts is another one. */
function decrypt(parts: readonly string[], key: KeyObject): Buffer | undefined {
  const [header = '', encryptedKey, ...encoded] = parts
  const [iv, ciphertext, tag] = encoded.map(decode)
  if (parts.length !== 5 || encryptedKey !== '' || ciphertext === undefined) return undefined
  // Node.js accepts shorter tags, which are easier to forge.
  if (iv?.length !== IV_BYTES || tag?.length !== TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(header))
  decipher.setAuthTag(tag)
  const start = decipher.update(ciphertext)
  try {
    return Buffer.concat([start, decipher.final()])
  } catch {
    // The tag does not fit.
    return undefined
  }
}

/** The header of a sealed value; `undefined` if it is malformed, or says that the value was not sealed as here. */
function readHeader(encoded = ''): Readonly<Record<string, unknown>> | undefined {
  const bytes = decode(encoded)
  const header = Object(bytes && parseJson(bytes)) as Readonly<Record<string, unknown>>
  const isOurs =
    header['alg'] === ALGORITHM &&
    header['enc'] === ENCRYPTION &&
    !('zip' in header || 'crit' in header)
  return isOurs ? header : undefined
}

/** The bytes of a Base64url text; `undefined` if that is not exactly how these bytes are written. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch {
    return undefined
  }
}
