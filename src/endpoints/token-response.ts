import type { TokenEndpointResponse } from 'oauth4webapi'
import { MAXIMUM_DEPTH, isTooDeep } from '../client/answer.js'
import type { TokenResponseSettings } from '../client/answer.js'
import type { AuthorizationDetail, TokenSet } from '../options/token-set.js'

/**
 * Checks that a response has what every token response must have, and can be stored.
 *
 * @throws {Error} saying how `parseTokenResponse` can add it
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function checkMembers(members: Readonly<Record<string, unknown>>): void {
  if (isTooDeep(members)) throw new Error(`it is nested deeper than ${MAXIMUM_DEPTH} levels`)
  if (members['access_token'] === undefined) {
    throw new Error(
      'it has no "access_token". If the token has another name or place, return it from parseTokenResponse',
    )
  }
  if (members['token_type'] === undefined) {
    throw new Error(
      'it has no "token_type". If the provider documents that its tokens are bearer tokens, say so with parseTokenResponse: (body) => ({ ...body, token_type: \'Bearer\' })',
    )
  }
}

/**
 * The members of a token response for the application: without the tokens, which are in the token set once they are
 * valid.
 */
export function withoutTokens({
  access_token: _access,
  refresh_token: _refresh,
  id_token: _id,
  ...members
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return members
}

/**
 * The token set of a valid token response, without its ID token.
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
  const { expires_in, refresh_token: refreshToken, scope } = response
  for (const name of ['access_token', 'refresh_token'] as const) {
    if ((response[name]?.length ?? 0) > MAXIMUM_TOKEN) {
      throw new Error(`its "${name}" is longer than ${MAXIMUM_TOKEN} characters`)
    }
  }
  const details: unknown = response.authorization_details
  const refreshTokenLifetime =
    REFRESH_TOKEN_LIFETIMES.map((name) => seconds(response[name])).find(
      (lifetime) => lifetime !== undefined,
    ) ?? settings.refreshTokenLifetimeSeconds
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
    ...(Array.isArray(details) && {
      // A copy, because the application gets the response too.
      authorizationDetails: structuredClone(details) as readonly AuthorizationDetail[],
    }),
  }
}

/** The longest token that is kept, in characters. No header could have it. */
const MAXIMUM_TOKEN = 65_536

/**
 * How long the refresh token lives, which is not in any RFC: Google, Microsoft, GitHub and others; Keycloak, where 0 is for
 * offline tokens and means that they do not expire; Intuit.
 */
const REFRESH_TOKEN_LIFETIMES = [
  'refresh_token_expires_in',
  'refresh_expires_in',
  'x_refresh_token_expires_in',
] as const

function endOf(startedAt: number, lifetimeSeconds: number): number {
  return Math.min(startedAt + Math.floor(lifetimeSeconds * 1000), Number.MAX_SAFE_INTEGER)
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number.parseFloat(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined
}

/** The tokens in a response that is not valid; `undefined` if there are none. */
export function tokensIn(body: unknown): TokenSet | undefined {
  const { access_token, refresh_token } = Object(body) as Readonly<Record<string, unknown>>
  if (typeof access_token !== 'string') return undefined
  const refreshToken = typeof refresh_token === 'string' ? { refreshToken: refresh_token } : {}
  return { accessToken: access_token, tokenType: 'bearer', ...refreshToken }
}
