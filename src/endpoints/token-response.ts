import type { TokenEndpointResponse } from 'oauth4webapi'
import { MAXIMUM_DEPTH, isTooDeep, jsonResponse } from '../client/answer.js'
import type { TokenResponseSettings } from '../client/answer.js'
import { AuthorizationCodeError } from '../errors/base.js'
import type { DecryptJwt } from './encrypted-jwt.js'
import type { AuthorizationDetail, TokenSet } from '../options/token-set.js'

/**
 * The token set of a valid token response.
 *
 * @param requestedAt when the request was sent, in **milliseconds since the epoch**: lifetimes count from then
 * @throws {Error} if the tokens are of another type than requested, or cannot be stored or sent
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function toTokenSet(
  response: TokenEndpointResponse,
  requestedAt: number,
  settings: TokenResponseSettings,
): TokenSet {
  const tokenType = settings.dpopKey === undefined ? 'bearer' : 'dpop'
  if (response.token_type !== tokenType) {
    throw new Error(`its "token_type" is not ${tokenType === 'dpop' ? 'DPoP' : 'Bearer'}`)
  }
  if (!/^[\x20-\x7e]+$/.test(response.access_token)) {
    throw new Error('its "access_token" has characters that no header can have')
  }
  const { expires_in, refresh_token: refreshToken, scope, id_token: idToken } = response
  const details: unknown = response.authorization_details
  if (isTooDeep(details)) {
    throw new Error(`its "authorization_details" is nested deeper than ${MAXIMUM_DEPTH} levels`)
  }
  const refreshTokenLifetime =
    // Not in any RFC, yet Google, Microsoft, GitHub and others send it.
    seconds(response['refresh_token_expires_in']) ?? settings.refreshTokenLifetimeSeconds
  return {
    accessToken: response.access_token,
    tokenType,
    ...(expires_in !== undefined && { expiresAt: endOf(requestedAt, expires_in) }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(refreshToken !== undefined &&
      refreshTokenLifetime !== undefined && {
        refreshTokenExpiresAt: endOf(requestedAt, refreshTokenLifetime),
      }),
    ...(scope !== undefined && { scope }),
    ...(idToken !== undefined && { idToken }),
    ...(Array.isArray(details) && {
      authorizationDetails: details as readonly AuthorizationDetail[],
    }),
  }
}

function endOf(startedAt: number, lifetimeSeconds: number): number {
  return Math.min(startedAt + Math.floor(lifetimeSeconds * 1000), Number.MAX_SAFE_INTEGER)
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number.parseFloat(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined
}

/**
 * The same token response with the signed ID token that was in the encrypted one: that is what is stored, and sent as
 * `id_token_hint`.
 *
 * @throws {Error} if it cannot be decrypted
 * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest), `id_token_hint`
 */
export async function withDecryptedIdToken(
  response: Response,
  decrypt: DecryptJwt,
): Promise<Response> {
  const body = (await response.json()) as Readonly<Record<string, unknown>>
  const { id_token: given } = body
  if (typeof given !== 'string') return response
  const idToken = await decrypt('id_token', given).catch((error: unknown) => {
    throw error instanceof AuthorizationCodeError
      ? error
      : new Error(`its ID token cannot be used: ${(error as Error).message}`)
  })
  return idToken === given ? response : jsonResponse({ ...body, id_token: idToken })
}
