import type { ClientRequest } from '../client/client-request.js'
import type { Diagnostics } from '../diagnostics/diagnostics.js'
import type { Settings } from '../options/read-options.js'
import type { TokenSet } from '../options/token-set.js'

/**
 * Revokes the refresh token and the access token, if the provider has a `revocationURL`. Takes 3 seconds at
 * most and never fails: there is nothing left to do about it, and the tokens are forgotten here. Whatever
 * is answered will do: real servers answer with nothing, HTML, text or {}, and with 400 for a token they
 * have forgotten.
 *
 * @see [RFC 7009, section 2.1 - Revocation Request](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1)
 */
export type Revoke = (tokens: TokenSet) => Promise<void>

/** How long a revocation may take, in milliseconds: nobody's logout waits longer for it. */
const REVOCATION_TIMEOUT_MS = 3_000

/** Revocation by `request`. */
export function createRevocation(
  settings: Settings,
  request: ClientRequest,
  diagnostics: Diagnostics,
): Revoke {
  const { revocationURL } = settings
  const timeoutMs = Math.min(settings.timeoutMs, REVOCATION_TIMEOUT_MS)

  if (revocationURL === undefined) return () => Promise.resolve()

  const revoke = diagnostics.watch(
    'revocation',
    (token: string, hint: string) => {
      // RFC 7009 knows only forms, also where token requests are JSON.
      const form = new URLSearchParams({ token_type_hint: hint, token })
      return request(revocationURL, form, { timeoutMs, proves: false })
    },
    ({ answer: { status } }) =>
      status < 400 ? { outcome: 'ok' } : { outcome: 'refused', reason: `http_${status}` },
  )

  return async ({ refreshToken, accessToken }) => {
    await Promise.allSettled([
      refreshToken !== undefined && revoke(refreshToken, 'refresh_token'),
      revoke(accessToken, 'access_token'),
    ])
  }
}
