import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JSONWebKeySet } from 'jose'
import type { TestGrant } from './grants.js'

/** Signs the ID tokens of a test provider. */
export interface TestIdTokens {
  /** The public key that they are signed with, as the provider publishes it. */
  readonly jwks: JSONWebKeySet
  /**
   * Signs an ID token about the person of a grant, with its nonce. It is valid for 5 minutes.
   *
   * @see [OpenID Connect Core, section 2 - ID Token](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)
   */
  sign(grant: TestGrant, issuer: string, clientID: string): Promise<string>
}

/** How long an ID token is valid. */
const LIFETIME_SECONDS = 300

/** Generates a new key, so that each test provider signs with another one. */
export async function createTestIdTokens(): Promise<TestIdTokens> {
  const header = { alg: 'PS256', kid: 'test-key' }
  const { privateKey, publicKey } = await generateKeyPair(header.alg)

  return {
    jwks: { keys: [{ ...(await exportJWK(publicKey)), ...header, use: 'sig' }] },

    sign({ user, nonce }, issuer, clientID) {
      const { sub = user['id'] ?? 'test-user' } = user
      // `Date.now`, which a test may have put forward.
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ ...user, ...(nonce !== undefined && { nonce }) })
        .setProtectedHeader(header)
        .setIssuer(issuer)
        .setSubject(String(sub))
        .setAudience(clientID)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFETIME_SECONDS)
        .sign(privateKey)
    },
  }
}
