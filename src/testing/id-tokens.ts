import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JSONWebKeySet } from 'jose'
import type { TestGrant } from './grants.js'

/** The ID tokens of a test provider. */
export interface TestIdTokens {
  /** The key that they are signed with, for everybody to see. */
  readonly jwks: JSONWebKeySet
  /** Makes one that is valid for 5 minutes: about the person of this grant, with its nonce. */
  sign(grant: TestGrant, issuer: string, clientID: string): Promise<string>
}

/** Makes a key of its own. */
export async function createTestIdTokens(): Promise<TestIdTokens> {
  const header = { alg: 'PS256', kid: 'test-key' }
  const { privateKey, publicKey } = await generateKeyPair(header.alg)

  return {
    jwks: { keys: [{ ...(await exportJWK(publicKey)), ...header, use: 'sig' }] },

    sign({ user, nonce }, issuer, clientID) {
      const { sub = user['id'] ?? 'test-user' } = user
      return new SignJWT({ ...user, ...(nonce !== undefined && { nonce }) })
        .setProtectedHeader(header)
        .setIssuer(issuer)
        .setSubject(String(sub))
        .setAudience(clientID)
        .setIssuedAt()
        .setExpirationTime('5 minutes')
        .sign(privateKey)
    },
  }
}
