import type { ClientRequest } from '../client/requests.js'
import type { TokenSet } from '../options/token-set.js'

/**
 * Revokes one token, and resolves to the HTTP status of the answer. Real servers answer with nothing, HTML,
 * text or `{}`, and with 400 for a token that they no longer know.
 *
 * @param hint the `token_type_hint`
 * @throws {TransportError} if no answer came within 3 seconds
 * @see [RFC 7009, section 2.1 - Revocation Request](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1)
 */
export type RevokeToken = (token: string, hint: 'access_token' | 'refresh_token') => Promise<number>

/** How long a revocation may take, in **milliseconds**: no logout waits longer for it. */
const REVOCATION_TIMEOUT_MS = 3_000

/** The revocation endpoint at `url`, asked by `request`. */
export function createRevocationEndpoint(
  url: string,
  timeoutMs: number,
  request: ClientRequest,
): RevokeToken {
  const options = { timeoutMs: Math.min(timeoutMs, REVOCATION_TIMEOUT_MS), proves: false }
  return async (token, hint) => {
    // RFC 7009 knows only forms, even if token requests are JSON.
    const form = new URLSearchParams({ token_type_hint: hint, token })
    const { answer } = await request(url, form, options)
    return answer.status
  }
}

/**
 * Revokes the tokens of a token set. Never rejects: the tokens are already deleted here, and there is
 * nothing else to do if the provider fails.
 */
export type RevokeTokens = (tokens: TokenSet) => Promise<void>

/** Revokes each token by `revoke`; does nothing for a provider without a revocation endpoint. */
export function createRevokeTokens(revoke: RevokeToken | undefined): RevokeTokens {
  if (revoke === undefined) return () => Promise.resolve()
  return async ({ refreshToken, accessToken }) => {
    await Promise.allSettled([
      refreshToken !== undefined && revoke(refreshToken, 'refresh_token'),
      // Imported grants may not have one yet.
      accessToken !== '' && revoke(accessToken, 'access_token'),
    ])
  }
}
