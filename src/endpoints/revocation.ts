import type { ClientRequest } from '../client/requests.js'
import type { TransportError } from '../client/transport.js'
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
 * Revokes the tokens of a grant. Never rejects: the tokens are already deleted here, and there is nothing else to do if the
 * provider fails.
 *
 * @param tokens the grant's token sets; those without a refresh token were issued for one of the others
 */
export type RevokeTokens = (tokens: readonly TokenSet[]) => Promise<void>

/**
 * Revokes the refresh tokens, with which servers end the access tokens too. Keycloak logs an error for an access token that
 * is revoked after that. So access tokens are revoked only if there is no refresh token, if the server does not accept its
 * revocation, or if that is known to end the refresh token alone.
 *
 * @param revoke `undefined` for a provider without a revocation endpoint: then nothing is done
 * @param ends what the revocation of a refresh token ends; see the option `revocationEnds`
 * @see [RFC 7009, section 2.1 - Revocation Request](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1)
 */
export function createRevokeTokens(
  revoke: RevokeToken | undefined,
  ends: 'grant' | 'token' | undefined,
): RevokeTokens {
  if (revoke === undefined) return () => Promise.resolve()
  return async (tokens) => {
    const refreshTokens = tokens.flatMap(({ refreshToken = [] }) => refreshToken)
    // Imported grants may not have one yet.
    const accessTokens = tokens.map(({ accessToken }) => accessToken).filter((one) => one !== '')
    const isEnded = Promise.all(
      refreshTokens.map((one) => endsAccess(revoke(one, 'refresh_token'))),
    )
    if (ends !== 'token' && refreshTokens.length > 0 && !(await isEnded).includes(false)) return
    await Promise.allSettled([isEnded, ...accessTokens.map((one) => revoke(one, 'access_token'))])
  }
}

/**
 * Whether nothing is left to do for the access token: the refresh token is revoked, or the provider gives no answer, which it
 * would not give to a second request either.
 */
function endsAccess(revocation: Promise<number>): Promise<boolean> {
  return revocation.then(
    (status) => status < 400,
    (error: unknown) => (error as Partial<TransportError>).networkCode === 'timeout',
  )
}
