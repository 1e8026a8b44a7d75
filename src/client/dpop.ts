import type { CryptoKey, JWK } from 'jose'
import { hash, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { setNewest } from '../lib/set-newest.js'
import { loadJose } from './load-jose.js'

/**
 * Proves to servers that this client holds the key its tokens are bound to.
 *
 * @see [RFC 9449 - OAuth 2.0 Demonstrating Proof of Possession (DPoP)](https://www.rfc-editor.org/rfc/rfc9449.html)
 */
export interface ProofOfPossession {
  /**
   * A new proof for one request, with the newest nonce of its server, if there is one.
   *
   * @see [RFC 9449, section 4.2 - DPoP Proof JWT Syntax](https://www.rfc-editor.org/rfc/rfc9449.html#section-4.2)
   */
  readonly prove: (url: string | URL, method: string, accessToken?: string) => Promise<string>

  /** Remembers a server's nonce, the `DPoP-Nonce` of an answer, for the next proof. */
  readonly learn: (url: string | URL, nonce: string | readonly string[] | null | undefined) => void

  /**
   * The key's thumbprint, for `dpop_jkt`.
   *
   * @see [RFC 9449, section 10 - Authorization Code Binding to a DPoP Key](https://www.rfc-editor.org/rfc/rfc9449.html#section-10)
   */
  readonly thumbprint: () => Promise<string>
}

/** The private key that tokens are bound to. */
export interface ProofKey {
  readonly key: CryptoKey | KeyObject
  readonly alg: string
  /** @throws {ConfigurationError} if the key is not extractable */
  publicJwk(): JWK
}

/** How many servers' nonces are remembered. The one that was learned longest ago is dropped first. */
const MAXIMUM_NONCES = 100

/** Creates proofs with one key. */
export function createProofOfPossession(signing: ProofKey): ProofOfPossession {
  const { key, alg } = signing
  const publicJwk = signing.publicJwk()
  const nonces = new Map<string, string>()
  // Only the members that identify the key, as RFC 9449 requires.
  const header = { alg, typ: 'dpop+jwt', jwk: publicJwk }

  return {
    async prove(url, method, accessToken) {
      const { SignJWT } = await loadJose()
      const { origin, pathname } = new URL(url)
      const nonce = nonces.get(origin)
      return new SignJWT({
        jti: randomUUID(),
        htm: method,
        htu: `${origin}${pathname}`,
        iat: Math.floor(Date.now() / 1000),
        ...(nonce !== undefined && { nonce }),
        ...(accessToken !== undefined && { ath: hash('sha256', accessToken, 'base64url') }),
      })
        .setProtectedHeader(header)
        .sign(key)
    },

    learn(url, nonce) {
      if (typeof nonce !== 'string' || nonce === '') return
      setNewest(nonces, new URL(url).origin, nonce, MAXIMUM_NONCES)
    },

    async thumbprint() {
      const { calculateJwkThumbprint } = await loadJose()
      return calculateJwkThumbprint(publicJwk)
    },
  }
}

/** The part of an answer that shows whether the server requires a nonce. */
interface Challenge {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

/**
 * Whether a server has refused a request only because its nonce was not in the proof.
 *
 * @see [RFC 9449, section 8 - Authorization Server-Provided Nonce](https://www.rfc-editor.org/rfc/rfc9449.html#section-8)
 * @see [RFC 9449, section 9 - Resource Server-Provided Nonce](https://www.rfc-editor.org/rfc/rfc9449.html#section-9)
 */
export function wantsNonce({ status, headers, text }: Challenge): boolean {
  if ((status !== 400 && status !== 401) || headers['dpop-nonce'] === undefined) return false
  return (
    /"error"\s*:\s*"use_dpop_nonce"/.test(text) ||
    /\berror\s*=\s*"?use_dpop_nonce\b/i.test(String(headers['www-authenticate'] ?? ''))
  )
}
