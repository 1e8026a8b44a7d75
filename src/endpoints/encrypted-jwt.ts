import { AuthorizationCodeError } from '../errors/base.js'
import type { EncryptedResponse } from '../options/decryption.js'

/** None of the client's keys decrypts a JWT. */
export class UndecryptableJwtError extends Error {}

/**
 * Decrypts what the provider has encrypted, and returns everything else as it is. An encrypted JWT has a signed one in
 * it, which is not verified yet; only UserInfo may be encrypted without a signature.
 *
 * @throws {UndecryptableJwtError} if it is encrypted and cannot be decrypted
 * @throws {Error} if it has to be encrypted and is not, or is not signed; the messages say why, without quoting it
 * @throws {ConfigurationError} if a key from a function cannot be used
 * @see [OpenID Connect Core, section 16.14 - Signing and Encryption Order](https://openid.net/specs/openid-connect-core-1_0.html#SigningOrder)
 */
export type DecryptJwt = (kind: EncryptedResponse, jwt: string) => Promise<string>

/** A JWE in compact form. The encrypted key is empty with `ECDH-ES`. */
const JWE = /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/

/** A JWS in compact form. Without a signature, it is refused when it is verified. */
const JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Whether a text has the form of a signed JWT. */
export function isSignedJwt(text: string): boolean {
  return JWS.test(text)
}

/**
 * Creates {@link DecryptJwt}.
 *
 * @param decryptJwe the plain text of a JWE; `undefined` if the client has no keys for decryption
 */
export function createDecryptJwt(
  encryptedResponses: readonly EncryptedResponse[],
  decryptJwe: ((jwe: string) => Promise<string>) | undefined,
): DecryptJwt {
  return async (kind, jwt) => {
    if (!JWE.test(jwt)) {
      if (!encryptedResponses.includes(kind)) return jwt
      throw new Error(`it is not encrypted, and encryptedResponses has '${kind}'`)
    }
    if (decryptJwe === undefined) {
      throw new UndecryptableJwtError('it is encrypted, and the option decryptionKeys is not set')
    }
    const text = await decryptJwe(jwt).catch((error: unknown) => {
      throw error instanceof AuthorizationCodeError
        ? error
        : new UndecryptableJwtError((error as Error).message)
    })
    if (kind === 'userinfo' || isSignedJwt(text)) return text
    throw new Error('it is encrypted but not signed')
  }
}

/**
 * The signed ID token that may be in an encrypted one. That is what is stored, and sent as `id_token_hint`.
 *
 * @throws {UndecryptableJwtError} if it cannot be decrypted
 * @throws {Error} if it has to be encrypted and is not, or is not signed
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest), `id_token_hint`
 */
export function decryptIdToken(given: string, decrypt: DecryptJwt): Promise<string> {
  return decrypt('id_token', given).catch((error: unknown) => {
    if (error instanceof AuthorizationCodeError) throw error
    const Kind = error instanceof UndecryptableJwtError ? UndecryptableJwtError : Error
    throw new Kind(`its ID token cannot be used: ${(error as Error).message}`)
  })
}
