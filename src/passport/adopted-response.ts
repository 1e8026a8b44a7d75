import { isObject } from '../client/answer.js'
import type { Donor } from './donor.js'

/** The members of a token response. */
type TokenResponse = Readonly<Record<string, unknown>>

/** Reads a token response; see the option `parseTokenResponse`. */
export type ParseTokenResponse = (body: unknown) => TokenResponse

/**
 * The member in which the provider's own response goes along, for the donor's `verify`: it expects the ID token and whatever
 * else is in it, as it came.
 */
const MEMBER = 'adopted token response'

/**
 * Reads token responses as passport-oauth2 does, and keeps them for `verify`: a form counts whatever its content type, and
 * tokens without a `token_type` are bearer tokens.
 *
 * @param parse what the application or the provider's preset has for it
 * @param donor whose `parseErrorResponse` reads error responses, if it has one of its own
 */
export function adoptedTokenResponse(
  parse: ParseTokenResponse | undefined,
  donor: Pick<Donor, 'parseErrorResponse'> | undefined,
): ParseTokenResponse {
  return (given) => {
    const body = fieldsOf(given)
    const parsed = parse?.(body) ?? body
    // What is no object is reported by the library, in its own words.
    if (!isObject(parsed)) return parsed as TokenResponse
    if (parsed['access_token'] === undefined) return { ...parsed, ...errorIn(parsed, donor) }
    return {
      token_type: 'Bearer',
      ...withoutNull(parsed),
      [MEMBER]: isObject(body) ? body : parsed,
    }
  }
}

/** The provider's own token response, as {@link adoptedTokenResponse} has kept it. */
export function donorResponseIn(tokenResponse: TokenResponse, accessToken: string): TokenResponse {
  const { [MEMBER]: kept, ...others } = tokenResponse
  return { access_token: accessToken, ...(isObject(kept) ? kept : others) }
}

/** The fields of a form, which Facebook's and GitHub's first answers were, without a content type that says so. */
function fieldsOf(body: unknown): unknown {
  const isForm = typeof body === 'string' && /(?:^|&)(?:access_token|error)=/.test(body.trim())
  return isForm ? Object.fromEntries(new URLSearchParams(body.trim())) : body
}

/** A `token_type` of `null` counts as left out. */
function withoutNull({ token_type: type, ...others }: Record<string, unknown>): TokenResponse {
  return type === null || type === undefined || type === ''
    ? others
    : { token_type: type, ...others }
}

/** The code and the message of the error that the donor makes of an error response. */
function errorIn(
  members: TokenResponse,
  donor: Pick<Donor, 'parseErrorResponse'> | undefined,
): TokenResponse {
  if (typeof members['error'] === 'string' || donor === undefined) return {}
  try {
    const read: unknown = donor.parseErrorResponse(JSON.stringify(members), 400)
    const { code, message } = Object(read) as {
      readonly code?: unknown
      readonly message?: unknown
    }
    return typeof code === 'string' && typeof message === 'string'
      ? { error: code, error_description: message }
      : {}
  } catch {
    // passport-oauth2 goes on without what the hook throws, too.
    return {}
  }
}
