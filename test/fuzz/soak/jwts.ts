import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'

/** How a JWT is made that only seems to be the provider's. */
export type Forgery =
  | 'without a signature'
  | 'with the public key as a secret'
  | 'by another key of the same name'
  | 'by a key that it brings itself'
  | 'with a changed byte'
  | 'with a member that must be understood'

/** Any forgery. */
export const FORGERIES: fc.Arbitrary<Forgery> = fc.constantFrom<Forgery[]>(
  'without a signature',
  'with the public key as a secret',
  'by another key of the same name',
  'by a key that it brings itself',
  'with a changed byte',
  'with a member that must be understood',
)

/** Signs as the provider, or as somebody who would like to be it. */
export interface Signer {
  /** The key that the provider publishes. */
  readonly jwk: JWK
  /** An honest JWT. `typ` is that of its header. */
  sign(claims: JWTPayload, typ?: string): Promise<string>
  /** A JWT that nobody must accept. */
  forge(forgery: Forgery, claims: JWTPayload, typ?: string): Promise<string>
}

const NAMES = { kid: 'key-1', alg: 'ES256', use: 'sig' }

/** Makes a signer with keys of its own. */
export async function createSigner(): Promise<Signer> {
  const own = await generateKeyPair('ES256')
  const other = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(own.publicKey)), ...NAMES }
  const otherJwk = await exportJWK(other.publicKey)

  const signWith = (key: CryptoKey, claims: JWTPayload, header: object): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-1', ...header }).sign(key)

  const signer: Signer = {
    jwk,
    sign: (claims, typ = 'JWT') => signWith(own.privateKey, claims, { typ }),
    async forge(forgery, claims, typ = 'JWT') {
      switch (forgery) {
        case 'without a signature':
          return `${unsigned({ alg: 'none', typ }, claims)}.`
        case 'with the public key as a secret': {
          const text = unsigned({ alg: 'HS256', kid: 'key-1', typ }, claims)
          const mac = createHmac('sha256', JSON.stringify(jwk)).update(text).digest('base64url')
          return `${text}.${mac}`
        }
        case 'by another key of the same name':
          return signWith(other.privateKey, claims, { typ })
        case 'by a key that it brings itself':
          return signWith(other.privateKey, claims, { typ, jwk: otherJwk, kid: 'key-2' })
        case 'with a changed byte':
          return withChangedByte(await signer.sign(claims, typ))
        case 'with a member that must be understood': {
          const header = unsigned({ alg: 'ES256', kid: 'key-1', typ, crit: ['x'], x: 1 }, claims)
          return `${header}.${(await signer.sign(claims, typ)).split('.')[2] ?? ''}`
        }
      }
    },
  }
  return signer
}

function unsigned(header: object, claims: JWTPayload): string {
  return [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

/** Changes a byte in the middle of the signature: the last characters have bits that nobody reads. */
function withChangedByte(token: string): string {
  const at = token.length - 40
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
